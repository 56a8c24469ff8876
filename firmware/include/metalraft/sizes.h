/*
 * Every size that the portable host has, in one place. A port may define any of them before (its CMakeLists.txt does so
 * with compile definitions). Sizes in bytes.
 */
#ifndef METALRAFT_SIZES_H
#define METALRAFT_SIZES_H

#include "metalraft_abi.h"

/* The interpreter's stack: the deepest chain of calls in the core took 1.5 KB. The guard zone lies inside. */
#ifndef METALRAFT_STACK_BYTES
#define METALRAFT_STACK_BYTES 4096
#endif

/*
 * The plan of a board: MICRO_CAPACITY of host/core/plan.ts. Five nodes, a window of 8 KiB, messages that fit a datagram.
 */
#define METALRAFT_BOARD_NODES 5
#define METALRAFT_BOARD_WINDOW_ENTRIES 64
#define METALRAFT_BOARD_WINDOW_BYTES 8192
#define METALRAFT_BOARD_MESSAGE 1400

/*
 * Longest address of a member, a multiple of 8: "host:port", and what other hosts write behind a comma. 64 hold two IPv4
 * addresses with their ports as in "255.255.255.255:65535,http=255.255.255.255:65535" (49), or a name of 58 characters with
 * its port. An address takes as many bytes as it has, rounded up to 8, in messages and in snapshots; the arena keeps the full
 * length for each of the plan's nodes: 5 * 64 = 320 bytes. All members of the longest length have to fit a message:
 * 1400 - 88 - 16 - 8 of the message, the entry and the configuration, shared by five members with 8 of their own, leave 249.
 */
#ifndef METALRAFT_BOARD_ADDRESS
#define METALRAFT_BOARD_ADDRESS 64
#endif
#if METALRAFT_BOARD_ADDRESS % 8 != 0 || METALRAFT_BOARD_ADDRESS < 8 || METALRAFT_BOARD_ADDRESS > 248
#error "METALRAFT_BOARD_ADDRESS has to be a multiple of 8, from 8 to 248"
#endif

/* What the core's planBytes answers for such a plan (assembly/state/arena.ts), in the order in which things lie. */
#define METALRAFT_ALIGN8(bytes) (((bytes) + 7) / 8 * 8)
#define METALRAFT_BOARD_ARENA \
  (METALRAFT_ALIGN8(METALRAFT_NODE_SIZE) + METALRAFT_ALIGN8(METALRAFT_PLAN_SIZE) + METALRAFT_EVENT_KIND_COUNT * 16 + \
   METALRAFT_PLAN_LIMIT_TERMS * METALRAFT_TERM_START_SIZE + \
   (METALRAFT_BOARD_NODES + 1) * METALRAFT_ALIGN8(METALRAFT_PEER_SIZE) + \
   METALRAFT_CONFIGURATION_SIZE + METALRAFT_BOARD_NODES * (METALRAFT_MEMBER_SIZE + METALRAFT_BOARD_ADDRESS) + \
   2 * METALRAFT_BOARD_MESSAGE + METALRAFT_BOARD_WINDOW_ENTRIES * 4 + METALRAFT_BOARD_WINDOW_BYTES)

/* What WAMR's allocator takes of linear memory for itself, and the place where a plan is handed over. */
#ifndef METALRAFT_HEAP_BYTES
#define METALRAFT_HEAP_BYTES 256
#endif

/* Linear memory for arenas: one node of a board. */
#ifndef METALRAFT_ARENA_BYTES
#define METALRAFT_ARENA_BYTES (METALRAFT_BOARD_ARENA + METALRAFT_HEAP_BYTES)
#endif

/*
 * What WAMR takes for the loaded module itself, its instance and its environment: with the fast interpreter the
 * translated code is 3.5 times the module, with the classic one there is a copy of the module and its tables.
 */
#ifndef METALRAFT_RUNTIME_BYTES
#define METALRAFT_RUNTIME_BYTES 131072
#endif

/* The pool: runtime, interpreter's stack, and linear memory with the core's own data in front of the arenas (1 KiB). */
#ifndef METALRAFT_POOL_BYTES
#define METALRAFT_POOL_BYTES (METALRAFT_RUNTIME_BYTES + METALRAFT_STACK_BYTES + METALRAFT_ARENA_BYTES + 1024)
#endif

/* Driven mode: nodes that one process holds at once. */
#ifndef METALRAFT_DRIVEN_NODES
#define METALRAFT_DRIVEN_NODES 32
#endif

/*
 * Driven mode: one buffer for what comes and one for what goes. They only spare reads and writes: longer bytes pass by
 * them. The longest frame without its bytes is a reply: 16 + 16 + METALRAFT_NODE_SIZE.
 */
#ifndef METALRAFT_DRIVEN_BUFFER
#define METALRAFT_DRIVEN_BUFFER 8192
#endif

#endif
