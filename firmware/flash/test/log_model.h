/*
 * What a log must hold, kept in plain memory beside it, and the comparison. Entries and images are made of a seed each,
 * so the model keeps the seeds only.
 */
#ifndef LOG_MODEL_H
#define LOG_MODEL_H

#include "flash_log.h"

typedef struct log_model {
  mr_flash_state state;
  uint64_t seeds[MR_FLASH_ENTRIES];
  uint64_t image_seed;
} log_model;

/* Longest entry that model_entry makes. */
#define MODEL_ENTRY_BYTES 1024u

/* Makes the entry of a seed; answers its size in wire form, at most `most`. */
uint32_t model_entry(uint64_t seed, uint64_t term, uint8_t *into, uint32_t most);
/* The byte of an image at an offset. */
uint8_t model_image_byte(uint64_t seed, uint32_t offset);

void model_append(log_model *model, uint64_t seed);
void model_truncate(log_model *model, uint64_t from);
void model_compact(log_model *model, uint64_t index);

/* Why the log is not what the model says, or NULL. The log may hold fewer entries than the model, down to `least_last`:
 * a run under way may be found in part. `most` is the longest entry. */
const char *model_compare(const log_model *model, mr_flash_log *log, uint64_t least_last, uint32_t most);

#endif
