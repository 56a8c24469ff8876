/*
 * The five traits as native functions, one for each import, under their import modules. Each finds the node whose flush
 * runs, checks that what the core points at lies in linear memory, joins the words of 64-bit numbers and calls the
 * node's effect. What does not hold is a bug of the core or of the host, and traps.
 */

#include "internal.h"

#include <wasm_export.h>

static uint64_t join(uint32_t low, uint32_t high) {
  return (uint64_t)high << 32 | low;
}

/* The node whose flush runs; NULL, and a trap, if there is none or it is another. */
static metalraft_core_node *flushing(wasm_exec_env_t environment, uint32_t handle) {
  metalraft_core *core = wasm_runtime_get_user_data(environment);
  if (core->current != NULL && core->current->handle == handle) return core->current;
  wasm_runtime_set_exception(wasm_runtime_get_module_inst(environment), "an import was called outside of a flush");
  return NULL;
}

/* Where bytes of linear memory lie; NULL, and a trap, if they do not. Reading no bytes needs no place. */
static uint8_t *place(wasm_exec_env_t environment, uint32_t address, uint32_t length) {
  metalraft_core *core = wasm_runtime_get_user_data(environment);
  if (address <= core->memory_bytes && length <= core->memory_bytes - address) return core->memory + address;
  wasm_runtime_set_exception(wasm_runtime_get_module_inst(environment), "an import was handed bytes outside of memory");
  return NULL;
}

static int32_t storage_hardState(wasm_exec_env_t environment, uint32_t handle, uint32_t term_low, uint32_t term_high,
                                 uint32_t vote) {
  metalraft_core_node *node = flushing(environment, handle);
  if (node == NULL) return METALRAFT_STORAGE_ANSWER_FAILED;
  return node->effects->hard_state(node->context, join(term_low, term_high), vote);
}

static int32_t storage_truncate(wasm_exec_env_t environment, uint32_t handle, uint32_t from_low, uint32_t from_high) {
  metalraft_core_node *node = flushing(environment, handle);
  if (node == NULL) return METALRAFT_STORAGE_ANSWER_FAILED;
  return node->effects->truncate(node->context, join(from_low, from_high));
}

static int32_t storage_append(wasm_exec_env_t environment, uint32_t handle, uint32_t first_low, uint32_t first_high,
                              uint32_t count, uint32_t term_low, uint32_t term_high, uint32_t entries,
                              uint32_t length) {
  metalraft_core_node *node = flushing(environment, handle);
  const uint8_t *bytes = place(environment, entries, length);
  if (node == NULL || bytes == NULL) return METALRAFT_STORAGE_ANSWER_FAILED;
  uint64_t first = join(first_low, first_high);
  return node->effects->append(node->context, first, count, join(term_low, term_high), bytes, length);
}

static int32_t storage_compact(wasm_exec_env_t environment, uint32_t handle, uint32_t index_low, uint32_t index_high) {
  metalraft_core_node *node = flushing(environment, handle);
  if (node == NULL) return METALRAFT_STORAGE_ANSWER_FAILED;
  return node->effects->compact(node->context, join(index_low, index_high));
}

static int32_t storage_read(wasm_exec_env_t environment, uint32_t handle, uint32_t index_low, uint32_t index_high,
                            uint32_t count, uint32_t into, uint32_t capacity) {
  metalraft_core_node *node = flushing(environment, handle);
  uint8_t *bytes = place(environment, into, capacity);
  if (node == NULL || bytes == NULL) return METALRAFT_STORAGE_ANSWER_FAILED;
  return node->effects->read(node->context, join(index_low, index_high), count, bytes, capacity);
}

static void transport_send(wasm_exec_env_t environment, uint32_t handle, uint32_t to, uint32_t message, uint32_t length,
                           uint32_t barrier) {
  metalraft_core_node *node = flushing(environment, handle);
  const uint8_t *bytes = place(environment, message, length);
  if (node != NULL && bytes != NULL) node->effects->send(node->context, to, bytes, length, barrier);
}

static void timer_arm(wasm_exec_env_t environment, uint32_t handle, uint32_t kind, uint32_t delay, uint32_t jitter) {
  metalraft_core_node *node = flushing(environment, handle);
  if (node != NULL) node->effects->arm(node->context, kind, delay, jitter);
}

