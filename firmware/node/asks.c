#include "asks.h"

#include <string.h>

#include "bytes.h"
#include "console.h"
#include "node_internal.h"

/* What an ask says of itself; `ask` is what is kept of it. */
typedef struct asked {
  const uint8_t *payload;
  uint32_t length;
  uint64_t term;
  mr_ask ask;
} asked;

int mr_node_is_ask(const uint8_t *message, uint32_t length) {
  return length >= MR_ASK_HEAD && mr_get_u16(message) == MR_ASK_MAGIC;
}

static void answer(mr_node *node, const mr_ask *ask) {
  uint8_t bytes[MR_ASK_ANSWER_BYTES + MR_CONSOLE_LINE];
  uint32_t length = MR_ASK_ANSWER_BYTES;
  memset(bytes, 0, MR_ASK_ANSWER_BYTES);
  if (ask->kind == MR_ASK_STATUS) {
    char *text = (char *)bytes + length;
    mr_console_status(node, text, MR_CONSOLE_LINE);
    length += (uint32_t)strlen(text);
  }
  mr_put_u16(bytes, MR_ASK_MAGIC);
  bytes[METALRAFT_HEADER_OFFSET_VERSION] = MR_ASK_VERSION;
  bytes[METALRAFT_HEADER_OFFSET_KIND] = (uint8_t)(ask->kind | MR_ASK_ANSWER);
  mr_put_u32(bytes + METALRAFT_HEADER_OFFSET_LENGTH, length);
  mr_put_u32(bytes + METALRAFT_HEADER_OFFSET_FROM, node->options.plan.id);
  mr_put_u32(bytes + METALRAFT_HEADER_OFFSET_TO, ask->from);
  mr_put_u64(bytes + METALRAFT_HEADER_OFFSET_CLUSTER, node->options.plan.cluster);
  mr_put_u64(bytes + METALRAFT_HEADER_OFFSET_TERM, node->core.state->term);
  mr_put_u64(bytes + 40, ask->life);
  mr_put_u32(bytes + 48, ask->lane);
  mr_put_u32(bytes + 52, ask->number);
  mr_put_u32(bytes + 56, (uint32_t)ask->status);
  mr_put_u32(bytes + 60, (uint32_t)ask->result);
  mr_put_u64(bytes + 64, ask->index);
  mr_put_u32(bytes + 72, node->core.state->leader);
  const uint32_t framed = mr_frame_wrap(node->out, sizeof node->out, bytes, length);
  if (framed > 0) node->platform->send(node->platform->context, ask->from, node->out, framed);
}

static void refuse(mr_node *node, const asked *found, int32_t status, uint64_t index) {
  mr_ask told = found->ask;
  told.status = status;
  told.index = index;
  answer(node, &told);
}

/* The place of a lane, or a free one; NULL if there is none. */
static mr_ask *place_of(mr_node *node, const mr_ask *ask) {
  mr_ask *unused = NULL;
  for (unsigned i = 0; i < MR_ASKS; i++) {
    mr_ask *place = &node->asks[i];
    if (place->from == ask->from && place->lane == ask->lane) return place;
    if (place->from == 0 && unused == NULL) unused = place;
  }
  return unused;
}

static void done(void *context, uint64_t index, int result) {
  mr_ask *place = context;
  place->is_busy = 0;
  place->status = index == 0 ? MR_ASK_UNKNOWN : METALRAFT_STATUS_OK;
  place->result = result;
  place->index = index;
  answer(place->node, place);
}

static int32_t reconfigure(mr_node *node, const asked *found) {
  metalraft_core_node *core = &node->core;
  if (found->length < 8 || found->length - 8 > core->inbox_bytes) return METALRAFT_STATUS_BAD_CONFIGURATION;
  /* Made from another configuration than the one in force: it would undo a change. */
  if (mr_get_u64(found->payload) != core->state->configuration_index) return METALRAFT_STATUS_CHANGE_PENDING;
  memcpy(core->inbox, found->payload + 8, found->length - 8);
  return metalraft_reconfigure(core, core->inbox, found->length - 8);
}

