/*
 * A node on an ESP32: the core under WAMR, the log in a raw partition, datagrams over Wi-Fi, a console, a LED. All of
 * the node's memory is static, but for linear memory.
 *
 * Everything runs on one POSIX thread, which WAMR asks for; the console's task and the events of Wi-Fi hand over what
 * they have. When the core traps, the board says why and starts again from its log. When the node stops for another
 * reason (flash worn or foreign, a module of another digest), starting again would not help: it says why, also to each
 * line of the console, and stays.
 */
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/select.h>
#include <unistd.h>

#include "board.h"
#include "commands.h"
#include "datagrams.h"
#include "esp_log.h"
#include "esp_random.h"
#include "esp_system.h"
#include "esp_timer.h"
#include "flash_partition.h"
#include "led.h"
#include "mailbox.h"
#include "metalraft/core.h"
#include "node.h"
#include "sha256.h"
#include "wifi.h"

/* The longest that a line of the console or the LED waits, in ms. */
#define MOST_WAIT 20
/* For tasks of lower priority, the console's among them, when a flood leaves no other pause, in us: a tick. */
#define BREATH 1000

#define TEXT_OF(value) #value
#define TEXT(value) TEXT_OF(value)

/* build/metalraft.wasm: main/CMakeLists.txt embeds it. */
extern const uint8_t _binary_metalraft_wasm_start[];
extern const uint8_t _binary_metalraft_wasm_end[];
static const uint8_t module_sha256[METALRAFT_SHA256_BYTES] = {METALRAFT_SHA256};

static const char tag[] = "metalraft";
static uint64_t pool[BOARD_POOL / sizeof(uint64_t)];
static metalraft_core core;
static mr_node node;
static mr_console console;
static posix_node_options options;
static posix_datagrams datagrams;
static mr_flash_device flash;
static char reason[MR_NODE_PROBLEM + 16];

static uint64_t now(void *context) {
  (void)context;
  return (uint64_t)esp_timer_get_time() / 1000;
}

static uint32_t random_bits(void *context) {
  (void)context;
  return esp_random();
}

static uint32_t receive(void *context, uint8_t *into, uint32_t capacity) {
  return posix_receive(context, into, capacity);
}

static void heard(void *context, uint32_t member) { posix_heard(context, member); }

static void send_to(void *context, uint32_t to, const uint8_t *datagram, uint32_t length) {
  posix_send(context, to, datagram, length);
}

static void locate(void *context, uint32_t member, const uint8_t *address, uint32_t length) {
  if (member == options.plan.id || posix_locate(context, member, address, length)) return;
  ESP_LOGW(tag, "the address of node %lu, \"%.*s\", cannot be used", (unsigned long)member, (int)length,
           (const char *)address);
}

static void say(void *context, const char *line) {
  (void)context;
  ESP_LOGW(tag, "%s", line);
}

static const mr_platform platform = {
    .context = &datagrams,
    .now = now,
    .random = random_bits,
    .receive = receive,
    .heard = heard,
    .send = send_to,
    .locate = locate,
    .say = say,
    .flash = &flash,
};

/* Menuconfig's settings are read as the flags of a process are. Answers 0, or -1 after it has said what is wrong. */
static int read_settings(void) {
  static char listen_on[] = "0.0.0.0:" TEXT(CONFIG_METALRAFT_PORT);
  static char id[] = TEXT(CONFIG_METALRAFT_NODE_ID), cluster[] = TEXT(CONFIG_METALRAFT_CLUSTER_ID);
  static char timeout[] = TEXT(CONFIG_METALRAFT_ELECTION_TIMEOUT), members[] = CONFIG_METALRAFT_MEMBERS;
  char *words[] = {"metalraft", "--listen", listen_on,   "--flash", FLASH_PARTITION_NAME, "--id", id,
                   "--cluster", cluster,    "--election-timeout",   timeout,              "--members", members};
  const int count = (int)(sizeof words / sizeof words[0]);
  return posix_read_node_options(&options, members[0] == '\0' ? count - 2 : count, words);
}

