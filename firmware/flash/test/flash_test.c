/*
 * The log where it comes to its ends: full, worn, damaged, foreign; power lost again and again in the middle of cleaning;
 * a torn record whose bits change their mind.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "log_model.h"
#include "nor_model.h"

#define SECTOR 512u
#define SECTORS 16u
#define ENTRY 104u

static uint8_t cells[SECTOR * SECTORS], saved[SECTOR * SECTORS];
static nor_model nor;
static mr_flash_log log_;
static mr_flash_config config = {77, 3, ENTRY, 384};
static int failures;

#define EXPECT(condition) expect((condition), #condition, __LINE__)

static int expect(int holds, const char *what, int line) {
  if (holds) return 1;
  fprintf(stderr, "flash_test.c:%d: %s\n", line, what);
  failures++;
  return 0;
}

static int open_log(void) { return mr_flash_log_open(&log_, &nor.device, &config); }

static void fresh(void) {
  nor_init(&nor, cells, SECTOR, SECTORS);
  EXPECT(open_log() == MR_FLASH_OK);
  EXPECT(mr_flash_log_hard_state(&log_, 1, 3) == MR_FLASH_OK);
}

static int append_one(uint64_t seed) {
  uint8_t entry[ENTRY];
  const uint32_t size = model_entry(seed, 1, entry, ENTRY);
  return mr_flash_log_append(&log_, log_.state.last + 1, entry, size);
}

static int holds_entry(uint64_t index, uint64_t seed) {
  uint8_t expected[ENTRY], found[ENTRY];
  const uint32_t size = model_entry(seed, 1, expected, ENTRY);
  return mr_flash_log_read(&log_, index, 1, found, sizeof found) == (int)size && memcmp(expected, found, size) == 0;
}

static void refuses_entries_when_full(void) {
  fresh();
  uint64_t last = 0;
  while (append_one(last + 1) == MR_FLASH_OK) last++;
  EXPECT(last > 5 && log_.state.last == last);
  EXPECT(append_one(last + 1) == MR_FLASH_FULL);
  /* The votes, and what makes room, always find theirs. */
  for (uint32_t term = 2; term < 1000; term++) EXPECT(mr_flash_log_hard_state(&log_, term, term) == MR_FLASH_OK);
  uint8_t image[384];
  memset(image, 5, sizeof image);
  for (unsigned i = 0; i < 30; i++) {
    EXPECT(mr_flash_log_image_begin(&log_, last, 1) == MR_FLASH_OK);
    EXPECT(mr_flash_log_image_write(&log_, 0, image, sizeof image) == MR_FLASH_OK);
    EXPECT(mr_flash_log_image_finish(&log_) == MR_FLASH_OK);
  }
  for (uint64_t index = 1; index <= last; index++) EXPECT(holds_entry(index, index));
  EXPECT(open_log() == MR_FLASH_OK && log_.state.term == 999 && log_.state.last == last);
  EXPECT(append_one(last + 1) == MR_FLASH_FULL);
  EXPECT(mr_flash_log_compact(&log_, last) == MR_FLASH_OK && log_.entry_bytes == 0);
  EXPECT(append_one(last + 1) == MR_FLASH_OK && holds_entry(last + 1, last + 1));
  EXPECT(mr_flash_log_read(&log_, last, 1, image, sizeof image) == MR_FLASH_COMPACTED);
  EXPECT(mr_flash_log_image_begin(&log_, last, 1) == MR_FLASH_OK);
  EXPECT(mr_flash_log_image_write(&log_, 0, image, sizeof image) == MR_FLASH_OK);
  EXPECT(mr_flash_log_image_write(&log_, sizeof image, image, 1) == MR_FLASH_FULL);
}

static void refuses_too_many_entries(void) {
  uint8_t entry[16];
  fresh();
  memset(entry, 0, sizeof entry);
  unsigned count = 0;
  while (mr_flash_log_append(&log_, count + 1, entry, sizeof entry) == MR_FLASH_OK) count++;
  EXPECT(count == MR_FLASH_ENTRIES);
  EXPECT(mr_flash_log_append(&log_, count + 1, entry, sizeof entry) == MR_FLASH_FULL);
}

