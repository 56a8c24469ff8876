/* Outcomes that are awaited: of commands, by their place in the log; of reads, by their ticket. */
#include <string.h>

#include "node_internal.h"

static mr_pending *free_place(mr_node *node) {
  for (unsigned i = 0; i < MR_NODE_PENDING; i++) {
    if (node->pending[i].done == NULL && node->pending[i].ready == NULL) return &node->pending[i];
  }
  return NULL;
}

/* Frees the place before it tells, so that whoever hears of it may ask for the next thing. */
static void tell(mr_pending *place, uint64_t index, int answer) {
  const mr_pending told = *place;
  memset(place, 0, sizeof *place);
  if (told.done != NULL) told.done(told.context, index, answer);
  if (told.ready != NULL) told.ready(told.context, answer);
}

int32_t mr_node_propose(mr_node *node, const uint8_t *command, uint32_t length, mr_node_done *done, void *context) {
  mr_pending *place = free_place(node);
  if (!node->running) return METALRAFT_STATUS_STOPPED;
  if (place == NULL) return METALRAFT_STATUS_BUSY;
  const int32_t status = metalraft_propose(&node->core, command, length);
  if (status != METALRAFT_STATUS_OK) return status;
  *place = (mr_pending){done, NULL, context, node->core.state->last, node->core.state->term};
  return METALRAFT_STATUS_OK;
}

int32_t mr_node_read(mr_node *node, uint32_t kind, mr_node_ready *ready, void *context) {
  mr_pending *place = free_place(node);
  if (!node->running) return METALRAFT_STATUS_STOPPED;
  if (place == NULL) return METALRAFT_STATUS_BUSY;
  const int32_t status = metalraft_read(&node->core, node->platform->now(node->platform->context), kind);
  if (status == METALRAFT_STATUS_READY) {
    ready(context, 1);
    return METALRAFT_STATUS_OK;
  }
  if (status != METALRAFT_STATUS_OK) return status;
  *place = (mr_pending){NULL, ready, context, node->core.state->read_ticket, 0};
  return METALRAFT_STATUS_OK;
}

void mr_node_applied(mr_node *node, uint64_t index, uint64_t term, int answer) {
  for (unsigned i = 0; i < MR_NODE_PENDING; i++) {
    mr_pending *place = &node->pending[i];
    if (place->done == NULL || place->index != index) continue;
    /* Another leader's entry stands where the command was. */
    tell(place, place->term == term ? index : 0, answer);
  }
}

void mr_node_reads(mr_node *node, uint64_t ticket, uint32_t answered) {
  for (unsigned i = 0; i < MR_NODE_PENDING; i++) {
    if (node->pending[i].ready != NULL && node->pending[i].index <= ticket) tell(&node->pending[i], 0, answered != 0);
  }
}

void mr_node_sweep(mr_node *node, int stopped) {
  for (unsigned i = 0; i < MR_NODE_PENDING; i++) {
    mr_pending *place = &node->pending[i];
    const int passed = place->done != NULL && node->core.state != NULL && place->index <= node->core.state->applied;
    if (stopped || passed) tell(place, 0, 0);
  }
}
