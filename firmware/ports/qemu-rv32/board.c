/*
 * Implementation of board.h, and what C's library wants from a board.
 */

#include "board.h"
#include "semihosting.h"

#include <stdio.h>
#include <stdlib.h>

/* What unused stack holds; also in start.S. */
#define STACK_PAINT UINT32_C(0x5ac5ac5a)

/* Longest line of a fault report. */
enum { FAULT_BYTES = 96 };

enum { REPORT_BYTES = 160 };

/* Laid out by memory.ld: only their addresses mean anything. */
extern uint32_t stack_bottom[], stack_top[];
extern uint8_t data_start[], bss_end[], pool_start[], pool_end[], ram_start[], ram_end[];

static size_t distance(const void *from, const void *to) {
  return (size_t)((uintptr_t)to - (uintptr_t)from);
}

uint8_t *board_stack_bottom(void) {
  return (uint8_t *)stack_bottom;
}

/* The most that was in use of the stack at any time. */
static size_t stack_used(void) {
  const uint32_t *used = stack_bottom;
  while (used < stack_top && *used == STACK_PAINT) used++;
  return distance(used, stack_top);
}

void *board_pool(void) {
  return pool_start;
}

size_t board_pool_size(void) {
  return distance(pool_start, pool_end);
}

void board_print(const char *text) {
  semihosting_print(text);
}

void board_report(size_t pool_used) {
  char line[REPORT_BYTES];
  snprintf(line, sizeof line,
           "{\"ram\":%u,\"static\":%u,\"stack\":%u,\"stackUsed\":%u,\"pool\":%u,\"poolUsed\":%u}\n",
           (unsigned)distance(ram_start, ram_end), (unsigned)distance(data_start, bss_end),
           (unsigned)distance(stack_bottom, stack_top), (unsigned)stack_used(), (unsigned)board_pool_size(),
           (unsigned)pool_used);
  semihosting_print(line);
}

/* Called by start.S when the hart faults; cause, place and address are those of the privileged specification. */
__attribute__((noreturn)) void board_fault(uint32_t cause, uint32_t place, uint32_t address);

void board_fault(uint32_t cause, uint32_t place, uint32_t address) {
  char line[FAULT_BYTES];
  snprintf(line, sizeof line, "metalraft: fault %u at 0x%08x, address 0x%08x\n", (unsigned)cause, (unsigned)place,
           (unsigned)address);
  semihosting_print(line);
  semihosting_exit(BOARD_FAULT);
}

/* Called by assertions. */
void abort(void) {
  semihosting_print("metalraft: aborted\n");
  semihosting_exit(BOARD_FAULT);
}
