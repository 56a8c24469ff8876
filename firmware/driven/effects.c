#include "effects.h"

#include "stream.h"

#include <stddef.h>

/* The imports' numbers and names, in the order of the ABI's lists. */
#define STORAGE_NUMBER(name, signature) IMPORT_STORAGE_##name,
#define TRANSPORT_NUMBER(name, signature) IMPORT_TRANSPORT_##name,
#define TIMER_NUMBER(name, signature) IMPORT_TIMER_##name,
#define MACHINE_NUMBER(name, signature) IMPORT_MACHINE_##name,
#define OBSERVER_NUMBER(name, signature) IMPORT_OBSERVER_##name,
enum {
  METALRAFT_IMPORTS_STORAGE(STORAGE_NUMBER) METALRAFT_IMPORTS_TRANSPORT(TRANSPORT_NUMBER)
      METALRAFT_IMPORTS_TIMER(TIMER_NUMBER) METALRAFT_IMPORTS_MACHINE(MACHINE_NUMBER)
          METALRAFT_IMPORTS_OBSERVER(OBSERVER_NUMBER) IMPORT_COUNT
};

#define STORAGE_NAME(name, signature) "storage." #name " "
#define TRANSPORT_NAME(name, signature) "transport." #name " "
#define TIMER_NAME(name, signature) "timer." #name " "
#define MACHINE_NAME(name, signature) "machine." #name " "
#define OBSERVER_NAME(name, signature) "observer." #name " "
const char driven_import_names[] =
    METALRAFT_IMPORTS_STORAGE(STORAGE_NAME) METALRAFT_IMPORTS_TRANSPORT(TRANSPORT_NAME)
        METALRAFT_IMPORTS_TIMER(TIMER_NAME) METALRAFT_IMPORTS_MACHINE(MACHINE_NAME)
            METALRAFT_IMPORTS_OBSERVER(OBSERVER_NAME);

static uint32_t low(uint64_t value) {
  return (uint32_t)value;
}

static uint32_t high(uint64_t value) {
  return (uint32_t)(value >> 32);
}

/* Most arguments of an import behind the handle: writeSnapshot's, up to a whole frame word pair. */
#define MOST_WORDS 10

/* What follows the handle in the import's list, and the bytes that an address among them stands for. */
typedef struct effect {
  uint32_t number;
  uint32_t words[MOST_WORDS];
  uint32_t count;
  const uint8_t *bytes;
  uint32_t length;
} effect;

/* Tells the driver. */
static void tell(metalraft_driven_node *node, const effect *told) {
  metalraft_driven *driven = node->driven;
  uint32_t words = (told->count + 1) / 2 * 2 * (uint32_t)sizeof told->words[0];
  stream_put_frame(driven, words + told->length, METALRAFT_DRIVEN_EFFECT + told->number, node->number);
  stream_put(driven, told->words, words);
  stream_put(driven, told->bytes, told->length);
  stream_put_padding(driven, told->length);
}

/* Tells the driver and waits for its answer, whose bytes go into a place if the effect has one. */
static int32_t ask(metalraft_driven_node *node, const effect *told, uint8_t *into, uint32_t capacity) {
  metalraft_driven *driven = node->driven;
  int32_t answer[2];
  tell(node, told);
  stream_send(driven);
  frame got = stream_take_frame(driven);
  if (got.kind != METALRAFT_DRIVEN_ANSWER || got.length < sizeof answer || got.length - sizeof answer > capacity) {
    stream_break(driven);
    return METALRAFT_STORAGE_ANSWER_FAILED;
  }
  stream_take(driven, answer, sizeof answer);
  stream_take(driven, into, got.length - (uint32_t)sizeof answer);
  stream_take_padding(driven, got.length);
  return driven->is_over ? METALRAFT_STORAGE_ANSWER_FAILED : answer[0];
}

