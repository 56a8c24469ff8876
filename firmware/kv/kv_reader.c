#include "kv_reader.h"

#include <string.h>

#include "bytes.h"
#include "kv.h"

static const uint8_t zeroes[8];

kv_bytes kv_take(kv_reader *reader, uint32_t length) {
  kv_bytes found = {zeroes, 0};
  if (length > reader->length - reader->at) reader->fault = 1;
  if (reader->fault) return found;
  found.at = reader->bytes + reader->at;
  found.length = length;
  reader->at += length;
  return found;
}

uint32_t kv_u8(kv_reader *reader) { return kv_take(reader, 1).at[0]; }

uint32_t kv_u16(kv_reader *reader) { return mr_get_u16(kv_take(reader, 2).at); }

uint32_t kv_u32(kv_reader *reader) { return mr_get_u32(kv_take(reader, 4).at); }

uint64_t kv_u64(kv_reader *reader) {
  const uint64_t value = mr_get_u64(kv_take(reader, 8).at);
  if (value >> 53 != 0) reader->fault = 1;
  return reader->fault ? 0 : value;
}

/* Length of the UTF-8 character at the start of some bytes; 0 if there is none (RFC 3629, section 4). */
static uint32_t character(const uint8_t *at, uint32_t left) {
  static const struct {
    uint8_t from, to, second_from, second_to;
    uint32_t length;
  } rows[] = {
      {0x00, 0x7f, 0, 0, 1},       {0xc2, 0xdf, 0x80, 0xbf, 2}, {0xe0, 0xe0, 0xa0, 0xbf, 3},
      {0xe1, 0xec, 0x80, 0xbf, 3}, {0xed, 0xed, 0x80, 0x9f, 3}, {0xee, 0xef, 0x80, 0xbf, 3},
      {0xf0, 0xf0, 0x90, 0xbf, 4}, {0xf1, 0xf3, 0x80, 0xbf, 4}, {0xf4, 0xf4, 0x80, 0x8f, 4},
  };
  for (unsigned row = 0; row < sizeof rows / sizeof rows[0]; row++) {
    if (at[0] < rows[row].from || at[0] > rows[row].to) continue;
    if (rows[row].length > left) return 0;
    if (rows[row].length > 1 && (at[1] < rows[row].second_from || at[1] > rows[row].second_to)) return 0;
    for (uint32_t i = 2; i < rows[row].length; i++) {
      if (at[i] < 0x80 || at[i] > 0xbf) return 0;
    }
    return rows[row].length;
  }
  return 0;
}

kv_bytes kv_key(kv_reader *reader) {
  const kv_bytes key = kv_take(reader, kv_u16(reader));
  if (key.length == 0 || key.length > MR_KV_KEY_BYTES) reader->fault = 1;
  for (uint32_t at = 0; at < key.length && !reader->fault;) {
    const uint32_t length = character(key.at + at, key.length - at);
    if (length == 0) reader->fault = 1;
    at += length;
  }
  return key;
}

kv_bytes kv_value(kv_reader *reader) { return kv_take(reader, kv_u32(reader)); }

int kv_compare(kv_bytes left, kv_bytes right) {
  const uint32_t shorter = left.length < right.length ? left.length : right.length;
  const int order = memcmp(left.at, right.at, shorter);
  return order != 0 ? order : (left.length > right.length) - (left.length < right.length);
}
