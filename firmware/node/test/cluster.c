#include "cluster.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bytes.h"
#include "metalraft/module.h"
#include "metalraft/sizes.h"

#define SECTOR 4096u
#define DATAGRAM (MR_FRAME_HEADER + MR_NODE_MESSAGE)
/* Datagrams that wait at once: no board sends more than its window to each of the others. */
#define WAITING 64u
/* Turns until a cluster has settled: a bound on boards that never stop talking. */
#define MOST_TURNS 10000u
#define CLUSTER 7u

typedef struct datagram {
  uint32_t length;
  uint8_t bytes[DATAGRAM];
} datagram;

/* Oldest first. */
typedef struct queue {
  uint32_t count;
  datagram datagrams[WAITING];
} queue;

typedef struct board {
  uint32_t id;
  mr_node node;
  mr_platform platform;
  nor_model nor;
  uint8_t cells[SECTOR * CLUSTER_SECTORS];
  queue inbox;
} board;

static uint64_t pool[METALRAFT_POOL_BYTES / sizeof(uint64_t)];
static metalraft_core core;
static board boards[CLUSTER_BOARDS];
static uint64_t now;
static queue held;
static uint32_t held_from, held_to;
static int is_holding;

void cluster_give_up(const char *what) {
  fprintf(stderr, "%s\n", what);
  exit(1);
}

static board *board_of(uint32_t id) {
  if (id == 0 || id > CLUSTER_BOARDS) cluster_give_up("there is no such board");
  return &boards[id - 1];
}

static void put(queue *into, const uint8_t *bytes, uint32_t length) {
  if (into->count == WAITING || length > DATAGRAM) cluster_give_up("a queue is full");
  datagram *place = &into->datagrams[into->count++];
  place->length = length;
  memcpy(place->bytes, bytes, length);
}

static uint64_t tell_time(void *context) {
  (void)context;
  return now;
}

/* The lower its id, the sooner a board campaigns. */
static uint32_t random_bits(void *context) {
  const board *own = context;
  return (own->id - 1) * 3 * CLUSTER_HEARTBEAT;
}

static uint32_t receive(void *context, uint8_t *into, uint32_t capacity) {
  queue *inbox = &((board *)context)->inbox;
  if (inbox->count == 0) return 0;
  const uint32_t length = inbox->datagrams[0].length;
  memcpy(into, inbox->datagrams[0].bytes, length < capacity ? length : capacity);
  inbox->count--;
  memmove(inbox->datagrams, inbox->datagrams + 1, inbox->count * sizeof inbox->datagrams[0]);
  return length;
}

static void heard(void *context, uint32_t member) { (void)context, (void)member; }

static uint32_t kind_of(const uint8_t *bytes) { return bytes[MR_FRAME_HEADER + METALRAFT_HEADER_OFFSET_KIND]; }

static const uint8_t *body_of(const uint8_t *bytes) { return bytes + MR_FRAME_HEADER + METALRAFT_HEADER_SIZE; }

static int has_entries(const uint8_t *bytes) {
  return kind_of(bytes) == METALRAFT_MESSAGE_KIND_APPEND &&
         mr_get_u32(body_of(bytes) + METALRAFT_APPEND_OFFSET_COUNT) > 0;
}

static void send_to(void *context, uint32_t to, const uint8_t *bytes, uint32_t length) {
  const board *own = context;
  if (!is_holding || own->id != held_from || to != held_to) put(&board_of(to)->inbox, bytes, length);
  else if (has_entries(bytes)) put(&held, bytes, length);
}

static void locate(void *context, uint32_t member, const uint8_t *address, uint32_t length) {
  (void)context, (void)member, (void)address, (void)length;
}

static void say(void *context, const char *line) {
  fprintf(stderr, "board %lu: %s\n", (unsigned long)((const board *)context)->id, line);
}

void cluster_open(void) {
  const metalraft_core_options options = {
      .module = metalraft_module,
      .module_bytes = metalraft_module_bytes,
      .sha256 = metalraft_module_sha256,
      .pool = (uint8_t *)pool,
      .pool_bytes = sizeof pool,
      .arena_bytes = METALRAFT_ARENA_BYTES,
      .stack_bytes = METALRAFT_STACK_BYTES,
  };
  memset(boards, 0, sizeof boards);
  held.count = 0;
  is_holding = 0;
  now = 1;
  if (metalraft_core_open(&core, &options) != METALRAFT_STATUS_OK) cluster_give_up(core.fault.detail);
}

