/*
 * A node as a process: the core under WAMR, flash in a file, datagrams over UDP, a console on standard input. All memory
 * is static. When the core traps, it is opened anew and the node goes on from its flash; any other failure ends the
 * process, which says why.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "console.h"
#include "datagrams.h"
#include "flash_file.h"
#include "metalraft/module.h"
#include "metalraft/sizes.h"
#include "node.h"
#include "node_options.h"

/* Traps in a row, without a turn in between that did something, after which it is given up. */
#define MOST_RESTARTS 3

static uint64_t pool[METALRAFT_POOL_BYTES / sizeof(uint64_t)];
static metalraft_core core;
static mr_node node;
static mr_console console;
static posix_node_options options;
static posix_datagrams datagrams;
static posix_flash flash;
static uint64_t chance;
static char line[MR_CONSOLE_LINE];
static uint32_t line_length;
static int line_is_too_long;

static uint64_t now(void *context) {
  struct timespec time;
  (void)context;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return (uint64_t)time.tv_sec * 1000 + (uint64_t)time.tv_nsec / 1000000;
}

static uint32_t random_bits(void *context) {
  (void)context;
  chance ^= chance >> 12;
  chance ^= chance << 25;
  chance ^= chance >> 27;
  return (uint32_t)(chance * UINT64_C(0x2545f4914f6cdd1d) >> 32);
}

static uint32_t receive(void *context, uint8_t *into, uint32_t capacity) {
  return posix_receive(context, into, capacity);
}

static void heard(void *context, uint32_t member) { posix_heard(context, member); }

static void send_to(void *context, uint32_t to, const uint8_t *datagram, uint32_t length) {
  posix_send(context, to, datagram, length);
}

static void say(void *context, const char *text) {
  (void)context;
  fprintf(stderr, "metalraft-node %lu: %s\n", (unsigned long)options.plan.id, text);
}

static void locate(void *context, uint32_t member, const uint8_t *address, uint32_t length) {
  if (member == options.plan.id || posix_locate(context, member, address, length)) return;
  fprintf(stderr, "metalraft-node %lu: the address of node %lu, \"%.*s\", cannot be used\n",
          (unsigned long)options.plan.id, (unsigned long)member, (int)length, (const char *)address);
}

static void print(void *context, const char *text) {
  (void)context;
  printf("%s\n", text);
  fflush(stdout);
}

static const mr_platform platform = {&datagrams, now, random_bits, receive, heard, send_to, locate, say, &flash.device};

static int open_core(void) {
  char text[METALRAFT_FAULT_TEXT];
  const metalraft_core_options wanted = {
      .module = metalraft_module,
      .module_bytes = metalraft_module_bytes,
      .sha256 = metalraft_module_sha256,
      .pool = (uint8_t *)pool,
      .pool_bytes = sizeof pool,
      .arena_bytes = 65536,
      .stack_bytes = METALRAFT_STACK_BYTES,
  };
  if (metalraft_core_open(&core, &wanted) == METALRAFT_STATUS_OK) return 0;
  metalraft_fault_text(&core, text, sizeof text);
  say(NULL, text);
  return -1;
}

static int start_node(void) {
  const mr_node_options wanted = {
      .plan = options.plan,
      .bootstrap = (const uint8_t *)options.configuration,
      .bootstrap_length = options.configuration_length,
  };
  if (mr_node_start(&node, &core, &platform, &wanted) == 0) return 0;
  say(NULL, node.problem);
  return -1;
}

#ifdef METALRAFT_NODE_FAULTS
/* Only in the build for the tests: "test-trap" moves the node out of its memory, so that the core traps at the next call;
 * "test-invariant" breaks a rule of its arena. Answers whether the line was one of these. */
static int provoke(const char *text) {
  if (strcmp(text, "test-trap") == 0) {
    node.core.handle = UINT32_MAX - 7;
    return 1;
  }
  if (strcmp(text, "test-invariant") == 0) {
    ((metalraft_node *)(uintptr_t)node.core.state)->read_ticket = UINT64_MAX;
    return 1;
  }
  return 0;
}
#else
static int provoke(const char *text) {
  (void)text;
  return 0;
}
#endif

