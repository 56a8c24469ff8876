/*
 * Commands for people and tests, a line each; every one is answered by one line, when its outcome is known:
 *
 *   status              {"id":1,"role":"LEADER",...}
 *   members             1 voter 127.0.0.1:7001, 2 ...
 *   put KEY VALUE       ok INDEX, refused REASON, lost, or unknown
 *   delete KEY          likewise
 *   get KEY             value INDEX VALUE, none, or refused REASON: linearizable
 *   local KEY           likewise, as this node has it
 *   transfer ID         ok, or refused REASON
 *   add ID ADDRESS      likewise: a learner, which becomes a voter once it holds the log
 *   learner ID ADDRESS  likewise: a learner, which stays one
 *   remove ID           likewise
 *
 * A line may begin with "#TAG ", which its answer then begins with too.
 */
#ifndef MR_CONSOLE_H
#define MR_CONSOLE_H

#include "node.h"

#define MR_CONSOLE_LINE 512u
#define MR_CONSOLE_TAG 16u
/* Longest key here; keys of other clients may be longer. */
#define MR_CONSOLE_KEY 64u

typedef struct mr_console mr_console;

typedef struct mr_console_wait {
  mr_console *console;
  char tag[MR_CONSOLE_TAG];
  char key[MR_CONSOLE_KEY];
  int in_use;
} mr_console_wait;

/* Its answers go to `print`, without a line's end. RAM: 8 * 88 waiting and 12, 0.7 KiB; and 1.5 KiB of stack. */
struct mr_console {
  mr_node *node;
  void *context;
  void (*print)(void *context, const char *line);
  mr_console_wait waiting[MR_NODE_PENDING];
};

void mr_console_init(mr_console *console, mr_node *node, void (*print)(void *context, const char *line), void *context);

/* Writes the node's status, as the command does. */
void mr_console_status(const mr_node *node, char *text, uint32_t capacity);

/* Does a line; it is changed. */
void mr_console_line(mr_console *console, char *line);

#endif
