#pragma once
#include <stdint.h>
#include "esp_err.h"
#include "esp_event.h"
typedef struct esp_netif_obj esp_netif_t;
typedef struct {
  uint32_t addr;
} esp_ip4_addr_t;
typedef struct {
  esp_ip4_addr_t ip;
  esp_ip4_addr_t netmask;
  esp_ip4_addr_t gw;
} esp_netif_ip_info_t;
typedef struct {
  esp_netif_t *esp_netif;
  esp_netif_ip_info_t ip_info;
} ip_event_got_ip_t;
extern esp_event_base_t const IP_EVENT;
enum { IP_EVENT_STA_GOT_IP };
#define FAKE_IP_BYTE(ip, n) ((const uint8_t *)(ip))[n]
#define IPSTR "%d.%d.%d.%d"
#define IP2STR(ip) FAKE_IP_BYTE(ip, 0), FAKE_IP_BYTE(ip, 1), FAKE_IP_BYTE(ip, 2), FAKE_IP_BYTE(ip, 3)
esp_err_t esp_netif_init(void);
esp_netif_t *esp_netif_create_default_wifi_sta(void);