/* Takes what standard input has. Answers 0 at its end. */
static int take_input(void) {
  char bytes[256];
  const ssize_t length = read(STDIN_FILENO, bytes, sizeof bytes);
  if (length == 0) return 0;
  for (ssize_t i = 0; i < length; i++) {
    if (bytes[i] != '\n') {
      line_is_too_long |= line_length == sizeof line - 1;
      if (!line_is_too_long) line[line_length++] = bytes[i];
      continue;
    }
    line[line_length] = '\0';
    if (line_is_too_long) print(NULL, "refused: the line is too long");
    else if (line_length > 0 && !provoke(line)) mr_console_line(&console, line);
    line_length = 0;
    line_is_too_long = 0;
  }
  return 1;
}

/* Runs until standard input ends or the node fails; answers whether it was the former. */
static int run(uint64_t *turns) {
  struct pollfd waits[2] = {{STDIN_FILENO, POLLIN, 0}, {datagrams.socket, POLLIN, 0}};
  for (;;) {
    const int32_t wait = mr_node_turn(&node);
    if (wait < 0) return 0;
    (*turns)++;
    if (poll(waits, 2, (int)wait) < 0 && errno != EINTR) return 0;
    if ((waits[0].revents & (POLLIN | POLLHUP)) != 0 && !take_input()) return 1;
  }
}

/* Runs the node, from its flash again when the core trapped. Answers the process's exit status. */
static int live(void) {
  char started[200];
  for (int restarts = 0; restarts < MOST_RESTARTS; restarts++) {
    uint64_t turns = 0;
    if (open_core() != 0 || start_node() != 0) return 1;
    mr_console_init(&console, &node, print, NULL);
    snprintf(started, sizeof started, "{\"started\":%lu,\"port\":%u,\"interpreter\":\"%s\",\"term\":%llu,\"last\":%llu}",
             (unsigned long)options.plan.id, datagrams.port, metalraft_core_interpreter(),
             (unsigned long long)node.log.state.term, (unsigned long long)node.log.state.last);
    print(NULL, started);
    const int is_over = run(&turns);
    const int trapped = core.fault.kind == METALRAFT_FAULT_TRAP || core.fault.kind == METALRAFT_FAULT_INVARIANT;
    if (!is_over) say(NULL, node.problem);
    mr_node_stop(&node);
    metalraft_core_close(&core);
    if (is_over || !trapped) return is_over ? 0 : 1;
    if (turns > 1) restarts = 0;
  }
  say(NULL, "the core traps whenever it is started");
  return 1;
}

static void seed_chance(void) {
  const int file = open("/dev/urandom", O_RDONLY);
  if (file < 0 || read(file, &chance, sizeof chance) != (ssize_t)sizeof chance) chance = (uint64_t)time(NULL);
  if (file >= 0) close(file);
  chance = chance * 2 + 1 + options.plan.id;
  if (chance == 0) chance = 1;
}

int main(int count, char **arguments) {
  const int read_answer = posix_read_node_options(&options, count, arguments);
  if (read_answer != 0) {
    if (read_answer > 0) fputs(posix_node_usage, stdout);
    return read_answer > 0 ? 0 : 2;
  }
  const char *problem = posix_flash_open(&flash, options.flash);
  if (problem != NULL) {
    fprintf(stderr, "metalraft-node: %s: %s\n", options.flash, problem);
    return 1;
  }
  if (options.format && mr_flash_log_format(&flash.device) != MR_FLASH_OK) {
    fprintf(stderr, "metalraft-node: %s cannot be erased\n", options.flash);
    return 1;
  }
  problem = posix_datagrams_open(&datagrams, options.listen);
  if (problem != NULL) {
    fprintf(stderr, "metalraft-node: cannot listen on %s: %s\n", options.listen, problem);
    return 1;
  }
  seed_chance();
  return live();
}
