/*
 * The emulated board: what start.S and memory.ld lay out, and what it tells of its memory.
 */
#ifndef METALRAFT_BOARD_H
#define METALRAFT_BOARD_H

#include <stddef.h>
#include <stdint.h>

/* Exit statuses of the emulation. */
enum {
  BOARD_OK = 0,
  /* What it was started with is wrong. */
  BOARD_USAGE = 2,
  /* The stream to the driver failed, or the driver did not hold to the protocol. */
  BOARD_STREAM = 3,
  /* The hart faulted, or an assertion did not hold. */
  BOARD_FAULT = 70,
};

/* Instructions retired since the start; with `-icount shift=0` also nanoseconds. */
uint64_t board_instructions(void);

/* The lowest address of the stack. */
uint8_t *board_stack_bottom(void);

/* What is left of RAM behind .data, .bss and the stack. */
void *board_pool(void);
size_t board_pool_size(void);

/* Prints a text to the console. */
void board_print(const char *text);

/*
 * Prints a line of JSON about the use of RAM, in bytes: in all, .data and .bss, the stack and the most that was in use
 * of it, the pool and the most that was in use of it.
 */
void board_report(size_t pool_used);

#endif