static void refuses_what_does_not_fit(void) {
  uint8_t bytes[2 * ENTRY + 32];
  fresh();
  memset(bytes, 0, sizeof bytes);
  EXPECT(mr_flash_log_append(&log_, 2, bytes, 16) == MR_FLASH_BAD_ARGUMENT);
  EXPECT(mr_flash_log_append(&log_, 1, bytes, 15) == MR_FLASH_BAD_ARGUMENT);
  EXPECT(mr_flash_log_append(&log_, 1, bytes, 0) == MR_FLASH_BAD_ARGUMENT);
  bytes[8] = ENTRY;
  EXPECT(mr_flash_log_append(&log_, 1, bytes, 16 + ENTRY) == MR_FLASH_BAD_ARGUMENT);
  memset(bytes + 8, 0xff, 4);
  EXPECT(mr_flash_log_append(&log_, 1, bytes, 32) == MR_FLASH_BAD_ARGUMENT);
  EXPECT(mr_flash_log_truncate(&log_, 0) == MR_FLASH_BAD_ARGUMENT);
  EXPECT(mr_flash_log_image_write(&log_, 0, bytes, 1) == MR_FLASH_BAD_ARGUMENT);
  EXPECT(log_.state.last == 0 && append_one(1) == MR_FLASH_OK);
  nor_init(&nor, cells, SECTOR, SECTORS);
  EXPECT(open_log() == MR_FLASH_OK && append_one(1) == MR_FLASH_BAD_ARGUMENT);
}

static void knows_its_partition(void) {
  fresh();
  EXPECT(append_one(1) == MR_FLASH_OK);
  config.node = 4;
  EXPECT(open_log() == MR_FLASH_OTHER_NODE);
  config.node = 3;
  config.cluster = 78;
  EXPECT(open_log() == MR_FLASH_OTHER_NODE);
  config.cluster = 77;
  nor.device.sector_count = 15;
  EXPECT(open_log() == MR_FLASH_BAD_GEOMETRY);
  nor.device.sector_count = 5;
  EXPECT(open_log() == MR_FLASH_BAD_GEOMETRY);
  nor.device.sector_count = SECTORS;
  EXPECT(open_log() == MR_FLASH_OK && holds_entry(1, 1));

  nor_init(&nor, cells, SECTOR, SECTORS);
  cells[3 * SECTOR + 200] = 0x12;
  EXPECT(open_log() == MR_FLASH_FOREIGN);
  EXPECT(append_one(1) == MR_FLASH_FOREIGN && mr_flash_log_hard_state(&log_, 1, 1) == MR_FLASH_FOREIGN);
  EXPECT(mr_flash_log_ahead(&log_) == MR_FLASH_FOREIGN && nor.programs == 0);
  EXPECT(mr_flash_log_format(&nor.device) == MR_FLASH_OK && open_log() == MR_FLASH_OK);
}

/* Every byte of the oldest records is damaged in turn: no state that was never there is believed. */
static void tells_damage(void) {
  fresh();
  for (uint64_t seed = 1; seed <= 3; seed++) EXPECT(append_one(seed) == MR_FLASH_OK);
  const uint32_t end = log_.position;
  uint64_t last = 3;
  while (log_.current == 1 || log_.position < 300) EXPECT(append_one(++last) == MR_FLASH_OK);
  const uint32_t sector = log_.current * SECTOR;
  EXPECT(log_.current == 2);
  memcpy(saved, cells, sizeof cells);
  unsigned told = 0, unread = 0;
  for (uint32_t at = SECTOR + 128; at < SECTOR + end; at++) {
    for (unsigned bit = 0; bit < 8; bit++) {
      memcpy(cells, saved, sizeof cells);
      cells[at] ^= (uint8_t)(1u << bit);
      const int answer = open_log();
      if (answer == MR_FLASH_DAMAGED) told++;
      /* Padding is not read. */
      else if (EXPECT(answer == MR_FLASH_OK && log_.state.last == last && holds_entry(2, 2))) unread++;
    }
  }
  EXPECT(told > 4 * unread);
  memcpy(cells, saved, sizeof cells);
  /* In the newest sector too, as long as whole records follow. */
  cells[sector + 128 + 20] ^= 1;
  EXPECT(open_log() == MR_FLASH_DAMAGED);
  memcpy(cells, saved, sizeof cells);
  EXPECT(open_log() == MR_FLASH_OK && log_.state.last == last);
}

/* A record loses power on its last bits, reads as torn, and, once the next record has its number, as whole. */
static void believes_the_later_of_two(void) {
  fresh();
  memcpy(saved, cells, sizeof cells);
  EXPECT(append_one(1) == MR_FLASH_OK);
  const uint32_t start = SECTOR + 128 + 32;
  uint8_t whole[64];
  memcpy(whole, cells + start, sizeof whole);
  EXPECT(memcmp(saved + start, whole, 4) != 0);
  cells[start] = 0xff;
  EXPECT(open_log() == MR_FLASH_OK && log_.state.last == 0);
  EXPECT(mr_flash_log_hard_state(&log_, 5, 2) == MR_FLASH_OK);
  EXPECT(append_one(9) == MR_FLASH_OK);
  cells[start] = whole[0];
  EXPECT(open_log() == MR_FLASH_OK && log_.state.term == 5 && log_.state.last == 1 && holds_entry(1, 9));
}

