/*
 * ESP-IDF on a PC, as far as the port uses it: a partition in RAM that clears bits as flash does, Wi-Fi that finds its
 * network at once, a console whose lines the smoke program types.
 */
#include "fakes.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "driver/gpio.h"
#include "esp_console.h"
#include "esp_netif.h"
#include "esp_partition.h"
#include "esp_random.h"
#include "esp_system.h"
#include "esp_timer.h"
#include "esp_wifi.h"
#include "nvs_flash.h"

#define SECTOR 4096u
#define MOST_COMMANDS 16
#define MOST_HANDLERS 4
#define MOST_WORDS 32

/* FAKE_PARTITION_BYTES comes from partitions.csv. */
static uint8_t cells[FAKE_PARTITION_BYTES];
static volatile int is_broken;
static const esp_partition_t partition = {
    ESP_PARTITION_TYPE_DATA, ESP_PARTITION_SUBTYPE_DATA_UNDEFINED, 0x200000, FAKE_PARTITION_BYTES, "raftlog"};

int fake_partition_load(const char *path) {
  memset(cells, 0xff, sizeof cells);
  FILE *file = fopen(path, "rb");
  if (file == NULL) return 0;
  const size_t got = fread(cells, 1, sizeof cells, file);
  fclose(file);
  return got == sizeof cells ? 0 : -1;
}

int fake_partition_save(const char *path) {
  FILE *file = fopen(path, "wb");
  if (file == NULL) return -1;
  const size_t put = fwrite(cells, 1, sizeof cells, file);
  return fclose(file) == 0 && put == sizeof cells ? 0 : -1;
}

void fake_partition_break(void) { is_broken = 1; }

const esp_partition_t *esp_partition_find_first(esp_partition_type_t type, esp_partition_subtype_t subtype,
                                                const char *label) {
  const int found = type == partition.type && subtype == partition.subtype && strcmp(label, partition.label) == 0;
  return found ? &partition : NULL;
}

static esp_err_t check(const esp_partition_t *wanted, size_t offset, size_t size) {
  if (wanted != &partition || offset > sizeof cells) return ESP_ERR_INVALID_ARG;
  return size > sizeof cells - offset ? ESP_ERR_INVALID_SIZE : ESP_OK;
}

esp_err_t esp_partition_read(const esp_partition_t *from, size_t src_offset, void *dst, size_t size) {
  const esp_err_t answer = check(from, src_offset, size);
  if (answer == ESP_OK) memcpy(dst, cells + src_offset, size);
  return answer;
}

/* Stricter than a chip that is not encrypted: whole units of 16 bytes. */
esp_err_t esp_partition_write(const esp_partition_t *to, size_t dst_offset, const void *src, size_t size) {
  const uint8_t *bytes = src;
  const esp_err_t answer = check(to, dst_offset, size);
  if (answer != ESP_OK) return answer;
  if (dst_offset % 16 != 0 || size % 16 != 0) return ESP_ERR_INVALID_ARG;
  if (is_broken) return ESP_FAIL;
  for (size_t i = 0; i < size; i++) cells[dst_offset + i] &= bytes[i];
  return ESP_OK;
}

esp_err_t esp_partition_erase_range(const esp_partition_t *of, size_t offset, size_t size) {
  const esp_err_t answer = check(of, offset, size);
  if (answer != ESP_OK) return answer;
  if (offset % SECTOR != 0 || size % SECTOR != 0) return ESP_ERR_INVALID_ARG;
  if (is_broken) return ESP_FAIL;
  memset(cells + offset, 0xff, size);
  return ESP_OK;
}

static volatile int led_direction;
static volatile int led_level;
static volatile int led_changes;

int fake_led_level(void) { return led_level; }
int fake_led_changes(void) { return led_changes; }

esp_err_t gpio_reset_pin(gpio_num_t pin) { return pin >= 0 ? ESP_OK : ESP_ERR_INVALID_ARG; }

esp_err_t gpio_set_direction(gpio_num_t pin, gpio_mode_t mode) {
  led_direction = mode;
  return pin >= 0 ? ESP_OK : ESP_ERR_INVALID_ARG;
}

esp_err_t gpio_set_level(gpio_num_t pin, uint32_t level) {
  if (pin < 0 || led_direction != GPIO_MODE_OUTPUT) return ESP_ERR_INVALID_ARG;
  led_changes += led_level != (int)level;
  led_level = (int)level;
  return ESP_OK;
}

esp_event_base_t const WIFI_EVENT = "WIFI_EVENT";
esp_event_base_t const IP_EVENT = "IP_EVENT";

static struct {
  esp_event_base_t base;
  int32_t id;
  esp_event_handler_t handler;
  void *context;
} handlers[MOST_HANDLERS];
static int handler_count;
static char wifi_calls[256];

static void note(const char *call) {
  const size_t used = strlen(wifi_calls);
  snprintf(wifi_calls + used, sizeof wifi_calls - used, "%s%s", used == 0 ? "" : " ", call);
}

