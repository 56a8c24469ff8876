#include "bench.h"

#include "metalraft/core.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { NODES = 3, LEADER = 1 };

/* Bytes of the log that each node's storage keeps, as a ring: a benchmark reads nothing back. */
enum { LOG_BYTES = 1 << 20 };

/* Flushes that one turn of a node may take; one is enough, and another at most. */
enum { MOST_FLUSHES = 4 };

/* Pre-vote, vote, probe and the first commit take a round each. */
enum { ELECTION_ROUNDS = 8 };

/* The plan of host/cli/bench/in-process.ts. */
static const metalraft_plan PLAN = {
    .cluster = 1,
    .nodes = 9,
    .window_entries = 4096,
    .window_bytes = 1 << 20,
    .max_message = 1 << 16,
    .inflight_messages = 64,
    .inflight_bytes = 4 << 20,
    .uncommitted_bytes = 4 << 20,
    .address_bytes = 64,
    .election_timeout = 1000,
    .election_jitter = 1000,
    .heartbeat = 100,
    .keep_entries = 10000,
};

typedef struct bench_node {
  metalraft_core_node node;
  uint8_t log[LOG_BYTES];
  uint32_t end;
} bench_node;

static metalraft_core core;
static bench_node nodes[NODES];
static uint64_t now;

/* The benchmark did not get where it wanted. */
static void fail(const char *what) {
  char text[METALRAFT_FAULT_TEXT];
  metalraft_fault_text(&core, text, sizeof text);
  fprintf(stderr, "metalraft-posix: %s: %s\n", what, text);
  exit(1);
}

static void expect(int32_t status, const char *what) {
  if (status < 0) fail(what);
}

/* The effects. Nothing here is ever far enough behind to be read back for, or to need a snapshot. */

static int32_t hard_state(void *context, uint64_t term, uint32_t vote) {
  (void)context, (void)term, (void)vote;
  return METALRAFT_STORAGE_ANSWER_DURABLE;
}

static int32_t truncate_log(void *context, uint64_t from) {
  (void)context, (void)from;
  return METALRAFT_STORAGE_ANSWER_DURABLE;
}

static int32_t append(void *context, uint64_t first, uint32_t count, uint64_t last_term, const uint8_t *entries,
                      uint32_t length) {
  bench_node *own = context;
  (void)first, (void)count, (void)last_term;
  if (length > LOG_BYTES) return METALRAFT_STORAGE_ANSWER_FAILED;
  if (own->end + length > LOG_BYTES) own->end = 0;
  memcpy(own->log + own->end, entries, length);
  own->end += length;
  return METALRAFT_STORAGE_ANSWER_DURABLE;
}

static int32_t compact(void *context, uint64_t index) {
  (void)context, (void)index;
  return METALRAFT_STORAGE_ANSWER_DURABLE;
}

static int32_t read_log(void *context, uint64_t index, uint32_t count, uint8_t *into, uint32_t capacity) {
  (void)context, (void)index, (void)count, (void)into, (void)capacity;
  return METALRAFT_STORAGE_ANSWER_FAILED;
}

/* What is sent is received at once: a message changes the receiver's arena and lets nothing out yet. */
static void send_message(void *context, uint32_t to, const uint8_t *message, uint32_t length, uint32_t barrier) {
  (void)context, (void)barrier;
  expect(metalraft_receive(&nodes[to - 1].node, now, message, length), "receive");
}

/* The benchmark decides when time passes. */
static void arm(void *context, uint32_t kind, uint32_t delay, uint32_t jitter) {
  (void)context, (void)kind, (void)delay, (void)jitter;
}

static void cancel(void *context, uint32_t kind) { (void)context, (void)kind; }

static int32_t apply(void *context, uint64_t index, uint64_t term, const uint8_t *command, uint32_t length) {
  (void)context, (void)index, (void)term, (void)command, (void)length;
  return 0;
}

static int32_t read_snapshot(void *context, uint64_t index, uint64_t offset, uint8_t *into, uint32_t capacity,
                             uint32_t witness) {
  (void)context, (void)index, (void)offset, (void)into, (void)capacity, (void)witness;
  return METALRAFT_SNAPSHOT_ANSWER_FAILED;
}

