/*
 * The types that WAMR wants from a platform, for one thread without an operating system: no locks, no files, no sockets.
 * WAMR includes it by this name.
 */
#ifndef METALRAFT_PLATFORM_INTERNAL_H
#define METALRAFT_PLATFORM_INTERNAL_H

#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <math.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Nothing is loaded at run time. */
#define BH_HAS_DLFCN 0

/* There is one thread, and what would guard or wake another one is empty. */
typedef int korp_thread;
typedef int korp_tid;
typedef int korp_mutex;
typedef int korp_cond;
typedef int korp_sem;
typedef int korp_rwlock;

typedef int os_file_handle;
typedef int os_dir_stream;
typedef int os_raw_file_handle;
typedef int os_poll_file_handle;
typedef unsigned int os_nfds_t;
typedef int os_timespec;

static inline os_file_handle os_get_invalid_handle(void) {
  return -1;
}

/* Linear memory is rounded up to it: the smallest alignment that WAMR takes wastes the least. */
static inline int os_getpagesize(void) {
  return 8;
}

#endif
