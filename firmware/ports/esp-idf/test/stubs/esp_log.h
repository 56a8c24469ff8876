#pragma once
#include <stdio.h>
#define FAKE_LOG(level, tag, format, ...) \
  do { \
    fprintf(stderr, level " %s: " format "\n", tag, ##__VA_ARGS__); \
  } while (0)
#define ESP_LOGE(tag, ...) FAKE_LOG("E", tag, __VA_ARGS__)
#define ESP_LOGW(tag, ...) FAKE_LOG("W", tag, __VA_ARGS__)
#define ESP_LOGI(tag, ...) FAKE_LOG("I", tag, __VA_ARGS__)
