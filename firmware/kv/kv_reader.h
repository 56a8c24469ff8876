/*
 * Reading the store's binary forms. The first fault stays, and what is read after it is zero or empty, so that a form is
 * gone through from front to back without a check at every field.
 */
#ifndef MR_KV_READER_H
#define MR_KV_READER_H

#include <stdint.h>

typedef struct kv_reader {
  const uint8_t *bytes;
  uint32_t length;
  uint32_t at;
  int fault;
} kv_reader;

typedef struct kv_bytes {
  const uint8_t *at;
  uint32_t length;
} kv_bytes;

/* The next `length` bytes; none if there are fewer. */
kv_bytes kv_take(kv_reader *reader, uint32_t length);
uint32_t kv_u8(kv_reader *reader);
uint32_t kv_u16(kv_reader *reader);
uint32_t kv_u32(kv_reader *reader);
/* At most 2^53 - 1, what all hosts can hold. */
uint64_t kv_u64(kv_reader *reader);
/* u16 length, 1 to 512, and UTF-8. */
kv_bytes kv_key(kv_reader *reader);
/* u32 length and bytes. */
kv_bytes kv_value(kv_reader *reader);

/* Orders by bytes, the shorter first where one begins with the other. */
int kv_compare(kv_bytes left, kv_bytes right);

#endif
