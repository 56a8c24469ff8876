#include "node.h"

#include <stdio.h>
#include <string.h>

#include "bytes.h"
#include "node_internal.h"

void mr_node_say(mr_node *node, const char *what, const char *why) {
  char line[MR_NODE_PROBLEM];
  snprintf(line, sizeof line, "%s: %s", what, why);
  node->platform->say(node->platform->context, line);
}

void mr_node_fail(mr_node *node, const char *what, const char *why) {
  if (node->problem[0] != '\0') return;
  snprintf(node->problem, sizeof node->problem, "node %lu: %s%s%s", (unsigned long)node->options.plan.id, what,
           why[0] == '\0' ? "" : ": ", why);
  node->running = 0;
}

/* The core answered what it only answers when something is wrong here. */
static void fail_by_status(mr_node *node, const char *what, int32_t status) {
  char text[METALRAFT_FAULT_TEXT];
  if (status == METALRAFT_FAULT) metalraft_fault_text(node->core.core, text, sizeof text);
  else snprintf(text, sizeof text, "status %ld, reason %ld", (long)status, (long)node->core.state->failure);
  mr_node_fail(node, what, text);
}

/* Hands the core what flash holds. Answers 0 or -1. */
static int restore(mr_node *node) {
  const mr_flash_state *state = &node->log.state;
  const int has_snapshot = state->snapshot_id != 0;
  uint64_t term = state->term;
  uint32_t vote = state->vote;
  /* A snapshot of a later term may have become durable before the term did; no vote was given in it. */
  if (has_snapshot && state->snapshot_term > term) {
    term = state->snapshot_term;
    vote = 0;
    if (mr_flash_log_hard_state(&node->log, term, vote) != MR_FLASH_OK) return -1;
  }
  int32_t status = metalraft_restore_hard_state(&node->core, term, vote);
  uint64_t index = has_snapshot ? state->snapshot_index : 0;
  if (status == METALRAFT_STATUS_OK && has_snapshot) {
    const uint32_t length = mr_node_image_configuration(node);
    const uint64_t compacted = state->compacted < index ? state->compacted : index;
    status = metalraft_restore_snapshot(&node->core, index, state->snapshot_term, compacted, node->core.inbox, length);
  } else if (status == METALRAFT_STATUS_OK && node->options.bootstrap_length > 0) {
    status = metalraft_restore_snapshot(&node->core, 0, 0, 0, node->options.bootstrap, node->options.bootstrap_length);
  }
  while (status == METALRAFT_STATUS_OK && index < state->last) {
    const int bytes = mr_flash_log_read(&node->log, index + 1, 1, node->core.inbox, node->core.inbox_bytes);
    if (bytes < 0) {
      mr_node_fail(node, "flash", mr_flash_text(bytes));
      return -1;
    }
    status = metalraft_restore_entries(&node->core, node->core.inbox, (uint32_t)bytes);
    index++;
  }
  if (status != METALRAFT_STATUS_OK) {
    fail_by_status(node, "the core does not take what flash holds", status);
    return -1;
  }
  return has_snapshot ? mr_node_load_image(node) : 0;
}

/* Opens the log with room for the plan's entries and for an image of the plan's configuration and the store. */
static int open_log(mr_node *node) {
  const metalraft_plan *plan = &node->options.plan;
  const uint32_t member = METALRAFT_MEMBER_SIZE + plan->address_bytes;
  const uint32_t image = METALRAFT_CONFIGURATION_SIZE + plan->nodes * member + MR_KV_IMAGE_BYTES;
  const mr_flash_config config = {plan->cluster, plan->id, plan->max_message, image};
  return mr_flash_log_open(&node->log, node->platform->flash, &config);
}

