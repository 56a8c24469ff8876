/*
 * What the core lets out: to flash, to the network, to the store. Every write to flash is durable when it returns, so a
 * message that waits for it may leave at once.
 */
#include "bytes.h"
#include "node_internal.h"

static int32_t stored(mr_node *node, int answer) {
  if (answer == MR_FLASH_OK) return METALRAFT_STORAGE_ANSWER_DURABLE;
  mr_node_fail(node, "flash", mr_flash_text(answer));
  return METALRAFT_STORAGE_ANSWER_FAILED;
}

static int32_t hard_state(void *context, uint64_t term, uint32_t vote) {
  mr_node *node = context;
  return stored(node, mr_flash_log_hard_state(&node->log, term, vote));
}

static int32_t truncate_log(void *context, uint64_t from) {
  mr_node *node = context;
  return stored(node, mr_flash_log_truncate(&node->log, from));
}

static int32_t append(void *context, uint64_t first, uint32_t count, uint64_t last_term, const uint8_t *entries,
                      uint32_t length) {
  mr_node *node = context;
  (void)count;
  (void)last_term;
  return stored(node, mr_flash_log_append(&node->log, first, entries, length));
}

static int32_t compact(void *context, uint64_t index) {
  mr_node *node = context;
  return stored(node, mr_flash_log_compact(&node->log, index));
}

static int32_t read_entries(void *context, uint64_t index, uint32_t count, uint8_t *into, uint32_t capacity) {
  mr_node *node = context;
  const int answer = mr_flash_log_read(&node->log, index, count, into, capacity);
  if (answer < 0 && answer != MR_FLASH_COMPACTED) mr_node_fail(node, "flash", mr_flash_text(answer));
  return answer < 0 ? METALRAFT_STORAGE_ANSWER_FAILED : answer;
}

static void send_message(void *context, uint32_t to, const uint8_t *message, uint32_t length, uint32_t barrier) {
  mr_node *node = context;
  (void)barrier;
  const uint32_t bytes = mr_frame_wrap(node->out, sizeof node->out, message, length);
  if (bytes == 0) return;
  node->counts.messages_out++;
  node->platform->send(node->platform->context, to, node->out, bytes);
}

static void arm(void *context, uint32_t kind, uint32_t delay, uint32_t jitter) {
  mr_node *node = context;
  const uint32_t random = node->platform->random(node->platform->context);
  if (kind >= MR_NODE_TIMERS) return;
  node->deadlines[kind] = node->platform->now(node->platform->context) + delay + random % ((uint64_t)jitter + 1);
}

static void cancel(void *context, uint32_t kind) {
  mr_node *node = context;
  if (kind < MR_NODE_TIMERS) node->deadlines[kind] = 0;
}

static int32_t apply(void *context, uint64_t index, uint64_t term, const uint8_t *command, uint32_t length) {
  mr_node *node = context;
  const int answer = mr_kv_apply(&node->kv, index, command, length);
  if (answer < 0) {
    mr_node_fail(node, "the store cannot apply a committed command", mr_kv_text(answer));
    return METALRAFT_STATUS_MACHINE_FAILED;
  }
  mr_node_applied(node, index, term, answer);
  return 0;
}

/* Bytes of the configuration that the image begins with; 0 if it cannot be read. */
static uint32_t configuration_of_image(mr_node *node) {
  uint8_t head[METALRAFT_CONFIGURATION_SIZE];
  uint8_t member[METALRAFT_MEMBER_SIZE];
  if (mr_flash_log_image_read(&node->log, 0, head, sizeof head) != (int)sizeof head) return 0;
  uint32_t length = sizeof head;
  for (uint32_t left = mr_get_u32(head); left > 0; left--) {
    if (mr_flash_log_image_read(&node->log, length, member, sizeof member) != (int)sizeof member) return 0;
    length += METALRAFT_MEMBER_SIZE + (member[METALRAFT_MEMBER_OFFSET_ADDRESS_LENGTH] + 7u) / 8u * 8u;
  }
  return length;
}

/* A witness gets the configuration alone, which is where the image begins. */
static int32_t read_snapshot(void *context, uint64_t index, uint64_t offset, uint8_t *into, uint32_t capacity,
                             uint32_t witness) {
  mr_node *node = context;
  if (index != node->log.state.snapshot_index) return METALRAFT_SNAPSHOT_ANSWER_FAILED;
  const uint32_t length = witness ? configuration_of_image(node) : node->log.state.snapshot_length;
  if (length == 0) return METALRAFT_SNAPSHOT_ANSWER_FAILED;
  if (offset >= length) return 0;
  const uint32_t left = length - (uint32_t)offset;
  const int answer = mr_flash_log_image_read(&node->log, (uint32_t)offset, into, capacity < left ? capacity : left);
  return answer < 0 ? METALRAFT_SNAPSHOT_ANSWER_FAILED : answer;
}

static int32_t write_snapshot(void *context, uint64_t index, uint64_t term, uint64_t offset, const uint8_t *bytes,
                              uint32_t length, uint32_t last) {
  mr_node *node = context;
  int answer = MR_FLASH_OK;
  node->image_is_whole = 0;
  if (offset == 0) answer = mr_flash_log_image_begin(&node->log, index, term);
  if (answer == MR_FLASH_OK) answer = mr_flash_log_image_write(&node->log, (uint32_t)offset, bytes, length);
  if (answer != MR_FLASH_OK) {
    if (node->image_index != index || !node->image_is_lost) {
      mr_node_say(node, "the leader's snapshot cannot be taken", mr_flash_text(answer));
    }
    node->image_index = index;
    node->image_is_lost = 1;
    return 1;
  }
  node->image_is_whole = last != 0;
  node->image_index = index;
  node->image_term = term;
  return 0;
}

static void reads(void *context, uint64_t ticket, uint64_t index, uint32_t answered) {
  (void)index;
  mr_node_reads(context, ticket, answered);
}

static void event(void *context, uint32_t kind, uint64_t first, uint64_t second) {
  mr_node *node = context;
  if (kind == METALRAFT_EVENT_KIND_CONFIGURATION) node->configuration_changed = 1;
  if (node->options.observe == NULL || (node->options.event_mask >> kind & 1u) == 0) return;
  node->options.observe(node->options.observer, kind, first, second);
}

const metalraft_effects mr_node_effects = {
    hard_state, truncate_log, append,         compact, read_entries, send_message, arm, cancel,
    apply,      read_snapshot, write_snapshot, reads,   event,
};
