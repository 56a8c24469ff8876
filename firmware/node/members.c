/*
 * Changes of membership asked for on a board: one member more or less. The new configuration is made from the one in force,
 * in the core's inbox; whether it may be is the core's to say.
 */
#include <string.h>

#include "bytes.h"
#include "node_internal.h"

/* Bytes of the member that begins here. */
static uint32_t member_size(const uint8_t *member) {
  return METALRAFT_MEMBER_SIZE + (member[METALRAFT_MEMBER_OFFSET_ADDRESS_LENGTH] + 7u) / 8u * 8u;
}

/* Where the member lies, or the first with a higher id; whether it is that member. */
static uint32_t find(const uint8_t *bytes, uint32_t length, uint32_t id, int *found) {
  uint32_t at = METALRAFT_CONFIGURATION_SIZE;
  while (at < length && mr_get_u32(bytes + at) < id) at += member_size(bytes + at);
  *found = at < length && mr_get_u32(bytes + at) == id;
  return at;
}

/* Copies the configuration in force to the inbox; answers its length, 0 if there is none. */
static uint32_t copy_configuration(mr_node *node) {
  const uint8_t *bytes = (const uint8_t *)node->core.state + node->core.state->configuration_offset;
  if (!node->running || node->core.state->members == 0) return 0;
  const uint32_t length = mr_configuration_length(bytes, node->core.inbox_bytes);
  memcpy(node->core.inbox, bytes, length);
  return length;
}

int32_t mr_node_add(mr_node *node, uint32_t id, const char *address, int promote) {
  int found;
  uint8_t *bytes = node->core.inbox;
  const uint32_t length = copy_configuration(node);
  const size_t address_length = strlen(address);
  if (length == 0) return METALRAFT_STATUS_NOT_LEADER;
  const uint32_t at = find(bytes, length, id, &found);
  const uint32_t size = METALRAFT_MEMBER_SIZE + (uint32_t)(address_length + 7) / 8 * 8;
  if (found || id == 0 || address_length > node->options.plan.address_bytes || length + size > node->core.inbox_bytes) {
    return METALRAFT_STATUS_BAD_CONFIGURATION;
  }
  memmove(bytes + at + size, bytes + at, length - at);
  memset(bytes + at, 0, size);
  mr_put_u32(bytes + at, id);
  bytes[at + METALRAFT_MEMBER_OFFSET_ROLES] =
      promote ? METALRAFT_MEMBER_ROLE_LEARNER | METALRAFT_MEMBER_ROLE_PROMOTE : METALRAFT_MEMBER_ROLE_LEARNER;
  bytes[at + METALRAFT_MEMBER_OFFSET_ADDRESS_LENGTH] = (uint8_t)address_length;
  memcpy(bytes + at + METALRAFT_MEMBER_SIZE, address, address_length);
  mr_put_u32(bytes, mr_get_u32(bytes) + 1);
  return metalraft_reconfigure(&node->core, bytes, length + size);
}

int32_t mr_node_remove(mr_node *node, uint32_t id) {
  int found;
  uint8_t *bytes = node->core.inbox;
  const uint32_t length = copy_configuration(node);
  if (length == 0) return METALRAFT_STATUS_NOT_LEADER;
  const uint32_t at = find(bytes, length, id, &found);
  if (!found) return METALRAFT_STATUS_UNKNOWN_NODE;
  const uint32_t size = member_size(bytes + at);
  memmove(bytes + at, bytes + at + size, length - at - size);
  mr_put_u32(bytes, mr_get_u32(bytes) - 1);
  return metalraft_reconfigure(&node->core, bytes, length - size);
}
