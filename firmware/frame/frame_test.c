/*
 * The frame codec: the bytes that the TypeScript transport's test has too, and every datagram that is not whole.
 */
#include <stdio.h>
#include <string.h>

#include "bytes.h"
#include "frame.h"

static int failures;

static void expect(int holds, const char *what) {
  if (holds) return;
  fprintf(stderr, "failed: %s\n", what);
  failures++;
}

static mr_frame_answer open_frame(const uint8_t *bytes, uint32_t length, uint32_t most) {
  const uint8_t *message;
  uint32_t message_length;
  return mr_frame_open(bytes, length, most, &message, &message_length);
}

int main(void) {
  /* "raft" in a frame, as in tests/host/transport-udp.test.ts. */
  static const uint8_t known[16] = {'M', 'R', 'U', 1, 1, 0, 4, 0, 0x9f, 0x7f, 0x50, 0x81, 'r', 'a', 'f', 't'};
  uint8_t bytes[MR_FRAME_HEADER + 300];
  uint8_t message[300];
  expect(mr_frame_wrap(bytes, sizeof bytes, (const uint8_t *)"raft", 4) == 16, "length of a frame");
  expect(memcmp(bytes, known, sizeof known) == 0, "bytes of a frame");

  for (unsigned i = 0; i < sizeof message; i++) message[i] = (uint8_t)(i * 7);
  for (uint32_t length = 0; length <= sizeof message; length += 50) {
    const uint32_t size = mr_frame_wrap(bytes, sizeof bytes, message, length);
    const uint8_t *found;
    uint32_t found_length;
    expect(mr_frame_open(bytes, size, 300, &found, &found_length) == MR_FRAME_OK, "there and back");
    expect(found_length == length && memcmp(found, message, length) == 0, "the same message");
    for (uint32_t cut = 0; cut < size; cut++) {
      expect(open_frame(bytes, cut, 300) == (cut < MR_FRAME_HEADER ? MR_FRAME_FOREIGN : MR_FRAME_CUT), "a cut frame");
    }
    for (uint32_t bit = 0; bit < 8 * size; bit++) {
      bytes[bit / 8] ^= (uint8_t)(1u << bit % 8);
      expect(open_frame(bytes, size, 300) != MR_FRAME_OK, "a frame with a flipped bit");
      bytes[bit / 8] ^= (uint8_t)(1u << bit % 8);
    }
  }
  const uint32_t size = mr_frame_wrap(bytes, sizeof bytes, message, 300);
  expect(open_frame(bytes, size, 299) == MR_FRAME_OVERSIZED, "a message above the limit");
  bytes[4] = 2;
  expect(open_frame(bytes, size, 300) == MR_FRAME_OTHER_VERSION, "another version");
  expect(mr_frame_wrap(bytes, 15, message, 4) == 0, "no room");
  expect(mr_frame_wrap(bytes, sizeof bytes, message, MR_FRAME_MOST_MESSAGE + 1) == 0, "longer than a datagram");
  for (unsigned answer = 0; answer <= MR_FRAME_ANSWERS; answer++) {
    expect(strlen(mr_frame_text((mr_frame_answer)answer)) > 3, "a text for every answer");
  }
  if (failures == 0) printf("frame: all datagrams judged right\n");
  return failures == 0 ? 0 : 1;
}
