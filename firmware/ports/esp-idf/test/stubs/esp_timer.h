#pragma once
#include <stdint.h>
/* Microseconds since the start. */
int64_t esp_timer_get_time(void);
