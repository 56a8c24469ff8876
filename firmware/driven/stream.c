#include "stream.h"

#include "digest.h"

#include <string.h>

void stream_break(metalraft_driven *driven) {
  driven->is_over = 1;
  driven->is_broken = 1;
}

/* Reads 1 to `capacity` bytes; 0 when there will be no more. */
static uint32_t read_some(metalraft_driven *driven, uint8_t *into, uint32_t capacity) {
  int32_t length = driven->stream->read(driven->stream->context, into, capacity);
  if (length > 0 && (uint32_t)length <= capacity) return (uint32_t)length;
  driven->is_over = 1;
  if (length != 0) driven->is_broken = 1;
  return 0;
}

/* Takes at least one byte and at most `length`, past the buffer when that spares a copy; 0 at the end. */
static uint32_t take_some(metalraft_driven *driven, uint8_t *into, uint32_t length) {
  if (driven->in_start == driven->in_end) {
    if (length >= sizeof driven->in) return read_some(driven, into, length);
    driven->in_start = 0;
    driven->in_end = read_some(driven, driven->in, sizeof driven->in);
  }
  uint32_t there = driven->in_end - driven->in_start;
  uint32_t taken = there < length ? there : length;
  memcpy(into, driven->in + driven->in_start, taken);
  driven->in_start += taken;
  return taken;
}

void stream_take(metalraft_driven *driven, void *into, uint32_t length) {
  uint8_t *place = into;
  uint32_t done = 0;
  while (done < length && !driven->is_over) done += take_some(driven, place + done, length - done);
  if (done < length) memset(place + done, 0, length - done);
}

void stream_skip(metalraft_driven *driven, uint32_t length) {
  uint8_t bytes[64];
  for (uint32_t rest = length; rest > 0 && !driven->is_over;) {
    uint32_t part = rest < sizeof bytes ? rest : (uint32_t)sizeof bytes;
    stream_take(driven, bytes, part);
    rest -= part;
  }
}

frame stream_take_frame(metalraft_driven *driven) {
  uint32_t words[2];
  stream_take(driven, words, FRAME_HEADER);
  frame taken = {words[0], words[1] & 0xffff, words[1] >> 16};
  return taken;
}

/* Bytes from `length` to the next multiple of FRAME_ALIGNMENT. */
static uint32_t gap_behind(uint32_t length) {
  return (FRAME_ALIGNMENT - length % FRAME_ALIGNMENT) % FRAME_ALIGNMENT;
}

void stream_take_padding(metalraft_driven *driven, uint32_t length) {
  stream_skip(driven, gap_behind(length));
}

static void write_all(metalraft_driven *driven, const uint8_t *bytes, uint32_t length) {
  if (driven->is_over || length == 0) return;
  if (driven->stream->write(driven->stream->context, bytes, length) != 0) stream_break(driven);
}

void stream_send(metalraft_driven *driven) {
  write_all(driven, driven->out, driven->out_end);
  driven->out_end = 0;
}

void stream_put(metalraft_driven *driven, const void *bytes, uint32_t length) {
  if (driven->is_taping) {
    digest_add(&driven->tape, bytes, length);
    return;
  }
  if (length > sizeof driven->out - driven->out_end) stream_send(driven);
  if (length > sizeof driven->out) {
    write_all(driven, bytes, length);
    return;
  }
  if (length > 0) memcpy(driven->out + driven->out_end, bytes, length);
  driven->out_end += length;
}

void stream_put_frame(metalraft_driven *driven, uint32_t length, uint32_t kind, uint32_t node) {
  uint32_t words[2] = {length, kind | node << 16};
  stream_put(driven, words, FRAME_HEADER);
}

void stream_put_padding(metalraft_driven *driven, uint32_t length) {
  static const uint8_t zeroes[FRAME_ALIGNMENT];
  stream_put(driven, zeroes, gap_behind(length));
}
