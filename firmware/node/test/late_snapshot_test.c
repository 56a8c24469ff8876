/*
 * A leader's snapshot that comes too late: in the same turn as its last chunk, entries arrive that were sent before it and
 * overtaken by it, and bring the log as far or further. What the board has applied must stay, whether the entries tell it
 * that they are committed or only the snapshot does; and once it leads, it must be able to send the image that it keeps.
 * Three boards on the real core; the network holds messages up, and nothing else goes wrong.
 */
#include <stdio.h>
#include <string.h>

#include "cluster.h"
#include "metalraft/sizes.h"

enum { LEADER = 1, LATE = 2, OTHER = 3, ADDED = 4, MEMBERS = 3 };

/* Commands that are proposed together, and so leave in one message: the eight messages that may be under way to a board are
 * as many entries as its window takes. */
#define BATCH 8u
#define KEYS 8u
/* How many entries are missing until the leader takes a snapshot when messages begin to be held up: more than the 16 that
 * are kept behind it and the two batches that its place may lie before; fewer than a window. */
#define MISSING 36u
/* The leader's flash is so small that it takes a snapshot about every hundred entries, the others every 256. */
#define LEADER_SECTORS 11u
/* Heartbeats until what has to come has come: a bound. */
#define PATIENCE 100u
/* Batches until all have the snapshots that they should have: a bound, of three times the 256 entries. */
#define MOST_BATCHES 96u

static int failures;

#define EXPECT(condition) expect((condition), #condition, __LINE__)

static void expect(int holds, const char *what, int line) {
  if (holds) return;
  fprintf(stderr, "late_snapshot_test.c:%d: %s\n", line, what);
  failures++;
}

static void done(void *context, uint64_t index, int answer) {
  (void)context;
  if (index == 0 || answer != MR_KV_APPLIED) cluster_give_up("a command was not applied");
}

/* Proposes commands, each with another value of one of a few keys, and lets them be committed. */
static void propose_batch(void) {
  mr_node *leader = cluster_board(LEADER);
  uint8_t command[64];
  char key[16];
  char value[16];
  for (uint32_t i = 0; i < BATCH; i++) {
    const unsigned long number = (unsigned long)leader->core.state->last;
    snprintf(key, sizeof key, "key%lu", number % KEYS);
    snprintf(value, sizeof value, "%06lu", number);
    const uint32_t length =
        mr_kv_encode_put(command, sizeof command, key, (const uint8_t *)value, (uint32_t)strlen(value));
    if (mr_node_propose(leader, command, length, done, NULL) != METALRAFT_STATUS_OK) cluster_give_up("refused");
  }
  cluster_settle();
}

/* Lets time pass until a board leads. */
static void await_leader(uint32_t id) {
  const metalraft_node *state = cluster_board(id)->core.state;
  for (uint32_t i = 0; state->role != METALRAFT_ROLE_LEADER; i++) {
    if (i == PATIENCE) cluster_give_up("the board does not come to lead");
    cluster_pass();
    cluster_settle();
  }
}

/* Entries until the leader takes a snapshot; they all have the same length. */
static uint64_t missing(void) {
  const mr_flash_log *log = &cluster_board(LEADER)->log;
  const uint64_t entries = log->state.last - log->state.compacted;
  const uint64_t due = entries * (log->entry_limit / 2) / log->entry_bytes;
  return due > entries ? due - entries : 0;
}

/* Three boards that have taken a snapshot each, and are MISSING entries before the leader's next one. */
static void start_boards(void) {
  cluster_open();
  for (uint32_t id = 1; id <= MEMBERS; id++) {
    cluster_start(id, MEMBERS, id == LEADER ? LEADER_SECTORS : CLUSTER_SECTORS);
  }
  await_leader(LEADER);
  for (uint32_t i = 0; cluster_board(LATE)->counts.snapshots == 0 || missing() > MISSING; i++) {
    if (i == MOST_BATCHES) cluster_give_up("the boards take no snapshots");
    propose_batch();
  }
}

/* The leader's next entries are held up before one board, until the leader has a snapshot and no longer has in memory what
 * the board needs next. */
static void miss_snapshot(void) {
  const mr_flash_state *log = &cluster_board(LEADER)->log.state;
  const uint64_t before = log->snapshot_index;
  const uint64_t behind = log->last;
  cluster_hold_up(LEADER, LATE);
  for (uint32_t i = 0; log->snapshot_index == before || log->last <= behind + METALRAFT_BOARD_WINDOW_ENTRIES; i++) {
    if (i == MOST_BATCHES) cluster_give_up("the leader takes no further snapshot");
    propose_batch();
  }
  cluster_mend();
}

