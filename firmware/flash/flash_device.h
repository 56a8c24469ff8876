/*
 * Raw NOR flash, as the log wants it: sectors that are erased as a whole, bytes that are programmed once in between.
 * Assumed of the flash: erasing sets all bits, programming only clears bits, and either may be cut short by a loss of
 * power at any byte. The log never programs a byte twice without an erase, so that encrypted flash will do as well.
 */
#ifndef MR_FLASH_DEVICE_H
#define MR_FLASH_DEVICE_H

#include <stdint.h>

typedef struct mr_flash_device {
  /* Handed to every function. */
  void *context;
  /* Bytes of a sector: a multiple of 16, 512 to 65536. */
  uint32_t sector_size;
  /* Sectors of the partition. */
  uint32_t sector_count;
  /* Each answers 0, or another number when the device failed. Addresses count from the start of the partition.
   * A program begins at a multiple of 16 and is a multiple of 16 long, except that it never leaves its sector. */
  int (*read)(void *context, uint32_t address, void *into, uint32_t length);
  int (*program)(void *context, uint32_t address, const void *bytes, uint32_t length);
  int (*erase)(void *context, uint32_t sector);
  /* Makes all that was programmed and erased so far durable; NULL where it is so by itself, as on flash. */
  int (*sync)(void *context);
} mr_flash_device;

#endif
