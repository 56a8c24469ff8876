#include "nor_model.h"

#include <string.h>

uint64_t nor_random(uint64_t *state) {
  *state ^= *state >> 12;
  *state ^= *state << 25;
  *state ^= *state >> 27;
  return *state * UINT64_C(0x2545f4914f6cdd1d);
}

/* Whether power lasts for one more operation. */
static int powered(nor_model *nor) {
  if (nor->power != 0 && --nor->power == 0) nor->off = 1;
  return !nor->off;
}

static int nor_read(void *context, uint32_t address, void *into, uint32_t length) {
  const nor_model *nor = context;
  if (address + length > nor->device.sector_size * nor->device.sector_count) return -1;
  memcpy(into, nor->cells + address, length);
  return 0;
}

static int nor_program(void *context, uint32_t address, const void *bytes, uint32_t length) {
  nor_model *nor = context;
  const uint8_t *from = bytes;
  const uint32_t size = nor->device.sector_size;
  if (nor->off) return 0;
  if (address % 16 != 0 || length % 16 != 0 || address / size != (address + length - 1) / size) nor->violations++;
  if (nor->weak[address / size]) nor->violations++;
  if (nor->watcher != NULL) nor->watcher(nor->watcher_context, nor, address, from, length);
  nor->programs++;
  nor->programmed_bytes += length;
  if (!powered(nor)) {
    /* The first half is there. */
    for (uint32_t i = 0; i < length / 2; i++) nor->cells[address + i] &= from[i];
    return 0;
  }
  for (uint32_t i = 0; i < length; i++) {
    if (nor->cells[address + i] != 0xff && from[i] != 0xff) nor->violations++;
    if (!nor->worn[address / size]) nor->cells[address + i] &= from[i];
  }
  return 0;
}

static int nor_erase(void *context, uint32_t sector) {
  nor_model *nor = context;
  const uint32_t size = nor->device.sector_size;
  if (nor->off) return 0;
  if (nor->watcher != NULL) nor->watcher(nor->watcher_context, nor, sector * size, NULL, size);
  nor->erases++;
  nor->erase_counts[sector]++;
  if (!powered(nor)) {
    /* One half or the other is blank: the header may be left, and records that it spoke of gone. */
    memset(nor->cells + sector * size + (nor->erases % 2) * (size / 2), 0xff, size / 2);
    nor->weak[sector] = 1;
    return 0;
  }
  nor->weak[sector] = 0;
  memset(nor->cells + sector * size, 0xff, size);
  return 0;
}

void nor_init(nor_model *nor, uint8_t *cells, uint32_t sector_size, uint32_t sector_count) {
  memset(nor, 0, sizeof *nor);
  nor->device.context = nor;
  nor->device.sector_size = sector_size;
  nor->device.sector_count = sector_count;
  nor->device.read = nor_read;
  nor->device.program = nor_program;
  nor->device.erase = nor_erase;
  nor->cells = cells;
  memset(cells, 0xff, (uint64_t)sector_size * sector_count);
}