/* The leader finds out who is behind, and sends the snapshot, of one chunk. In the same turn arrives what was held up, but
 * for what tells of a commit index above `commit`. */
static void deliver_late(uint64_t commit) {
  for (uint32_t i = 0; !cluster_waits(LATE, METALRAFT_MESSAGE_KIND_INSTALL_SNAPSHOT); i++) {
    if (i == PATIENCE) cluster_give_up("no snapshot is sent");
    cluster_turn(LATE);
    cluster_turn(OTHER);
    cluster_pass();
    cluster_turn(LEADER);
  }
  cluster_let_go(commit);
  cluster_turn(LATE);
}

static int is_alike(uint32_t id) {
  const mr_node *board = cluster_board(id);
  const mr_node *leader = cluster_board(LEADER);
  return board->core.state->applied == leader->core.state->applied && board->kv.length == leader->kv.length &&
         memcmp(board->kv.image, leader->kv.image, leader->kv.length) == 0;
}

/* Index of the newest command in the store. */
static uint64_t newest_in(const mr_kv *kv) {
  uint64_t newest = 0;
  char key[16];
  for (uint32_t i = 0; i < KEYS; i++) {
    const uint8_t *value;
    uint32_t length;
    uint64_t index;
    snprintf(key, sizeof key, "key%lu", (unsigned long)i);
    if (!mr_kv_get(kv, (const uint8_t *)key, (uint32_t)strlen(key), &value, &length, &index)) continue;
    if (index > newest) newest = index;
  }
  return newest;
}

/* The image is on flash, the core knows of it, and the store has all that was applied. */
static void expect_kept(void) {
  const mr_node *board = cluster_board(LATE);
  EXPECT(board->log.state.snapshot_index == cluster_board(LEADER)->log.state.snapshot_index);
  EXPECT(board->core.state->snapshot_index == board->log.state.snapshot_index);
  EXPECT(board->counts.installs == 0);
  EXPECT(newest_in(&board->kv) == board->core.state->applied);
}

/* The board leads, and a new one can only be sent what it has on flash. */
static void lets_others_catch_up(void) {
  cluster_settle();
  metalraft_core_node *core = &cluster_board(LEADER)->core;
  if (metalraft_transfer(core, core->state->now, LATE) < 0) cluster_give_up("the transfer is refused");
  await_leader(LATE);
  cluster_start(ADDED, 0, CLUSTER_SECTORS);
  EXPECT(mr_node_add(cluster_board(LATE), ADDED, "", 0) == METALRAFT_STATUS_OK);
  for (uint32_t i = 0; i < PATIENCE && !is_alike(ADDED); i++) {
    cluster_settle();
    cluster_pass();
  }
  EXPECT(is_alike(ADDED));
  EXPECT(cluster_board(ADDED)->counts.installs == 1);
}

static void log_has_passed_it(void) {
  start_boards();
  miss_snapshot();
  deliver_late(UINT64_MAX);
  EXPECT(cluster_board(LATE)->core.state->applied > cluster_board(LATE)->log.state.snapshot_index);
  expect_kept();
  lets_others_catch_up();
  cluster_close();
}

static void log_has_what_it_covers(void) {
  start_boards();
  miss_snapshot();
  deliver_late(cluster_board(LEADER)->log.state.snapshot_index - 1);
  EXPECT(cluster_board(LATE)->core.state->applied == cluster_board(LATE)->log.state.snapshot_index);
  expect_kept();
  lets_others_catch_up();
  cluster_close();
}

/* The same without the entries: then the image is the state. */
static void log_has_nothing_of_it(void) {
  start_boards();
  miss_snapshot();
  for (uint32_t i = 0; i < PATIENCE && !is_alike(LATE); i++) {
    cluster_pass();
    cluster_settle();
  }
  EXPECT(cluster_board(LATE)->counts.installs == 1);
  EXPECT(is_alike(LATE));
  lets_others_catch_up();
  cluster_close();
}

int main(void) {
  log_has_passed_it();
  log_has_what_it_covers();
  log_has_nothing_of_it();
  if (failures == 0) printf("3 scenarios\n");
  return failures == 0 ? 0 : 1;
}
