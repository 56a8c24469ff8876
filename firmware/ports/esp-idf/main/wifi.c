#include "wifi.h"

#include <pthread.h>
#include <stdint.h>
#include <string.h>
#include <sys/time.h>
#include <time.h>

#include "esp_event.h"
#include "esp_log.h"
#include "esp_netif.h"
#include "esp_wifi.h"
#include "nvs_flash.h"
#include "sdkconfig.h"

static const char tag[] = "metalraft";
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t changed = PTHREAD_COND_INITIALIZER;
static int has_address;

/* Runs in the task of the event loop. A failed attempt takes the driver some seconds, which is pause enough. */
static void on_event(void *context, esp_event_base_t base, int32_t id, void *data) {
  (void)context;
  if (base == WIFI_EVENT && id == WIFI_EVENT_STA_START) {
    esp_wifi_connect();
  } else if (base == WIFI_EVENT && id == WIFI_EVENT_STA_DISCONNECTED) {
    ESP_LOGW(tag, "no connection to the network \"%s\"; trying again", CONFIG_METALRAFT_WIFI_SSID);
    esp_wifi_connect();
  } else if (base == IP_EVENT && id == IP_EVENT_STA_GOT_IP) {
    const ip_event_got_ip_t *got = data;
    ESP_LOGI(tag, "this board's address is " IPSTR, IP2STR(&got->ip_info.ip));
    pthread_mutex_lock(&lock);
    has_address = 1;
    pthread_cond_signal(&changed);
    pthread_mutex_unlock(&lock);
  }
}

static int wait_for_address(void) {
  struct timeval now;
  int waiting = 0;
  gettimeofday(&now, NULL);
  const struct timespec until = {now.tv_sec + WIFI_PATIENCE, now.tv_usec * 1000};
  pthread_mutex_lock(&lock);
  while (!has_address && waiting == 0) waiting = pthread_cond_timedwait(&changed, &lock, &until);
  const int there = has_address;
  pthread_mutex_unlock(&lock);
  return there;
}

/* The driver keeps its calibration in the partition nvs, which may be of another version of ESP-IDF. */
static esp_err_t open_settings(void) {
  const esp_err_t answer = nvs_flash_init();
  if (answer != ESP_ERR_NVS_NO_FREE_PAGES && answer != ESP_ERR_NVS_NEW_VERSION_FOUND) return answer;
  const esp_err_t erased = nvs_flash_erase();
  return erased == ESP_OK ? nvs_flash_init() : erased;
}

static esp_err_t start_driver(void) {
  static const char ssid[] = CONFIG_METALRAFT_WIFI_SSID;
  static const char password[] = CONFIG_METALRAFT_WIFI_PASSWORD;
  const wifi_init_config_t defaults = WIFI_INIT_CONFIG_DEFAULT();
  wifi_config_t config;
  memset(&config, 0, sizeof config);
  /* The driver's fields need no closing 0. */
  if (sizeof ssid - 1 > sizeof config.sta.ssid || sizeof password - 1 > sizeof config.sta.password) return ESP_FAIL;
  memcpy(config.sta.ssid, ssid, sizeof ssid - 1);
  memcpy(config.sta.password, password, sizeof password - 1);
  if (esp_netif_create_default_wifi_sta() == NULL) return ESP_FAIL;
  esp_err_t answer = esp_wifi_init(&defaults);
  if (answer == ESP_OK) answer = esp_event_handler_register(WIFI_EVENT, ESP_EVENT_ANY_ID, on_event, NULL);
  if (answer == ESP_OK) answer = esp_event_handler_register(IP_EVENT, IP_EVENT_STA_GOT_IP, on_event, NULL);
  if (answer == ESP_OK) answer = esp_wifi_set_mode(WIFI_MODE_STA);
  if (answer == ESP_OK) answer = esp_wifi_set_config(WIFI_IF_STA, &config);
  /* In power save the radio sleeps between beacons, and a message waits for 100 ms and more. */
  if (answer == ESP_OK) answer = esp_wifi_set_ps(WIFI_PS_NONE);
  if (answer == ESP_OK) answer = esp_wifi_start();
  return answer;
}

const char *wifi_start(void) {
  if (open_settings() != ESP_OK) return "the partition nvs cannot be used: erase it";
  /* Sockets need it, with or without Wi-Fi. */
  if (esp_netif_init() != ESP_OK || esp_event_loop_create_default() != ESP_OK) return "no memory for the network";
  if (CONFIG_METALRAFT_WIFI_SSID[0] == '\0') {
    ESP_LOGW(tag, "no Wi-Fi network is configured: menuconfig, MetalRaft");
    return NULL;
  }
  if (start_driver() != ESP_OK) return "Wi-Fi does not start: its name or password is too long, or memory is short";
  if (!wait_for_address()) ESP_LOGW(tag, "no address after %d s: going on without", WIFI_PATIENCE);
  return NULL;
}
