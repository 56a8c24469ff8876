/* What the files of the node share. */
#ifndef MR_NODE_INTERNAL_H
#define MR_NODE_INTERNAL_H

#include "node.h"

extern const metalraft_effects mr_node_effects;

/* A line for people. */
void mr_node_say(mr_node *node, const char *what, const char *why);

/* The node fails: the first reason stays. */
void mr_node_fail(mr_node *node, const char *what, const char *why);

/* Tells the platform where the members of the configuration in force are. */
void mr_node_locate(mr_node *node);

/* After a flush: installs a leader's image, or takes a snapshot if one is due. Answers whether the core was told of one:
 * then it has something to let out. */
int mr_node_snapshots(mr_node *node);

/* Takes the state of the durable image in place of the store's. Answers 0 or -1. */
int mr_node_load_image(mr_node *node);

/* Reads the configuration that the durable image begins with into the core's inbox; answers its length, 0 if none. */
uint32_t mr_node_image_configuration(mr_node *node);

/* Whether a message for this node is no message of the core, but an ask (asks.h); and what is done about one. */
int mr_node_is_ask(const uint8_t *message, uint32_t length);
void mr_node_ask(mr_node *node, const uint8_t *message, uint32_t length);

/* Forgets the asks of an earlier leadership. */
void mr_node_forget_asks(mr_node *node);

/* Outcomes. */
void mr_node_applied(mr_node *node, uint64_t index, uint64_t term, int answer);
void mr_node_reads(mr_node *node, uint64_t ticket, uint32_t answered);
void mr_node_sweep(mr_node *node, int stopped);

#endif
