/*
 * Boards in one process: the core under WAMR, flash models, and a network and a clock that a test moves by hand. Nothing
 * happens by itself and nothing is drawn, so every run is the same. A mistake of the test ends the process with a line.
 */
#ifndef CLUSTER_H
#define CLUSTER_H

#include "node.h"
#include "nor_model.h"

#define CLUSTER_BOARDS 4u
#define CLUSTER_SECTORS NOR_MOST_SECTORS
/* In ms. */
#define CLUSTER_HEARTBEAT 100u

/* Opens the core, with no boards, and with all links as they should be. */
void cluster_open(void);
/* Ends all boards, and closes the core. */
void cluster_close(void);

/* Starts a board on blank flash of so many sectors of 4 KiB, at most CLUSTER_SECTORS; the members it knows of are 1 to
 * `members`, none if that is 0. */
void cluster_start(uint32_t id, uint32_t members, uint32_t sectors);
mr_node *cluster_board(uint32_t id);

/* One turn of a board. */
void cluster_turn(uint32_t id);
/* Turns all boards until nothing is under way and none of them has anything to do. */
void cluster_settle(void);
/* Lets time pass, by a heartbeat interval. */
void cluster_pass(void);

/* From here on, messages with entries are held up on this one link, and all others on it are lost. */
void cluster_hold_up(uint32_t from, uint32_t to);
/* From here on, the link is as it should be again; what was held up stays so. */
void cluster_mend(void);
/* Messages that were held up arrive, behind all that waits for their receiver; those that tell of a higher commit index
 * are lost. */
void cluster_let_go(uint64_t commit);
/* Whether a message of this kind waits for a board. */
int cluster_waits(uint32_t to, uint32_t kind);

/* Says what is wrong, and ends the process. */
void cluster_give_up(const char *what);

#endif
