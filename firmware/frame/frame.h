/*
 * Datagrams between nodes: one core message each, little-endian, the same as the UDP transport of the TypeScript hosts
 * (host/transport/udp-frame.ts).
 *
 *   offset 0   u32  magic, the bytes "MRU" and 0x01
 *          4   u16  version of the format, 1
 *          6   u16  bytes of the message
 *          8   u32  CRC32C of the bytes 4 to 7 and of the message
 *         12        the message
 *
 * A datagram is taken whole or dropped: nothing in it can lead to another one being lost, and nobody is answered, so that
 * a stranger learns nothing and a flood is not doubled. UDP's own checksum is 16 bits wide and may be off.
 */
#ifndef MR_FRAME_H
#define MR_FRAME_H

#include <stdint.h>

#define MR_FRAME_HEADER 12u
/* What a datagram over IPv4 can carry, without the header. */
#define MR_FRAME_MOST_MESSAGE (65507u - MR_FRAME_HEADER)

typedef enum mr_frame_answer {
  MR_FRAME_OK = 0,
  /* Too short for a header, or another magic: not from a node. */
  MR_FRAME_FOREIGN = 1,
  /* From a node that speaks another version. */
  MR_FRAME_OTHER_VERSION = 2,
  /* The length announced is not the datagram's: it was cut. */
  MR_FRAME_CUT = 3,
  /* The message is longer than this node takes. */
  MR_FRAME_OVERSIZED = 4,
  /* The checksum is wrong. */
  MR_FRAME_DAMAGED = 5,
  MR_FRAME_ANSWERS = 6
} mr_frame_answer;

/* Makes the datagram of a message. Answers its length, or 0 if it does not fit `capacity` or a datagram. */
uint32_t mr_frame_wrap(uint8_t *into, uint32_t capacity, const uint8_t *message, uint32_t length);

/* Looks at a datagram; on OK, tells where the message in it lies. */
mr_frame_answer mr_frame_open(const uint8_t *datagram, uint32_t length, uint32_t most_message, const uint8_t **message,
                              uint32_t *message_length);

/* What an answer means. */
const char *mr_frame_text(mr_frame_answer answer);

#endif