static int32_t write_snapshot(void *context, uint64_t index, uint64_t term, uint64_t offset, const uint8_t *bytes,
                              uint32_t length, uint32_t last) {
  (void)context, (void)index, (void)term, (void)offset, (void)bytes, (void)length, (void)last;
  return METALRAFT_SNAPSHOT_ANSWER_FAILED;
}

static void reads(void *context, uint64_t ticket, uint64_t index, uint32_t answered) {
  (void)context, (void)ticket, (void)index, (void)answered;
}

static void event(void *context, uint32_t kind, uint64_t first, uint64_t second) {
  (void)context, (void)kind, (void)first, (void)second;
}

static const metalraft_effects EFFECTS = {
    hard_state, truncate_log,  append,         compact, read_log, send_message, arm, cancel,
    apply,      read_snapshot, write_snapshot, reads,   event,
};

/* Flushes every node once, the leader first. */
static void turn(void) {
  for (int i = 0; i < NODES; i++) {
    int32_t status = METALRAFT_STATUS_MORE;
    for (int j = 0; j < MOST_FLUSHES && status == METALRAFT_STATUS_MORE; j++) {
      status = metalraft_flush(&nodes[i].node, now);
      expect(status, "flush");
    }
  }
}

static void elect(void) {
  struct {
    metalraft_configuration head;
    metalraft_member members[NODES];
  } configuration = {.head = {.count = NODES}};
  for (uint32_t i = 0; i < NODES; i++) {
    configuration.members[i] = (metalraft_member){.id = i + 1, .roles = METALRAFT_MEMBER_ROLE_VOTER};
  }
  for (uint32_t i = 0; i < NODES; i++) {
    metalraft_plan plan = PLAN;
    plan.id = i + 1;
    metalraft_core_node *node = &nodes[i].node;
    expect(metalraft_core_create(&core, node, &plan, &EFFECTS, &nodes[i]), "create");
    expect(metalraft_restore_snapshot(node, 0, 0, 0, (const uint8_t *)&configuration, sizeof configuration), "restore");
    expect(metalraft_start(node, now), "start");
  }
  now += PLAN.election_timeout + PLAN.election_jitter;
  expect(metalraft_timer(&nodes[LEADER - 1].node, now, METALRAFT_TIMER_KIND_ELECTION), "timer");
  for (int round = 0; round < ELECTION_ROUNDS; round++) turn();
  if (nodes[LEADER - 1].node.state->role != METALRAFT_ROLE_LEADER) fail("no leader was elected");
}

/* Commits so many commands; answers the nanoseconds that it took. */
static uint64_t commit(const posix_bench *bench, uint32_t commits) {
  static const uint8_t command[POSIX_BENCH_PAYLOAD] = {7};
  metalraft_core_node *leader = &nodes[LEADER - 1].node;
  struct timespec from, to;
  const uint64_t first = leader->state->commit;
  clock_gettime(CLOCK_MONOTONIC, &from);
  for (uint32_t done = 0; done < commits; done += bench->batch) {
    for (uint32_t i = 0; i < bench->batch; i++) {
      if (metalraft_propose(leader, command, bench->payload) != METALRAFT_STATUS_OK) fail("a proposal was refused");
    }
    turn();
  }
  turn();
  clock_gettime(CLOCK_MONOTONIC, &to);
  if (leader->state->commit - first != commits) fail("not all was committed");
  return (uint64_t)((int64_t)(to.tv_sec - from.tv_sec) * 1000000000 + (to.tv_nsec - from.tv_nsec));
}

void posix_run_bench(const metalraft_core_options *options, const posix_bench *bench) {
  const uint32_t commits = bench->commits / bench->batch * bench->batch;
  if (commits == 0) fail("fewer commits than a batch has");
  expect(metalraft_core_open(&core, options), "open");
  elect();
  /* A tenth of it before the clock runs, so that all memory has been touched. */
  (void)commit(bench, (commits / 10 / bench->batch + 1) * bench->batch);
  const uint64_t nanoseconds = commit(bench, commits);
  for (int i = 0; i < NODES; i++) expect(metalraft_check(&nodes[i].node), "check");
  printf("{\"interpreter\":\"%s\",\"payload\":%lu,\"batch\":%lu,\"commits\":%lu,\"nanoseconds\":%llu}\n",
         metalraft_core_interpreter(), (unsigned long)bench->payload, (unsigned long)bench->batch,
         (unsigned long)commits, (unsigned long long)nanoseconds);
}
