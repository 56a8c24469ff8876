/*
 * Writing: records into the current sector, sectors opened, cleaned and erased.
 *
 * Order is what makes it safe. A sector's live records are copied before `tail` passes it; `tail` is durable, in a
 * header or in a record of its own, before the sector is erased; a sector is marked once its erase has ended, and gets
 * its header only then. A loss of power in between leaves something that is done again. The sectors
 * that a cleaning uses up are given back when power is lost over it again and again (flash_recovery.c).
 */
#include "flash_ring.h"

#include <string.h>

#include "crc32c.h"

/* Bytes programmed at a time: a page, so that one is begun and ended in few operations. */
#define CHUNK FLASH_PAGE
/* Answer inside this file: the place did not take what was programmed. */
#define PLACE_WORN 1

static int sync_device(mr_flash_log *log) {
  if (log->device->sync == NULL || log->device->sync(log->device->context) == 0) return MR_FLASH_OK;
  return MR_FLASH_DEVICE;
}

/* Sectors that hold nothing if `tail` is the oldest that does. */
static uint32_t free_sectors(const mr_flash_log *log, uint32_t tail) {
  return log->device->sector_count - (log->newest + 1 - tail);
}

/* Programs and reads back. Answers OK, PLACE_WORN or DEVICE. */
static int program(mr_flash_log *log, uint32_t address, const uint8_t *bytes, uint32_t length) {
  uint8_t back[64];
  if (log->device->program(log->device->context, address, bytes, length) != 0) return PLACE_WORN;
  for (uint32_t done = 0; done < length;) {
    const uint32_t part = length - done < sizeof back ? length - done : (uint32_t)sizeof back;
    const int answer = flash_read(log, address + done, back, part);
    if (answer != MR_FLASH_OK) return answer;
    if (memcmp(back, bytes + done, part) != 0) return PLACE_WORN;
    done += part;
  }
  return MR_FLASH_OK;
}

/* Copies part of a body to `into`. */
static int body_part(const mr_flash_log *log, const flash_body *body, uint32_t offset, uint8_t *into, uint32_t length) {
  if (body->bytes == NULL) return flash_read(log, body->address + offset, into, length);
  memcpy(into, body->bytes + offset, length);
  return MR_FLASH_OK;
}

/* The CRC of a whole record. */
static int record_crc(const mr_flash_log *log, const uint8_t head[FLASH_RECORD_HEADER], const flash_body *body,
                      uint32_t *crc) {
  uint8_t part[64];
  *crc = flash_record_crc(head, log->sequence);
  if (body->bytes != NULL) *crc = mr_crc32c(*crc, body->bytes, body->length);
  for (uint32_t done = 0; body->bytes == NULL && done < body->length;) {
    const uint32_t length = body->length - done < sizeof part ? body->length - done : (uint32_t)sizeof part;
    const int answer = flash_read(log, body->address + done, part, length);
    if (answer != MR_FLASH_OK) return answer;
    *crc = mr_crc32c(*crc, part, length);
    done += length;
  }
  return MR_FLASH_OK;
}

/* Writes a record at the current position, where there is room for it. Answers OK, PLACE_WORN or a refusal. */
static int write_record(mr_flash_log *log, uint32_t kind, uint64_t index, const flash_body *body) {
  uint8_t chunk[CHUNK];
  const flash_record record = {0, body->length, kind, (uint32_t)log->sequence & 0xffu, index};
  const uint32_t start = flash_sector_address(log, log->current) + log->position;
  const uint32_t size = flash_record_size(body->length);
  flash_encode_record(chunk, &record);
  uint32_t crc;
  int answer = record_crc(log, chunk, body, &crc);
  for (unsigned i = 0; i < 4; i++) chunk[i] = (uint8_t)(crc >> (8 * i));

  uint32_t filled = FLASH_RECORD_HEADER;
  uint32_t written = 0;
  uint32_t taken = 0;
  while (answer == MR_FLASH_OK && written < size) {
    const uint32_t length = size - written < CHUNK ? size - written : CHUNK;
    const uint32_t part = body->length - taken < length - filled ? body->length - taken : length - filled;
    answer = body_part(log, body, taken, chunk + filled, part);
    memset(chunk + filled + part, 0xff, length - filled - part);
    if (answer == MR_FLASH_OK) answer = program(log, start + written, chunk, length);
    taken += part;
    written += length;
    filled = 0;
  }
  if (answer != MR_FLASH_OK) return answer;
  log->position += size;
  log->sequence++;
  return MR_FLASH_OK;
}

