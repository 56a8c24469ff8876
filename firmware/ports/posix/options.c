#include "options.h"

#include "metalraft/module.h"
#include "metalraft/sizes.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Arenas of at most this: linear memory is addressed by 32 bits, and WAMR maps it as one piece. */
#define MOST_ARENA_BYTES 1073741824L
/* Of the benchmark: some minutes. */
#define MOST_COMMITS 100000000L

const char posix_usage[] =
    "usage: metalraft-posix driven|bench [options]\n"
    "\n"
    "  driven            does what a driver on standard input says (firmware/include/metalraft/driven.h)\n"
    "  bench             commits commands with three nodes in this process, and prints what that took\n"
    "\n"
    "  --core FILE       run this module instead of the one built in\n"
    "  --sha256 HEX      the digest that the module must have; that of the one built in unless stated\n"
    "  --arena BYTES     memory for the arenas of all nodes; 16 MiB unless stated\n"
    "\n"
    "  --payload BYTES   bench: of a command; 16 unless stated\n"
    "  --batch N         bench: commands proposed before each flush; 1 unless stated\n"
    "  --commits N       bench: commands in all; 100000 unless stated\n";

static int digit(char letter) {
  if (letter >= '0' && letter <= '9') return letter - '0';
  if (letter >= 'a' && letter <= 'f') return letter - 'a' + 10;
  return -1;
}

static int read_digest(const char *text, uint8_t digest[METALRAFT_SHA256_BYTES]) {
  if (strlen(text) != 2 * METALRAFT_SHA256_BYTES) return -1;
  for (int i = 0; i < METALRAFT_SHA256_BYTES; i++) {
    int high = digit(text[2 * i]);
    int low = digit(text[2 * i + 1]);
    if (high < 0 || low < 0) return -1;
    digest[i] = (uint8_t)(high << 4 | low);
  }
  return 0;
}

/* Reads a number from `least` to `most`; -1 after it has said what is wrong. */
static int read_number(const char *name, const char *text, long least, long most, uint32_t *number) {
  char *end = NULL;
  errno = 0;
  const long value = strtol(text, &end, 10);
  *number = (uint32_t)value;
  if (errno == 0 && end != text && *end == '\0' && value >= least && value <= most) return 0;
  fprintf(stderr, "metalraft-posix: %s is \"%s\", and must be from %ld to %ld\n", name, text, least, most);
  return -1;
}

static int read_option(posix_options *options, const char *name, const char *value) {
  if (strcmp(name, "--core") == 0) {
    options->module_path = value;
    return 0;
  }
  if (strcmp(name, "--sha256") == 0) {
    if (read_digest(value, options->sha256) == 0) return 0;
    fprintf(stderr, "metalraft-posix: --sha256 is \"%s\", and must be 64 lower-case hexadecimal digits\n", value);
    return -1;
  }
  posix_bench *bench = &options->bench;
  if (strcmp(name, "--arena") == 0) return read_number(name, value, 1024, MOST_ARENA_BYTES, &options->arena_bytes);
  if (strcmp(name, "--payload") == 0) return read_number(name, value, 1, POSIX_BENCH_PAYLOAD, &bench->payload);
  if (strcmp(name, "--batch") == 0) return read_number(name, value, 1, POSIX_BENCH_BATCH, &bench->batch);
  if (strcmp(name, "--commits") == 0) return read_number(name, value, 1, MOST_COMMITS, &bench->commits);
  fprintf(stderr, "metalraft-posix: unknown option \"%s\"\n\n%s", name, posix_usage);
  return -1;
}

int posix_read_options(posix_options *options, int count, char **arguments) {
  memset(options, 0, sizeof *options);
  memcpy(options->sha256, metalraft_module_sha256, METALRAFT_SHA256_BYTES);
  options->arena_bytes = METALRAFT_ARENA_BYTES;
  options->bench = (posix_bench){.payload = 16, .batch = 1, .commits = 100000};
  if (count < 2 || strcmp(arguments[1], "--help") == 0) return 0;
  options->mode = arguments[1];
  if (strcmp(options->mode, "driven") != 0 && strcmp(options->mode, "bench") != 0) {
    fprintf(stderr, "metalraft-posix: unknown mode \"%s\"\n\n%s", options->mode, posix_usage);
    return -1;
  }
  for (int i = 2; i < count; i += 2) {
    if (i + 1 == count) {
      fprintf(stderr, "metalraft-posix: \"%s\" needs a value\n", arguments[i]);
      return -1;
    }
    if (read_option(options, arguments[i], arguments[i + 1]) != 0) return -1;
  }
  return 0;
}
