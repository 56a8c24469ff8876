#include "flash_format.h"

#include <string.h>

#include "bytes.h"
#include "crc32c.h"

/* "MRFS" and the version of the format. */
#define HEADER_MAGIC UINT32_C(0x5346524d)
#define HEADER_VERSION 1u

const uint8_t flash_mark[FLASH_MARK_BYTES] = {'M', 'e', 't', 'a', 'l', 'R', 'a', 'f',
                                              't', ' ', 'e', 'r', 'a', 's', 'e', 'd'};

static void encode_state(uint8_t *at, const mr_flash_state *state) {
  mr_put_u64(at, state->term);
  mr_put_u32(at + 8, state->vote);
  mr_put_u32(at + 12, state->known);
  mr_put_u64(at + 16, state->compacted);
  mr_put_u64(at + 24, state->last);
  mr_put_u64(at + 32, state->snapshot_index);
  mr_put_u64(at + 40, state->snapshot_term);
  mr_put_u32(at + 48, state->snapshot_id);
  mr_put_u32(at + 52, state->snapshot_length);
}

static void decode_state(const uint8_t *at, mr_flash_state *state) {
  state->term = mr_get_u64(at);
  state->vote = mr_get_u32(at + 8);
  state->known = mr_get_u32(at + 12);
  state->compacted = mr_get_u64(at + 16);
  state->last = mr_get_u64(at + 24);
  state->snapshot_index = mr_get_u64(at + 32);
  state->snapshot_term = mr_get_u64(at + 40);
  state->snapshot_id = mr_get_u32(at + 48);
  state->snapshot_length = mr_get_u32(at + 52);
}

/* offset 0 crc, 4 magic, 8 version, 12 sector size, 16 sectors, 20 node, 24 cluster, 32 number, 36 tail, 40 sequence,
 * 48 state (56 bytes), 104 bytes of a piece, 108 zero */
void flash_encode_header(uint8_t bytes[FLASH_HEADER_BYTES], const mr_flash_log *log, const flash_header *header) {
  memset(bytes, 0, FLASH_HEADER_BYTES);
  mr_put_u32(bytes + 4, HEADER_MAGIC);
  mr_put_u32(bytes + 8, HEADER_VERSION);
  mr_put_u32(bytes + 12, log->device->sector_size);
  mr_put_u32(bytes + 16, log->device->sector_count);
  mr_put_u32(bytes + 20, log->config.node);
  mr_put_u64(bytes + 24, log->config.cluster);
  mr_put_u32(bytes + 32, header->number);
  mr_put_u32(bytes + 36, header->tail);
  mr_put_u64(bytes + 40, header->sequence);
  encode_state(bytes + 48, &header->state);
  mr_put_u32(bytes + 104, MR_FLASH_PIECE);
  mr_put_u32(bytes, mr_crc32c(0, bytes + 4, FLASH_HEADER_BYTES - 4));
}

enum flash_header_answer flash_decode_header(const uint8_t bytes[FLASH_HEADER_BYTES], const mr_flash_log *log,
                                             flash_header *header) {
  if (mr_get_u32(bytes + 4) != HEADER_MAGIC) return FLASH_HEADER_NONE;
  if (mr_get_u32(bytes) != mr_crc32c(0, bytes + 4, FLASH_HEADER_BYTES - 4)) return FLASH_HEADER_NONE;
  if (mr_get_u32(bytes + 8) != HEADER_VERSION || mr_get_u32(bytes + 12) != log->device->sector_size ||
      mr_get_u32(bytes + 16) != log->device->sector_count || mr_get_u32(bytes + 104) != MR_FLASH_PIECE) {
    return FLASH_HEADER_OTHER_FORMAT;
  }
  if (mr_get_u32(bytes + 20) != log->config.node || mr_get_u64(bytes + 24) != log->config.cluster) {
    return FLASH_HEADER_OTHER_NODE;
  }
  header->number = mr_get_u32(bytes + 32);
  header->tail = mr_get_u32(bytes + 36);
  header->sequence = mr_get_u64(bytes + 40);
  decode_state(bytes + 48, &header->state);
  return FLASH_HEADER_SOUND;
}

void flash_encode_record(uint8_t bytes[FLASH_RECORD_HEADER], const flash_record *record) {
  mr_put_u32(bytes, 0);
  mr_put_u16(bytes + 4, (uint16_t)record->length);
  bytes[6] = (uint8_t)record->kind;
  bytes[7] = (uint8_t)record->low_sequence;
  mr_put_u64(bytes + 8, record->index);
}

void flash_decode_record(const uint8_t bytes[FLASH_RECORD_HEADER], flash_record *record) {
  record->crc = mr_get_u32(bytes);
  record->length = mr_get_u16(bytes + 4);
  record->kind = bytes[6];
  record->low_sequence = bytes[7];
  record->index = mr_get_u64(bytes + 8);
}

uint32_t flash_record_crc(const uint8_t bytes[FLASH_RECORD_HEADER], uint64_t sequence) {
  uint8_t seed[8];
  mr_put_u64(seed, sequence);
  return mr_crc32c(mr_crc32c(0, seed, sizeof seed), bytes + 4, FLASH_RECORD_HEADER - 4);
}
