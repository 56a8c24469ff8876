/* The posix port: a process. All memory is static; the module is the one built in, or a file's. */

#include "bench.h"
#include "metalraft/driven.h"
#include "metalraft/module.h"
#include "metalraft/sizes.h"
#include "options.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* Longest module that a file may hold: far above the core's size. */
#define MOST_MODULE_BYTES (1024 * 1024)

static uint64_t pool[METALRAFT_POOL_BYTES / sizeof(uint64_t)];
static uint8_t module_file[MOST_MODULE_BYTES];
static metalraft_driven driven;

static int32_t read_some(void *context, uint8_t *into, uint32_t capacity) {
  ssize_t length;
  (void)context;
  do length = read(STDIN_FILENO, into, capacity);
  while (length < 0 && errno == EINTR);
  return (int32_t)length;
}

static int32_t write_all(void *context, const uint8_t *bytes, uint32_t length) {
  int file = *(const int *)context;
  for (uint32_t done = 0; done < length;) {
    ssize_t part = write(file, bytes + done, length - done);
    if (part < 0 && errno != EINTR) return -1;
    if (part > 0) done += (uint32_t)part;
  }
  return 0;
}

/* Fills in the module; -1 after it has said what is wrong with its file. */
static int find_module(const char *path, metalraft_core_options *core) {
  core->module = metalraft_module;
  core->module_bytes = metalraft_module_bytes;
  if (path == NULL) return 0;
  FILE *file = fopen(path, "rb");
  if (file == NULL) {
    fprintf(stderr, "metalraft-posix: cannot read %s: %s\n", path, strerror(errno));
    return -1;
  }
  size_t length = fread(module_file, 1, sizeof module_file, file);
  int is_sound = !ferror(file) && length < sizeof module_file;
  fclose(file);
  if (!is_sound) {
    fprintf(stderr, "metalraft-posix: cannot read %s, or it is longer than %d bytes\n", path, MOST_MODULE_BYTES - 1);
    return -1;
  }
  core->module = module_file;
  core->module_bytes = (uint32_t)length;
  return 0;
}

/* The protocol has standard output for itself: whatever else is printed goes to standard error. */
static int run_driven(const metalraft_core_options *core) {
  int out = dup(STDOUT_FILENO);
  if (out < 0 || dup2(STDERR_FILENO, STDOUT_FILENO) < 0) {
    fprintf(stderr, "metalraft-posix: cannot use standard output: %s\n", strerror(errno));
    return 1;
  }
  const metalraft_driven_stream stream = {&out, read_some, write_all};
  if (metalraft_driven_run(&driven, core, &stream) == 0) return 0;
  fprintf(stderr, "metalraft-posix: the driver did not hold to the protocol\n");
  return 1;
}

int main(int count, char **arguments) {
  posix_options options;
  metalraft_core_options core = {0};
  if (posix_read_options(&options, count, arguments) != 0) return 2;
  if (options.mode == NULL) {
    fputs(posix_usage, stdout);
    return 0;
  }
  if (find_module(options.module_path, &core) != 0) return 1;
  core.sha256 = options.sha256;
  core.pool = (uint8_t *)pool;
  core.pool_bytes = sizeof pool;
  core.arena_bytes = options.arena_bytes;
  core.stack_bytes = METALRAFT_STACK_BYTES;
  if (strcmp(options.mode, "driven") == 0) return run_driven(&core);
  posix_run_bench(&core, &options.bench);
  return 0;
}
