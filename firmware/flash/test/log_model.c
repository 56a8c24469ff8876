#include "log_model.h"

#include <string.h>

#include "bytes.h"
#include "nor_model.h"

uint32_t model_entry(uint64_t seed, uint64_t term, uint8_t *into, uint32_t most) {
  uint64_t random = seed * 2 + 1;
  const uint32_t payload = (uint32_t)(nor_random(&random) % (most - 16 + 1));
  const uint32_t size = 16 + (payload + 7) / 8 * 8;
  memset(into, 0, size);
  mr_put_u64(into, term);
  mr_put_u32(into + 8, payload);
  for (uint32_t i = 0; i < payload; i++) into[16 + i] = (uint8_t)(nor_random(&random) >> 32);
  return size;
}

uint8_t model_image_byte(uint64_t seed, uint32_t offset) {
  uint64_t random = seed * 2 + 1 + ((uint64_t)offset << 32);
  return (uint8_t)(nor_random(&random) >> 32);
}

void model_append(log_model *model, uint64_t seed) {
  model->state.last++;
  model->seeds[model->state.last % MR_FLASH_ENTRIES] = seed;
}

void model_truncate(log_model *model, uint64_t from) {
  if (from > model->state.last) return;
  model->state.last = from - 1 > model->state.compacted ? from - 1 : model->state.compacted;
}

void model_compact(log_model *model, uint64_t index) {
  if (index <= model->state.compacted) return;
  model->state.compacted = index;
  if (model->state.last < index) model->state.last = index;
}

static const char *compare_entries(const log_model *model, mr_flash_log *log, uint32_t most) {
  uint8_t expected[MODEL_ENTRY_BYTES], found[MODEL_ENTRY_BYTES];
  for (uint64_t index = log->state.compacted + 1; index <= log->state.last; index++) {
    const uint64_t seed = model->seeds[index % MR_FLASH_ENTRIES];
    const uint32_t size = model_entry(seed, seed % 7 + 1, expected, most);
    if (mr_flash_log_read(log, index, 1, found, sizeof found) != (int)size) return "an entry has another length";
    if (memcmp(expected, found, size) != 0) return "an entry has other bytes";
  }
  return NULL;
}

static const char *compare_image(const log_model *model, mr_flash_log *log) {
  uint8_t part[48];
  const uint32_t length = model->state.snapshot_length;
  for (uint32_t offset = 0; offset < length;) {
    const int got = mr_flash_log_image_read(log, offset, part, sizeof part);
    const uint32_t left = length - offset < sizeof part ? length - offset : (uint32_t)sizeof part;
    if (got != (int)left) return "the image has another length";
    for (uint32_t i = 0; i < left; i++) {
      if (part[i] != model_image_byte(model->image_seed, offset + i)) return "the image has other bytes";
    }
    offset += left;
  }
  return NULL;
}

const char *model_compare(const log_model *model, mr_flash_log *log, uint64_t least_last, uint32_t most) {
  const mr_flash_state *a = &model->state, *b = &log->state;
  if (a->known != b->known || a->term != b->term || a->vote != b->vote) return "another hard state";
  if (a->compacted != b->compacted) return "another compaction point";
  if (b->last < least_last || b->last > a->last) return "another last index";
  if (a->snapshot_index != b->snapshot_index || a->snapshot_term != b->snapshot_term ||
      a->snapshot_length != b->snapshot_length) {
    return "another snapshot";
  }
  const char *problem = compare_entries(model, log, most);
  return problem != NULL ? problem : compare_image(model, log);
}
