/*
 * Opening: finds the newest sector, and from its header the oldest live one, and replays the records in between. What is
 * found must be whole: numbers without a gap, every sector's header equal to what the records before it amount to, every
 * live entry and piece in its place.
 */
#include <string.h>

#include "bytes.h"
#include "flash_state.h"

/* A record of at most a few words, read whole. */
static int read_small(const mr_flash_log *log, uint32_t address, const flash_record *record, uint8_t *into,
                      uint32_t length) {
  if (record->length != length) return MR_FLASH_DAMAGED;
  return flash_read(log, address + FLASH_RECORD_HEADER, into, length);
}

static int replay_hard_state(mr_flash_log *log, const flash_record *record, uint32_t address) {
  uint8_t body[FLASH_HARD_STATE_BODY];
  const int answer = read_small(log, address, record, body, sizeof body);
  if (answer == MR_FLASH_OK) flash_set_hard_state(log, record->index, mr_get_u32(body));
  return answer;
}

static int replay_entry(mr_flash_log *log, const flash_record *record, uint32_t address) {
  if (record->kind == FLASH_ENTRY) {
    if (record->index != log->state.last + 1) return MR_FLASH_DAMAGED;
    log->state.last = record->index;
    if (log->state.last - log->state.compacted > MR_FLASH_ENTRIES) return MR_FLASH_BAD_GEOMETRY;
  }
  if (record->index <= log->state.compacted || record->index > log->state.last) return MR_FLASH_DAMAGED;
  *flash_entry_slot(log, record->index) = address;
  return MR_FLASH_OK;
}

static int replay_piece(mr_flash_log *log, const flash_record *record, uint32_t address) {
  const uint32_t id = (uint32_t)(record->index >> 32);
  if ((uint32_t)record->index >= MR_FLASH_PIECES) return MR_FLASH_BAD_GEOMETRY;
  if (id != log->state.snapshot_id && id != log->incoming_id) {
    log->incoming_id = id;
    memset(log->incoming, 0, sizeof log->incoming);
  }
  flash_moved(log, record, address);
  return MR_FLASH_OK;
}

static int replay_commit(mr_flash_log *log, const flash_record *record, uint32_t address) {
  uint8_t body[FLASH_COMMIT_BODY];
  const int answer = read_small(log, address, record, body, sizeof body);
  if (answer != MR_FLASH_OK) return answer;
  const uint32_t length = mr_get_u32(body + 12);
  if (length > MR_FLASH_IMAGE_BYTES) return MR_FLASH_BAD_GEOMETRY;
  flash_do_commit(log, record->index, mr_get_u64(body), mr_get_u32(body + 8), length);
  if (mr_get_u32(body + 16) == 0) return MR_FLASH_OK;
  flash_do_truncate(log, log->state.compacted + 1, 0);
  return flash_do_compact(log, record->index, 0);
}

static int replay(mr_flash_log *log, const flash_record *record, uint32_t address) {
  switch (record->kind) {
    case FLASH_HARD_STATE:
      return replay_hard_state(log, record, address);
    case FLASH_ENTRY:
    case FLASH_MOVED:
      return replay_entry(log, record, address);
    case FLASH_TRUNCATE:
      return record->index == 0 ? MR_FLASH_DAMAGED : flash_do_truncate(log, record->index, 0);
    case FLASH_COMPACT:
      return record->index < log->state.compacted ? MR_FLASH_DAMAGED : flash_do_compact(log, record->index, 0);
    case FLASH_PIECE_OF_IMAGE:
    case FLASH_PIECE_MOVED:
      return replay_piece(log, record, address);
    case FLASH_COMMIT:
      return replay_commit(log, record, address);
    default:
      /* TAIL: what it says was looked at before. */
      return MR_FLASH_OK;
  }
}

/* Whether a partition without a single header may be taken for an empty one: it is blank, but for what an erase and the
 * first header that were cut short can have left at the start of sectors. Answers OK or FOREIGN, or a refusal. */
static int expect_empty(const mr_flash_log *log) {
  const uint32_t size = log->device->sector_size;
  for (uint32_t number = 0; number < log->device->sector_count; number++) {
    uint8_t mark[FLASH_MARK_BYTES];
    uint32_t end;
    const uint32_t address = number * size;
    int answer = flash_read(log, address, mark, sizeof mark);
    if (answer == MR_FLASH_OK) answer = flash_find_blank(log, address + FLASH_FIRST_RECORD, address + size, &end);
    if (answer != MR_FLASH_OK) return answer;
    if (end > address + FLASH_FIRST_RECORD) return MR_FLASH_FOREIGN;
    for (uint32_t i = 0; i < sizeof mark; i++) {
      /* Programming has cleared some of the bits that it was to clear, and no others. */
      if ((mark[i] & flash_mark[i]) != flash_mark[i]) return MR_FLASH_FOREIGN;
    }
  }
  return MR_FLASH_OK;
}

