/* A node in the core: made of a plan, restored, started, given inputs. Nothing here decides anything about Raft. */

#include "internal.h"

#include <stdio.h>
#include <string.h>

static uint32_t low(uint64_t value) {
  return (uint32_t)value;
}

static uint32_t high(uint64_t value) {
  return (uint32_t)(value >> 32);
}

int32_t metalraft_core_create(metalraft_core *core, metalraft_core_node *node, const metalraft_plan *plan,
                              const metalraft_effects *effects, void *context) {
  uint32_t words[METALRAFT_MOST_ARGUMENTS];
  memcpy(core->memory + core->plan_address, plan, METALRAFT_PLAN_SIZE);
  words[0] = core->plan_address;
  int32_t bytes = metalraft_call_export(core, plan->id, METALRAFT_EXPORT_planBytes, words, 1);
  if (bytes == METALRAFT_FAULT) return bytes;
  if (bytes < 0) return metalraft_fault_raise(core, METALRAFT_FAULT_PLAN, plan->id, "planBytes refused it");

  uint32_t arena = metalraft_take_memory(core, (uint32_t)bytes);
  if (arena == 0) {
    return metalraft_fault_raise_bytes(core, METALRAFT_FAULT_ARENA, plan->id, (uint32_t)bytes, core->arena_bytes);
  }
  words[0] = arena;
  words[1] = (uint32_t)bytes;
  words[2] = core->plan_address;
  int32_t status = metalraft_call_export(core, plan->id, METALRAFT_EXPORT_init, words, 3);
  if (status != METALRAFT_STATUS_OK) {
    metalraft_give_memory(core, arena);
    return status == METALRAFT_FAULT ? status : metalraft_fault_raise(core, METALRAFT_FAULT_PLAN, plan->id, "init refused it");
  }
  node->core = core;
  node->effects = effects;
  node->context = context;
  node->handle = arena;
  node->bytes = (uint32_t)bytes;
  node->state = (const metalraft_node *)(const void *)(core->memory + arena);
  node->inbox_address = arena + node->state->inbox_offset;
  node->inbox_bytes = plan->max_message;
  node->inbox = core->memory + node->inbox_address;
  node->id = plan->id;
  return METALRAFT_STATUS_OK;
}

void metalraft_core_release(metalraft_core_node *node) {
  metalraft_give_memory(node->core, node->handle);
  memset(node, 0, sizeof *node);
}

int32_t metalraft_core_call(metalraft_core_node *node, metalraft_export function, const uint32_t *words,
                            uint32_t count) {
  uint32_t arguments[METALRAFT_MOST_ARGUMENTS];
  if (count >= METALRAFT_MOST_ARGUMENTS) {
    return metalraft_fault_raise_bytes(node->core, METALRAFT_FAULT_LENGTH, node->id, count, METALRAFT_MOST_ARGUMENTS);
  }
  arguments[0] = node->handle;
  if (count > 0) memcpy(arguments + 1, words, count * sizeof *words);
  metalraft_core_node *outer = node->core->current;
  if (function == METALRAFT_EXPORT_flush) node->core->current = node;
  int32_t status = metalraft_call_export(node->core, node->id, function, arguments, count + 1);
  node->core->current = outer;
  return status;
}

/* Calls an export whose last two arguments are bytes in the inbox; puts them there unless they are there already. */
static int32_t call_with_bytes(metalraft_core_node *node, metalraft_export function, uint32_t *words, uint32_t count,
                               const uint8_t *bytes, uint32_t length) {
  if (length > node->inbox_bytes) {
    return metalraft_fault_raise_bytes(node->core, METALRAFT_FAULT_LENGTH, node->id, length, node->inbox_bytes);
  }
  if (length > 0 && bytes != node->inbox) memcpy(node->inbox, bytes, length);
  words[count] = node->inbox_address;
  words[count + 1] = length;
  return metalraft_core_call(node, function, words, count + 2);
}

int32_t metalraft_restore_hard_state(metalraft_core_node *node, uint64_t term, uint32_t vote) {
  uint32_t words[] = {low(term), high(term), vote};
  return metalraft_core_call(node, METALRAFT_EXPORT_restoreHardState, words, 3);
}

int32_t metalraft_restore_snapshot(metalraft_core_node *node, uint64_t index, uint64_t term, uint64_t compacted,
                                   const uint8_t *configuration, uint32_t length) {
  uint32_t words[8] = {low(index), high(index), low(term), high(term), low(compacted), high(compacted)};
  return call_with_bytes(node, METALRAFT_EXPORT_restoreSnapshot, words, 6, configuration, length);
}

