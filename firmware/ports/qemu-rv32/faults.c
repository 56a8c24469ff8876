/*
 * Does something to memory that a board must not let pass, for the test that it ends in a fault; or, with `last`, the
 * utmost that it must. Option: do=flash|low|beyond|last|run|stack.
 */

#include "board.h"
#include "options.h"

#include <stddef.h>
#include <string.h>

/* What a call takes of the stack, at least, and more calls than a stack of a board holds. */
enum { FRAME_BYTES = 128, MOST_CALLS = 1 << 20 };

static const uint8_t in_flash[] = "a constant";

static void write_to(volatile uint8_t *place) {
  *place = 1;
}

/* Calls itself until the stack ends. */
static int sink(int depth) {
  volatile uint8_t frame[FRAME_BYTES];
  frame[0] = (uint8_t)depth;
  return depth == MOST_CALLS ? 0 : sink(depth + 1) + frame[0];
}

/* Jumps to data. */
static void run(void *place) {
  void (*code)(void);
  memcpy(&code, &place, sizeof code);
  code();
}

int main(void) {
  board_option options[] = {{"do", ""}};
  options_read(options, sizeof options / sizeof options[0]);
  const char *what = options[0].value;
  uint8_t *pool = board_pool();
  if (strcmp(what, "flash") == 0) {
    write_to((uint8_t *)(uintptr_t)in_flash);
  } else if (strcmp(what, "low") == 0) {
    write_to(NULL);
  } else if (strcmp(what, "beyond") == 0) {
    write_to(pool + board_pool_size());
  } else if (strcmp(what, "last") == 0) {
    write_to(pool + board_pool_size() - 1);
  } else if (strcmp(what, "run") == 0) {
    run(pool);
  } else if (strcmp(what, "stack") == 0) {
    return sink(0);
  } else {
    options_refuse("nothing to do: ", what);
  }
  return BOARD_OK;
}
