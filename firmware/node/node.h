/*
 * A node on a board: the core, a log on flash, datagrams, timers and the key-value store, run from one loop. Portable C99
 * on top of metalraft/core.h and a platform; one thread, nothing allocated.
 *
 *   mr_node_start   recovers from flash and joins; the core has been opened before
 *   mr_node_turn    again and again: takes what came in, flushes, sees to snapshots and flash
 *   mr_node_stop    gives the arena back
 *
 * A node that has failed (a trap, a broken invariant, flash that is worn or full, a command that this board cannot apply)
 * says why in `problem` and takes nothing more. What it has acknowledged is on flash: stop it, open the core anew if it
 * trapped, and start it again.
 */
#ifndef MR_NODE_H
#define MR_NODE_H

#include "asks.h"
#include "flash_log.h"
#include "frame.h"
#include "kv.h"
#include "metalraft/core.h"
#include "platform.h"

/* The longest message, and with it the longest datagram: what fits Ethernet and Wi-Fi unfragmented. */
#ifndef MR_NODE_MESSAGE
#define MR_NODE_MESSAGE 1400u
#endif
/* Datagrams taken in one turn: a flood must not keep timers and flushes waiting. */
#define MR_NODE_DATAGRAMS 16u
/* Flushes in one turn: each applies as much as the core lets out at once. */
#define MR_NODE_FLUSHES 16u
/* Commands of this node whose outcome is awaited. */
#define MR_NODE_PENDING 8u
/* Members whose addresses are followed. */
#define MR_NODE_MEMBERS 16u
/* Timer kinds of the core. */
#define MR_NODE_TIMERS 2u
#define MR_NODE_PROBLEM (METALRAFT_FAULT_TEXT + 80u)
/* How often drops are told of, in ms. */
#define MR_NODE_DROPS_EVERY 10000u
/* At least so many ms between two looks at the core's invariants: a look walks the window of the log. */
#define MR_NODE_CHECK_EVERY 1000u
/*
 * RAM without core and flash's own pools, with the numbers above: 1412 datagram in + 1412 out + 4118 + 4 store + 3 KiB
 * flash log + 8 * 40 pending + 16 * 64 asks + 16 * 8 members + 400 problem + some 300: about 12 KiB, 4 of them the store.
 */

/* What became of a command: applied at `index` with this answer of mr_kv_apply, or, with `index` 0, lost to another
 * leader's entry (nothing was changed by it), or to a stop (then it may yet take effect). */
typedef void mr_node_done(void *context, uint64_t index, int answer);
/* A read may be answered from the store now (1) or is refused (0). */
typedef void mr_node_ready(void *context, int answered);

typedef struct mr_node_options {
  metalraft_plan plan;
  /* The configuration to begin with where flash holds none, in wire form; empty for a node that will be added. */
  const uint8_t *bootstrap;
  uint32_t bootstrap_length;
  /* Kinds of events wanted and who hears of them; NULL for nobody. Not to call the node. */
  uint32_t event_mask;
  void (*observe)(void *context, uint32_t kind, uint64_t first, uint64_t second);
  void *observer;
} mr_node_options;

typedef struct mr_pending {
  mr_node_done *done;
  mr_node_ready *ready;
  void *context;
  /* A command's place; or a read's ticket, with `term` 0. */
  uint64_t index;
  uint64_t term;
} mr_pending;

typedef struct mr_node_counts {
  uint64_t messages_in;
  uint64_t messages_out;
  /* Datagrams dropped, by mr_frame_answer; at MR_FRAME_OK those of another cluster or for another node. */
  uint64_t dropped[MR_FRAME_ANSWERS];
  /* Messages that the core refused. */
  uint64_t refused;
  uint64_t snapshots;
  uint64_t installs;
} mr_node_counts;

/* To be read: core, log.state, kv, counts, problem. */
typedef struct mr_node {
  metalraft_core_node core;
  const mr_platform *platform;
  mr_node_options options;
  mr_flash_log log;
  mr_kv kv;
  mr_node_counts counts;
  /* Why the node has failed; empty while it works. */
  char problem[MR_NODE_PROBLEM];
  int running;
  /* A leader's image is whole, or was lost on this side: seen to at the end of the flush. */
  int image_is_whole;
  int image_is_lost;
  uint64_t image_index;
  uint64_t image_term;
  /* Whether another configuration came into force. */
  int configuration_changed;
  uint64_t drops_told;
  uint64_t drops_told_at;
  /* When each timer fires; 0 if it is not armed. */
  uint64_t deadlines[MR_NODE_TIMERS];
  uint64_t checked_at;
  mr_pending pending[MR_NODE_PENDING];
  /* Of the leadership in this term. */
  uint64_t asks_term;
  mr_ask asks[MR_ASKS];
  uint32_t members[MR_NODE_MEMBERS];
  uint32_t member_count;
  uint8_t in[MR_FRAME_HEADER + MR_NODE_MESSAGE];
  uint8_t out[MR_FRAME_HEADER + MR_NODE_MESSAGE];
} mr_node;

/* Recovers and joins. Answers 0, or -1 with the reason in `node->problem`. Everything pointed at must outlive it. */
int mr_node_start(mr_node *node, metalraft_core *core, const mr_platform *platform, const mr_node_options *options);

/* One turn. Answers in how many ms the next one is due at the latest, 0 if at once; -1 if the node has failed. */
int32_t mr_node_turn(mr_node *node);

/* Proposes a command; `done` hears what became of it. Answers OK, or the core's refusal. */
int32_t mr_node_propose(mr_node *node, const uint8_t *command, uint32_t length, mr_node_done *done, void *context);

/* Asks to read linearizably, with or without a lease (METALRAFT_READ_KIND_*): `ready` is called when the store may be
 * looked at, maybe at once. Answers OK, or the core's refusal. */
int32_t mr_node_read(mr_node *node, uint32_t kind, mr_node_ready *ready, void *context);

/* Asks for one member more, a learner, with `promote` one that becomes a voter once it holds the log; or for one less. On
 * the leader. Answers OK once the change stands in the log, or the core's refusal. */
int32_t mr_node_add(mr_node *node, uint32_t id, const char *address, int promote);
int32_t mr_node_remove(mr_node *node, uint32_t id);

/* Gives the arena back; outcomes that are awaited are told as unknown. */
void mr_node_stop(mr_node *node);

/* Bytes of the configuration that begins here, in wire form; 0 if no whole one does. */
uint32_t mr_configuration_length(const uint8_t *bytes, uint32_t length);

#endif