/* Finds the newest sector; 0 if there is none. Answers OK or a refusal. */
static int find_newest(mr_flash_log *log, flash_header *newest) {
  newest->number = 0;
  int other = MR_FLASH_OK;
  for (uint32_t place = 0; place < log->device->sector_count; place++) {
    uint8_t bytes[FLASH_HEADER_BYTES];
    flash_header header;
    const uint32_t address = place * log->device->sector_size + FLASH_MARK_BYTES;
    const int answer = flash_read(log, address, bytes, sizeof bytes);
    if (answer != MR_FLASH_OK) return answer;
    const enum flash_header_answer found = flash_decode_header(bytes, log, &header);
    if (found == FLASH_HEADER_OTHER_NODE) other = MR_FLASH_OTHER_NODE;
    if (found == FLASH_HEADER_OTHER_FORMAT) other = MR_FLASH_BAD_GEOMETRY;
    if (found != FLASH_HEADER_SOUND || header.number % log->device->sector_count != place) continue;
    if (header.number > newest->number) *newest = header;
  }
  if (other != MR_FLASH_OK) return other;
  return newest->number == 0 ? expect_empty(log) : MR_FLASH_OK;
}

/* What a sector's records say about the ring. */
typedef struct survey {
  /* The oldest live sector, as of the sector's last record. */
  uint32_t tail;
  /* Whether there is nothing in it but copies. */
  int copies_only;
} survey;

static int look_at(const mr_flash_log *log, const flash_header *header, survey *found) {
  flash_walk walk;
  flash_record record;
  uint32_t address;
  int answer;
  found->tail = header->tail;
  found->copies_only = 1;
  flash_walk_begin(log, header, UINT64_MAX, &walk);
  while ((answer = flash_walk_next(log, &walk, &record, &address)) > 0) {
    if (record.kind == FLASH_TAIL && record.index > found->tail) found->tail = (uint32_t)record.index;
    if (record.kind != FLASH_MOVED && record.kind != FLASH_PIECE_MOVED) found->copies_only = 0;
  }
  return answer;
}

/*
 * Finds the tail, and leaves out the newest sectors if few are free and they hold only copies: power was lost while the
 * oldest sector was cleaned, whose records are still there. A sector whose header says more of the tail than the one
 * before it is needed, since sectors may have been erased because of what it says.
 */
static int find_ends(mr_flash_log *log, const flash_header *newest) {
  flash_header header = *newest;
  survey here, before;
  log->stale = header.number;
  int answer = look_at(log, &header, &here);
  while (answer == MR_FLASH_OK) {
    flash_header previous;
    uint32_t number = header.number;
    int found = 0;
    if (here.copies_only == 0 || log->device->sector_count - (number + 1 - here.tail) >= FLASH_SAFE_SECTORS) break;
    while (found == 0 && --number >= here.tail) found = flash_read_header(log, number, &previous);
    if (found <= 0) {
      answer = found;
      break;
    }
    answer = look_at(log, &previous, &before);
    if (answer != MR_FLASH_OK || before.tail != here.tail) break;
    header = previous;
    here = before;
  }
  log->newest = header.number;
  log->current = header.number;
  log->tail = here.tail;
  log->durable_tail = here.tail;
  return answer;
}

/* Replays the sectors from the tail to the newest. */
static int replay_sectors(mr_flash_log *log) {
  flash_header header, next;
  int found = 0;
  uint32_t number = log->tail;
  for (; found == 0 && number <= log->newest; number++) found = flash_read_header(log, number, &header);
  if (found <= 0) return found < 0 ? found : MR_FLASH_DAMAGED;
  log->state = header.state;
  if (log->state.last - log->state.compacted > MR_FLASH_ENTRIES || log->state.snapshot_length > MR_FLASH_IMAGE_BYTES) {
    return MR_FLASH_BAD_GEOMETRY;
  }
  while (found > 0) {
    found = 0;
    for (; found == 0 && number <= log->newest; number++) found = flash_read_header(log, number, &next);
    if (found < 0) return found;
    flash_walk walk;
    flash_record record;
    uint32_t address;
    int walked;
    flash_walk_begin(log, &header, found ? next.sequence : UINT64_MAX, &walk);
    while ((walked = flash_walk_next(log, &walk, &record, &address)) > 0) {
      walked = replay(log, &record, address);
      if (walked != MR_FLASH_OK) return walked;
    }
    if (walked < 0) return walked;
    log->sequence = walk.sequence;
    log->position = walk.behind - flash_sector_address(log, header.number);
    if (found && (walk.sequence != next.sequence || memcmp(&log->state, &next.state, sizeof next.state) != 0)) {
      return MR_FLASH_DAMAGED;
    }
    header = next;
  }
  return MR_FLASH_OK;
}

