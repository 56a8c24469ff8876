/*
 * The operations of semihosting that this port uses. The arguments of an operation are a block of words.
 */

#include "semihosting.h"

#include <stdint.h>
#include <string.h>

/* Numbers of the operations. */
enum {
  SYS_OPEN = 0x01,
  SYS_WRITE0 = 0x04,
  SYS_WRITE = 0x05,
  SYS_READ = 0x06,
  SYS_GET_CMDLINE = 0x15,
  SYS_EXIT_EXTENDED = 0x20,
};

/* Why a program ended: it wanted to. */
enum { ADP_STOPPED_APPLICATION_EXIT = 0x20026 };

/* In start.S. */
long semihosting_call(long operation, const void *arguments);

int semihosting_open(const char *name, int mode) {
  const uintptr_t arguments[3] = {(uintptr_t)name, (uintptr_t)mode, strlen(name)};
  return (int)semihosting_call(SYS_OPEN, arguments);
}

int semihosting_read(int handle, void *into, size_t capacity) {
  const uintptr_t arguments[3] = {(uintptr_t)handle, (uintptr_t)into, capacity};
  /* The answer is how many bytes were not read. */
  const long missing = semihosting_call(SYS_READ, arguments);
  if (missing < 0 || (size_t)missing > capacity) return -1;
  return (int)(capacity - (size_t)missing);
}

bool semihosting_write(int handle, const void *bytes, size_t length) {
  const char *from = bytes;
  while (length > 0) {
    const uintptr_t arguments[3] = {(uintptr_t)handle, (uintptr_t)from, length};
    const long missing = semihosting_call(SYS_WRITE, arguments);
    if (missing < 0 || (size_t)missing >= length) return false;
    from += length - (size_t)missing;
    length = (size_t)missing;
  }
  return true;
}

void semihosting_print(const char *text) {
  semihosting_call(SYS_WRITE0, text);
}

bool semihosting_command_line(char *into, size_t capacity) {
  const uintptr_t arguments[2] = {(uintptr_t)into, capacity};
  return semihosting_call(SYS_GET_CMDLINE, arguments) == 0;
}

void semihosting_exit(int status) {
  const uintptr_t arguments[2] = {ADP_STOPPED_APPLICATION_EXIT, (uintptr_t)status};
  for (;;) semihosting_call(SYS_EXIT_EXTENDED, arguments);
}
