/*
 * CRC32C (Castagnoli, reflected polynomial 0x82f63b78): the checksum of frames and of flash records, the same as the
 * one the TypeScript hosts use.
 */
#ifndef MR_CRC32C_H
#define MR_CRC32C_H

#include <stddef.h>
#include <stdint.h>

/* The checksum of `length` bytes, going on from `crc`: 0 at the start, or the checksum of the bytes before. */
uint32_t mr_crc32c(uint32_t crc, const void *bytes, size_t length);

#endif
