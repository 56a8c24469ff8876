#include "flash_state.h"

#include <string.h>

uint32_t *flash_entry_slot(mr_flash_log *log, uint64_t index) { return &log->entries[index % MR_FLASH_ENTRIES]; }

uint32_t flash_pieces_of(uint32_t length) { return (length + MR_FLASH_PIECE - 1) / MR_FLASH_PIECE; }

int flash_size_at(const mr_flash_log *log, uint32_t address, uint32_t *size) {
  uint8_t head[FLASH_RECORD_HEADER];
  flash_record record;
  const int answer = flash_read(log, address, head, sizeof head);
  if (answer != MR_FLASH_OK) return answer;
  flash_decode_record(head, &record);
  *size = flash_record_size(record.length);
  return MR_FLASH_OK;
}

void flash_set_hard_state(mr_flash_log *log, uint64_t term, uint32_t vote) {
  log->state.known = 1;
  log->state.term = term;
  log->state.vote = vote;
}

/* Forgets where the entries in (after, upto] lie. */
static int forget(mr_flash_log *log, uint64_t after, uint64_t upto, int count) {
  for (uint64_t index = after + 1; index <= upto; index++) {
    uint32_t *slot = flash_entry_slot(log, index);
    if (count) {
      uint32_t size;
      const int answer = flash_size_at(log, *slot, &size);
      if (answer != MR_FLASH_OK) return answer;
      log->entry_bytes -= size;
    }
    *slot = 0;
  }
  return MR_FLASH_OK;
}

int flash_do_truncate(mr_flash_log *log, uint64_t from, int count) {
  const uint64_t last = from - 1 > log->state.compacted ? from - 1 : log->state.compacted;
  const int answer = forget(log, last, log->state.last, count);
  log->state.last = last;
  return answer;
}

int flash_do_compact(mr_flash_log *log, uint64_t index, int count) {
  const uint64_t upto = index < log->state.last ? index : log->state.last;
  const int answer = forget(log, log->state.compacted, upto, count);
  log->state.compacted = index;
  if (log->state.last < index) log->state.last = index;
  return answer;
}

void flash_do_commit(mr_flash_log *log, uint64_t index, uint64_t term, uint32_t id, uint32_t length) {
  log->state.snapshot_index = index;
  log->state.snapshot_term = term;
  log->state.snapshot_id = id;
  log->state.snapshot_length = length;
  memcpy(log->pieces, log->incoming, sizeof log->pieces);
  memset(log->incoming, 0, sizeof log->incoming);
  log->incoming_id = 0;
}

/* Where the piece of an image is kept; NULL if the image is neither the durable one nor the one being received. */
static uint32_t *piece_slot(mr_flash_log *log, uint64_t name) {
  const uint32_t id = (uint32_t)(name >> 32);
  const uint32_t number = (uint32_t)name;
  if (number >= MR_FLASH_PIECES || id == 0) return NULL;
  if (id == log->state.snapshot_id) return &log->pieces[number];
  return id == log->incoming_id ? &log->incoming[number] : NULL;
}

/* Where a record's address is kept, if records of its kind have addresses and this one may be live. */
static uint32_t *slot_of(mr_flash_log *log, const flash_record *record) {
  switch (record->kind) {
    case FLASH_ENTRY:
    case FLASH_MOVED:
      if (record->index <= log->state.compacted || record->index > log->state.last) return NULL;
      return flash_entry_slot(log, record->index);
    case FLASH_PIECE_OF_IMAGE:
    case FLASH_PIECE_MOVED:
      return piece_slot(log, record->index);
    default:
      return NULL;
  }
}

int flash_is_live(const mr_flash_log *log, const flash_record *record, uint32_t address) {
  /* The slot is only looked at. */
  const uint32_t *slot = slot_of((mr_flash_log *)log, record);
  return slot != NULL && *slot == address;
}

void flash_moved(mr_flash_log *log, const flash_record *record, uint32_t address) {
  uint32_t *slot = slot_of(log, record);
  if (slot != NULL) *slot = address;
}
