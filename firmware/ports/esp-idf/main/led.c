#include "led.h"

#include "driver/gpio.h"
#include "metalraft_abi.h"
#include "sdkconfig.h"

#ifdef CONFIG_METALRAFT_LED_ACTIVE_LOW
#define LEVEL_LIT 0
#else
#define LEVEL_LIT 1
#endif

/* How long a blink is, in ms: the eye sees it, and a busy cluster's still differ from each other. */
#define BLINK 40

const uint32_t led_events = UINT32_C(1) << METALRAFT_EVENT_KIND_ROLE | UINT32_C(1) << METALRAFT_EVENT_KIND_COMMIT;

static int leads;
static int blinks;
/* When the blink was first seen; 0 until then, for an event brings no time. */
static uint64_t blink_begins;

static void show(int lit) {
  if (CONFIG_METALRAFT_LED_PIN < 0) return;
  gpio_set_level((gpio_num_t)CONFIG_METALRAFT_LED_PIN, lit ? LEVEL_LIT : !LEVEL_LIT);
}

void led_open(void) {
  if (CONFIG_METALRAFT_LED_PIN < 0) return;
  gpio_reset_pin((gpio_num_t)CONFIG_METALRAFT_LED_PIN);
  gpio_set_direction((gpio_num_t)CONFIG_METALRAFT_LED_PIN, GPIO_MODE_OUTPUT);
  show(0);
}

static void begin_blink(void) {
  blinks = 1;
  blink_begins = 0;
}

void led_observe(void *context, uint32_t kind, uint64_t first, uint64_t second) {
  (void)context;
  (void)second;
  if (kind == METALRAFT_EVENT_KIND_ROLE) leads = first == METALRAFT_ROLE_LEADER;
  else if (!blinks) begin_blink();
  show(leads != blinks);
}

void led_turn(uint64_t now) {
  if (!blinks) return;
  if (blink_begins == 0) blink_begins = now;
  if (now - blink_begins < BLINK) return;
  blinks = 0;
  show(leads);
}
