/*
 * What a member that serves clients, a Node server that shows a cluster of boards over HTTP, asks a board: to propose a
 * command, to change the members, to hand leadership over, how it is. Asks and answers are datagrams in the frames of
 * messages (frame.h) and begin with a message's header, with a magic of their own. Little-endian.
 *
 *   offset 0   u16  magic, the bytes "MQ"
 *          2   u8   version of the format, 1
 *          3   u8   kind; an answer has MR_ASK_ANSWER added
 *          4        as in a header: flags 0, length, from, to, group 0, cluster
 *         32   u64  ask: the term in which the receiver leads, 0 for STATUS; answer: the term of who answers
 *         40   u64  the asker's life: higher each time it starts
 *         48   u32  lane, 0 to MR_ASK_LANES - 1: on each, the asker awaits an answer before its next ask
 *         52   u32  number of the ask on its lane, from 1 on
 *
 * behind that, in an ask: PROPOSE the command; RECONFIGURE u64 index of the configuration that it changes, and the new one
 * in wire form; TRANSFER u32 target. In an answer:
 *
 *         56   i32  status: the core's, MR_ASK_UNKNOWN or MR_ASK_OLD_LIFE
 *         60   i32  PROPOSE: what mr_kv_apply answered
 *         64   u64  PROPOSE, RECONFIGURE: index of the entry; MR_ASK_OLD_LIFE: the life that is known
 *         72   u32  the leader, 0 if not known
 *         76   u32  0
 *         80        STATUS: the console's status line
 *
 * A datagram may be lost or come twice, so an asker repeats an ask as it was until it is answered, and is answered as the
 * first time: an ask is done once. What was done is kept for the term of a leadership, and an ask of another term is
 * refused, so it is not done twice by a board that has forgotten either.
 */
#ifndef MR_ASKS_H
#define MR_ASKS_H

#include <stdint.h>

#define MR_ASK_MAGIC 0x514du
#define MR_ASK_VERSION 1u
#define MR_ASK_ANSWER 0x80u
#define MR_ASK_HEAD 56u
#define MR_ASK_ANSWER_BYTES 80u

enum { MR_ASK_STATUS = 1, MR_ASK_PROPOSE = 2, MR_ASK_RECONFIGURE = 3, MR_ASK_TRANSFER = 4 };

/* What else an answer's status may be: it may or may not have been done; and nothing was done, because a later life of the
 * asker has been heard of. */
#define MR_ASK_UNKNOWN 1
#define MR_ASK_OLD_LIFE 2

#define MR_ASK_LANES 4u
/* Lanes of all askers: of four members that serve clients. More are refused as BUSY. */
#define MR_ASKS 16u

struct mr_node;

/* The newest ask on a lane, and what came of it. RAM: 64 bytes, 1 KiB in all. */
typedef struct mr_ask {
  struct mr_node *node;
  /* 0: not in use. */
  uint32_t from;
  uint32_t lane;
  uint64_t life;
  uint32_t number;
  uint32_t kind;
  int is_busy;
  int32_t status;
  int32_t result;
  uint64_t index;
} mr_ask;

#endif
