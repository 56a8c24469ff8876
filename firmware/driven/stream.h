/*
 * The byte stream to the driver, with a buffer either way. After a failure or the driver's end nothing moves any more:
 * callers need not look before they ask `is_over`.
 */
#ifndef METALRAFT_DRIVEN_STREAM_H
#define METALRAFT_DRIVEN_STREAM_H

#include "metalraft/driven.h"

#define FRAME_HEADER 8

/* Frames, and the bytes at the end of a frame, begin at multiples of this. */
#define FRAME_ALIGNMENT 8

typedef struct frame {
  uint32_t length;
  uint32_t kind;
  uint32_t node;
} frame;

/* Takes `length` bytes. */
void stream_take(metalraft_driven *driven, void *into, uint32_t length);
/* Takes `length` bytes and forgets them. */
void stream_skip(metalraft_driven *driven, uint32_t length);
/* Takes a header. */
frame stream_take_frame(metalraft_driven *driven);
/* Takes the zeroes behind a frame of `length`. */
void stream_take_padding(metalraft_driven *driven, uint32_t length);

/* Puts bytes; they leave at the next stream_send at the latest. */
void stream_put(metalraft_driven *driven, const void *bytes, uint32_t length);
/* Puts a header. */
void stream_put_frame(metalraft_driven *driven, uint32_t length, uint32_t kind, uint32_t node);
/* Puts the zeroes behind a frame, or a part of one, of `length`. */
void stream_put_padding(metalraft_driven *driven, uint32_t length);
/* Lets everything leave. */
void stream_send(metalraft_driven *driven);

/* Ends it: the driver did not hold to the protocol. */
void stream_break(metalraft_driven *driven);

#endif
