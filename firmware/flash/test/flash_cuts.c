/*
 * Cuts power at every program and every erase of a run of operations, and at every byte or unit of each program
 * (argument: how far apart), and opens the log from what is left each time. What was answered OK must be there; what was
 * under way must be there whole or not at all, of a run of entries a prefix. From some of the cuts the run goes on in a
 * copy, so that a log that was recovered is written to again.
 *
 * usage: flash_cuts OPERATIONS STEP SECTOR_SIZE SECTORS MAX_ENTRY IMAGE_BYTES SEED
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "log_model.h"
#include "nor_model.h"

#define MOST_BYTES (256u * 1024u)
/* One cut in so many is gone on from: chance decides which. */
#define GO_ON_EVERY 61u

static uint8_t cells[MOST_BYTES], copy[MOST_BYTES];
static nor_model nor, after;
static mr_flash_log live, recovered;
static mr_flash_config config = {UINT64_C(0x1122334455667788), 3, 0, 0};
static uint64_t chance = 1;

/* The model before and after the operation under way. */
static log_model before, then;
static uint64_t operation;
static uint32_t step;

static uint64_t cuts_in_programs, cuts_at_boundaries, cuts_in_erases, gone_on;

static uint32_t draw(uint32_t count) { return (uint32_t)(nor_random(&chance) >> 33) % count; }

static void fail(const char *what, const char *detail) {
  fprintf(stderr, "operation %llu: %s: %s\n", (unsigned long long)operation, what, detail);
  exit(1);
}

/* Whether the log is as it was before the operation or as it is after it. */
static const char *judge(mr_flash_log *log) {
  const char *problem = model_compare(&before, log, before.state.last, config.max_entry);
  if (problem == NULL) return NULL;
  const uint64_t least = then.state.last > before.state.last && then.state.compacted == before.state.compacted
                             ? before.state.last
                             : then.state.last;
  return model_compare(&then, log, least, config.max_entry) == NULL ? NULL : problem;
}

/* Goes on in a copy of the flash as the cut left it: writes, opens again, and finds what was written. */
static void go_on(nor_model *from) {
  memcpy(copy, from->cells, from->device.sector_size * from->device.sector_count);
  after = *from;
  after.cells = copy;
  after.watcher = NULL;
  after.device.context = &after;
  if (mr_flash_log_open(&recovered, &after.device, &config) != MR_FLASH_OK) fail("opening a copy", "refused");
  const uint64_t violations = after.violations;
  uint8_t entry[MODEL_ENTRY_BYTES];
  const uint32_t rounds = 1 + draw(12);
  uint64_t last = recovered.state.last;
  for (uint32_t i = 0; i < rounds; i++) {
    if (mr_flash_log_hard_state(&recovered, 1000000 + i, i) != MR_FLASH_OK) fail("going on", "a hard state was refused");
    const uint32_t size = model_entry(i, 1, entry, config.max_entry);
    const int answer = mr_flash_log_append(&recovered, last + 1, entry, size);
    if (answer == MR_FLASH_OK) last++;
    if (answer != MR_FLASH_OK && answer != MR_FLASH_FULL) fail("going on", mr_flash_text(answer));
  }
  const mr_flash_state state = recovered.state;
  const int answer = mr_flash_log_open(&recovered, &after.device, &config);
  if (answer != MR_FLASH_OK) fail("opening after going on", mr_flash_text(answer));
  if (memcmp(&state, &recovered.state, sizeof state) != 0) fail("opening after going on", "another state");
  if (after.violations != violations) fail("going on", "a byte was programmed twice");
  gone_on++;
}

static void cut(nor_model *from, uint64_t *counter) {
  const int answer = mr_flash_log_open(&recovered, &from->device, &config);
  if (answer != MR_FLASH_OK) fail("opening after a cut", mr_flash_text(answer));
  const char *problem = judge(&recovered);
  if (problem != NULL) fail("after a cut", problem);
  (*counter)++;
  if (draw(GO_ON_EVERY) == 0) go_on(from);
}

