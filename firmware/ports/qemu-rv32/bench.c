/*
 * What a committed proposal costs on the emulated board: a leader with followers that answer at once, and storage that
 * is durable at once. Counts instructions, the host's functions included; prints them as a line of JSON, and the use of
 * memory as another.
 *
 * One proposal is: propose, flush (the append goes to storage and to the followers), and of each follower the
 * acknowledgement and a flush; with that of the first of two followers the entry is committed and applied.
 *
 * Options: members=<1 to 5>, pool=<bytes> (leaves less memory to the runtime than the board has),
 * stack=<bytes> (gives the interpreter a smaller stack).
 */

#include "board.h"
#include "metalraft/core.h"
#include "metalraft/module.h"
#include "metalraft/sizes.h"
#include "options.h"
#include "semihosting.h"

#include <stdio.h>
#include <string.h>
#include <wasm_export.h>

/* This node's id; the others follow. Most members, and how many there are unless stated. */
enum { SELF = 1, MOST_MEMBERS = 5, MEMBERS = 3 };

/* Proposals before the count begins, so that all state is in its steady form, and proposals counted. */
enum { WARM_UP = 32, PROPOSALS = 256 };

/* Bytes of a proposal. */
enum { PAYLOAD = 16 };

enum { LINE_BYTES = 200 };

/* The plan of a microcontroller: MICRO_CAPACITY of host/core/plan.ts, with the addresses of sizes.h. */
static const metalraft_plan PLAN = {
    .cluster = 1,
    .id = SELF,
    .nodes = MOST_MEMBERS,
    .window_entries = 64,
    .window_bytes = 8192,
    .max_message = 1400,
    .inflight_messages = 8,
    .inflight_bytes = 8192,
    .uncommitted_bytes = 4096,
    .address_bytes = METALRAFT_BOARD_ADDRESS,
    .election_timeout = 1000,
    .election_jitter = 1000,
    .heartbeat = 100,
};

/* What the followers have to answer, and what was applied. */
typedef struct bench_world {
  metalraft_core core;
  metalraft_core_node node;
  uint32_t members;
  /* What a follower needs of the newest message to it, by id; an answered one has kind 0. */
  struct {
    metalraft_header header;
    metalraft_append append;
  } messages[MOST_MEMBERS + 1];
  uint64_t applied;
  mem_alloc_info_t pool;
} bench_world;

static bench_world world;

/* Ends the emulation: the benchmark did not get where it wanted. */
__attribute__((noreturn)) static void fail(const char *what) {
  char text[METALRAFT_FAULT_TEXT];
  metalraft_fault_text(&world.core, text, sizeof text);
  board_print("metalraft: ");
  board_print(what);
  board_print(": ");
  board_print(text);
  board_print("\n");
  semihosting_exit(BOARD_FAULT);
}

static void expect(int32_t status, const char *what) {
  if (status < 0) fail(what);
}

/* The effects. Nothing here is ever far enough behind to be read back for, or to need a snapshot. */

static int32_t hard_state(void *context, uint64_t term, uint32_t vote) {
  (void)context;
  (void)term;
  (void)vote;
  return METALRAFT_STORAGE_ANSWER_DURABLE;
}

static int32_t truncate_log(void *context, uint64_t from) {
  (void)context;
  (void)from;
  return METALRAFT_STORAGE_ANSWER_DURABLE;
}

static int32_t append(void *context, uint64_t first, uint32_t count, uint64_t last_term, const uint8_t *entries,
                      uint32_t length) {
  (void)context;
  (void)first;
  (void)count;
  (void)last_term;
  (void)entries;
  (void)length;
  return METALRAFT_STORAGE_ANSWER_DURABLE;
}

static int32_t compact(void *context, uint64_t index) {
  (void)context;
  (void)index;
  return METALRAFT_STORAGE_ANSWER_FAILED;
}

static int32_t read_log(void *context, uint64_t index, uint32_t count, uint8_t *into, uint32_t capacity) {
  (void)context;
  (void)index;
  (void)count;
  (void)into;
  (void)capacity;
  return METALRAFT_STORAGE_ANSWER_FAILED;
}

static void send(void *context, uint32_t to, const uint8_t *message, uint32_t length, uint32_t barrier) {
  (void)context;
  (void)barrier;
  const size_t kept = sizeof world.messages[to];
  memcpy(&world.messages[to], message, length < kept ? length : kept);
}