static int32_t hard_state(void *node, uint64_t term, uint32_t vote) {
  const effect told = {IMPORT_STORAGE_hardState, {low(term), high(term), vote}, 3, NULL, 0};
  return ask(node, &told, NULL, 0);
}

static int32_t truncate(void *node, uint64_t from) {
  const effect told = {IMPORT_STORAGE_truncate, {low(from), high(from)}, 2, NULL, 0};
  return ask(node, &told, NULL, 0);
}

static int32_t append(void *node, uint64_t first, uint32_t count, uint64_t last_term, const uint8_t *entries,
                      uint32_t length) {
  const effect told = {IMPORT_STORAGE_append,
                       {low(first), high(first), count, low(last_term), high(last_term), 0, length},
                       7,
                       entries,
                       length};
  return ask(node, &told, NULL, 0);
}

static int32_t compact(void *node, uint64_t index) {
  const effect told = {IMPORT_STORAGE_compact, {low(index), high(index)}, 2, NULL, 0};
  return ask(node, &told, NULL, 0);
}

static int32_t read_entries(void *node, uint64_t index, uint32_t count, uint8_t *into, uint32_t capacity) {
  const effect told = {IMPORT_STORAGE_read, {low(index), high(index), count, 0, capacity}, 5, NULL, 0};
  return ask(node, &told, into, capacity);
}

static void send(void *node, uint32_t to, const uint8_t *message, uint32_t length, uint32_t barrier) {
  const effect told = {IMPORT_TRANSPORT_send, {to, 0, length, barrier}, 4, message, length};
  tell(node, &told);
}

static void arm(void *node, uint32_t kind, uint32_t delay, uint32_t jitter) {
  const effect told = {IMPORT_TIMER_arm, {kind, delay, jitter}, 3, NULL, 0};
  tell(node, &told);
}

static void cancel(void *node, uint32_t kind) {
  const effect told = {IMPORT_TIMER_cancel, {kind}, 1, NULL, 0};
  tell(node, &told);
}

static int32_t apply(void *node, uint64_t index, uint64_t term, const uint8_t *command, uint32_t length) {
  const effect told = {
      IMPORT_MACHINE_apply, {low(index), high(index), low(term), high(term), 0, length}, 6, command, length};
  return ask(node, &told, NULL, 0);
}

static int32_t read_snapshot(void *node, uint64_t index, uint64_t offset, uint8_t *into, uint32_t capacity,
                             uint32_t witness) {
  const effect told = {IMPORT_MACHINE_readSnapshot,
                       {low(index), high(index), low(offset), high(offset), 0, capacity, witness},
                       7,
                       NULL,
                       0};
  return ask(node, &told, into, capacity);
}

static int32_t write_snapshot(void *node, uint64_t index, uint64_t term, uint64_t offset, const uint8_t *bytes,
                              uint32_t length, uint32_t last) {
  const effect told = {IMPORT_MACHINE_writeSnapshot,
                       {low(index), high(index), low(term), high(term), low(offset), high(offset), 0, length, last},
                       9,
                       bytes,
                       length};
  return ask(node, &told, NULL, 0);
}

static void reads(void *node, uint64_t ticket, uint64_t index, uint32_t answered) {
  const effect told = {
      IMPORT_MACHINE_reads, {low(ticket), high(ticket), low(index), high(index), answered}, 5, NULL, 0};
  tell(node, &told);
}

static void event(void *node, uint32_t kind, uint64_t first, uint64_t second) {
  const effect told = {IMPORT_OBSERVER_event, {kind, low(first), high(first), low(second), high(second)}, 5, NULL, 0};
  tell(node, &told);
}

const metalraft_effects driven_effects = {
    .hard_state = hard_state,
    .truncate = truncate,
    .append = append,
    .compact = compact,
    .read = read_entries,
    .send = send,
    .arm = arm,
    .cancel = cancel,
    .apply = apply,
    .read_snapshot = read_snapshot,
    .write_snapshot = write_snapshot,
    .reads = reads,
    .event = event,
};
