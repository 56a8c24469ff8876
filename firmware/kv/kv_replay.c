/*
 * Applies the commands on standard input, each a u32 length and its bytes, as entries 1, 2, ... and prints after each what
 * it came to and the digest of the state; the state has been through a snapshot each time. For comparison with the
 * TypeScript store.
 */
#include <stdio.h>

#include "bytes.h"
#include "kv.h"

static mr_kv store, copy;
static uint8_t command[65536];

int main(void) {
  uint8_t head[4];
  mr_kv_init(&store);
  for (uint64_t index = 1; fread(head, 1, sizeof head, stdin) == sizeof head; index++) {
    const uint32_t length = mr_get_u32(head);
    if (length > sizeof command || fread(command, 1, length, stdin) != length) return 2;
    const int answer = mr_kv_apply(&store, index, command, length);
    if (mr_kv_restore(&copy, store.image, store.length) != MR_KV_APPLIED) return 3;
    uint8_t digest[MR_SHA256_BYTES];
    char text[MR_SHA256_HEX];
    mr_kv_digest(&copy, digest);
    mr_sha256_hex(digest, text);
    printf("%d %s\n", answer, text);
  }
  return 0;
}
