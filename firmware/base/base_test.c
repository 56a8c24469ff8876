/*
 * The published check values: CRC32C from RFC 3720 B.4, SHA-256 from FIPS 180-4's examples.
 */
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "bytes.h"
#include "crc32c.h"
#include "sha256.h"

static int failures;

static void expect(int holds, const char *what) {
  if (holds) return;
  fprintf(stderr, "failed: %s\n", what);
  failures++;
}

static void expect_sha256(const char *bytes, size_t length, const char *hex) {
  mr_sha256 hash;
  uint8_t digest[MR_SHA256_BYTES];
  char text[MR_SHA256_HEX];
  /* Cut anywhere, the digest is the same. */
  for (size_t cut = 0; cut <= length; cut++) {
    mr_sha256_begin(&hash);
    mr_sha256_update(&hash, bytes, cut);
    mr_sha256_update(&hash, bytes + cut, length - cut);
    mr_sha256_finish(&hash, digest);
    mr_sha256_hex(digest, text);
    expect(strcmp(text, hex) == 0, hex);
  }
}

int main(void) {
  uint8_t bytes[32];
  memset(bytes, 0, sizeof bytes);
  expect(mr_crc32c(0, bytes, sizeof bytes) == 0x8a9136aau, "crc32c of zeroes");
  memset(bytes, 0xff, sizeof bytes);
  expect(mr_crc32c(0, bytes, sizeof bytes) == 0x62a8ab43u, "crc32c of ones");
  for (unsigned i = 0; i < sizeof bytes; i++) bytes[i] = (uint8_t)i;
  expect(mr_crc32c(0, bytes, sizeof bytes) == 0x46dd794eu, "crc32c of 0 to 31");
  expect(mr_crc32c(mr_crc32c(0, bytes, 5), bytes + 5, 27) == 0x46dd794eu, "crc32c in two parts");

  mr_put_u64(bytes, UINT64_C(0x0102030405060708));
  expect(bytes[0] == 8 && bytes[7] == 1, "little-endian");
  expect(mr_get_u64(bytes) == UINT64_C(0x0102030405060708), "u64 there and back");
  expect(mr_get_u16(bytes) == 0x0708, "u16");

  expect_sha256("", 0, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  expect_sha256("abc", 3, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  expect_sha256("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq", 56,
                "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
  if (failures == 0) printf("base: published check values hold\n");
  return failures == 0 ? 0 : 1;
}
