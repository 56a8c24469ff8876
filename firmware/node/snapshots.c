/*
 * Snapshots: this node's own, taken when the log has filled half of its room, and those that a leader sends. An image is
 * the configuration in wire form and then the store's snapshot, as on every host.
 */
#include "bytes.h"
#include "node_internal.h"

uint32_t mr_configuration_length(const uint8_t *bytes, uint32_t length) {
  if (length < METALRAFT_CONFIGURATION_SIZE) return 0;
  const uint32_t count = mr_get_u32(bytes);
  uint32_t at = METALRAFT_CONFIGURATION_SIZE;
  for (uint32_t i = 0; i < count; i++) {
    if (length - at < METALRAFT_MEMBER_SIZE) return 0;
    const uint32_t address = (bytes[at + METALRAFT_MEMBER_OFFSET_ADDRESS_LENGTH] + 7u) / 8u * 8u;
    if (length - at - METALRAFT_MEMBER_SIZE < address) return 0;
    at += METALRAFT_MEMBER_SIZE + address;
  }
  return at;
}

uint32_t mr_node_image_configuration(mr_node *node) {
  uint32_t most = node->core.inbox_bytes;
  if (node->log.state.snapshot_length < most) most = node->log.state.snapshot_length;
  if (mr_flash_log_image_read(&node->log, 0, node->core.inbox, most) != (int)most) return 0;
  return mr_configuration_length(node->core.inbox, most);
}

int mr_node_load_image(mr_node *node) {
  const uint32_t offset = mr_node_image_configuration(node);
  const uint32_t length = node->log.state.snapshot_length - offset;
  int answer = offset == 0 ? MR_KV_REJECTED : MR_KV_APPLIED;
  if (answer == MR_KV_APPLIED && length > MR_KV_IMAGE_BYTES) answer = MR_KV_FULL;
  if (answer == MR_KV_APPLIED) {
    const int got = mr_flash_log_image_read(&node->log, offset, node->kv.image, length);
    answer = got == (int)length ? mr_kv_restore(&node->kv, node->kv.image, length) : MR_KV_REJECTED;
  }
  if (answer == MR_KV_APPLIED) return 0;
  mr_node_fail(node, "the store cannot take the snapshot", mr_kv_text(answer));
  return -1;
}

/* The bytes of the configuration in force. */
static const uint8_t *configuration_in_force(const mr_node *node, uint32_t *length) {
  const uint8_t *bytes = (const uint8_t *)node->core.state + node->core.state->configuration_offset;
  *length = mr_configuration_length(bytes, node->core.inbox_bytes);
  return bytes;
}

/* Tells the core of the image on flash. */
static int32_t tell_core(mr_node *node) {
  const mr_flash_state *state = &node->log.state;
  const uint32_t length = mr_node_image_configuration(node);
  return metalraft_snapshot(&node->core, state->snapshot_index, state->snapshot_term, node->core.inbox, length);
}

static void install(mr_node *node) {
  node->image_is_whole = 0;
  /* A leader needs nobody's snapshot; what was under way is dropped, not finished. */
  if (node->core.state->role == METALRAFT_ROLE_LEADER || node->image_index <= node->log.state.snapshot_index) return;
  const int answer = mr_flash_log_image_finish(&node->log);
  if (answer != MR_FLASH_OK) {
    mr_node_say(node, "the leader's snapshot cannot be kept", mr_flash_text(answer));
    node->image_is_lost = 1;
    return;
  }
  /* What came with the last chunk may have brought the log further: then the image is as good as an own one, and no more. */
  const int is_ahead = node->log.state.snapshot_index > node->core.state->applied;
  const int32_t status = tell_core(node);
  if (status == METALRAFT_STATUS_OK && is_ahead) {
    node->counts.installs++;
    mr_node_load_image(node);
  } else if (status != METALRAFT_STATUS_OK && status != METALRAFT_STATUS_STALE) {
    mr_node_fail(node, "the core refused a leader's snapshot", "");
  }
}

/* The core does not take a leader's image if its log has the entries, as yet unapplied. Once they are applied, it is told
 * again: flash holds no other image any more, and a follower can only be sent the one that the core knows of. Answers
 * whether it was told. */
static int tell_again(mr_node *node) {
  const uint64_t index = node->log.state.snapshot_index;
  if (index <= node->core.state->snapshot_index || index > node->core.state->applied) return 0;
  if (tell_core(node) != METALRAFT_STATUS_OK) mr_node_fail(node, "the core refused a leader's snapshot", "");
  return 1;
}

/* Whether the log has filled `share` eighths of its room, and there is something to put in a snapshot. */
static int is_filled(const mr_node *node, uint32_t share) {
  const mr_flash_log *log = &node->log;
  const metalraft_node *state = node->core.state;
  if (state->applied <= state->snapshot_index || state->configuration_index > state->applied) return 0;
  return log->entry_bytes > log->entry_limit / 8 * share ||
         log->state.last - log->state.compacted > MR_FLASH_ENTRIES / 8 * share;
}

/* Half full; or three quarters, if a leader's image would be lost over it. */
static int is_due(const mr_node *node) { return is_filled(node, node->log.incoming_id == 0 ? 4 : 6); }

static void take(mr_node *node) {
  const uint64_t index = node->core.state->applied;
  uint64_t term;
  uint32_t length;
  const uint8_t *configuration = configuration_in_force(node, &length);
  if (node->log.incoming_id != 0) node->image_is_lost = 1;
  int answer = mr_flash_log_term(&node->log, index, &term);
  if (answer == MR_FLASH_OK) answer = mr_flash_log_image_begin(&node->log, index, term);
  if (answer == MR_FLASH_OK) answer = mr_flash_log_image_write(&node->log, 0, configuration, length);
  if (answer == MR_FLASH_OK) answer = mr_flash_log_image_write(&node->log, length, node->kv.image, node->kv.length);
  if (answer == MR_FLASH_OK) answer = mr_flash_log_image_finish(&node->log);
  if (answer != MR_FLASH_OK) {
    mr_node_fail(node, "a snapshot could not be taken", mr_flash_text(answer));
    return;
  }
  node->counts.snapshots++;
  if (tell_core(node) != METALRAFT_STATUS_OK) mr_node_fail(node, "the core refused this node's snapshot", "");
}

int mr_node_snapshots(mr_node *node) {
  int told = 0;
  if (node->image_is_whole) {
    install(node);
    told = 1;
  }
  if (node->running && tell_again(node)) told = 1;
  if (node->running && is_due(node)) {
    take(node);
    told = 1;
  }
  if (node->running && node->image_is_lost && metalraft_snapshot_failed(&node->core) == METALRAFT_FAULT) {
    mr_node_fail(node, "the core failed", "on a lost snapshot");
  }
  node->image_is_lost = 0;
  return told;
}
