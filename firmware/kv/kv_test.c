/*
 * The store where it comes to its ends: full, foreign snapshots, bytes that are no command. That it does what the
 * TypeScript store does is shown by tests/host/kv/firmware.test.ts.
 */
#include <stdio.h>
#include <string.h>

#include "kv.h"

static mr_kv kv, other;
static uint8_t command[MR_KV_BYTES + 600];
static uint8_t value[MR_KV_BYTES + 1];
static int failures;

static void expect(int holds, const char *what) {
  if (holds) return;
  fprintf(stderr, "failed: %s\n", what);
  failures++;
}

static int put(uint64_t index, const char *key, uint32_t length) {
  return mr_kv_apply(&kv, index, command, mr_kv_encode_put(command, sizeof command, key, value, length));
}

static int drop(uint64_t index, const char *key) {
  return mr_kv_apply(&kv, index, command, mr_kv_encode_delete(command, sizeof command, key));
}

static int has(const char *key, uint32_t length, uint64_t index) {
  const uint8_t *found;
  uint32_t found_length;
  uint64_t found_index;
  return mr_kv_get(&kv, (const uint8_t *)key, (uint32_t)strlen(key), &found, &found_length, &found_index) &&
         found_length == length && found_index == index && memcmp(found, value, length) == 0;
}

static void fills_up(void) {
  mr_kv_init(&kv);
  expect(mr_kv_has_room(&kv, 1, MR_KV_BYTES - 15) && !mr_kv_has_room(&kv, 1, MR_KV_BYTES - 14), "room of an empty store");
  expect(put(1, "b", MR_KV_BYTES - 15) == MR_KV_APPLIED && has("b", MR_KV_BYTES - 15, 1), "a value that just fits");
  other = kv;
  expect(!mr_kv_has_room(&kv, 0, 0), "no room in a full one");
  expect(put(2, "a", 0) == MR_KV_FULL && memcmp(&kv, &other, sizeof kv) == 0, "no room for another key");
  expect(put(3, "b", MR_KV_BYTES - 14) == MR_KV_FULL && memcmp(&kv, &other, sizeof kv) == 0, "no room for a byte more");
  expect(put(4, "b", 3) == MR_KV_APPLIED && put(5, "a", 0) == MR_KV_APPLIED && has("b", 3, 4), "room again");
  expect(mr_kv_count(&kv) == 2 && drop(6, "b") == MR_KV_APPLIED && drop(7, "b") == MR_KV_APPLIED, "delete");
  expect(mr_kv_count(&kv) == 1 && !has("b", 3, 4) && has("a", 0, 5), "what is left");
}

static void refuses_foreign_snapshots(void) {
  mr_kv_init(&kv);
  put(1, "one", 5);
  put(2, "two", 500);
  expect(mr_kv_restore(&other, kv.image, kv.length) == MR_KV_APPLIED && other.length == kv.length, "a snapshot");
  const mr_kv kept = other;
  for (uint32_t length = 0; length < kv.length; length++) {
    expect(mr_kv_restore(&other, kv.image, length) == MR_KV_REJECTED, "a snapshot that is cut");
  }
  memcpy(command, kv.image, kv.length + 1);
  expect(mr_kv_restore(&other, command, kv.length + 1) == MR_KV_REJECTED, "bytes behind a snapshot");
  command[0] = 2;
  expect(mr_kv_restore(&other, command, kv.length) == MR_KV_REJECTED, "another version");
  command[0] = 1;
  command[9] = 1;
  expect(mr_kv_restore(&other, command, kv.length) == MR_KV_UNSUPPORTED, "a snapshot with sessions");
  command[9] = 0;
  command[MR_KV_HEAD + 2] = 'z';
  expect(mr_kv_restore(&other, command, kv.length) == MR_KV_REJECTED, "keys out of order");
  expect(memcmp(&kept, &other, sizeof kept) == 0, "nothing changed");
}

static void rejects_what_is_no_command(void) {
  static const uint8_t session[] = {0xe5, 1, 1, 9, 0, 0, 0, 0, 0, 0, 0};
  static const uint8_t plain[] = {0xe5, 1, 0, 9, 0, 0, 0, 0, 0, 0, 0, 1, 0, 1, 0, 'k', 0, 0, 0, 0};
  mr_kv_init(&kv);
  other = kv;
  const uint32_t length = mr_kv_encode_put(command, sizeof command, "key", value, 9);
  for (uint32_t cut = 0; cut < length; cut++) {
    expect(mr_kv_apply(&kv, 1, command, cut) == MR_KV_REJECTED, "a command that is cut");
  }
  for (uint32_t at = 0; at < length; at++) {
    command[at] ^= 0x80;
    const int answer = mr_kv_apply(&kv, 1, command, length);
    if (at < 11) expect(answer == MR_KV_REJECTED, "a command that is damaged");
    command[at] ^= 0x80;
    if (at >= 11) mr_kv_init(&kv);
  }
  expect(memcmp(kv.image, other.image, kv.length) == 0 && kv.length == other.length, "nothing changed");
  expect(mr_kv_apply(&kv, 1, session, sizeof session) == MR_KV_UNSUPPORTED, "a session");
  expect(mr_kv_apply(&kv, 1, plain, sizeof plain) == MR_KV_APPLIED && has("k", 0, 1), "an envelope that is nobody's");
  expect(mr_kv_encode_put(command, 8, "key", value, 9) == 0, "no room for a command");
  expect(mr_kv_encode_delete(command, sizeof command, "") == 0, "no key");
}

int main(void) {
  for (uint32_t i = 0; i < sizeof value; i++) value[i] = (uint8_t)(i * 31);
  fills_up();
  refuses_foreign_snapshots();
  rejects_what_is_no_command();
  if (failures == 0) printf("kv: %u bytes of RAM\n", (unsigned)sizeof kv);
  return failures == 0 ? 0 : 1;
}