int mr_node_start(mr_node *node, metalraft_core *core, const mr_platform *platform, const mr_node_options *options) {
  memset(node, 0, sizeof *node);
  node->platform = platform;
  node->options = *options;
  mr_kv_init(&node->kv);
  /* Drawn anew: a late answer to a read of an earlier life must match no ticket of this one. 32 + 20 bits: up to 2^52. */
  const uint64_t drawn = platform->random(platform->context);
  node->options.plan.incarnation = drawn << 20 | (platform->random(platform->context) >> 12);
  if (options->plan.max_message > MR_NODE_MESSAGE) {
    mr_node_fail(node, "the plan's maxMessage is above MR_NODE_MESSAGE", "");
    return -1;
  }
  const int opened = open_log(node);
  if (opened != MR_FLASH_OK) {
    mr_node_fail(node, "flash", mr_flash_text(opened));
    return -1;
  }
  int32_t status = metalraft_core_create(core, &node->core, &node->options.plan, &mr_node_effects, node);
  if (status != METALRAFT_STATUS_OK) {
    char text[METALRAFT_FAULT_TEXT];
    metalraft_fault_text(core, text, sizeof text);
    mr_node_fail(node, "the core makes no node", text);
    return -1;
  }
  if (restore(node) != 0) {
    mr_node_fail(node, "flash", mr_flash_text(node->log.failure));
    metalraft_core_release(&node->core);
    return -1;
  }
  status = metalraft_observe(&node->core, options->event_mask | 1u << METALRAFT_EVENT_KIND_CONFIGURATION);
  if (status == METALRAFT_STATUS_OK) status = metalraft_start(&node->core, platform->now(platform->context));
  if (status != METALRAFT_STATUS_OK) {
    fail_by_status(node, "the core does not start", status);
    metalraft_core_release(&node->core);
    return -1;
  }
  node->running = 1;
  mr_node_locate(node);
  return 0;
}

void mr_node_locate(mr_node *node) {
  const uint8_t *at = (const uint8_t *)node->core.state + node->core.state->configuration_offset;
  const uint32_t count = node->core.state->members;
  const mr_platform *platform = node->platform;
  uint32_t found[MR_NODE_MEMBERS];
  uint32_t kept = 0;
  at += METALRAFT_CONFIGURATION_SIZE;
  for (uint32_t i = 0; i < count; i++) {
    const uint32_t id = mr_get_u32(at);
    const uint32_t length = at[METALRAFT_MEMBER_OFFSET_ADDRESS_LENGTH];
    if (kept < MR_NODE_MEMBERS) found[kept++] = id;
    if (length > 0) platform->locate(platform->context, id, at + METALRAFT_MEMBER_SIZE, length);
    at += METALRAFT_MEMBER_SIZE + (length + 7u) / 8u * 8u;
  }
  for (uint32_t i = 0; i < node->member_count; i++) {
    uint32_t j = 0;
    while (j < kept && found[j] != node->members[i]) j++;
    if (j == kept) platform->locate(platform->context, node->members[i], NULL, 0);
  }
  memcpy(node->members, found, kept * sizeof found[0]);
  node->member_count = kept;
}

/* Whether a message is of this cluster and for this node: what is not costs no crossing. */
static int is_for_me(const mr_node *node, const uint8_t *message, uint32_t length) {
  return length >= METALRAFT_HEADER_SIZE &&
         mr_get_u64(message + METALRAFT_HEADER_OFFSET_CLUSTER) == node->options.plan.cluster &&
         mr_get_u32(message + METALRAFT_HEADER_OFFSET_TO) == node->options.plan.id;
}

static void take_datagram(mr_node *node, uint64_t now, uint32_t length) {
  const uint8_t *message;
  uint32_t message_length;
  const mr_frame_answer answer =
      mr_frame_open(node->in, length, node->options.plan.max_message, &message, &message_length);
  if (answer != MR_FRAME_OK || !is_for_me(node, message, message_length)) {
    node->counts.dropped[answer]++;
    return;
  }
  node->counts.messages_in++;
  node->platform->heard(node->platform->context, mr_get_u32(message + METALRAFT_HEADER_OFFSET_FROM));
  if (mr_node_is_ask(message, message_length)) {
    mr_node_ask(node, message, message_length);
    return;
  }
  const int32_t status = metalraft_receive(&node->core, now, message, message_length);
  if (status == METALRAFT_FAULT) fail_by_status(node, "the core failed", status);
  else if (status < 0) node->counts.refused++;
}