/* Whether a record with a body of this length fits into the current sector. */
static int fits(const mr_flash_log *log, uint32_t kind, uint32_t length) {
  const uint32_t reserve = kind == FLASH_TAIL ? 0 : FLASH_TAIL_ROOM;
  return log->current != 0 && log->position + flash_record_size(length) + reserve <= log->device->sector_size;
}

/* After a record that the flash did not take: goes on at the next page, if there is one. */
static void skip_place(mr_flash_log *log, uint32_t length) {
  log->position = flash_round_up(log->position + flash_record_size(length), FLASH_PAGE);
  log->worn++;
}

/* Makes `tail` durable by a record of its own, so that the sectors before it may be erased. */
static int save_tail(mr_flash_log *log) {
  const flash_body none = {(const uint8_t *)"", 0, 0};
  while (fits(log, FLASH_TAIL, 0)) {
    int answer = write_record(log, FLASH_TAIL, log->tail, &none);
    if (answer == PLACE_WORN) {
      skip_place(log, 0);
      continue;
    }
    if (answer == MR_FLASH_OK) answer = sync_device(log);
    if (answer == MR_FLASH_OK) log->durable_tail = log->tail;
    return answer;
  }
  return MR_FLASH_WORN;
}

/* Whether the sector at `address` is erased and marked so, with nothing in it. Answers 1 or 0, or a refusal. */
static int is_ready(const mr_flash_log *log, uint32_t address) {
  uint8_t mark[FLASH_MARK_BYTES];
  uint32_t end;
  int answer = flash_read(log, address, mark, sizeof mark);
  if (answer != MR_FLASH_OK) return answer;
  if (memcmp(mark, flash_mark, sizeof mark) != 0) return 0;
  const uint32_t from = address + FLASH_MARK_BYTES;
  answer = flash_find_blank(log, from, address + log->device->sector_size, &end);
  return answer == MR_FLASH_OK ? end == from : answer;
}

/* Erases a sector and marks it. Answers OK, PLACE_WORN or DEVICE. */
static int erase(mr_flash_log *log, uint32_t address) {
  uint32_t end;
  int answer = sync_device(log);
  if (answer != MR_FLASH_OK) return answer;
  log->erases++;
  if (log->device->erase(log->device->context, address / log->device->sector_size) != 0) return PLACE_WORN;
  answer = flash_find_blank(log, address, address + log->device->sector_size, &end);
  if (answer != MR_FLASH_OK) return answer;
  return end == address ? program(log, address, flash_mark, FLASH_MARK_BYTES) : PLACE_WORN;
}

/* Makes the sector after the newest ready to be opened. Answers OK, PLACE_WORN or a refusal. */
static int prepare(mr_flash_log *log) {
  if (log->ready) return MR_FLASH_OK;
  const uint32_t next = log->newest + 1;
  const uint32_t count = log->device->sector_count;
  /* What lies there is number next - count. */
  if (next >= log->tail + count) return MR_FLASH_WORN;
  if (next >= log->durable_tail + count) {
    const int answer = save_tail(log);
    if (answer != MR_FLASH_OK) return answer;
  }
  const uint32_t address = flash_sector_address(log, next);
  int answer = is_ready(log, address);
  if (answer < 0) return answer;
  answer = answer ? MR_FLASH_OK : erase(log, address);
  log->ready = answer == MR_FLASH_OK;
  return answer;
}

/* Makes the sector after the newest the current one; those that are worn are passed over. */
static int open_next(mr_flash_log *log) {
  for (uint32_t tries = 0; tries < log->device->sector_count; tries++) {
    const uint32_t next = log->newest + 1;
    int answer = prepare(log);
    if (answer == MR_FLASH_OK) {
      uint8_t bytes[FLASH_HEADER_BYTES];
      const flash_header header = {next, log->tail, log->sequence, log->state};
      flash_encode_header(bytes, log, &header);
      answer = program(log, flash_sector_address(log, next) + FLASH_MARK_BYTES, bytes, sizeof bytes);
    }
    if (answer < 0) return answer;
    log->newest = next;
    log->ready = 0;
    if (answer == MR_FLASH_OK) {
      log->current = next;
      log->position = FLASH_FIRST_RECORD;
      answer = sync_device(log);
      if (answer == MR_FLASH_OK) log->durable_tail = log->tail;
      return answer;
    }
    log->worn++;
  }
  return MR_FLASH_WORN;
}

