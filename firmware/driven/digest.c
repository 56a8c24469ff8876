#include "digest.h"

#include <string.h>

void digest_begin(metalraft_driven_digest *digest) {
  digest->a = UINT32_C(0x9e3779b9);
  digest->b = UINT32_C(0x85ebca6b);
  digest->pending = 0;
  digest->pending_bytes = 0;
}

static void add_word(metalraft_driven_digest *digest, uint32_t word) {
  uint32_t a = (digest->a ^ word) * UINT32_C(0xcc9e2d51);
  a = a << 13 | a >> 19;
  digest->a = a;
  digest->b = ((digest->b + a) * UINT32_C(0x1b873593)) ^ digest->b >> 15;
}

static void add_byte(metalraft_driven_digest *digest, uint8_t byte) {
  digest->pending |= (uint32_t)byte << 8 * digest->pending_bytes;
  if (++digest->pending_bytes < sizeof digest->pending) return;
  add_word(digest, digest->pending);
  digest->pending = 0;
  digest->pending_bytes = 0;
}

void digest_add(metalraft_driven_digest *digest, const void *bytes, uint32_t length) {
  const uint8_t *at = bytes;
  const uint8_t *end = at + length;
  while (at < end && digest->pending_bytes > 0) add_byte(digest, *at++);
  for (uint32_t word; (uint32_t)(end - at) >= sizeof word; at += sizeof word) {
    memcpy(&word, at, sizeof word);
    add_word(digest, word);
  }
  while (at < end) add_byte(digest, *at++);
}
