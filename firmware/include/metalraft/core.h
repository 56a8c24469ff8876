/*
 * The embedding of the core under WAMR: loads the module, makes nodes in its linear memory, takes inputs and hands out
 * effects. Portable C99; it assumes a little-endian machine, one thread, and memory that the caller provides: one pool,
 * of which WAMR takes everything at the start and nothing afterwards.
 *
 *   metalraft_core_open     once; refuses a module of another sha256 or ABI version
 *   metalraft_core_create   makes a node of a plan, refuses a plan that does not fit
 *   metalraft_restore_*     what storage holds, in this order: hard state, snapshot, entries
 *   metalraft_start
 *   metalraft_receive ...   inputs, and metalraft_flush, which calls the effects
 *
 * Functions that return int32_t answer a METALRAFT_STATUS_* of the core, or METALRAFT_FAULT when something is wrong
 * that the core cannot say itself: then `core->fault` says what, and metalraft_fault_text says it to people.
 */
#ifndef METALRAFT_CORE_H
#define METALRAFT_CORE_H

#include "metalraft_abi.h"

#include <stdint.h>

/* A status next to the core's own, which all lie in [-999, 2]: see `fault` of the core. */
#define METALRAFT_FAULT (-1000)

#define METALRAFT_SHA256_BYTES 32

/* What went wrong outside of the core's own rules. */
typedef enum metalraft_fault_kind {
  METALRAFT_FAULT_NONE = 0,
  /* The module's sha256 is not the one that this firmware was built for. */
  METALRAFT_FAULT_DIGEST = 1,
  /* WAMR cannot load or instantiate the module. */
  METALRAFT_FAULT_MODULE = 2,
  /* The module speaks another version of the ABI. */
  METALRAFT_FAULT_ABI = 3,
  /* The plan breaks a limit of the core (docs/abi.md). */
  METALRAFT_FAULT_PLAN = 4,
  /* The plan is sound, but its arena does not fit what is left of the arenas' memory. */
  METALRAFT_FAULT_ARENA = 5,
  /* The core trapped. The node is lost and has to be made anew from storage. */
  METALRAFT_FAULT_TRAP = 6,
  /* An invariant of the core is broken: as a trap. */
  METALRAFT_FAULT_INVARIANT = 7,
  /* What is handed in is longer than the node's inbox. */
  METALRAFT_FAULT_LENGTH = 8
} metalraft_fault_kind;

#define METALRAFT_FAULT_DETAIL 128

typedef struct metalraft_fault {
  metalraft_fault_kind kind;
  /* Id of the node that it happened to; 0 if to none. */
  uint32_t node;
  /* What the runtime says, or what is needed and what there is. */
  char detail[METALRAFT_FAULT_DETAIL];
} metalraft_fault;

/*
 * What a flush lets out, in the order of the durability contract: one function for each import. Pointers hold only
 * during the call. No function may call into the same node. All functions have to be there.
 */
typedef struct metalraft_effects {
  /* Storage effects answer a METALRAFT_STORAGE_ANSWER_*. */
  int32_t (*hard_state)(void *context, uint64_t term, uint32_t vote);
  int32_t (*truncate)(void *context, uint64_t from);
  int32_t (*append)(void *context, uint64_t first, uint32_t count, uint64_t last_term, const uint8_t *entries,
                    uint32_t length);
  int32_t (*compact)(void *context, uint64_t index);
  /* Copies whole entries: answers their bytes, 0 for later, below 0 for a failure. */
  int32_t (*read)(void *context, uint64_t index, uint32_t count, uint8_t *into, uint32_t capacity);
  void (*send)(void *context, uint32_t to, const uint8_t *message, uint32_t length, uint32_t barrier);
  void (*arm)(void *context, uint32_t kind, uint32_t delay, uint32_t jitter);
  void (*cancel)(void *context, uint32_t kind);
  /* Answers 0, or anything else to stop the node. */
  int32_t (*apply)(void *context, uint64_t index, uint64_t term, const uint8_t *command, uint32_t length);
  /* Copies a piece of the image: answers its bytes, fewer than `capacity` only where the image ends, or a
   * METALRAFT_SNAPSHOT_ANSWER_*. */
  int32_t (*read_snapshot)(void *context, uint64_t index, uint64_t offset, uint8_t *into, uint32_t capacity,
                           uint32_t witness);
  /* Takes a chunk of an image: answers 0 if taken. After the last one the image is made durable and then reported
   * with metalraft_snapshot. */
  int32_t (*write_snapshot)(void *context, uint64_t index, uint64_t term, uint64_t offset, const uint8_t *bytes,
                            uint32_t length, uint32_t last);
  /* Reads with tickets up to this one may be answered now (1), having applied `index`, or are refused (0). */
  void (*reads)(void *context, uint64_t ticket, uint64_t index, uint32_t answered);
  void (*event)(void *context, uint32_t kind, uint64_t first, uint64_t second);
} metalraft_effects;

/* METALRAFT_EXPORT_<name>: the exports, numbered in the order of docs/abi.md. */
#define METALRAFT_EXPORT_NUMBER(name, signature) METALRAFT_EXPORT_##name,
typedef enum metalraft_export { METALRAFT_EXPORTS(METALRAFT_EXPORT_NUMBER) METALRAFT_EXPORT_COUNT } metalraft_export;

/* Most words that an export takes. */
#define METALRAFT_MOST_ARGUMENTS 16

