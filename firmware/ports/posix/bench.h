/*
 * What a committed command costs with the core under WAMR and nothing else in the way: three nodes side by side in this
 * process, storage that is memory and durable at once, every message copied to its receiver and every appended entry to a
 * log. It does what host/cli/bench/in-process.ts does with the core on V8, so that what differs is the engine.
 */
#ifndef POSIX_BENCH_H
#define POSIX_BENCH_H

#include "metalraft/core.h"

/* Longest command. */
#define POSIX_BENCH_PAYLOAD 4096u
/* Most commands proposed before a flush: what the plan's window holds of the longest. */
#define POSIX_BENCH_BATCH 128u

typedef struct posix_bench {
  /* Bytes of a command; commands proposed before each flush; commands in all. */
  uint32_t payload;
  uint32_t batch;
  uint32_t commits;
} posix_bench;

/* Prints what it took as a line of JSON; ends the process, with a reason on standard error, if something fails. */
void posix_run_bench(const metalraft_core_options *options, const posix_bench *bench);

#endif
