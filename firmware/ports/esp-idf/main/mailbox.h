/*
 * Hands lines from the console's task to the node's thread, which alone may touch the node, and answers back. Room for
 * one line: the console waits for each.
 */
#ifndef ESP_MAILBOX_H
#define ESP_MAILBOX_H

#include "console.h"

/* How long the console waits, in s: several elections. */
#define MAILBOX_PATIENCE 10

/* Asks from the console's task. The answer is written to `into`, also when it is that there was none in time. */
void mailbox_ask(const char *line, char *into, uint32_t capacity);

/* Takes a line on the node's thread, with a tag in front. Answers 0 if none waits. */
int mailbox_take(char *into, uint32_t capacity);

/* The console's `print`: an answer with the tag of the line that waits, or anything else, for the log. */
void mailbox_answer(void *context, const char *line);

/* From here on every line is answered with the reason, which must stay. */
void mailbox_close(const char *reason);

#endif