/* Power is lost after `done` bytes of a program, with some bits of the next byte cleared. */
static void cut_program(nor_model *from, uint32_t address, const uint8_t *bytes, uint32_t length) {
  cut(from, &cuts_at_boundaries);
  for (uint32_t i = 0; i < length; i++) {
    if (from->cells[address + i] != 0xff) fail("flash", "a byte was programmed twice without an erase");
  }
  uint32_t done = 0;
  while (done < length) {
    const uint32_t next = done + step < length ? done + step : length;
    for (; done < next - 1; done++) from->cells[address + done] &= bytes[done];
    from->cells[address + done] &= (uint8_t)(bytes[done] | (uint8_t)draw(256));
    cut(from, &cuts_in_programs);
    from->cells[address + done] &= bytes[done];
    done++;
  }
  /* As it was: the program itself comes now. */
  memset(from->cells + address, 0xff, length);
}

/* Power is lost in the middle of an erase: bytes have come to any value between what they were and blank. */
static void cut_erase(nor_model *from, uint32_t address, uint32_t length) {
  static uint8_t sector[65536];
  memcpy(sector, from->cells + address, length);
  cut(from, &cuts_at_boundaries);
  from->weak[address / length] = 1;
  for (unsigned variant = 0; variant < 5; variant++) {
    for (uint32_t i = 0; i < length; i++) {
      const uint8_t old = sector[i];
      const uint8_t some = (uint8_t)draw(256);
      const uint8_t values[5] = {i < length / 2 ? 0xff : old, i < length / 2 ? old : 0xff, old | some,
                                 draw(16) == 0 ? old : 0xff, 0xff};
      from->cells[address + i] = values[variant];
    }
    cut(from, &cuts_in_erases);
  }
  memcpy(from->cells + address, sector, length);
  from->weak[address / length] = 0;
}

static void watch(void *context, nor_model *from, uint32_t address, const uint8_t *bytes, uint32_t length) {
  (void)context;
  from->watcher = NULL;
  if (bytes != NULL) cut_program(from, address, bytes, length);
  else cut_erase(from, address, length);
  from->watcher = watch;
}

static void expect_ok(int answer, const char *what) {
  if (answer != MR_FLASH_OK) fail(what, mr_flash_text(answer));
}

static void do_hard_state(void) {
  then.state.known = 1;
  then.state.term += draw(2);
  then.state.vote = draw(5);
  expect_ok(mr_flash_log_hard_state(&live, then.state.term, then.state.vote), "hard state");
}

static void do_append(void) {
  static uint8_t run[4 * MODEL_ENTRY_BYTES];
  uint32_t length = 0;
  const uint32_t count = 1 + draw(4);
  for (uint32_t i = 0; i < count; i++) {
    const uint64_t seed = nor_random(&chance) >> 8;
    length += model_entry(seed, seed % 7 + 1, run + length, config.max_entry);
    model_append(&then, seed);
  }
  const int answer = mr_flash_log_append(&live, before.state.last + 1, run, length);
  if (answer == MR_FLASH_FULL) then = before;
  else expect_ok(answer, "append");
}

static void do_truncate(void) {
  const uint64_t held = then.state.last - then.state.compacted;
  const uint64_t from = then.state.last + 1 - (held == 0 ? 0 : draw((uint32_t)(held < 4 ? held : 4)));
  model_truncate(&then, from);
  expect_ok(mr_flash_log_truncate(&live, from), "truncate");
}

static void settle(void) { before = then; }