int32_t metalraft_restore_entries(metalraft_core_node *node, const uint8_t *entries, uint32_t length) {
  uint32_t words[2];
  return call_with_bytes(node, METALRAFT_EXPORT_restoreEntries, words, 0, entries, length);
}

int32_t metalraft_start(metalraft_core_node *node, uint64_t now) {
  uint32_t words[] = {low(now), high(now)};
  return metalraft_core_call(node, METALRAFT_EXPORT_start, words, 2);
}

int32_t metalraft_receive(metalraft_core_node *node, uint64_t now, const uint8_t *message, uint32_t length) {
  uint32_t words[4] = {low(now), high(now)};
  if (length > node->inbox_bytes) return METALRAFT_STATUS_OVERSIZED;
  return call_with_bytes(node, METALRAFT_EXPORT_receive, words, 2, message, length);
}

int32_t metalraft_timer(metalraft_core_node *node, uint64_t now, uint32_t kind) {
  uint32_t words[] = {low(now), high(now), kind};
  return metalraft_core_call(node, METALRAFT_EXPORT_timer, words, 3);
}

int32_t metalraft_propose(metalraft_core_node *node, const uint8_t *command, uint32_t length) {
  uint32_t words[2];
  if (length > node->inbox_bytes) return METALRAFT_STATUS_TOO_LARGE;
  return call_with_bytes(node, METALRAFT_EXPORT_propose, words, 0, command, length);
}

int32_t metalraft_read(metalraft_core_node *node, uint64_t now, uint32_t kind) {
  uint32_t words[] = {low(now), high(now), kind};
  return metalraft_core_call(node, METALRAFT_EXPORT_read, words, 3);
}

int32_t metalraft_reconfigure(metalraft_core_node *node, const uint8_t *configuration, uint32_t length) {
  uint32_t words[2];
  if (length > node->inbox_bytes) return METALRAFT_STATUS_BAD_CONFIGURATION;
  return call_with_bytes(node, METALRAFT_EXPORT_reconfigure, words, 0, configuration, length);
}

int32_t metalraft_transfer(metalraft_core_node *node, uint64_t now, uint32_t target) {
  uint32_t words[] = {low(now), high(now), target};
  return metalraft_core_call(node, METALRAFT_EXPORT_transfer, words, 3);
}

int32_t metalraft_snapshot(metalraft_core_node *node, uint64_t index, uint64_t term, const uint8_t *configuration,
                           uint32_t length) {
  uint32_t words[6] = {low(index), high(index), low(term), high(term)};
  if (length > node->inbox_bytes) return METALRAFT_STATUS_BAD_CONFIGURATION;
  return call_with_bytes(node, METALRAFT_EXPORT_snapshot, words, 4, configuration, length);
}

int32_t metalraft_snapshot_failed(metalraft_core_node *node) {
  return metalraft_core_call(node, METALRAFT_EXPORT_snapshotFailed, NULL, 0);
}

int32_t metalraft_durable(metalraft_core_node *node, uint64_t index, uint64_t term) {
  uint32_t words[] = {low(index), high(index), low(term), high(term)};
  return metalraft_core_call(node, METALRAFT_EXPORT_durable, words, 4);
}

int32_t metalraft_unreachable(metalraft_core_node *node, uint32_t peer) {
  return metalraft_core_call(node, METALRAFT_EXPORT_unreachable, &peer, 1);
}

int32_t metalraft_observe(metalraft_core_node *node, uint32_t mask) {
  return metalraft_core_call(node, METALRAFT_EXPORT_observe, &mask, 1);
}

int32_t metalraft_flush(metalraft_core_node *node, uint64_t now) {
  uint32_t words[] = {low(now), high(now)};
  return metalraft_core_call(node, METALRAFT_EXPORT_flush, words, 2);
}

int32_t metalraft_check(metalraft_core_node *node) {
  int32_t broken = metalraft_core_call(node, METALRAFT_EXPORT_invariants, NULL, 0);
  if (broken == METALRAFT_STATUS_OK || broken == METALRAFT_FAULT) return broken;
  char text[METALRAFT_FAULT_DETAIL];
  snprintf(text, sizeof text, "number %ld of assembly/raft/invariants.ts", (long)broken);
  return metalraft_fault_raise(node->core, METALRAFT_FAULT_INVARIANT, node->id, text);
}
