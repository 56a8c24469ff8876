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

/* Makes the command one of version 1, which has no limit; answers its length. */
static uint32_t without_limit(uint32_t length) {
  command[0] = 1;
  memmove(command + 1, command + 5, length - 5);
  return length - 4;
}

static int put_without_limit(uint64_t index, const char *key, uint32_t length) {
  const uint32_t bytes = mr_kv_encode_put(command, sizeof command, key, value, length);
  return mr_kv_apply(&kv, index, command, without_limit(bytes));
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
  expect(put(1, "b", MR_KV_BYTES - 15) == MR_KV_APPLIED && has("b", MR_KV_BYTES - 15, 1), "a value that just fits");
  other = kv;
  expect(put(2, "a", 0) == MR_KV_OVER_LIMIT && put_without_limit(2, "a", 0) == MR_KV_FULL, "no room for another key");
  expect(put(3, "b", MR_KV_BYTES - 14) == MR_KV_OVER_LIMIT, "no room for a byte more");
  expect(put_without_limit(3, "b", MR_KV_BYTES - 14) == MR_KV_FULL, "nor without a limit");
  expect(memcmp(&kv, &other, sizeof kv) == 0, "nothing changed");
  expect(put(4, "b", 3) == MR_KV_APPLIED && put(5, "a", 0) == MR_KV_APPLIED && has("b", 3, 4), "room again");
  expect(mr_kv_count(&kv) == 2 && drop(6, "b") == MR_KV_APPLIED && drop(7, "b") == MR_KV_ABSENT, "delete");
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

/* What clients ask to be kept is refused; bytes that are no such envelope change not even the log time. */
static void keeps_nothing_for_clients(void) {
  static const struct {
    const char *what;
    uint32_t length;
    int answer;
    uint8_t rest[26];
  } rows[] = {
      {"a session", 0, MR_KV_UNKEPT, {1}},
      {"bytes behind a registration", 1, MR_KV_REJECTED, {1}},
      {"a session's command", 25, MR_KV_UNKEPT, {2, 7, 0, 0, 0, 0, 0, 0, 0, 3, 0, 0, 0, 0, 0, 0, 0, 2}},
      {"a sequence below the lowest", 25, MR_KV_REJECTED, {2, 7, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 2}},
      {"a session's command that is cut", 23, MR_KV_REJECTED, {2, 7, 0, 0, 0, 0, 0, 0, 0, 3, 0, 0, 0, 0, 0, 0, 0, 2}},
      {"a keep-alive", 16, MR_KV_UNKEPT, {3, 7, 0, 0, 0, 0, 0, 0, 0, 1}},
      {"a keep-alive from 0", 16, MR_KV_REJECTED, {3, 7}},
      {"an end of a session", 8, MR_KV_UNKEPT, {4, 7}},
      {"a session above 2^53", 8, MR_KV_REJECTED, {4, 0, 0, 0, 0, 0, 0, 0x20}},
      {"an idempotency key", 5, MR_KV_UNKEPT, {5, 2, '!', '~', 1, 3}},
      {"an idempotency key with a blank", 3, MR_KV_REJECTED, {5, 2, 'a', ' '}},
      {"an empty idempotency key", 1, MR_KV_REJECTED, {5, 0}},
      {"an idempotency key that is cut", 2, MR_KV_REJECTED, {5, 2, 'a'}},
      {"another kind", 0, MR_KV_REJECTED, {6}},
  };
  for (unsigned i = 0; i < sizeof rows / sizeof rows[0]; i++) {
    /* Mark, version, kind, log time 9. */
    uint8_t envelope[11 + 25] = {0xe5, 1, rows[i].rest[0], 9};
    memcpy(envelope + 11, rows[i].rest + 1, rows[i].length);
    mr_kv_init(&kv);
    const int answer = mr_kv_apply(&kv, 1, envelope, 11 + rows[i].length);
    const int is_timed = memcmp(kv.image, other.image, kv.length) != 0;
    expect(answer == rows[i].answer && is_timed == (answer == MR_KV_UNKEPT) && kv.length == other.length, rows[i].what);
  }
}

static void rejects_what_is_no_command(void) {
  static const uint8_t plain[] = {0xe5, 1, 0, 9, 0, 0, 0, 0, 0, 0, 0, 1, 0, 1, 0, 'k', 0, 0, 0, 0};
  mr_kv_init(&kv);
  other = kv;
  const uint32_t length = without_limit(mr_kv_encode_put(command, sizeof command, "key", value, 9));
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
  keeps_nothing_for_clients();
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
