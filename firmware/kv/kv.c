#include "kv.h"

#include <string.h>

#include "bytes.h"
#include "kv_reader.h"

/* The snapshot's fields (host/session/machine.ts, host/kv/store.ts). */
#define AT_LOG_TIME 1u
#define AT_SESSIONS 9u
#define AT_KEYS 13u
#define AT_STORE_VERSION 17u
#define AT_COUNT 18u
#define VERSION 1u
/* Of a command with a limit (host/kv/command.ts), and what stands for none. */
#define LIMITED_VERSION 2u
#define NO_LIMIT UINT32_MAX

/* The envelope of a command (host/session/envelope.ts). */
#define ENVELOPE_MARK 0xe5u
#define ENVELOPE_HEAD 11u
enum { ENVELOPE_PLAIN, ENVELOPE_REGISTER, ENVELOPE_COMMAND, ENVELOPE_KEEP_ALIVE, ENVELOPE_CLOSE, ENVELOPE_KEYED, ENVELOPE_KINDS };

/* Commands, and what a transaction may ask (host/kv/command.ts). */
enum { PUT, DELETE, GET, TXN };
enum { VALUE, ABSENT, MOD_INDEX };
#define MOST_PARTS 1024u

/* A key's record: u16 length, key, u32 length, value, u64 index. */
typedef struct record {
  kv_bytes key;
  kv_bytes value;
  uint64_t index;
  /* Where it lies in the image. */
  uint32_t from;
  uint32_t to;
} record;

void mr_kv_init(mr_kv *kv) {
  memset(kv->image, 0, MR_KV_HEAD);
  kv->image[0] = VERSION;
  kv->image[AT_STORE_VERSION] = VERSION;
  kv->length = MR_KV_HEAD;
}

uint32_t mr_kv_count(const mr_kv *kv) { return mr_get_u32(kv->image + AT_COUNT); }

static void read_record(kv_reader *reader, record *found) {
  found->from = reader->at;
  found->key = kv_key(reader);
  found->value = kv_value(reader);
  found->index = kv_u64(reader);
  found->to = reader->at;
}

/* Finds a key: 1 and its record, or 0 and the place where it would be. */
static int find(const mr_kv *kv, kv_bytes key, record *found) {
  kv_reader reader = {kv->image, kv->length, MR_KV_HEAD, 0};
  while (reader.at < kv->length) {
    read_record(&reader, found);
    const int order = kv_compare(found->key, key);
    if (order == 0) return 1;
    if (order > 0) {
      found->to = found->from;
      return 0;
    }
  }
  found->from = found->to = kv->length;
  return 0;
}

/* Bytes that the keys take: what a command's limit speaks of. */
static uint32_t bytes_of(const mr_kv *kv) { return kv->length - MR_KV_HEAD; }

/* Makes the record in [from, to) `size` bytes long. */
static int resize(mr_kv *kv, const record *at, uint32_t size) {
  if (size > MR_KV_IMAGE_BYTES - (kv->length - (at->to - at->from))) return MR_KV_FULL;
  memmove(kv->image + at->from + size, kv->image + at->to, kv->length - at->to);
  kv->length = kv->length - (at->to - at->from) + size;
  return MR_KV_APPLIED;
}

static void add_to_count(mr_kv *kv, int more) {
  mr_put_u32(kv->image + AT_COUNT, mr_kv_count(kv) + (uint32_t)more);
}

static int put(mr_kv *kv, uint64_t index, kv_bytes key, kv_bytes value) {
  record at;
  const int existed = find(kv, key, &at);
  if (value.length > MR_KV_BYTES || resize(kv, &at, 14 + key.length + value.length) != MR_KV_APPLIED) return MR_KV_FULL;
  uint8_t *into = kv->image + at.from;
  mr_put_u16(into, (uint16_t)key.length);
  memcpy(into + 2, key.at, key.length);
  into += 2 + key.length;
  mr_put_u32(into, value.length);
  memcpy(into + 4, value.at, value.length);
  mr_put_u64(into + 4 + value.length, index);
  if (!existed) add_to_count(kv, 1);
  return MR_KV_APPLIED;
}

static int remove_key(mr_kv *kv, kv_bytes key) {
  record at;
  if (!find(kv, key, &at)) return MR_KV_ABSENT;
  resize(kv, &at, 0);
  add_to_count(kv, -1);
  return MR_KV_APPLIED;
}

/* Reads a put or a delete and, if `kv` is there, does it. */
static int operation(mr_kv *kv, uint64_t index, kv_reader *reader) {
  const uint32_t kind = kv_u8(reader);
  const kv_bytes key = kv_key(reader);
  if (kind > DELETE) reader->fault = 1;
  const kv_bytes value = kind == PUT ? kv_value(reader) : (kv_bytes){key.at, 0};
  if (reader->fault || kv == NULL) return MR_KV_APPLIED;
  return kind == PUT ? put(kv, index, key, value) : remove_key(kv, key);
}

