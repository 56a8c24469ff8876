/*
 * Reading: headers, records in order, blank space. Nothing here writes.
 *
 * A record is believed if it is whole, carries the number that is due, and is the last in its sector to do so: a record
 * that lost power on its last bits may read as torn at one boot, when the next record takes its number, and as whole at
 * a later one.
 */
#include <string.h>

#include "crc32c.h"
#include "flash_ring.h"

#define CHUNK 64u

int flash_read(const mr_flash_log *log, uint32_t address, void *into, uint32_t length) {
  return log->device->read(log->device->context, address, into, length) == 0 ? MR_FLASH_OK : MR_FLASH_DEVICE;
}

uint32_t flash_sector_address(const mr_flash_log *log, uint32_t number) {
  return number % log->device->sector_count * log->device->sector_size;
}

int flash_read_header(const mr_flash_log *log, uint32_t number, flash_header *header) {
  uint8_t bytes[FLASH_HEADER_BYTES];
  const int answer = flash_read(log, flash_sector_address(log, number) + FLASH_MARK_BYTES, bytes, sizeof bytes);
  if (answer != MR_FLASH_OK) return answer;
  return flash_decode_header(bytes, log, header) == FLASH_HEADER_SOUND && header->number == number;
}

int flash_find_blank(const mr_flash_log *log, uint32_t from, uint32_t to, uint32_t *end) {
  uint8_t bytes[CHUNK];
  *end = from;
  for (uint32_t at = from; at < to;) {
    const uint32_t length = to - at < CHUNK ? to - at : CHUNK;
    const int answer = flash_read(log, at, bytes, length);
    if (answer != MR_FLASH_OK) return answer;
    for (uint32_t i = 0; i < length; i++) {
      if (bytes[i] != 0xff) *end = at + i + 1;
    }
    at += length;
  }
  return MR_FLASH_OK;
}

void flash_walk_begin(const mr_flash_log *log, const flash_header *header, uint64_t limit, flash_walk *walk) {
  const uint32_t start = flash_sector_address(log, header->number);
  walk->at = start + FLASH_FIRST_RECORD;
  walk->end = start + log->device->sector_size;
  walk->seen = 0;
  walk->behind = walk->at;
  walk->sequence = header->sequence;
  walk->limit = limit;
}

/* The sequence number, at or above `due`, that a record's low byte stands for. */
static uint64_t claimed_sequence(const flash_record *record, uint64_t due) {
  return due + ((record->low_sequence - (uint32_t)due) & 0xffu);
}

/* Whether a record of the given number lies at `at`. Answers 1 or 0, or a refusal. */
static int check(const mr_flash_log *log, const uint8_t head[FLASH_RECORD_HEADER], const flash_record *record,
                 uint32_t at, uint64_t sequence) {
  uint8_t bytes[CHUNK];
  uint32_t crc = flash_record_crc(head, sequence);
  for (uint32_t done = 0; done < record->length;) {
    const uint32_t length = record->length - done < CHUNK ? record->length - done : CHUNK;
    const int answer = flash_read(log, at + FLASH_RECORD_HEADER + done, bytes, length);
    if (answer != MR_FLASH_OK) return answer;
    crc = mr_crc32c(crc, bytes, length);
    done += length;
  }
  return crc == record->crc;
}

/* Looks for a record numbered `due` or later at `at`. Answers 1 and tells record and number, or 0, or a refusal. */
static int probe(const mr_flash_log *log, uint32_t at, uint32_t end, uint64_t due, flash_record *record,
                 uint64_t *sequence) {
  uint8_t head[FLASH_RECORD_HEADER];
  if (end - at < FLASH_RECORD_HEADER) return 0;
  const int answer = flash_read(log, at, head, sizeof head);
  if (answer != MR_FLASH_OK) return answer;
  flash_decode_record(head, record);
  if (record->kind == 0 || record->kind >= FLASH_KINDS || flash_record_size(record->length) > end - at) return 0;
  *sequence = claimed_sequence(record, due);
  return check(log, head, record, at, *sequence);
}

/* Finds the first record numbered `due` or later from `*at` on. Answers as `probe` does. */
static int search(const mr_flash_log *log, uint32_t *at, uint32_t end, uint64_t due, flash_record *record,
                  uint64_t *sequence) {
  for (; end - *at >= FLASH_RECORD_HEADER; *at += FLASH_UNIT) {
    const int found = probe(log, *at, end, due, record, sequence);
    if (found != 0) return found;
  }
  return 0;
}

int flash_walk_next(const mr_flash_log *log, flash_walk *walk, flash_record *record, uint32_t *address) {
  if (walk->sequence >= walk->limit) return 0;
  uint64_t sequence = walk->sequence;
  if (!walk->seen) {
    const int found = search(log, &walk->at, walk->end, walk->sequence, &walk->ahead, &sequence);
    if (found <= 0) return found;
    /* Records that came later are here, and the one that is due is not. */
    if (sequence != walk->sequence) return MR_FLASH_DAMAGED;
  }
  do {
    *record = walk->ahead;
    *address = walk->at;
    walk->at += flash_record_size(record->length);
    walk->behind = walk->at;
    const int found = search(log, &walk->at, walk->end, walk->sequence, &walk->ahead, &sequence);
    if (found < 0) return found;
    walk->seen = (uint32_t)found;
  } while (walk->seen && sequence == walk->sequence);
  walk->sequence++;
  return walk->seen && sequence != walk->sequence && walk->sequence < walk->limit ? MR_FLASH_DAMAGED : 1;
}
