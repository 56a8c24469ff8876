#include "frame.h"

#include <string.h>

#include "bytes.h"
#include "crc32c.h"

/* "MRU" and 1, read as a little-endian u32. */
#define MAGIC UINT32_C(0x0155524d)
#define VERSION 1u

#define AT_VERSION 4u
#define AT_LENGTH 6u
#define AT_CRC 8u

static uint32_t checksum(const uint8_t *datagram, uint32_t length) {
  const uint32_t crc = mr_crc32c(0, datagram + AT_VERSION, AT_CRC - AT_VERSION);
  return mr_crc32c(crc, datagram + MR_FRAME_HEADER, length - MR_FRAME_HEADER);
}

uint32_t mr_frame_wrap(uint8_t *into, uint32_t capacity, const uint8_t *message, uint32_t length) {
  if (length > MR_FRAME_MOST_MESSAGE || length + MR_FRAME_HEADER > capacity) return 0;
  mr_put_u32(into, MAGIC);
  mr_put_u16(into + AT_VERSION, VERSION);
  mr_put_u16(into + AT_LENGTH, (uint16_t)length);
  memcpy(into + MR_FRAME_HEADER, message, length);
  mr_put_u32(into + AT_CRC, checksum(into, MR_FRAME_HEADER + length));
  return MR_FRAME_HEADER + length;
}

mr_frame_answer mr_frame_open(const uint8_t *datagram, uint32_t length, uint32_t most_message, const uint8_t **message,
                              uint32_t *message_length) {
  if (length < MR_FRAME_HEADER || mr_get_u32(datagram) != MAGIC) return MR_FRAME_FOREIGN;
  if (mr_get_u16(datagram + AT_VERSION) != VERSION) return MR_FRAME_OTHER_VERSION;
  const uint32_t announced = mr_get_u16(datagram + AT_LENGTH);
  if (announced != length - MR_FRAME_HEADER) return MR_FRAME_CUT;
  if (announced > most_message) return MR_FRAME_OVERSIZED;
  if (mr_get_u32(datagram + AT_CRC) != checksum(datagram, length)) return MR_FRAME_DAMAGED;
  *message = datagram + MR_FRAME_HEADER;
  *message_length = announced;
  return MR_FRAME_OK;
}

const char *mr_frame_text(mr_frame_answer answer) {
  static const char *const texts[MR_FRAME_ANSWERS] = {
      "a message",          "not from a node",           "from a node of another release", "cut short",
      "longer than the plan's maxMessage", "damaged on its way",
  };
  return answer < MR_FRAME_ANSWERS ? texts[answer] : "unknown";
}