/* Bytes that a put or a delete adds to the record as it is now, at the least 0; reads it. */
static uint64_t growth(const mr_kv *kv, kv_reader *reader) {
  record at;
  const uint32_t kind = kv_u8(reader);
  const kv_bytes key = kv_key(reader);
  if (kind != PUT) return 0;
  const uint64_t after = 14 + (uint64_t)key.length + kv_value(reader).length;
  find(kv, key, &at);
  const uint32_t before = at.to - at.from;
  return after > before ? after - before : 0;
}

/* Whether the operations from here on keep the store within the limit at every step. They have been read before. */
static int fits(const mr_kv *kv, kv_reader reader, uint32_t operations, uint32_t limit) {
  uint64_t more = 0;
  if (limit == NO_LIMIT) return 1;
  for (uint32_t i = 0; i < operations; i++) more += growth(kv, &reader);
  return more == 0 || bytes_of(kv) + more <= limit;
}

/* Reads a comparison and says whether it holds. */
static int compare(const mr_kv *kv, kv_reader *reader) {
  record found;
  const uint32_t kind = kv_u8(reader);
  const kv_bytes key = kv_key(reader);
  if (kind > MOD_INDEX) reader->fault = 1;
  const kv_bytes value = kind == VALUE ? kv_value(reader) : (kv_bytes){key.at, 0};
  const uint64_t index = kind == MOD_INDEX ? kv_u64(reader) : 0;
  if (reader->fault) return 0;
  const int exists = find(kv, key, &found);
  if (kind == ABSENT) return !exists;
  if (!exists) return 0;
  return kind == MOD_INDEX ? found.index == index : kv_compare(found.value, value) == 0;
}

static uint32_t parts(kv_reader *reader) {
  const uint32_t count = kv_u16(reader);
  if (count > MOST_PARTS) reader->fault = 1;
  return count;
}

/* A transaction is read to its end before any of it is done. */
static int transaction(mr_kv *kv, uint64_t index, kv_reader *reader, uint32_t limit) {
  int holds = 1;
  const uint32_t comparisons = parts(reader);
  for (uint32_t i = 0; i < comparisons && !reader->fault; i++) holds &= compare(kv, reader);
  const uint32_t operations = parts(reader);
  const uint32_t start = reader->at;
  for (uint32_t i = 0; i < operations && !reader->fault; i++) operation(NULL, index, reader);
  if (reader->fault || reader->at != reader->length) return MR_KV_REJECTED;
  if (!holds) return MR_KV_UNEQUAL;
  reader->at = start;
  if (!fits(kv, *reader, operations, limit)) return MR_KV_OVER_LIMIT;
  int answer = MR_KV_APPLIED;
  for (uint32_t i = 0; i < operations && answer >= 0; i++) answer = operation(kv, index, reader);
  return answer < 0 ? answer : MR_KV_APPLIED;
}

static int command_of(mr_kv *kv, uint64_t index, const uint8_t *command, uint32_t length) {
  kv_reader reader = {command, length, 0, 0};
  const uint32_t version = kv_u8(&reader);
  if (version != VERSION && version != LIMITED_VERSION) return MR_KV_REJECTED;
  const uint32_t limit = version == LIMITED_VERSION ? kv_u32(&reader) : NO_LIMIT;
  const uint32_t start = reader.at;
  const uint32_t kind = kv_u8(&reader);
  if (kind == TXN) return transaction(kv, index, &reader, limit);
  if (kind == GET) {
    kv_key(&reader);
    return reader.fault || reader.at != length ? MR_KV_REJECTED : MR_KV_APPLIED;
  }
  reader.at = start;
  operation(NULL, index, &reader);
  if (reader.fault || reader.at != length) return MR_KV_REJECTED;
  reader.at = start;
  if (!fits(kv, reader, 1, limit)) return MR_KV_OVER_LIMIT;
  return operation(kv, index, &reader);
}

/* Reads what follows the head of an envelope that is not plain; whether it is as host/session/envelope.ts wants it. */
static int is_sound(kv_reader *reader, uint32_t kind) {
  if (kind == ENVELOPE_KEYED) {
    const kv_bytes key = kv_take(reader, kv_u8(reader));
    if (reader->fault || key.length == 0) return 0;
    for (uint32_t i = 0; i < key.length; i++) {
      if (key.at[i] < '!' || key.at[i] > '~') return 0;
    }
    return 1;
  }
  uint64_t sequence = UINT64_MAX;
  if (kind != ENVELOPE_REGISTER) kv_u64(reader);
  if (kind == ENVELOPE_COMMAND) sequence = kv_u64(reader);
  if (kind == ENVELOPE_COMMAND || kind == ENVELOPE_KEEP_ALIVE) {
    const uint64_t lowest = kv_u64(reader);
    if (lowest < 1 || sequence < lowest) return 0;
  }
  return !reader->fault && (kind == ENVELOPE_COMMAND || reader->at == reader->length);
}

