/*
 * The ring of sectors: records in, records found again, sectors opened, cleaned and erased. What records mean is the
 * business of flash_state.c; the ring asks only whether one is live.
 */
#ifndef MR_FLASH_RING_H
#define MR_FLASH_RING_H

#include "flash_format.h"

/* Sectors kept free. One is enough to clean the oldest sector into; a second one for a cleaning that loses power; and one
 * so that the tail seldom has to be saved by itself. */
#define FLASH_FREE_SECTORS 3u
/* Of these, how many are free according to what is durable before anything new is written. Sectors that are used up
 * beyond that hold copies only, or their headers have moved the tail; so there is always one to be had. */
#define FLASH_SAFE_SECTORS 2u
/* Sectors that do not count for capacity: the free ones, the one being written, and one that is half cleaned. */
#define FLASH_SPARE_SECTORS (FLASH_FREE_SECTORS + 2u)

/* A record's body: in memory, or, when `bytes` is NULL, on the flash itself. */
typedef struct flash_body {
  const uint8_t *bytes;
  uint32_t address;
  uint32_t length;
} flash_body;

/* A walk over the records of one sector. */
typedef struct flash_walk {
  /* Where the search goes on, or, if `seen`, where the record found ahead lies. */
  uint32_t at;
  uint32_t end;
  /* The record found when it was looked whether another one has the number of the one before. */
  uint32_t seen;
  flash_record ahead;
  /* Where the last record handed out ends. */
  uint32_t behind;
  /* The number of the next record, and the one at which the next sector goes on. */
  uint64_t sequence;
  uint64_t limit;
} flash_walk;

/* Appends a record; `address` (may be NULL) is told where it lies. Opens and cleans sectors as needed. */
int flash_ring_put(mr_flash_log *log, uint32_t kind, uint64_t index, const flash_body *body, uint32_t *address);

/* Erases the sector after the newest, if it is not ready. Answers OK, or a refusal. */
int flash_ring_ahead(mr_flash_log *log);

/* Address of the sector of this number. */
uint32_t flash_sector_address(const mr_flash_log *log, uint32_t number);

/* Reads the header of the sector of this number. Answers 1 if it is there, 0 if not, or a refusal. */
int flash_read_header(const mr_flash_log *log, uint32_t number, flash_header *header);

/* Begins a walk over a sector whose header has been read. */
void flash_walk_begin(const mr_flash_log *log, const flash_header *header, uint64_t limit, flash_walk *walk);

/* Finds the next record and where it lies. Answers 1, 0 at the end, or a refusal: DAMAGED when records are missing. */
int flash_walk_next(const mr_flash_log *log, flash_walk *walk, flash_record *record, uint32_t *address);

/* Where the last byte that is not blank ends, in [from, to); `from` if all are blank. Answers 0, or a refusal. */
int flash_find_blank(const mr_flash_log *log, uint32_t from, uint32_t to, uint32_t *end);

/* Reads; answers 0 or DEVICE. */
int flash_read(const mr_flash_log *log, uint32_t address, void *into, uint32_t length);

/* In flash_state.c: whether the record is live, so that it must be copied before its sector goes; and that it was
 * copied. */
int flash_is_live(const mr_flash_log *log, const flash_record *record, uint32_t address);
void flash_moved(mr_flash_log *log, const flash_record *record, uint32_t address);

#endif
