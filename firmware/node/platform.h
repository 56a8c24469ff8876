/*
 * What a port supplies to a node: a clock, chance, datagrams, flash, and somewhere to say things. No function may call
 * the node.
 */
#ifndef MR_PLATFORM_H
#define MR_PLATFORM_H

#include <stdint.h>

#include "flash_device.h"

typedef struct mr_platform {
  /* Handed to every function. */
  void *context;
  /* Milliseconds of a clock that never goes back, below 2^53. */
  uint64_t (*now)(void *context);
  /* 32 random bits: the jitter of timers. */
  uint32_t (*random)(void *context);
  /* Takes one waiting datagram; answers its length, 0 if none waits. One that is longer than `capacity` may be cut. Must
   * not block. */
  uint32_t (*receive)(void *context, uint8_t *into, uint32_t capacity);
  /* The datagram taken last came from this member, by what it says. A node that is being added has no configuration yet: it
   * answers those who speak to it the way they came, unless `locate` has said where they are. */
  void (*heard)(void *context, uint32_t member);
  /* Sends a datagram to a member, or drops it. Must not block. */
  void (*send)(void *context, uint32_t to, const uint8_t *datagram, uint32_t length);
  /* Where a member is to be found, in text that is the port's to read; told again when it changes. Length 0: it is no
   * member any more. */
  void (*locate)(void *context, uint32_t member, const uint8_t *address, uint32_t length);
  /* A line for people, without a line's end. */
  void (*say)(void *context, const char *line);
  const mr_flash_device *flash;
} mr_platform;

#endif
