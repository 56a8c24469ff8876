/*
 * The log's bytes on flash, little-endian. All lengths and places are multiples of 16, the unit in which encrypted flash
 * is written.
 *
 *   sector  0    16  mark: MARK once the sector's erase has come to its end. A sector that is blank without it may have
 *                    lost power in the middle of its erase, and its bits may not last.
 *          16   112  header: the sector's number, the oldest live sector's, the next record's number, the state
 *         128        records, from oldest to newest; 0xff from the last one on
 *
 *   record  0   u32  CRC32C of what follows, padding excluded, going on from a seed made of the record's number
 *           4   u16  bytes of body
 *           6   u8   kind
 *           7   u8   the low byte of the record's number
 *           8   u64  index, or what the kind says
 *          16        body, padded with 0xff
 *
 * Records are numbered without a gap across sectors. A torn record's place is skipped and its number is used by the next
 * one, so a missing number is damage and never a tear.
 */
#ifndef MR_FLASH_FORMAT_H
#define MR_FLASH_FORMAT_H

#include "flash_log.h"

#define FLASH_UNIT 16u
#define FLASH_MARK_BYTES 16u
#define FLASH_HEADER_BYTES 112u
#define FLASH_FIRST_RECORD (FLASH_MARK_BYTES + FLASH_HEADER_BYTES)
#define FLASH_RECORD_HEADER 16u
/* Kept free at the end of every sector, so that a TAIL record finds room in the current one at any time. */
#define FLASH_TAIL_ROOM FLASH_RECORD_HEADER
/* Bytes that a chip programs at once. After a torn record the next one begins on a page of its own, because the cells of
 * the torn one's page may hold less charge than they seem to. */
#define FLASH_PAGE 256u

enum flash_kind {
  /* index: the term. Body: u32 vote. */
  FLASH_HARD_STATE = 1,
  /* An entry appended at the index. Body: the entry in wire form. */
  FLASH_ENTRY = 2,
  /* A copy of a live entry, made before its sector is erased. */
  FLASH_MOVED = 3,
  /* The entries from the index on are removed. */
  FLASH_TRUNCATE = 4,
  /* The entries up to the index are removed. */
  FLASH_COMPACT = 5,
  /* index: the piece's number in the low word, the image's in the high one. Body: the piece. */
  FLASH_PIECE_OF_IMAGE = 6,
  /* The image is complete: the snapshot at the index. Body: u64 term, u32 the image's number, u32 its length, u32
   * whether the log is emptied. */
  FLASH_COMMIT = 7,
  /* index: number of the oldest live sector; those before it may be erased. */
  FLASH_TAIL = 8,
  /* A copy of a live piece. */
  FLASH_PIECE_MOVED = 9,
  FLASH_KINDS = 10
};

#define FLASH_HARD_STATE_BODY 4u
#define FLASH_COMMIT_BODY 20u

typedef struct flash_header {
  uint32_t number;
  uint32_t tail;
  uint64_t sequence;
  mr_flash_state state;
} flash_header;

typedef struct flash_record {
  uint32_t crc;
  uint32_t length;
  uint32_t kind;
  uint32_t low_sequence;
  uint64_t index;
} flash_record;

/* Whether a header's bytes are sound. */
enum flash_header_answer { FLASH_HEADER_NONE, FLASH_HEADER_SOUND, FLASH_HEADER_OTHER_NODE, FLASH_HEADER_OTHER_FORMAT };

extern const uint8_t flash_mark[FLASH_MARK_BYTES];

static inline uint32_t flash_round_up(uint32_t length, uint32_t unit) { return (length + unit - 1) / unit * unit; }

/* Bytes that a record with a body of this length takes. */
static inline uint32_t flash_record_size(uint32_t length) {
  return flash_round_up(FLASH_RECORD_HEADER + length, FLASH_UNIT);
}

void flash_encode_header(uint8_t bytes[FLASH_HEADER_BYTES], const mr_flash_log *log, const flash_header *header);
enum flash_header_answer flash_decode_header(const uint8_t bytes[FLASH_HEADER_BYTES], const mr_flash_log *log,
                                             flash_header *header);

/* Writes a record's header, with the CRC field left out. */
void flash_encode_record(uint8_t bytes[FLASH_RECORD_HEADER], const flash_record *record);
void flash_decode_record(const uint8_t bytes[FLASH_RECORD_HEADER], flash_record *record);

/* The checksum of a record's header; to be gone on with over its body. */
uint32_t flash_record_crc(const uint8_t bytes[FLASH_RECORD_HEADER], uint64_t sequence);

#endif