/* A snapshot: this node's own at an index it holds, or one from a leader above its last or of another history. */
static void do_snapshot(void) {
  const uint64_t held = before.state.last - before.state.compacted;
  const int own = held > 0 && draw(8) != 0;
  const uint64_t index = own ? before.state.last - draw((uint32_t)held) : before.state.last + draw(3);
  const uint64_t seed = nor_random(&chance) >> 8;
  uint64_t term = own ? before.seeds[index % MR_FLASH_ENTRIES] % 7 + 1 : 9;
  if (index < before.state.snapshot_index || index == 0) return;
  expect_ok(mr_flash_log_image_begin(&live, index, term), "begin");
  const uint32_t length = draw(config.image_bytes + 1);
  const uint32_t stop = draw(10) == 0 ? draw(length + 1) : length;
  for (uint32_t offset = 0; offset < stop;) {
    uint8_t part[100];
    const uint32_t size = stop - offset < sizeof part ? stop - offset : (uint32_t)sizeof part;
    for (uint32_t i = 0; i < size; i++) part[i] = model_image_byte(seed, offset + i);
    expect_ok(mr_flash_log_image_write(&live, offset, part, size), "write");
    offset += size;
  }
  if (stop < length) return;
  then.state.snapshot_index = index;
  then.state.snapshot_term = term;
  then.state.snapshot_length = length;
  then.image_seed = seed;
  if (!own && index > before.state.compacted) {
    model_truncate(&then, then.state.compacted + 1);
    model_compact(&then, index);
  }
  expect_ok(mr_flash_log_image_finish(&live), "finish");
  settle();
  const uint64_t keep = draw(4);
  const uint64_t upto = index > keep ? index - keep : 0;
  model_compact(&then, upto);
  expect_ok(mr_flash_log_compact(&live, upto), "compact");
}

static void do_operation(void) {
  const uint32_t kind = draw(100);
  if (!before.state.known || kind < 15) do_hard_state();
  else if (kind < 70) do_append();
  else if (kind < 76) do_truncate();
  else if (kind < 88) do_snapshot();
  else expect_ok(mr_flash_log_ahead(&live), "ahead");
  settle();
  const char *problem = model_compare(&before, &live, before.state.last, config.max_entry);
  if (problem != NULL) fail("without a cut", problem);
}

int main(int argc, char **argv) {
  if (argc != 8) return 2;
  const uint64_t operations = strtoull(argv[1], NULL, 10);
  step = (uint32_t)strtoul(argv[2], NULL, 10);
  const uint32_t size = (uint32_t)strtoul(argv[3], NULL, 10);
  const uint32_t count = (uint32_t)strtoul(argv[4], NULL, 10);
  config.max_entry = (uint32_t)strtoul(argv[5], NULL, 10);
  config.image_bytes = (uint32_t)strtoul(argv[6], NULL, 10);
  chance = strtoull(argv[7], NULL, 10) * 2 + 1;
  if (size * count > MOST_BYTES || count > NOR_MOST_SECTORS || config.max_entry > MODEL_ENTRY_BYTES) return 2;
  nor_init(&nor, cells, size, count);
  expect_ok(mr_flash_log_open(&live, &nor.device, &config), "opening a blank partition");
  nor.watcher = watch;
  for (operation = 1; operation <= operations; operation++) do_operation();
  if (nor.violations != 0) fail("flash", "a byte was programmed twice without an erase");

  uint32_t least = UINT32_MAX, most = 0;
  for (uint32_t i = 0; i < count; i++) {
    if (nor.erase_counts[i] < least) least = nor.erase_counts[i];
    if (nor.erase_counts[i] > most) most = nor.erase_counts[i];
  }
  if (most - least > 1) fail("wear", "a sector was erased more often than another");
  printf("flash log: %llu operations, %llu programs of %llu bytes, %llu erases (%u to %u a sector)\n",
         (unsigned long long)operations, (unsigned long long)nor.programs, (unsigned long long)nor.programmed_bytes,
         (unsigned long long)nor.erases, least, most);
  printf("power cuts survived: %llu = %llu at boundaries of programs and erases + %llu inside programs, %u bytes apart + "
         "%llu inside erases; written on from %llu of them\n",
         (unsigned long long)(cuts_at_boundaries + cuts_in_programs + cuts_in_erases),
         (unsigned long long)cuts_at_boundaries, (unsigned long long)cuts_in_programs, step,
         (unsigned long long)cuts_in_erases, (unsigned long long)gone_on);
  return 0;
}