/* Tells of datagrams that were dropped, now and then. */
static void tell_drops(mr_node *node, uint64_t now) {
  uint64_t total = 0;
  char line[120];
  for (unsigned i = 0; i < MR_FRAME_ANSWERS; i++) total += node->counts.dropped[i];
  if (total == node->drops_told || (node->drops_told != 0 && now - node->drops_told_at < MR_NODE_DROPS_EVERY)) return;
  snprintf(line, sizeof line, "%llu datagrams dropped so far that are foreign, damaged or for another node",
           (unsigned long long)total);
  node->drops_told = total;
  node->drops_told_at = now;
  node->platform->say(node->platform->context, line);
}

static void fire_timers(mr_node *node, uint64_t now) {
  for (uint32_t kind = 0; kind < MR_NODE_TIMERS && node->running; kind++) {
    if (node->deadlines[kind] == 0 || node->deadlines[kind] > now) continue;
    node->deadlines[kind] = 0;
    const int32_t status = metalraft_timer(&node->core, now, kind);
    if (status == METALRAFT_FAULT) fail_by_status(node, "the core failed", status);
  }
}

/* Answers whether more is due. */
static int flush(mr_node *node, uint64_t now) {
  int32_t status = METALRAFT_STATUS_MORE;
  for (unsigned i = 0; i < MR_NODE_FLUSHES && status == METALRAFT_STATUS_MORE && node->running; i++) {
    status = metalraft_flush(&node->core, now);
    if (status < 0) fail_by_status(node, "the core stopped", status);
    if (!node->running) return 0;
    if (node->configuration_changed) mr_node_locate(node);
    node->configuration_changed = 0;
    if (mr_node_snapshots(node)) status = METALRAFT_STATUS_MORE;
  }
  mr_node_sweep(node, 0);
  return status == METALRAFT_STATUS_MORE;
}

/* Asks the core whether its rules hold, now and then: a node whose memory is damaged must not go on. */
static void check(mr_node *node, uint64_t now) {
  if (now - node->checked_at < MR_NODE_CHECK_EVERY) return;
  node->checked_at = now;
  const int32_t status = metalraft_check(&node->core);
  if (status != METALRAFT_STATUS_OK) fail_by_status(node, "the core failed", status);
}

/* ms until the next timer, at most an hour. */
static int32_t until_next(const mr_node *node, uint64_t now) {
  uint64_t least = 3600000;
  for (unsigned kind = 0; kind < MR_NODE_TIMERS; kind++) {
    const uint64_t at = node->deadlines[kind];
    if (at == 0) continue;
    const uint64_t wait = at > now ? at - now : 0;
    if (wait < least) least = wait;
  }
  return (int32_t)least;
}

int32_t mr_node_turn(mr_node *node) {
  const mr_platform *platform = node->platform;
  const uint64_t now = platform->now(platform->context);
  uint32_t taken = 0;
  for (; taken < MR_NODE_DATAGRAMS && node->running; taken++) {
    const uint32_t length = platform->receive(platform->context, node->in, sizeof node->in);
    if (length == 0) break;
    take_datagram(node, now, length);
  }
  if (node->running) tell_drops(node, now);
  fire_timers(node, now);
  const int more = node->running && flush(node, now);
  if (node->running) check(node, now);
  if (node->running && !more && taken == 0 && !node->log.ready) {
    const int answer = mr_flash_log_ahead(&node->log);
    if (answer != MR_FLASH_OK) mr_node_fail(node, "flash", mr_flash_text(answer));
  }
  if (!node->running) return -1;
  if (more || taken == MR_NODE_DATAGRAMS) return 0;
  return until_next(node, platform->now(platform->context));
}

void mr_node_stop(mr_node *node) {
  node->running = 0;
  mr_node_sweep(node, 1);
  if (node->core.core != NULL) metalraft_core_release(&node->core);
}
