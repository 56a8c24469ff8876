#include "flash_log.h"

#include <string.h>

#include "bytes.h"
#include "flash_state.h"

/* An entry's header in wire form: u64 term, u32 length of the payload, padding to 8 behind it. */
#define ENTRY_HEADER 16u
#define ENTRY_LENGTH 8u
#define ENTRY_ALIGNMENT 8u

/* A failure that the caller cannot mend stays. */
static int settle(mr_flash_log *log, int answer) {
  if (answer == MR_FLASH_OK && log->device->sync != NULL && log->device->sync(log->device->context) != 0) {
    answer = MR_FLASH_DEVICE;
  }
  if (answer == MR_FLASH_WORN || answer == MR_FLASH_DEVICE || answer == MR_FLASH_DAMAGED) log->failure = answer;
  return answer;
}

static int put_small(mr_flash_log *log, uint32_t kind, uint64_t index, const uint8_t *body, uint32_t length) {
  const flash_body source = {body, 0, length};
  return flash_ring_put(log, kind, index, &source, NULL);
}

int mr_flash_log_hard_state(mr_flash_log *log, uint64_t term, uint32_t vote) {
  if (log->failure != MR_FLASH_OK) return log->failure;
  if (log->state.known && log->state.term == term && log->state.vote == vote) return MR_FLASH_OK;
  uint8_t body[FLASH_HARD_STATE_BODY];
  mr_put_u32(body, vote);
  const int answer = put_small(log, FLASH_HARD_STATE, term, body, sizeof body);
  if (answer == MR_FLASH_OK) flash_set_hard_state(log, term, vote);
  return settle(log, answer);
}

/* Bytes of the entry at the start of `entries`; 0 if no whole one is there. */
static uint32_t entry_size(const uint8_t *entries, uint32_t length) {
  if (length < ENTRY_HEADER) return 0;
  const uint32_t payload = mr_get_u32(entries + ENTRY_LENGTH);
  if (payload > length) return 0;
  const uint32_t size = ENTRY_HEADER + flash_round_up(payload, ENTRY_ALIGNMENT);
  return size <= length ? size : 0;
}

/* Looks at a run before any of it is written: OK, or why it is refused. */
static int check_run(const mr_flash_log *log, const uint8_t *entries, uint32_t length) {
  uint64_t count = log->state.last - log->state.compacted;
  uint32_t bytes = log->entry_bytes;
  for (uint32_t done = 0; done < length;) {
    const uint32_t size = entry_size(entries + done, length - done);
    if (size == 0 || size > log->config.max_entry) return MR_FLASH_BAD_ARGUMENT;
    bytes += flash_record_size(size);
    count++;
    done += size;
    if (count > MR_FLASH_ENTRIES || bytes > log->entry_limit) return MR_FLASH_FULL;
  }
  return MR_FLASH_OK;
}

int mr_flash_log_append(mr_flash_log *log, uint64_t first, const uint8_t *entries, uint32_t length) {
  if (log->failure != MR_FLASH_OK) return log->failure;
  if (first != log->state.last + 1 || !log->state.known || length == 0) return MR_FLASH_BAD_ARGUMENT;
  int answer = check_run(log, entries, length);
  for (uint32_t done = 0; answer == MR_FLASH_OK && done < length;) {
    const flash_body body = {entries + done, 0, entry_size(entries + done, length - done)};
    const uint64_t index = log->state.last + 1;
    uint32_t address;
    answer = flash_ring_put(log, FLASH_ENTRY, index, &body, &address);
    if (answer != MR_FLASH_OK) break;
    log->state.last = index;
    *flash_entry_slot(log, index) = address;
    log->entry_bytes += flash_record_size(body.length);
    done += body.length;
  }
  return settle(log, answer);
}

int mr_flash_log_truncate(mr_flash_log *log, uint64_t from) {
  if (log->failure != MR_FLASH_OK) return log->failure;
  if (from == 0) return MR_FLASH_BAD_ARGUMENT;
  if (from > log->state.last || log->state.last == log->state.compacted) return MR_FLASH_OK;
  int answer = put_small(log, FLASH_TRUNCATE, from, NULL, 0);
  if (answer == MR_FLASH_OK) answer = flash_do_truncate(log, from, 1);
  return settle(log, answer);
}

