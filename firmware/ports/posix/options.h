/* The command line of the posix port. */
#ifndef METALRAFT_POSIX_OPTIONS_H
#define METALRAFT_POSIX_OPTIONS_H

#include "bench.h"
#include "metalraft/core.h"

typedef struct posix_options {
  /* "driven" or "bench", or NULL when the usage was asked for. */
  const char *mode;
  /* File of another module than the one built in, or NULL. */
  const char *module_path;
  /* The digest that the module must have. */
  uint8_t sha256[METALRAFT_SHA256_BYTES];
  uint32_t arena_bytes;
  posix_bench bench;
} posix_options;

extern const char posix_usage[];

/* Reads the arguments. Answers 0, or -1 after it has said on standard error what is wrong. */
int posix_read_options(posix_options *options, int count, char **arguments);

#endif
