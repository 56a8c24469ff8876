/*
 * A model of raw NOR flash. Fault model: erasing sets all bits of a sector, programming only clears bits; before each of
 * them a watcher is called that may look at the cells as a loss of power would leave them; cells may be worn, so that
 * some of their bits no longer change. A program over a byte that is not blank is counted: the log never does that.
 */
#ifndef NOR_MODEL_H
#define NOR_MODEL_H

#include <stdint.h>

#include "flash_device.h"

#define NOR_MOST_SECTORS 64u

typedef struct nor_model nor_model;

/* Called before a program (bytes not NULL) or an erase (NULL) takes effect. */
typedef void nor_watcher(void *context, nor_model *nor, uint32_t address, const uint8_t *bytes, uint32_t length);

struct nor_model {
  mr_flash_device device;
  uint8_t *cells;
  nor_watcher *watcher;
  void *watcher_context;
  uint64_t programs;
  uint64_t programmed_bytes;
  uint64_t erases;
  /* Bytes programmed that were not blank, programs that leave their sector or are not whole units, and programs in a
   * sector whose erase lost power, however blank it looks. */
  uint64_t violations;
  /* Operations until power is lost; 0 for never. Afterwards nothing changes the cells any more. */
  uint64_t power;
  int off;
  uint32_t erase_counts[NOR_MOST_SECTORS];
  /* Sectors whose cells no longer clear bits. */
  uint8_t worn[NOR_MOST_SECTORS];
  /* Sectors whose erase lost power. */
  uint8_t weak[NOR_MOST_SECTORS];
};

void nor_init(nor_model *nor, uint8_t *cells, uint32_t sector_size, uint32_t sector_count);

/* xorshift64*: the tests' only source of chance. */
uint64_t nor_random(uint64_t *state);

#endif