static const char *open_core(void) {
  static char text[METALRAFT_FAULT_TEXT];
  char digest[MR_SHA256_HEX];
  const metalraft_core_options wanted = {
      .module = _binary_metalraft_wasm_start,
      .module_bytes = (uint32_t)(_binary_metalraft_wasm_end - _binary_metalraft_wasm_start),
      .sha256 = module_sha256,
      .pool = (uint8_t *)pool,
      .pool_bytes = sizeof pool,
      .arena_bytes = BOARD_ARENA,
      .stack_bytes = BOARD_INTERPRETER_STACK,
  };
  const int32_t status = metalraft_core_open(&core, &wanted);
  mr_sha256_hex(core.sha256, digest);
  ESP_LOGI(tag, "node %lu, core %s, %s interpreter", (unsigned long)options.plan.id, digest,
           metalraft_core_interpreter());
  if (status == METALRAFT_STATUS_OK) return NULL;
  metalraft_fault_text(&core, text, sizeof text);
  return text;
}

static const char *start_node(void) {
  const mr_node_options wanted = {
      .plan = options.plan,
      .bootstrap = (const uint8_t *)options.configuration,
      .bootstrap_length = options.configuration_length,
      .event_mask = led_events,
      .observe = led_observe,
  };
  if (mr_node_start(&node, &core, &platform, &wanted) != 0) return node.problem;
  mr_console_init(&console, &node, mailbox_answer, NULL);
  ESP_LOGI(tag, "started in term %llu with %llu entries behind it", (unsigned long long)node.log.state.term,
           (unsigned long long)node.log.state.last);
  return NULL;
}

/* Waits for a datagram, at most so many ms. */
static void wait_for_datagram(int32_t most) {
  fd_set sockets;
  if (most == 0) {
    usleep(BREATH);
    return;
  }
  struct timeval patience = {0, (most < MOST_WAIT ? most : MOST_WAIT) * 1000};
  FD_ZERO(&sockets);
  FD_SET(datagrams.socket, &sockets);
  (void)select(datagrams.socket + 1, &sockets, NULL, NULL, &patience);
}

/* Runs until the node fails; answers why. */
static const char *run(void) {
  static char line[MR_CONSOLE_LINE];
  for (;;) {
    const int32_t wait = mr_node_turn(&node);
    if (wait < 0) return node.problem;
    led_turn(now(NULL));
    if (mailbox_take(line, sizeof line)) mr_console_line(&console, line);
    else wait_for_datagram(wait);
  }
}

/* The core comes first: linear memory is one piece of the heap, which Wi-Fi would leave in smaller ones. */
static const char *start(void) {
  if (read_settings() != 0) return "the settings are wrong: menuconfig, MetalRaft";
  led_open();
  const char *problem = open_core();
  if (problem == NULL) problem = flash_partition_open(&flash);
  if (problem == NULL) problem = wifi_start();
  if (problem == NULL) problem = posix_datagrams_open(&datagrams, options.listen);
  if (problem == NULL) problem = start_node();
  return problem;
}

static void *live(void *unused) {
  const char *problem = start();
  if (problem == NULL) problem = run();
  const int trapped = core.fault.kind == METALRAFT_FAULT_TRAP || core.fault.kind == METALRAFT_FAULT_INVARIANT;
  ESP_LOGE(tag, "%s", problem);
  snprintf(reason, sizeof reason, "refused: %s", problem);
  mailbox_close(reason);
  if (trapped) {
    sleep(BOARD_RESTART_DELAY);
    esp_restart();
  }
  return unused;
}

void app_main(void) {
  pthread_t thread;
  pthread_attr_t attributes;
  pthread_attr_init(&attributes);
  pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
  if (pthread_attr_setstacksize(&attributes, BOARD_THREAD_STACK) != 0 ||
      pthread_create(&thread, &attributes, live, NULL) != 0) {
    ESP_LOGE(tag, "no memory for the node's thread");
    return;
  }
  const char *problem = commands_start();
  if (problem != NULL) ESP_LOGE(tag, "%s", problem);
}