int mr_flash_log_compact(mr_flash_log *log, uint64_t index) {
  if (log->failure != MR_FLASH_OK) return log->failure;
  if (index <= log->state.compacted) return MR_FLASH_OK;
  int answer = put_small(log, FLASH_COMPACT, index, NULL, 0);
  if (answer == MR_FLASH_OK) answer = flash_do_compact(log, index, 1);
  return settle(log, answer);
}

int mr_flash_log_read(mr_flash_log *log, uint64_t index, uint32_t count, uint8_t *into, uint32_t capacity) {
  uint32_t done = 0;
  if (index <= log->state.compacted) return MR_FLASH_COMPACTED;
  for (; count > 0 && index <= log->state.last; count--, index++) {
    uint8_t head[FLASH_RECORD_HEADER];
    flash_record record;
    const uint32_t address = *flash_entry_slot(log, index);
    int answer = flash_read(log, address, head, sizeof head);
    if (answer != MR_FLASH_OK) return answer;
    flash_decode_record(head, &record);
    if (record.index != index) return MR_FLASH_DAMAGED;
    if (record.length > capacity - done) break;
    answer = flash_read(log, address + FLASH_RECORD_HEADER, into + done, record.length);
    if (answer != MR_FLASH_OK) return answer;
    done += record.length;
  }
  return done == 0 ? MR_FLASH_BAD_ARGUMENT : (int)done;
}

int mr_flash_log_image_begin(mr_flash_log *log, uint64_t index, uint64_t term) {
  if (log->failure != MR_FLASH_OK) return log->failure;
  /* A record's number is never used again, and so no other image's pieces can be taken for this one's. */
  log->incoming_id = (uint32_t)log->sequence == 0 ? 1 : (uint32_t)log->sequence;
  if (log->incoming_id == log->state.snapshot_id) log->incoming_id++;
  log->incoming_index = index;
  log->incoming_term = term;
  log->incoming_length = 0;
  memset(log->incoming, 0, sizeof log->incoming);
  return MR_FLASH_OK;
}

/* Writes what has been gathered as piece `number`. */
static int put_piece(mr_flash_log *log, uint32_t number, uint32_t length) {
  const flash_body body = {log->gathering, 0, length};
  const uint64_t name = (uint64_t)log->incoming_id << 32 | number;
  return flash_ring_put(log, FLASH_PIECE_OF_IMAGE, name, &body, &log->incoming[number]);
}

int mr_flash_log_image_write(mr_flash_log *log, uint32_t offset, const uint8_t *bytes, uint32_t length) {
  if (log->failure != MR_FLASH_OK) return log->failure;
  if (log->incoming_id == 0 || offset != log->incoming_length) return MR_FLASH_BAD_ARGUMENT;
  if (length > log->config.image_bytes - offset) return MR_FLASH_FULL;
  while (length > 0) {
    const uint32_t held = log->incoming_length % MR_FLASH_PIECE;
    const uint32_t part = length < MR_FLASH_PIECE - held ? length : MR_FLASH_PIECE - held;
    memcpy(log->gathering + held, bytes, part);
    log->incoming_length += part;
    bytes += part;
    length -= part;
    if (held + part < MR_FLASH_PIECE) continue;
    const int answer = put_piece(log, log->incoming_length / MR_FLASH_PIECE - 1, MR_FLASH_PIECE);
    if (answer != MR_FLASH_OK) return settle(log, answer);
  }
  return MR_FLASH_OK;
}

int mr_flash_log_term(mr_flash_log *log, uint64_t index, uint64_t *term) {
  uint8_t entry[8];
  if (index > log->state.compacted && index <= log->state.last) {
    const uint32_t address = *flash_entry_slot(log, index) + FLASH_RECORD_HEADER;
    const int answer = flash_read(log, address, entry, sizeof entry);
    *term = mr_get_u64(entry);
    return answer;
  }
  if (log->state.snapshot_id == 0 || index != log->state.snapshot_index) return MR_FLASH_COMPACTED;
  *term = log->state.snapshot_term;
  return MR_FLASH_OK;
}