static int32_t transfer(mr_node *node, const asked *found) {
  if (found->length != 4) return METALRAFT_STATUS_UNKNOWN_NODE;
  const uint64_t now = node->platform->now(node->platform->context);
  return metalraft_transfer(&node->core, now, mr_get_u32(found->payload));
}

/* Does what is asked for the first time. */
static void begin(mr_node *node, const asked *found, mr_ask *place) {
  *place = found->ask;
  place->is_busy = 1;
  if (place->kind == MR_ASK_PROPOSE) {
    place->status = mr_node_propose(node, found->payload, found->length, done, place);
    if (place->status == METALRAFT_STATUS_OK) return;
  } else if (place->kind == MR_ASK_RECONFIGURE) {
    place->status = reconfigure(node, found);
    place->index = node->core.state->configuration_index;
  } else {
    place->status = transfer(node, found);
  }
  place->is_busy = 0;
  answer(node, place);
}

/* An ask of this leadership. */
static void take(mr_node *node, const asked *found) {
  mr_ask *place = place_of(node, &found->ask);
  if (place == NULL) {
    refuse(node, found, METALRAFT_STATUS_BUSY, 0);
    return;
  }
  const int is_known = place->from != 0;
  if (is_known && found->ask.life < place->life) refuse(node, found, MR_ASK_OLD_LIFE, place->life);
  else if (is_known && found->ask.life == place->life && found->ask.number <= place->number) {
    if (found->ask.number == place->number && !place->is_busy) answer(node, place);
  } else if (!is_known || !place->is_busy) begin(node, found, place);
  /* Else the asker has given up what is still under way here, and repeats this one until that has come to an end. */
}

/* Whether this is a lane's newest ask, of whatever leadership: then it is answered as it was, or will be. */
static int is_kept(mr_node *node, const mr_ask *ask) {
  const mr_ask *place = place_of(node, ask);
  return place != NULL && place->from != 0 && place->life == ask->life && place->number == ask->number;
}

void mr_node_ask(mr_node *node, const uint8_t *message, uint32_t length) {
  asked found = {.payload = message + MR_ASK_HEAD,
                 .length = length - MR_ASK_HEAD,
                 .term = mr_get_u64(message + METALRAFT_HEADER_OFFSET_TERM),
                 .ask = {.node = node,
                         .from = mr_get_u32(message + METALRAFT_HEADER_OFFSET_FROM),
                         .lane = mr_get_u32(message + 48),
                         .life = mr_get_u64(message + 40),
                         .number = mr_get_u32(message + 52),
                         .kind = message[METALRAFT_HEADER_OFFSET_KIND]}};
  const metalraft_node *state = node->core.state;
  const uint32_t kind = found.ask.kind;
  if (message[METALRAFT_HEADER_OFFSET_VERSION] != MR_ASK_VERSION || found.ask.from == 0 ||
      found.ask.lane >= MR_ASK_LANES || kind < MR_ASK_STATUS || kind > MR_ASK_TRANSFER) {
    node->counts.refused++;
    return;
  }
  if (kind == MR_ASK_STATUS) {
    answer(node, &found.ask);
    return;
  }
  const int leads = state->role == METALRAFT_ROLE_LEADER && state->term == found.term;
  if (leads && node->asks_term != state->term) {
    /* Those still under way belong to a leadership that is over: nobody waits for them any more. */
    mr_node_forget_asks(node);
    node->asks_term = state->term;
  }
  if (leads || is_kept(node, &found.ask)) take(node, &found);
  else refuse(node, &found, METALRAFT_STATUS_NOT_LEADER, 0);
}

void mr_node_forget_asks(mr_node *node) {
  for (unsigned i = 0; i < MR_NODE_PENDING; i++) {
    if (node->pending[i].done == done) memset(&node->pending[i], 0, sizeof node->pending[i]);
  }
  memset(node->asks, 0, sizeof node->asks);
}