/* Checks that all that is live was found, and counts what it takes. */
static int check_live(mr_flash_log *log) {
  for (uint64_t index = log->state.compacted + 1; index <= log->state.last; index++) {
    uint32_t size;
    const uint32_t address = *flash_entry_slot(log, index);
    if (address == 0) return MR_FLASH_DAMAGED;
    const int answer = flash_size_at(log, address, &size);
    if (answer != MR_FLASH_OK) return answer;
    log->entry_bytes += size;
  }
  for (uint32_t piece = 0; piece < flash_pieces_of(log->state.snapshot_length); piece++) {
    if (log->pieces[piece] == 0) return MR_FLASH_DAMAGED;
  }
  return MR_FLASH_OK;
}

/* Where writing goes on: behind what is there, on a page of its own if something torn is. */
static int find_position(mr_flash_log *log) {
  const uint32_t start = flash_sector_address(log, log->current);
  const uint32_t from = start + log->position;
  uint32_t end;
  const int answer = flash_find_blank(log, from, start + log->device->sector_size, &end);
  if (answer == MR_FLASH_OK && end > from) log->position = flash_round_up(end - start, FLASH_PAGE);
  return answer;
}

static int recover(mr_flash_log *log) {
  flash_header newest;
  int answer = find_newest(log, &newest);
  if (answer != MR_FLASH_OK || newest.number == 0) return answer;
  answer = find_ends(log, &newest);
  if (answer == MR_FLASH_OK) answer = replay_sectors(log);
  if (answer == MR_FLASH_OK) answer = check_live(log);
  if (answer == MR_FLASH_OK) answer = find_position(log);
  log->incoming_id = 0;
  return answer;
}

/* Bytes of records that the sectors hold for certain, however the records fall: of each sector, all but what the longest
 * record leaves unused at its end. 0 if the geometry is not usable. */
static uint32_t capacity(const mr_flash_device *device, const mr_flash_config *config) {
  const uint32_t piece = flash_record_size(MR_FLASH_PIECE);
  const uint32_t entry = flash_record_size(config->max_entry);
  const uint32_t longest = entry > piece ? entry : piece;
  if (device->sector_size % FLASH_UNIT != 0 || device->sector_size < 512 || device->sector_size > 65536) return 0;
  const uint32_t room = device->sector_size - FLASH_FIRST_RECORD - FLASH_TAIL_ROOM;
  if (longest > room || device->sector_count <= FLASH_SPARE_SECTORS) return 0;
  return (device->sector_count - FLASH_SPARE_SECTORS) * (room - longest + FLASH_UNIT);
}

int mr_flash_log_open(mr_flash_log *log, const mr_flash_device *device, const mr_flash_config *config) {
  memset(log, 0, sizeof *log);
  log->device = device;
  log->config = *config;
  log->tail = 1;
  log->durable_tail = 1;
  log->sequence = 1;
  const uint32_t images = 2 * flash_pieces_of(config->image_bytes) * flash_record_size(MR_FLASH_PIECE);
  const uint32_t bytes = capacity(device, config);
  if (config->image_bytes > MR_FLASH_IMAGE_BYTES || bytes < images + flash_record_size(config->max_entry)) {
    return log->failure = MR_FLASH_BAD_GEOMETRY;
  }
  log->entry_limit = bytes - images;
  return log->failure = recover(log);
}

int mr_flash_log_format(const mr_flash_device *device) {
  for (uint32_t sector = 0; sector < device->sector_count; sector++) {
    if (device->erase(device->context, sector) != 0) return MR_FLASH_DEVICE;
  }
  return device->sync == NULL || device->sync(device->context) == 0 ? MR_FLASH_OK : MR_FLASH_DEVICE;
}