static void tell(esp_event_base_t base, int32_t id, void *data) {
  for (int i = 0; i < handler_count; i++) {
    const int is_for = handlers[i].base == base && (handlers[i].id == ESP_EVENT_ANY_ID || handlers[i].id == id);
    if (is_for) handlers[i].handler(handlers[i].context, base, id, data);
  }
}

const char *fake_wifi_calls(void) { return wifi_calls; }

void fake_wifi_lose(void) { tell(WIFI_EVENT, WIFI_EVENT_STA_DISCONNECTED, NULL); }

esp_err_t esp_event_loop_create_default(void) { return ESP_OK; }

esp_err_t esp_event_handler_register(esp_event_base_t base, int32_t id, esp_event_handler_t handler, void *arg) {
  if (handler_count == MOST_HANDLERS) return ESP_FAIL;
  handlers[handler_count].base = base;
  handlers[handler_count].id = id;
  handlers[handler_count].handler = handler;
  handlers[handler_count].context = arg;
  handler_count++;
  return ESP_OK;
}

esp_err_t esp_netif_init(void) { return ESP_OK; }

esp_netif_t *esp_netif_create_default_wifi_sta(void) {
  static char interface;
  return (esp_netif_t *)&interface;
}

esp_err_t esp_wifi_init(const wifi_init_config_t *config) {
  note("init");
  return config->magic == 0x1F2F3F4F ? ESP_OK : ESP_ERR_INVALID_ARG;
}

esp_err_t esp_wifi_set_mode(wifi_mode_t mode) {
  note("mode");
  return mode == WIFI_MODE_STA ? ESP_OK : ESP_ERR_INVALID_ARG;
}

esp_err_t esp_wifi_set_config(wifi_interface_t interface, wifi_config_t *conf) {
  char text[64];
  snprintf(text, sizeof text, "config:%.32s:%d", (const char *)conf->sta.ssid, (int)interface);
  note(text);
  return ESP_OK;
}

esp_err_t esp_wifi_set_ps(wifi_ps_type_t type) {
  note(type == WIFI_PS_NONE ? "awake" : "sleeps");
  return ESP_OK;
}

esp_err_t esp_wifi_start(void) {
  note("start");
  tell(WIFI_EVENT, WIFI_EVENT_STA_START, NULL);
  return ESP_OK;
}

/* The first attempt fails, as it now and then does. */
esp_err_t esp_wifi_connect(void) {
  static int attempts;
  ip_event_got_ip_t got = {NULL, {{0x0100007f}, {0xff}, {0}}};
  note("connect");
  if (attempts++ == 0) tell(WIFI_EVENT, WIFI_EVENT_STA_DISCONNECTED, NULL);
  else tell(IP_EVENT, IP_EVENT_STA_GOT_IP, &got);
  return ESP_OK;
}

/* Made by another version of ESP-IDF, until it is erased. */
static esp_err_t nvs_state = ESP_ERR_NVS_NEW_VERSION_FOUND;
esp_err_t nvs_flash_init(void) { return nvs_state; }
esp_err_t nvs_flash_erase(void) {
  nvs_state = ESP_OK;
  return ESP_OK;
}

static esp_console_cmd_t commands[MOST_COMMANDS];
static int command_count;

esp_err_t esp_console_cmd_register(const esp_console_cmd_t *cmd) {
  if (command_count == MOST_COMMANDS) return ESP_FAIL;
  commands[command_count++] = *cmd;
  return ESP_OK;
}

esp_err_t esp_console_run(const char *cmdline, int *cmd_ret) {
  char line[1024];
  char *words[MOST_WORDS];
  int count = 0;
  snprintf(line, sizeof line, "%s", cmdline);
  for (char *word = strtok(line, " "); word != NULL && count < MOST_WORDS; word = strtok(NULL, " ")) {
    words[count++] = word;
  }
  if (count == 0) return ESP_ERR_INVALID_ARG;
  for (int i = 0; i < command_count; i++) {
    if (strcmp(commands[i].command, words[0]) != 0) continue;
    *cmd_ret = commands[i].func(count, words);
    return ESP_OK;
  }
  return ESP_ERR_NOT_FOUND;
}

static esp_err_t new_repl(esp_console_repl_t **repl) {
  static char console;
  *repl = (esp_console_repl_t *)&console;
  return ESP_OK;
}

esp_err_t esp_console_new_repl_uart(const esp_console_dev_uart_config_t *dev_config,
                                    const esp_console_repl_config_t *repl_config, esp_console_repl_t **ret_repl) {
  return dev_config->baud_rate > 0 && repl_config->task_stack_size > 0 ? new_repl(ret_repl) : ESP_ERR_INVALID_ARG;
}

esp_err_t esp_console_start_repl(esp_console_repl_t *repl) { return repl != NULL ? ESP_OK : ESP_ERR_INVALID_ARG; }

int64_t esp_timer_get_time(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

uint32_t esp_random(void) {
  static uint32_t state = 2463534242u;
  state ^= state << 13;
  state ^= state >> 17;
  state ^= state << 5;
  return state;
}

void esp_restart(void) { exit(3); }