/* How to open a core. Everything pointed at must outlive it. */
typedef struct metalraft_core_options {
  /* The module's bytes. The fast interpreter leaves them where they are (flash); the classic one copies them. */
  const uint8_t *module;
  uint32_t module_bytes;
  /* The digest that the module must have. */
  const uint8_t *sha256;
  /* All memory that WAMR gets, a multiple of 8 and aligned to 8; see sizes.h. */
  uint8_t *pool;
  uint32_t pool_bytes;
  /* Bytes of linear memory for the arenas of all nodes. */
  uint32_t arena_bytes;
  /* Bytes of the interpreter's stack. */
  uint32_t stack_bytes;
} metalraft_core_options;

struct WASMModuleCommon;
struct WASMModuleInstanceCommon;
struct WASMExecEnv;

/* The module in its engine. Its fields are the embedding's own, but for `fault` and `sha256`. */
typedef struct metalraft_core {
  metalraft_fault fault;
  /* Digest of the module as it was found, also when it was refused. */
  uint8_t sha256[METALRAFT_SHA256_BYTES];
  int runtime_is_up;
  struct WASMModuleCommon *module;
  struct WASMModuleInstanceCommon *instance;
  struct WASMExecEnv *environment;
  void *functions[METALRAFT_EXPORT_COUNT];
  /* Linear memory: never moves and never grows. */
  uint8_t *memory;
  uint32_t memory_bytes;
  /* How much of it is for arenas, and where the plan of a node to be made is put. */
  uint32_t arena_bytes;
  uint32_t plan_address;
  /* The node whose flush runs, or NULL. */
  struct metalraft_core_node *current;
} metalraft_core;

/* One node in a core. Its fields are read-only for everyone but the embedding. */
typedef struct metalraft_core_node {
  metalraft_core *core;
  const metalraft_effects *effects;
  void *context;
  /* Where the arena lies in linear memory, and its size in bytes. */
  uint32_t handle;
  uint32_t bytes;
  /* The place for what goes into an input: `inbox_bytes` (the plan's maxMessage) at `inbox`. */
  uint32_t inbox_address;
  uint32_t inbox_bytes;
  uint8_t *inbox;
  /* All that the node says of itself, in place. */
  const metalraft_node *state;
  /* The node's id, from the plan. */
  uint32_t id;
} metalraft_core_node;

/* "fast" or "classic": the interpreter that this was built with. */
const char *metalraft_core_interpreter(void);

/* Starts the runtime and the module in it. METALRAFT_FAULT: nothing is left open; `core->fault` says why. */
int32_t metalraft_core_open(metalraft_core *core, const metalraft_core_options *options);
/* Gives everything back. All nodes must have been released, or are lost. */
void metalraft_core_close(metalraft_core *core);

/* Makes a node. It is then to be restored and started. `node` must stay where it is until it is released. */
int32_t metalraft_core_create(metalraft_core *core, metalraft_core_node *node, const metalraft_plan *plan,
                              const metalraft_effects *effects, void *context);
/* Gives the arena back. */
void metalraft_core_release(metalraft_core_node *node);

/*
 * Calls an export with the node's handle in front of `count` words. Where an export takes bytes, they lie in the inbox
 * and the last two words are `inbox_address` and their length.
 */
int32_t metalraft_core_call(metalraft_core_node *node, metalraft_export function, const uint32_t *words,
                            uint32_t count);

int32_t metalraft_restore_hard_state(metalraft_core_node *node, uint64_t term, uint32_t vote);
/* Storage holds the entries behind `compacted`. */
int32_t metalraft_restore_snapshot(metalraft_core_node *node, uint64_t index, uint64_t term, uint64_t compacted,
                                   const uint8_t *configuration, uint32_t length);
int32_t metalraft_restore_entries(metalraft_core_node *node, const uint8_t *entries, uint32_t length);
int32_t metalraft_start(metalraft_core_node *node, uint64_t now);

/* Inputs. Bytes may lie in the inbox already. */
int32_t metalraft_receive(metalraft_core_node *node, uint64_t now, const uint8_t *message, uint32_t length);
int32_t metalraft_timer(metalraft_core_node *node, uint64_t now, uint32_t kind);
int32_t metalraft_propose(metalraft_core_node *node, const uint8_t *command, uint32_t length);
/* `kind` is a METALRAFT_READ_KIND_*; the ticket is in the state's `read_ticket`. */
int32_t metalraft_read(metalraft_core_node *node, uint64_t now, uint32_t kind);
int32_t metalraft_reconfigure(metalraft_core_node *node, const uint8_t *configuration, uint32_t length);
int32_t metalraft_transfer(metalraft_core_node *node, uint64_t now, uint32_t target);
int32_t metalraft_snapshot(metalraft_core_node *node, uint64_t index, uint64_t term, const uint8_t *configuration,
                           uint32_t length);
int32_t metalraft_snapshot_failed(metalraft_core_node *node);
int32_t metalraft_durable(metalraft_core_node *node, uint64_t index, uint64_t term);
int32_t metalraft_unreachable(metalraft_core_node *node, uint32_t peer);
int32_t metalraft_observe(metalraft_core_node *node, uint32_t mask);
/* Lets out what is due; call again while it answers METALRAFT_STATUS_MORE. */
int32_t metalraft_flush(metalraft_core_node *node, uint64_t now);
/* 0, or METALRAFT_FAULT with a METALRAFT_FAULT_INVARIANT that has the number of the broken rule. */
int32_t metalraft_check(metalraft_core_node *node);

/* What is wrong, with the node's id and the core's sha256, in at most `capacity` bytes with the closing 0. */
#define METALRAFT_FAULT_TEXT 320
void metalraft_fault_text(const metalraft_core *core, char *text, uint32_t capacity);

#endif
