/*
 * WAMR's platform layer on the emulated board. Memory comes from WAMR's own pool (Alloc_With_Pool), there is one thread
 * and one address space, and time is counted in instructions.
 */

#include "board.h"
#include "platform_api_extension.h"
#include "platform_api_vmcore.h"

/* QEMU's `-icount shift=0` makes an instruction take a nanosecond. */
enum { INSTRUCTIONS_PER_MICROSECOND = 1000 };

/* Longest line that WAMR prints; what is longer is cut. */
enum { LINE_BYTES = 128 };

int bh_platform_init(void) {
  return 0;
}

void bh_platform_destroy(void) {
}

/* Not asked for with Alloc_With_Pool. */
void *os_malloc(unsigned size) {
  (void)size;
  return NULL;
}

void *os_realloc(void *memory, unsigned size) {
  (void)memory;
  (void)size;
  return NULL;
}

void os_free(void *memory) {
  (void)memory;
}

int os_vprintf(const char *format, va_list arguments) {
  char line[LINE_BYTES];
  const int length = vsnprintf(line, sizeof line, format, arguments);
  board_print(line);
  return length;
}

int os_printf(const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  const int length = os_vprintf(format, arguments);
  va_end(arguments);
  return length;
}

uint64 os_time_get_boot_us(void) {
  return board_instructions() / INSTRUCTIONS_PER_MICROSECOND;
}

uint64 os_time_thread_cputime_us(void) {
  return os_time_get_boot_us();
}

korp_tid os_self_thread(void) {
  return 0;
}

uint8 *os_thread_get_stack_boundary(void) {
  return board_stack_bottom();
}

void os_thread_jit_write_protect_np(bool enabled) {
  (void)enabled;
}

int os_mutex_init(korp_mutex *mutex) {
  (void)mutex;
  return BHT_OK;
}

int os_mutex_destroy(korp_mutex *mutex) {
  (void)mutex;
  return BHT_OK;
}

int os_mutex_lock(korp_mutex *mutex) {
  (void)mutex;
  return BHT_OK;
}

int os_mutex_unlock(korp_mutex *mutex) {
  (void)mutex;
  return BHT_OK;
}

/* A mapping is a block of the pool, zeroed as a mapping is. */
void *os_mmap(void *hint, size_t size, int protection, int flags, os_file_handle file) {
  (void)hint;
  (void)protection;
  (void)flags;
  (void)file;
  if (size > UINT_MAX) return NULL;
  void *memory = BH_MALLOC((unsigned)size);
  if (memory != NULL) memset(memory, 0, size);
  return memory;
}

void os_munmap(void *memory, size_t size) {
  (void)size;
  BH_FREE(memory);
}

int os_mprotect(void *memory, size_t size, int protection) {
  (void)memory;
  (void)size;
  (void)protection;
  return 0;
}

void *os_mremap(void *memory, size_t old_size, size_t new_size) {
  return os_mremap_slow(memory, old_size, new_size);
}

void os_dcache_flush(void) {
}

void os_icache_flush(void *start, size_t length) {
  (void)start;
  (void)length;
}
