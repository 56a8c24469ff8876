/*
 * Little-endian numbers in byte arrays. Nothing is assumed of the processor's byte order or of alignment.
 */
#ifndef MR_BYTES_H
#define MR_BYTES_H

#include <stdint.h>

static inline uint16_t mr_get_u16(const uint8_t *at) { return (uint16_t)(at[0] | (uint16_t)(at[1] << 8)); }

static inline uint32_t mr_get_u32(const uint8_t *at) {
  return (uint32_t)at[0] | (uint32_t)at[1] << 8 | (uint32_t)at[2] << 16 | (uint32_t)at[3] << 24;
}

static inline uint64_t mr_get_u64(const uint8_t *at) {
  return (uint64_t)mr_get_u32(at) | (uint64_t)mr_get_u32(at + 4) << 32;
}

static inline void mr_put_u16(uint8_t *at, uint16_t value) {
  at[0] = (uint8_t)value;
  at[1] = (uint8_t)(value >> 8);
}

static inline void mr_put_u32(uint8_t *at, uint32_t value) {
  mr_put_u16(at, (uint16_t)value);
  mr_put_u16(at + 2, (uint16_t)(value >> 16));
}

static inline void mr_put_u64(uint8_t *at, uint64_t value) {
  mr_put_u32(at, (uint32_t)value);
  mr_put_u32(at + 4, (uint32_t)(value >> 32));
}

#endif
