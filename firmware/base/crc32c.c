/*
 * Two look-ups a byte in a table of 16 words. With MR_CRC32C_WIDE defined, one look-up in a table of 256, which is made
 * from the small one when it is first needed: four times as fast, for 1 KiB of RAM.
 */
#include "crc32c.h"

static const uint32_t nibbles[16] = {
    0x00000000u, 0x105ec76fu, 0x20bd8edeu, 0x30e349b1u, 0x417b1dbcu, 0x5125dad3u, 0x61c69362u, 0x7198540du,
    0x82f63b78u, 0x92a8fc17u, 0xa24bb5a6u, 0xb21572c9u, 0xc38d26c4u, 0xd3d3e1abu, 0xe330a81au, 0xf36e6f75u,
};

static uint32_t two_nibbles(uint32_t crc) {
  crc = crc >> 4 ^ nibbles[crc & 15u];
  return crc >> 4 ^ nibbles[crc & 15u];
}

#ifdef MR_CRC32C_WIDE

static uint32_t next(uint32_t crc, uint8_t byte) {
  static uint32_t bytes[256];
  if (bytes[255] == 0) {
    for (uint32_t i = 0; i < 256; i++) bytes[i] = two_nibbles(i);
  }
  return crc >> 8 ^ bytes[(crc ^ byte) & 255u];
}

#else

static uint32_t next(uint32_t crc, uint8_t byte) { return two_nibbles(crc ^ byte); }

#endif

uint32_t mr_crc32c(uint32_t crc, const void *bytes, size_t length) {
  const uint8_t *at = bytes;
  crc = ~crc;
  for (size_t i = 0; i < length; i++) crc = next(crc, at[i]);
  return ~crc;
}