/* Whether the log does not go through (index, term): 1 or 0, or a refusal. */
static int is_other_history(mr_flash_log *log, uint64_t index, uint64_t term) {
  uint64_t found = 0;
  if (index <= log->state.compacted) return 0;
  if (index > log->state.last) return 1;
  const int answer = mr_flash_log_term(log, index, &found);
  return answer == MR_FLASH_OK ? found != term : answer;
}

int mr_flash_log_image_finish(mr_flash_log *log) {
  if (log->failure != MR_FLASH_OK) return log->failure;
  if (log->incoming_id == 0) return MR_FLASH_BAD_ARGUMENT;
  const uint32_t rest = log->incoming_length % MR_FLASH_PIECE;
  int answer = rest == 0 ? MR_FLASH_OK : put_piece(log, log->incoming_length / MR_FLASH_PIECE, rest);
  if (answer != MR_FLASH_OK) return settle(log, answer);
  const int other = is_other_history(log, log->incoming_index, log->incoming_term);
  if (other < 0) return settle(log, other);

  uint8_t body[FLASH_COMMIT_BODY];
  mr_put_u64(body, log->incoming_term);
  mr_put_u32(body + 8, log->incoming_id);
  mr_put_u32(body + 12, log->incoming_length);
  mr_put_u32(body + 16, (uint32_t)other);
  answer = put_small(log, FLASH_COMMIT, log->incoming_index, body, sizeof body);
  if (answer != MR_FLASH_OK) return settle(log, answer);
  flash_do_commit(log, log->incoming_index, log->incoming_term, log->incoming_id, log->incoming_length);
  if (other) {
    answer = flash_do_truncate(log, log->state.compacted + 1, 1);
    if (answer == MR_FLASH_OK) answer = flash_do_compact(log, log->state.snapshot_index, 1);
  }
  return settle(log, answer);
}

int mr_flash_log_image_read(mr_flash_log *log, uint32_t offset, uint8_t *into, uint32_t capacity) {
  const uint32_t length = log->state.snapshot_length;
  uint32_t done = 0;
  while (done < capacity && offset + done < length) {
    const uint32_t at = offset + done;
    const uint32_t in_piece = at % MR_FLASH_PIECE;
    uint32_t part = MR_FLASH_PIECE - in_piece;
    if (part > capacity - done) part = capacity - done;
    if (part > length - at) part = length - at;
    const uint32_t address = log->pieces[at / MR_FLASH_PIECE] + FLASH_RECORD_HEADER + in_piece;
    const int answer = flash_read(log, address, into + done, part);
    if (answer != MR_FLASH_OK) return answer;
    done += part;
  }
  return (int)done;
}

int mr_flash_log_ahead(mr_flash_log *log) {
  if (log->failure != MR_FLASH_OK) return log->failure;
  return settle(log, flash_ring_ahead(log));
}

const char *mr_flash_text(int answer) {
  switch (answer) {
    case MR_FLASH_OK:
      return "in order";
    case MR_FLASH_FULL:
      return "the log is full: take a snapshot and compact, or give it a larger partition";
    case MR_FLASH_WORN:
      return "the flash no longer takes what is written: replace it, and add the node as a new one";
    case MR_FLASH_DAMAGED:
      return "what was durable is damaged: remove the node from its cluster, format, and add it as a new one";
    case MR_FLASH_FOREIGN:
      return "the partition holds something that is no log: format it if that is not needed";
    case MR_FLASH_OTHER_NODE:
      return "the partition holds the log of another node or cluster: give that id, or format it if it is not needed";
    case MR_FLASH_BAD_GEOMETRY:
      return "the partition is too small, or was made with another size or format";
    case MR_FLASH_BAD_ARGUMENT:
      return "the call does not fit the log";
    case MR_FLASH_COMPACTED:
      return "the entries are compacted away";
    case MR_FLASH_DEVICE:
      return "the flash device reports an error";
    default:
      return "unknown answer";
  }
}