void cluster_close(void) {
  for (uint32_t i = 0; i < CLUSTER_BOARDS; i++) {
    if (boards[i].id != 0) mr_node_stop(&boards[i].node);
  }
  metalraft_core_close(&core);
}

/* The plan that ports make of MICRO_CAPACITY. */
static metalraft_plan plan_of(uint32_t id) {
  const metalraft_plan plan = {
      .cluster = CLUSTER,
      .id = id,
      .nodes = METALRAFT_BOARD_NODES,
      .window_entries = METALRAFT_BOARD_WINDOW_ENTRIES,
      .window_bytes = METALRAFT_BOARD_WINDOW_BYTES,
      .max_message = MR_NODE_MESSAGE,
      .inflight_messages = 8,
      .inflight_bytes = 8192,
      .uncommitted_bytes = 4096,
      .address_bytes = METALRAFT_BOARD_ADDRESS,
      .election_timeout = 10 * CLUSTER_HEARTBEAT,
      .election_jitter = 10 * CLUSTER_HEARTBEAT,
      .heartbeat = CLUSTER_HEARTBEAT,
      .keep_entries = 16,
  };
  return plan;
}

void cluster_start(uint32_t id, uint32_t members, uint32_t sectors) {
  board *own = board_of(id);
  uint64_t configuration[(METALRAFT_CONFIGURATION_SIZE + CLUSTER_BOARDS * METALRAFT_MEMBER_SIZE) / sizeof(uint64_t)];
  uint8_t *bytes = (uint8_t *)configuration;
  memset(configuration, 0, sizeof configuration);
  mr_put_u32(bytes, members);
  for (uint32_t i = 0; i < members; i++) {
    uint8_t *member = bytes + METALRAFT_CONFIGURATION_SIZE + i * METALRAFT_MEMBER_SIZE;
    mr_put_u32(member, i + 1);
    member[METALRAFT_MEMBER_OFFSET_ROLES] = METALRAFT_MEMBER_ROLE_VOTER;
  }
  own->id = id;
  nor_init(&own->nor, own->cells, SECTOR, sectors);
  own->platform = (mr_platform){own, tell_time, random_bits, receive, heard, send_to, locate, say, &own->nor.device};
  const mr_node_options options = {
      .plan = plan_of(id),
      .bootstrap = bytes,
      .bootstrap_length = members == 0 ? 0 : METALRAFT_CONFIGURATION_SIZE + members * METALRAFT_MEMBER_SIZE,
  };
  if (mr_node_start(&own->node, &core, &own->platform, &options) != 0) cluster_give_up(own->node.problem);
}

mr_node *cluster_board(uint32_t id) { return &board_of(id)->node; }

/* A turn; answers whether the board has more to do at once. */
static int turn(board *own) {
  const int32_t wait = mr_node_turn(&own->node);
  if (wait < 0) cluster_give_up(own->node.problem);
  return wait == 0 || own->inbox.count > 0;
}

void cluster_turn(uint32_t id) { turn(board_of(id)); }

void cluster_settle(void) {
  uint32_t turns = 0;
  for (int more = 1; more;) {
    more = 0;
    for (uint32_t i = 0; i < CLUSTER_BOARDS; i++) {
      if (boards[i].id == 0) continue;
      if (turns++ == MOST_TURNS) cluster_give_up("the boards do not settle");
      more |= turn(&boards[i]);
    }
    for (uint32_t i = 0; i < CLUSTER_BOARDS; i++) more |= boards[i].inbox.count > 0;
  }
}

void cluster_pass(void) { now += CLUSTER_HEARTBEAT; }

void cluster_hold_up(uint32_t from, uint32_t to) {
  held_from = from;
  held_to = to;
  is_holding = 1;
}

void cluster_mend(void) { is_holding = 0; }

void cluster_let_go(uint64_t commit) {
  for (uint32_t i = 0; i < held.count; i++) {
    const datagram *one = &held.datagrams[i];
    const uint64_t told = mr_get_u64(body_of(one->bytes) + METALRAFT_APPEND_OFFSET_COMMIT);
    if (told <= commit) put(&board_of(held_to)->inbox, one->bytes, one->length);
  }
  held.count = 0;
}

int cluster_waits(uint32_t to, uint32_t kind) {
  const queue *inbox = &board_of(to)->inbox;
  for (uint32_t i = 0; i < inbox->count; i++) {
    if (kind_of(inbox->datagrams[i].bytes) == kind) return 1;
  }
  return 0;
}