int mr_kv_apply(mr_kv *kv, uint64_t index, const uint8_t *command, uint32_t length) {
  if (length == 0 || command[0] != ENVELOPE_MARK) return command_of(kv, index, command, length);
  kv_reader reader = {command, length, 1, 0};
  const uint32_t version = kv_u8(&reader);
  const uint32_t kind = kv_u8(&reader);
  const uint64_t time = kv_u64(&reader);
  if (reader.fault || version != VERSION || kind >= ENVELOPE_KINDS) return MR_KV_REJECTED;
  if (kind != ENVELOPE_PLAIN && !is_sound(&reader, kind)) return MR_KV_REJECTED;
  if (time > mr_get_u64(kv->image + AT_LOG_TIME)) mr_put_u64(kv->image + AT_LOG_TIME, time);
  if (kind != ENVELOPE_PLAIN) return MR_KV_UNKEPT;
  return command_of(kv, index, command + ENVELOPE_HEAD, length - ENVELOPE_HEAD);
}

int mr_kv_get(const mr_kv *kv, const uint8_t *key, uint32_t key_length, const uint8_t **value, uint32_t *value_length,
              uint64_t *index) {
  record found;
  if (!find(kv, (kv_bytes){key, key_length}, &found)) return 0;
  *value = found.value.at;
  *value_length = found.value.length;
  *index = found.index;
  return 1;
}

int mr_kv_restore(mr_kv *kv, const uint8_t *image, uint32_t length) {
  kv_reader reader = {image, length, 0, 0};
  const uint32_t version = kv_u8(&reader);
  kv_u64(&reader);
  if (reader.fault || version != VERSION) return MR_KV_REJECTED;
  if (kv_u32(&reader) != 0 || kv_u32(&reader) != 0) return reader.fault ? MR_KV_REJECTED : MR_KV_UNSUPPORTED;
  if (kv_u8(&reader) != VERSION) return MR_KV_REJECTED;
  const uint32_t count = kv_u32(&reader);
  record last, next;
  for (uint32_t i = 0; i < count && !reader.fault; i++) {
    read_record(&reader, &next);
    if (i > 0 && kv_compare(last.key, next.key) >= 0) return MR_KV_REJECTED;
    last = next;
  }
  if (reader.fault || reader.at != length) return MR_KV_REJECTED;
  if (length > MR_KV_IMAGE_BYTES) return MR_KV_FULL;
  memcpy(kv->image, image, length);
  kv->length = length;
  return MR_KV_APPLIED;
}

void mr_kv_digest(const mr_kv *kv, uint8_t digest[MR_SHA256_BYTES]) {
  mr_sha256 hash;
  mr_sha256_begin(&hash);
  mr_sha256_update(&hash, kv->image, kv->length);
  mr_sha256_finish(&hash, digest);
}

/* Version, limit, kind and key. What does not fit this store must be refused by all: a limit says so. */
static uint32_t encode_head(uint8_t *into, uint32_t capacity, uint32_t kind, const char *key) {
  const size_t length = strlen(key);
  if (length == 0 || length > MR_KV_KEY_BYTES || 8 + length > capacity) return 0;
  into[0] = LIMITED_VERSION;
  mr_put_u32(into + 1, MR_KV_BYTES);
  into[5] = (uint8_t)kind;
  mr_put_u16(into + 6, (uint16_t)length);
  memcpy(into + 8, key, length);
  return 8 + (uint32_t)length;
}

uint32_t mr_kv_encode_put(uint8_t *into, uint32_t capacity, const char *key, const uint8_t *value, uint32_t length) {
  const uint32_t head = encode_head(into, capacity, PUT, key);
  if (head == 0 || capacity - head < 4 || length > capacity - head - 4) return 0;
  mr_put_u32(into + head, length);
  memcpy(into + head + 4, value, length);
  return head + 4 + length;
}

uint32_t mr_kv_encode_delete(uint8_t *into, uint32_t capacity, const char *key) {
  return encode_head(into, capacity, DELETE, key);
}

const char *mr_kv_text(int answer) {
  switch (answer) {
    case MR_KV_APPLIED:
      return "applied";
    case MR_KV_REJECTED:
      return "no command";
    case MR_KV_UNEQUAL:
      return "the comparisons do not hold";
    case MR_KV_ABSENT:
      return "applied: there was no such key";
    case MR_KV_UNKEPT:
      return "no session and no idempotency key is kept where a board is a member";
    case MR_KV_OVER_LIMIT:
      return "the store is full";
    case MR_KV_FULL:
      return "the store is full on this node: build it with more MR_KV_BYTES, or delete keys before it starts again";
    case MR_KV_UNSUPPORTED:
      return "a store with sessions or idempotency keys, of a member without NO_SESSIONS: this node cannot keep them";
    default:
      return "unknown answer";
  }
}