static void timer_cancel(wasm_exec_env_t environment, uint32_t handle, uint32_t kind) {
  metalraft_core_node *node = flushing(environment, handle);
  if (node != NULL) node->effects->cancel(node->context, kind);
}

static int32_t machine_apply(wasm_exec_env_t environment, uint32_t handle, uint32_t index_low, uint32_t index_high,
                             uint32_t term_low, uint32_t term_high, uint32_t command, uint32_t length) {
  metalraft_core_node *node = flushing(environment, handle);
  const uint8_t *bytes = place(environment, command, length);
  if (node == NULL || bytes == NULL) return -1;
  uint64_t index = join(index_low, index_high);
  return node->effects->apply(node->context, index, join(term_low, term_high), bytes, length);
}

static int32_t machine_readSnapshot(wasm_exec_env_t environment, uint32_t handle, uint32_t index_low,
                                    uint32_t index_high, uint32_t offset_low, uint32_t offset_high, uint32_t into,
                                    uint32_t capacity, uint32_t witness) {
  metalraft_core_node *node = flushing(environment, handle);
  uint8_t *bytes = place(environment, into, capacity);
  if (node == NULL || bytes == NULL) return METALRAFT_SNAPSHOT_ANSWER_FAILED;
  uint64_t offset = join(offset_low, offset_high);
  return node->effects->read_snapshot(node->context, join(index_low, index_high), offset, bytes, capacity, witness);
}

static int32_t machine_writeSnapshot(wasm_exec_env_t environment, uint32_t handle, uint32_t index_low,
                                     uint32_t index_high, uint32_t term_low, uint32_t term_high, uint32_t offset_low,
                                     uint32_t offset_high, uint32_t bytes, uint32_t length, uint32_t last) {
  metalraft_core_node *node = flushing(environment, handle);
  const uint8_t *chunk = place(environment, bytes, length);
  if (node == NULL || chunk == NULL) return METALRAFT_SNAPSHOT_ANSWER_FAILED;
  uint64_t index = join(index_low, index_high);
  uint64_t offset = join(offset_low, offset_high);
  return node->effects->write_snapshot(node->context, index, join(term_low, term_high), offset, chunk, length, last);
}

static void machine_reads(wasm_exec_env_t environment, uint32_t handle, uint32_t ticket_low, uint32_t ticket_high,
                          uint32_t index_low, uint32_t index_high, uint32_t answered) {
  metalraft_core_node *node = flushing(environment, handle);
  if (node == NULL) return;
  node->effects->reads(node->context, join(ticket_low, ticket_high), join(index_low, index_high), answered);
}

static void observer_event(wasm_exec_env_t environment, uint32_t handle, uint32_t kind, uint32_t first_low,
                           uint32_t first_high, uint32_t second_low, uint32_t second_high) {
  metalraft_core_node *node = flushing(environment, handle);
  if (node == NULL) return;
  node->effects->event(node->context, kind, join(first_low, first_high), join(second_low, second_high));
}

/* WAMR keeps these tables and sorts them in place. */
#define STORAGE(name, signature) {#name, (void *)storage_##name, signature, NULL},
#define TRANSPORT(name, signature) {#name, (void *)transport_##name, signature, NULL},
#define TIMER(name, signature) {#name, (void *)timer_##name, signature, NULL},
#define MACHINE(name, signature) {#name, (void *)machine_##name, signature, NULL},
#define OBSERVER(name, signature) {#name, (void *)observer_##name, signature, NULL},
static NativeSymbol storage_symbols[] = {METALRAFT_IMPORTS_STORAGE(STORAGE)};
static NativeSymbol transport_symbols[] = {METALRAFT_IMPORTS_TRANSPORT(TRANSPORT)};
static NativeSymbol timer_symbols[] = {METALRAFT_IMPORTS_TIMER(TIMER)};
static NativeSymbol machine_symbols[] = {METALRAFT_IMPORTS_MACHINE(MACHINE)};
static NativeSymbol observer_symbols[] = {METALRAFT_IMPORTS_OBSERVER(OBSERVER)};

#define REGISTER(module) \
  wasm_runtime_register_natives(#module, module##_symbols, sizeof module##_symbols / sizeof module##_symbols[0])

int metalraft_register_imports(void) {
  return REGISTER(storage) && REGISTER(transport) && REGISTER(timer) && REGISTER(machine) && REGISTER(observer);
}