/* Appends a record, in a new sector if need be, without making room first. */
static int put(mr_flash_log *log, uint32_t kind, uint64_t index, const flash_body *body, uint32_t *address) {
  for (uint32_t tries = 0; tries < log->device->sector_count; tries++) {
    while (fits(log, kind, body->length)) {
      const uint32_t at = flash_sector_address(log, log->current) + log->position;
      const int answer = write_record(log, kind, index, body);
      if (address != NULL) *address = at;
      if (answer != PLACE_WORN) return answer;
      skip_place(log, body->length);
    }
    const int answer = open_next(log);
    if (answer != MR_FLASH_OK) return answer;
  }
  return MR_FLASH_WORN;
}

/* The number of the first record behind the sector `number`: where the next sector that was not passed over begins. */
static int limit_of(const mr_flash_log *log, uint32_t number, uint64_t *limit) {
  flash_header next;
  int found = 0;
  while (found == 0 && number < log->newest) found = flash_read_header(log, ++number, &next);
  *limit = found > 0 ? next.sequence : log->sequence;
  return found < 0 ? found : MR_FLASH_OK;
}

static uint32_t kind_of_copy(uint32_t kind) {
  if (kind == FLASH_ENTRY) return FLASH_MOVED;
  return kind == FLASH_PIECE_OF_IMAGE ? FLASH_PIECE_MOVED : kind;
}

/* Copies what is live in a sector to the newest one. */
static int copy_live(mr_flash_log *log, const flash_header *header) {
  flash_walk walk;
  flash_record record;
  uint32_t address, copy;
  uint64_t limit;
  int answer = limit_of(log, header->number, &limit);
  if (answer != MR_FLASH_OK) return answer;
  flash_walk_begin(log, header, limit, &walk);
  while ((answer = flash_walk_next(log, &walk, &record, &address)) > 0) {
    if (!flash_is_live(log, &record, address)) continue;
    const flash_body body = {NULL, address + FLASH_RECORD_HEADER, record.length};
    const int put_answer = put(log, kind_of_copy(record.kind), record.index, &body, &copy);
    if (put_answer != MR_FLASH_OK) return put_answer;
    flash_moved(log, &record, copy);
  }
  return answer;
}

/* Gives the oldest sector back, once its live records have been copied. One that was passed over has no header. */
static int clean_oldest(mr_flash_log *log) {
  flash_header header;
  const int found = flash_read_header(log, log->tail, &header);
  if (found < 0) return found;
  const int answer = found ? copy_live(log, &header) : MR_FLASH_OK;
  if (answer == MR_FLASH_OK) log->tail++;
  return answer;
}

/* Erases the sectors that recovery found not to be needed, the newest first, so that at every instant those that are left
 * make sense. */
static int drop_stale(mr_flash_log *log) {
  for (; log->stale > log->newest; log->stale--) {
    const int answer = erase(log, flash_sector_address(log, log->stale));
    if (answer != MR_FLASH_OK) return answer < 0 ? answer : MR_FLASH_WORN;
  }
  return MR_FLASH_OK;
}

/* Cleans until enough sectors are free. Twice around the ring packs what is live as tightly as it can be. */
static int make_room(mr_flash_log *log) {
  const uint32_t most = 2 * log->device->sector_count;
  const int dropped = drop_stale(log);
  if (dropped != MR_FLASH_OK) return dropped;
  for (uint32_t tries = 0; free_sectors(log, log->tail) < FLASH_FREE_SECTORS; tries++) {
    if (tries == most || log->tail >= log->current) return MR_FLASH_WORN;
    const int answer = clean_oldest(log);
    if (answer != MR_FLASH_OK) return answer;
  }
  if (free_sectors(log, log->durable_tail) >= FLASH_SAFE_SECTORS) return MR_FLASH_OK;
  return fits(log, FLASH_TAIL, 0) ? save_tail(log) : open_next(log);
}

int flash_ring_put(mr_flash_log *log, uint32_t kind, uint64_t index, const flash_body *body, uint32_t *address) {
  const uint32_t most = 2 * log->device->sector_count;
  for (uint32_t tries = 0; tries < most; tries++) {
    int answer = make_room(log);
    if (answer != MR_FLASH_OK) return answer;
    if (fits(log, kind, body->length)) return put(log, kind, index, body, address);
    answer = open_next(log);
    if (answer != MR_FLASH_OK) return answer;
  }
  return MR_FLASH_WORN;
}

int flash_ring_ahead(mr_flash_log *log) {
  int answer = make_room(log);
  for (uint32_t tries = 0; answer == MR_FLASH_OK && tries < log->device->sector_count; tries++) {
    answer = prepare(log);
    if (answer != PLACE_WORN) return answer;
    log->newest++;
    log->worn++;
    answer = make_room(log);
  }
  return answer == MR_FLASH_OK ? MR_FLASH_WORN : answer;
}
