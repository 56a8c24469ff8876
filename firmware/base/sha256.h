/*
 * SHA-256 (FIPS 180-4), for digests that are compared with those of other hosts.
 */
#ifndef MR_SHA256_H
#define MR_SHA256_H

#include <stddef.h>
#include <stdint.h>

#define MR_SHA256_BYTES 32u
/* Hex digits and the terminating zero. */
#define MR_SHA256_HEX (2u * MR_SHA256_BYTES + 1u)

typedef struct mr_sha256 {
  uint32_t state[8];
  uint64_t length;
  uint8_t block[64];
} mr_sha256;

void mr_sha256_begin(mr_sha256 *hash);
void mr_sha256_update(mr_sha256 *hash, const void *bytes, size_t length);
void mr_sha256_finish(mr_sha256 *hash, uint8_t digest[MR_SHA256_BYTES]);

/* Writes a digest as lower-case hex. */
void mr_sha256_hex(const uint8_t digest[MR_SHA256_BYTES], char text[MR_SHA256_HEX]);

#endif
