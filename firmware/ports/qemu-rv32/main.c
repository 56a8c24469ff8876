/*
 * Driven mode on the emulated board. Options:
 *
 *   in=<file> out=<file>   the host's files (named pipes do) that requests come from and replies go to; the emulator's
 *                          standard streams unless stated
 *   pool=<bytes>           leaves less memory to the runtime than the board has
 *   stack=<bytes>          gives the interpreter a smaller stack
 *   report=1               prints at the end what was used of the memory
 */

#include "board.h"
#include "metalraft/driven.h"
#include "metalraft/module.h"
#include "options.h"
#include "semihosting.h"

#include <stddef.h>
#include <wasm_export.h>

/* The stream to the driver, and what was seen of the pool whenever the driver had the word. */
typedef struct driver_stream {
  int input;
  int output;
  mem_alloc_info_t pool;
} driver_stream;

static metalraft_driven driven;

static int32_t stream_read(void *context, uint8_t *into, uint32_t capacity) {
  driver_stream *stream = context;
  wasm_runtime_get_mem_alloc_info(&stream->pool);
  return semihosting_read(stream->input, into, capacity);
}

static int32_t stream_write(void *context, const uint8_t *bytes, uint32_t length) {
  const driver_stream *stream = context;
  return semihosting_write(stream->output, bytes, length) ? 0 : -1;
}

static int open_file(const board_option *option, int mode) {
  const int handle = semihosting_open(option->value, mode);
  if (handle < 0) options_refuse("cannot be opened: ", option->value);
  return handle;
}

int main(void) {
  enum { IN, OUT, POOL, STACK, REPORT, OPTIONS };
  board_option options[OPTIONS] = {
      {"in", "/dev/stdin"}, {"out", "/dev/stdout"}, {"pool", NULL}, {"stack", NULL}, {"report", NULL}};
  options_read(options, OPTIONS);

  const metalraft_core_options core = {
      .module = metalraft_module,
      .module_bytes = metalraft_module_bytes,
      .sha256 = metalraft_module_sha256,
      .pool = board_pool(),
      .pool_bytes = options_number(&options[POOL], board_pool_size()) / 8 * 8,
      .arena_bytes = METALRAFT_ARENA_BYTES,
      .stack_bytes = options_number(&options[STACK], METALRAFT_STACK_BYTES),
  };
  /* A named pipe opens once its other end does: the one for requests first. */
  driver_stream stream = {.input = open_file(&options[IN], SEMIHOSTING_READ)};
  stream.output = open_file(&options[OUT], SEMIHOSTING_WRITE);
  const metalraft_driven_stream io = {.context = &stream, .read = stream_read, .write = stream_write};
  const int outcome = metalraft_driven_run(&driven, &core, &io);
  if (options[REPORT].value != NULL) board_report(stream.pool.highmark_size);
  return outcome == 0 ? BOARD_OK : BOARD_STREAM;
}
