/*
 * Driven mode: a core that does nothing but what a driver on the other end of a byte stream tells it. The same on every
 * port; a port supplies two functions that move bytes.
 *
 * All numbers are little-endian. The driver sends requests, one at a time; each is answered by any number of effects
 * and then one reply. An effect that asks (it has an answer) is followed by the driver's answer.
 *
 *   frame        u32 length of what follows the header, u16 kind, u16 node     (8 bytes), what follows, and zeroes up to a
 *                multiple of 8, which the length does not count
 *
 *   requests     HELLO    nothing
 *                CREATE   u32 event mask, u32 0, the Plan                      node: a number that the driver picks
 *                CALL     u32 export, u32 count of words, the words, padding to 8, bytes
 *                         The node's handle goes before the words. Bytes, if there are any, go to the node's inbox, and
 *                         where they lie and their length go behind the words.
 *                CALL_BYTES  as CALL, with the bytes' place and length behind the words even if there are none
 *                PEEK     u32 offset, u32 length                               a part of the node's arena
 *                RELEASE  nothing
 *                TAPE     u32 0 END, 1 BEGIN or 2 MARK, u32 0
 *                QUIT     nothing; no reply
 *   to the core  ANSWER   i32 answer, u32 0, bytes if the effect reads
 *   effects      EFFECT + number of the import
 *                         its words without the handle (in place of an address stands 0), padding to 8, its bytes
 *   replies      REPLY    i32 status, i32 broken invariant, u64 digest of the arena, then what was asked for:
 *                         to HELLO   u32 PROTOCOL, u32 ABI version, sha256, names (see below)
 *                         to CREATE  u32 bytes of the arena, u32 0, the Node
 *                         to CALL    the Node (its fixed part)
 *                         to PEEK    the bytes
 *                FAULT    i32 kind of the fault, u32 0, text: in place of a reply
 *
 * Between TAPE BEGIN and END nothing is sent: all that would be goes into a digest instead, which is what a TAPE's reply
 * has in place of the arena's. The driver sends the answers that it knows right behind the request that will ask for
 * them. So inputs can be replayed at the speed of one way, and a difference is found by bisection.
 *
 * Names in a HELLO, separated by line feeds: the interpreter; then the exports, in the order of their numbers, with a
 * space between; then the imports, as "module.name", in the order of theirs, with a space between.
 *
 * The flags of a CALL's kind ask for what costs time: CHECK for the broken invariant, DIGEST for the digest.
 */
#ifndef METALRAFT_DRIVEN_H
#define METALRAFT_DRIVEN_H

#include "metalraft/core.h"
#include "metalraft/sizes.h"

#define METALRAFT_DRIVEN_PROTOCOL UINT32_C(1)

#define METALRAFT_DRIVEN_HELLO 1
#define METALRAFT_DRIVEN_CREATE 2
#define METALRAFT_DRIVEN_CALL 3
#define METALRAFT_DRIVEN_CALL_BYTES 4
#define METALRAFT_DRIVEN_PEEK 5
#define METALRAFT_DRIVEN_RELEASE 6
#define METALRAFT_DRIVEN_QUIT 7
#define METALRAFT_DRIVEN_ANSWER 8
#define METALRAFT_DRIVEN_TAPE 9
#define METALRAFT_DRIVEN_REPLY 16
#define METALRAFT_DRIVEN_FAULT 17
#define METALRAFT_DRIVEN_EFFECT 64
#define METALRAFT_DRIVEN_TAPE_END 0
#define METALRAFT_DRIVEN_TAPE_BEGIN 1
#define METALRAFT_DRIVEN_TAPE_MARK 2
#define METALRAFT_DRIVEN_CHECK 0x1000
#define METALRAFT_DRIVEN_DIGEST 0x2000

/* How bytes reach the driver. */
typedef struct metalraft_driven_stream {
  void *context;
  /* Reads 1 to `capacity` bytes, waiting for the first: answers how many; 0: the driver is gone; below 0: failed. */
  int32_t (*read)(void *context, uint8_t *into, uint32_t capacity);
  /* Writes all of it: answers 0, below 0: failed. */
  int32_t (*write)(void *context, const uint8_t *bytes, uint32_t length);
} metalraft_driven_stream;

struct metalraft_driven;

/* A running digest of 32-bit words, that of sim/digest.ts; bytes are gathered to words, little-endian. */
typedef struct metalraft_driven_digest {
  uint32_t a;
  uint32_t b;
  uint32_t pending;
  uint32_t pending_bytes;
} metalraft_driven_digest;

/* A node under the number that the driver gave it. */
typedef struct metalraft_driven_node {
  metalraft_core_node node;
  struct metalraft_driven *driven;
  uint32_t number;
} metalraft_driven_node;

/* All that driven mode needs: a port has one of it, static. Its fields are driven mode's own. */
typedef struct metalraft_driven {
  metalraft_core core;
  metalraft_driven_node nodes[METALRAFT_DRIVEN_NODES];
  const metalraft_driven_stream *stream;
  /* Nothing more is read or written, and whatever asks is refused: the driver is gone, or the stream failed. */
  int is_over;
  /* It did not end as it should have. */
  int is_broken;
  int is_taping;
  metalraft_driven_digest tape;
  /* What was read and not taken yet lies from in_start to in_end; what is to be written, up to out_end. */
  uint32_t in_start;
  uint32_t in_end;
  uint32_t out_end;
  uint8_t in[METALRAFT_DRIVEN_BUFFER];
  uint8_t out[METALRAFT_DRIVEN_BUFFER];
} metalraft_driven;

/*
 * Opens the core and serves the driver until it quits or is gone. A core that cannot be opened answers every request
 * with its fault. Answers 0, or -1 when the stream failed or did not hold to the protocol.
 */
int metalraft_driven_run(metalraft_driven *driven, const metalraft_core_options *options,
                         const metalraft_driven_stream *stream);

#endif
