/* Sizes of a board, in bytes. The test's build has others: a PC's pointers are larger. */
#ifndef ESP_BOARD_H
#define ESP_BOARD_H

#include "metalraft/sizes.h"
#include "node_options.h"
#include "sdkconfig.h"

/* The runtime's pool. Linear memory is taken from the heap, once, before Wi-Fi cuts that into pieces. */
#ifndef BOARD_POOL
#define BOARD_POOL (CONFIG_METALRAFT_POOL_KIB * 1024)
#endif

/* One arena of the plan of node_options.c, which is that of sizes.h, and what the allocator takes. */
#define BOARD_ARENA (METALRAFT_BOARD_ARENA + METALRAFT_HEAP_BYTES)

/* The interpreter's stack. */
#ifndef BOARD_INTERPRETER_STACK
#define BOARD_INTERPRETER_STACK METALRAFT_STACK_BYTES
#endif

/*
 * The stack of the node's thread: 5 KiB for the runtime, of which the emulated board took 1.8; 2.5 for a line of the
 * console; 1 to read the members; the rest for drivers and printf.
 */
#ifndef BOARD_THREAD_STACK
#define BOARD_THREAD_STACK 12288
#endif

/* Between a trap and the restart, in s: time to read why, and no hot loop if it traps each time. */
#ifndef BOARD_RESTART_DELAY
#define BOARD_RESTART_DELAY 10
#endif

#endif