/* Sectors that no longer take what is programmed are passed over; when too many are, the log says so and loses nothing. */
static void passes_over_worn_sectors(void) {
  fresh();
  nor.worn[4] = nor.worn[5] = nor.worn[11] = 1;
  uint64_t last = 0;
  for (unsigned round = 0; round < 300; round++) {
    EXPECT(append_one(last + 1) == MR_FLASH_OK);
    last++;
    EXPECT(mr_flash_log_compact(&log_, last - 2 + (last < 2)) == MR_FLASH_OK);
    if (round % 7 == 0) EXPECT(open_log() == MR_FLASH_OK);
    if (round % 3 == 0) EXPECT(mr_flash_log_ahead(&log_) == MR_FLASH_OK);
    if (!EXPECT(log_.state.last == last && holds_entry(last, last))) return;
  }
  EXPECT(nor.erase_counts[4] > 5);
  for (unsigned i = 0; i < SECTORS; i++) nor.worn[i] = 1;
  int answer = MR_FLASH_OK;
  for (unsigned round = 0; round < 20 && answer == MR_FLASH_OK; round++) {
    answer = append_one(last + 1);
    last += answer == MR_FLASH_OK;
  }
  EXPECT(answer == MR_FLASH_WORN && append_one(last + 1) == MR_FLASH_WORN);
  EXPECT(mr_flash_log_hard_state(&log_, 9, 9) == MR_FLASH_WORN);
  EXPECT(open_log() == MR_FLASH_OK && log_.state.last == last && holds_entry(last, last));
}

/* Counts the records that do nothing but say where the tail is. */
static void count_tails(void *context, nor_model *model, uint32_t address, const uint8_t *bytes, uint32_t length) {
  uint64_t *count = context;
  (void)model;
  *count += bytes != NULL && address % SECTOR >= 128 && length == 16 && bytes[6] == 8;
}

/* Power is lost after a few operations, again and again, on a log that is as full as it may be; now and then it lasts a
 * little longer. */
static void survives_a_storm(uint64_t seed) {
  uint64_t chance = seed, cuts = 0, tails = 0, dropped = 0, fewest = SECTORS;
  fresh();
  uint64_t held = 0;
  while (append_one(held + 1) == MR_FLASH_OK) held++;
  nor.watcher = count_tails;
  nor.watcher_context = &tails;
  uint32_t term = 1, asked = 1;
  for (; cuts < 4000; cuts++) {
    nor.power = 1 + nor_random(&chance) % (nor_random(&chance) % 16 == 0 ? 60 : 5);
    nor.off = 0;
    const int answer = open_log();
    if (!EXPECT(answer == MR_FLASH_OK && log_.state.last == held)) return;
    if (!EXPECT(log_.state.term >= term && log_.state.term <= asked)) return;
    const uint64_t unused = SECTORS - (log_.newest + 1 - log_.tail);
    if (unused < fewest) fewest = unused;
    dropped += log_.stale > log_.newest;
    while (!nor.off) {
      const int written = mr_flash_log_hard_state(&log_, ++asked, 1);
      if (written == MR_FLASH_OK && !nor.off) term = asked;
      if (!nor.off && !EXPECT(written == MR_FLASH_OK)) return;
    }
    if (cuts % 64 == 0) {
      for (uint64_t index = 1; index <= held; index++) {
        if (!EXPECT(holds_entry(index, index))) return;
      }
    }
  }
  EXPECT(nor.violations == 0);
  printf("storm: %llu power cuts in a row on a full log, never fewer than %llu sectors free; %llu cleanings started "
         "over, the tail saved by itself %llu times, term %u\n",
         (unsigned long long)cuts, (unsigned long long)fewest,
         (unsigned long long)dropped, (unsigned long long)tails, term);
  EXPECT(dropped > 0 && term > 1000);
}

int main(void) {
  refuses_entries_when_full();
  refuses_too_many_entries();
  refuses_what_does_not_fit();
  knows_its_partition();
  tells_damage();
  believes_the_later_of_two();
  passes_over_worn_sectors();
  for (uint64_t seed = 1; seed <= 6; seed++) survives_a_storm(seed);
  printf("flash log: %u bytes of RAM with the pools of this test\n", (unsigned)sizeof log_);
  return failures == 0 ? 0 : 1;
}
