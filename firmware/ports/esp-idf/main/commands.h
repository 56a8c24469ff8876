/* The console's commands: those of firmware/node/console.h, and `help`. */
#ifndef ESP_COMMANDS_H
#define ESP_COMMANDS_H

/* Starts the console on the device that is configured for it. Answers NULL, or what is wrong. */
const char *commands_start(void);

#endif