static void arm(void *context, uint32_t kind, uint32_t delay, uint32_t jitter) {
  (void)context;
  (void)kind;
  (void)delay;
  (void)jitter;
}

static void cancel(void *context, uint32_t kind) {
  (void)context;
  (void)kind;
}

static int32_t apply(void *context, uint64_t index, uint64_t term, const uint8_t *command, uint32_t length) {
  (void)context;
  (void)term;
  (void)command;
  (void)length;
  world.applied = index;
  return 0;
}

static int32_t read_snapshot(void *context, uint64_t index, uint64_t offset, uint8_t *into, uint32_t capacity,
                             uint32_t witness) {
  (void)context;
  (void)index;
  (void)offset;
  (void)into;
  (void)capacity;
  (void)witness;
  return METALRAFT_SNAPSHOT_ANSWER_FAILED;
}

static int32_t write_snapshot(void *context, uint64_t index, uint64_t term, uint64_t offset, const uint8_t *bytes,
                              uint32_t length, uint32_t last) {
  (void)context;
  (void)index;
  (void)term;
  (void)offset;
  (void)bytes;
  (void)length;
  (void)last;
  return METALRAFT_SNAPSHOT_ANSWER_FAILED;
}

static void reads(void *context, uint64_t ticket, uint64_t index, uint32_t answered) {
  (void)context;
  (void)ticket;
  (void)index;
  (void)answered;
}

static void event(void *context, uint32_t kind, uint64_t first, uint64_t second) {
  (void)context;
  (void)kind;
  (void)first;
  (void)second;
}

static const metalraft_effects EFFECTS = {
    .hard_state = hard_state,
    .truncate = truncate_log,
    .append = append,
    .compact = compact,
    .read = read_log,
    .send = send,
    .arm = arm,
    .cancel = cancel,
    .apply = apply,
    .read_snapshot = read_snapshot,
    .write_snapshot = write_snapshot,
    .reads = reads,
    .event = event,
};

/* Lets out all that is due; here one flush is enough, and another at most. */
static void flush(uint64_t now) {
  enum { MOST_FLUSHES = 2 };
  int32_t status = METALRAFT_STATUS_MORE;
  for (int i = 0; i < MOST_FLUSHES && status == METALRAFT_STATUS_MORE; i++) {
    status = metalraft_flush(&world.node, now);
    expect(status, "flush");
  }
}

/* Hands in a follower's answer: the header of what it answers with other values, and what follows it. */
static void answer(uint32_t from, uint64_t now, uint8_t kind, uint32_t flags, const void *body, uint32_t length) {
  uint8_t reply[METALRAFT_MESSAGE_FORMAT_APPEND_REPLY];
  metalraft_header header = world.messages[from].header;
  world.messages[from].header.kind = 0;
  header.kind = kind;
  header.flags = flags;
  header.length = METALRAFT_MESSAGE_FORMAT_HEADER + length;
  header.from = from;
  header.to = SELF;
  memcpy(reply, &header, METALRAFT_MESSAGE_FORMAT_HEADER);
  if (length > 0) memcpy(reply + METALRAFT_MESSAGE_FORMAT_HEADER, body, length);
  expect(metalraft_receive(&world.node, now, reply, header.length), "receive");
}

/* A follower answers the newest message to it: it grants what is asked for, and has taken and stored what was sent. */
static void let_answer(uint32_t from, uint64_t now) {
  const metalraft_header *header = &world.messages[from].header;
  const metalraft_append *sent = &world.messages[from].append;
  if (header->kind == METALRAFT_MESSAGE_KIND_VOTE_REQUEST) {
    const uint32_t flags = (header->flags & METALRAFT_MESSAGE_FLAG_PRE_VOTE) | METALRAFT_MESSAGE_FLAG_GRANTED;
    answer(from, now, METALRAFT_MESSAGE_KIND_VOTE_REPLY, flags, NULL, 0);
  } else if (header->kind == METALRAFT_MESSAGE_KIND_APPEND && (header->flags & METALRAFT_MESSAGE_FLAG_QUIET) == 0) {
    const metalraft_append_reply taken = {
        .match = sent->prev_index + sent->count, .round = sent->round, .sent = sent->sent, .sequence = sent->sequence};
    const uint32_t length = METALRAFT_MESSAGE_FORMAT_APPEND_REPLY - METALRAFT_MESSAGE_FORMAT_HEADER;
    answer(from, now, METALRAFT_MESSAGE_KIND_APPEND_REPLY, 0, &taken, length);
  }
}

