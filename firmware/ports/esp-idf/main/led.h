/*
 * A LED that shows what the observer tells: lit while the node leads, and for a moment the other way round when
 * something is committed. All functions are for the node's thread.
 */
#ifndef ESP_LED_H
#define ESP_LED_H

#include <stdint.h>

/* Kinds of events that it wants: bits of EventKind. */
extern const uint32_t led_events;

void led_open(void);
/* The observer of mr_node_options. */
void led_observe(void *context, uint32_t kind, uint64_t first, uint64_t second);
/* Ends a blink whose time has come; to be called on every turn, with ms of the node's clock. */
void led_turn(uint64_t now);

#endif
