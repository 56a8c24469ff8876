/*
 * What records mean: how each moves the state, and which of them are live. The functions of the log and its recovery
 * share these rules, so that what is replayed after a crash is what was done before it.
 */
#ifndef MR_FLASH_STATE_H
#define MR_FLASH_STATE_H

#include "flash_ring.h"

/* Where the record of an entry is kept. */
uint32_t *flash_entry_slot(mr_flash_log *log, uint64_t index);

void flash_set_hard_state(mr_flash_log *log, uint64_t term, uint32_t vote);
/* Each returns the bytes of records that died, if asked to count; `count` is 0 during recovery, when the records of the
 * entries may not have been found yet. */
int flash_do_truncate(mr_flash_log *log, uint64_t from, int count);
int flash_do_compact(mr_flash_log *log, uint64_t index, int count);
void flash_do_commit(mr_flash_log *log, uint64_t index, uint64_t term, uint32_t id, uint32_t length);

/* Bytes that the record at `address` takes. Answers OK or DEVICE. */
int flash_size_at(const mr_flash_log *log, uint32_t address, uint32_t *size);

/* Pieces of an image of this length. */
uint32_t flash_pieces_of(uint32_t length);

#endif