/* All followers answer, one after the other, each answer followed by a flush. */
static void let_all_answer(uint64_t now) {
  for (uint32_t member = SELF + 1; member <= world.members; member++) {
    let_answer(member, now);
    flush(now);
  }
}

static void open_node(size_t pool_bytes, size_t stack_bytes) {
  const metalraft_core_options options = {
      .module = metalraft_module,
      .module_bytes = metalraft_module_bytes,
      .sha256 = metalraft_module_sha256,
      .pool = board_pool(),
      .pool_bytes = pool_bytes,
      .arena_bytes = METALRAFT_ARENA_BYTES,
      .stack_bytes = stack_bytes,
  };
  struct {
    metalraft_configuration head;
    metalraft_member members[MOST_MEMBERS];
  } configuration = {.head = {.count = world.members}};
  for (uint32_t i = 0; i < world.members; i++) {
    configuration.members[i] = (metalraft_member){.id = i + 1, .roles = METALRAFT_MEMBER_ROLE_VOTER};
  }
  expect(metalraft_core_open(&world.core, &options), "open");
  expect(metalraft_core_create(&world.core, &world.node, &PLAN, &EFFECTS, &world), "create");
  const uint32_t length = METALRAFT_CONFIGURATION_SIZE + world.members * METALRAFT_MEMBER_SIZE;
  expect(metalraft_restore_snapshot(&world.node, 0, 0, 0, (const uint8_t *)&configuration, length), "restore");
  expect(metalraft_start(&world.node, 0), "start");
}

/* Wins an election, and commits the entry that a new leader begins with. */
static void become_leader(uint64_t now) {
  enum { MOST_ROUNDS = 8 };
  expect(metalraft_timer(&world.node, now, METALRAFT_TIMER_KIND_ELECTION), "timer");
  flush(now);
  for (int round = 0; round < MOST_ROUNDS; round++) let_all_answer(now);
  if (world.node.state->role != METALRAFT_ROLE_LEADER) fail("not elected");
}

static void commit_one(uint64_t now) {
  static const uint8_t COMMAND[PAYLOAD] = "sixteen bytes..";
  expect(metalraft_propose(&world.node, COMMAND, sizeof COMMAND), "propose");
  flush(now);
  let_all_answer(now);
  if (world.applied != world.node.state->last) fail("not committed");
}

int main(void) {
  enum { MEMBERS_OPTION, POOL_OPTION, STACK_OPTION, OPTIONS };
  board_option options[OPTIONS] = {{"members", NULL}, {"pool", NULL}, {"stack", NULL}};
  char line[LINE_BYTES];
  options_read(options, OPTIONS);
  const board_option *members = &options[MEMBERS_OPTION];
  world.members = members->value == NULL ? MEMBERS : options_number(members, MOST_MEMBERS);

  const uint64_t begin = board_instructions();
  open_node(options_number(&options[POOL_OPTION], board_pool_size()) / 8 * 8,
            options_number(&options[STACK_OPTION], METALRAFT_STACK_BYTES));
  const uint64_t opened = board_instructions();
  const uint64_t now = 2 * PLAN.election_timeout;
  become_leader(now);
  for (int i = 0; i < WARM_UP; i++) commit_one(now);
  const uint64_t from = board_instructions();
  for (int i = 0; i < PROPOSALS; i++) commit_one(now);
  const uint64_t instructions = board_instructions() - from;

  snprintf(line, sizeof line,
           "{\"interpreter\":\"%s\",\"members\":%lu,\"payload\":%d,\"proposals\":%d,\"instructions\":%lu,"
           "\"open\":%lu}\n",
           metalraft_core_interpreter(), (unsigned long)world.members, PAYLOAD, PROPOSALS,
           (unsigned long)(instructions / PROPOSALS), (unsigned long)(opened - begin));
  board_print(line);
  wasm_runtime_get_mem_alloc_info(&world.pool);
  board_report(world.pool.highmark_size);
  return BOARD_OK;
}
