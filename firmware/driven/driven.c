/* Driven mode: takes requests, makes and calls nodes, answers. The protocol is described in driven.h. */

#include "metalraft/driven.h"

#include "digest.h"
#include "effects.h"
#include "stream.h"

#include <string.h>

#define EXPORT_NAME(name, signature) #name " "
static const char export_names[] = METALRAFT_EXPORTS(EXPORT_NAME);

#define FLAGS (METALRAFT_DRIVEN_CHECK | METALRAFT_DRIVEN_DIGEST)

/* What every reply begins with. */
typedef struct reply {
  int32_t status;
  int32_t broken;
  uint32_t digest[2];
} reply;

static void put_reply(metalraft_driven *driven, uint32_t number, const reply *answer, uint32_t length) {
  stream_put_frame(driven, (uint32_t)sizeof *answer + length, METALRAFT_DRIVEN_REPLY, number);
  stream_put(driven, answer, sizeof *answer);
}

static void put_fault(metalraft_driven *driven, uint32_t number) {
  char text[METALRAFT_FAULT_TEXT];
  metalraft_fault_text(&driven->core, text, sizeof text);
  int32_t words[2] = {(int32_t)driven->core.fault.kind, 0};
  uint32_t length = (uint32_t)strlen(text);
  stream_put_frame(driven, (uint32_t)sizeof words + length, METALRAFT_DRIVEN_FAULT, number);
  stream_put(driven, words, sizeof words);
  stream_put(driven, text, length);
  stream_put_padding(driven, length);
}

static void put_state(metalraft_driven *driven, const metalraft_core_node *node) {
  stream_put(driven, node->state, METALRAFT_NODE_SIZE);
  stream_put_padding(driven, METALRAFT_NODE_SIZE);
}

static void digest_arena(const metalraft_core_node *node, uint32_t lanes[2]) {
  metalraft_driven_digest digest;
  digest_begin(&digest);
  digest_add(&digest, node->core->memory + node->handle, node->bytes);
  lanes[0] = digest.a;
  lanes[1] = digest.b;
}

static void hello(metalraft_driven *driven) {
  const uint32_t versions[2] = {METALRAFT_DRIVEN_PROTOCOL, METALRAFT_NODE_FORMAT_ABI_VERSION};
  const char *interpreter = metalraft_core_interpreter();
  uint32_t names = (uint32_t)(strlen(interpreter) + 1 + sizeof export_names + strlen(driven_import_names));
  const reply answer = {METALRAFT_STATUS_OK, 0, {0, 0}};
  put_reply(driven, 0, &answer, (uint32_t)sizeof versions + METALRAFT_SHA256_BYTES + names);
  stream_put(driven, versions, sizeof versions);
  stream_put(driven, driven->core.sha256, METALRAFT_SHA256_BYTES);
  stream_put(driven, interpreter, (uint32_t)strlen(interpreter));
  stream_put(driven, "\n", 1);
  stream_put(driven, export_names, sizeof export_names - 1);
  stream_put(driven, "\n", 1);
  stream_put(driven, driven_import_names, (uint32_t)strlen(driven_import_names));
  stream_put_padding(driven, names);
}

/* The node of a request; NULL, and the end, if there is none. */
static metalraft_core_node *node_of(metalraft_driven *driven, uint32_t number) {
  if (number < METALRAFT_DRIVEN_NODES && driven->nodes[number].driven != NULL) return &driven->nodes[number].node;
  stream_break(driven);
  return NULL;
}

static void create(metalraft_driven *driven, const frame *request) {
  uint32_t words[2];
  metalraft_plan plan;
  uint32_t number = request->node;
  int is_sound = request->length == sizeof words + METALRAFT_PLAN_SIZE && number < METALRAFT_DRIVEN_NODES;
  if (!is_sound || driven->nodes[number].driven != NULL) {
    stream_break(driven);
    return;
  }
  metalraft_driven_node *driven_node = &driven->nodes[number];
  metalraft_core_node *node = &driven_node->node;
  stream_take(driven, words, sizeof words);
  stream_take(driven, &plan, METALRAFT_PLAN_SIZE);
  if (metalraft_core_create(&driven->core, node, &plan, &driven_effects, driven_node) == METALRAFT_FAULT) {
    put_fault(driven, number);
    return;
  }
  driven_node->driven = driven;
  driven_node->number = number;
  const reply answer = {metalraft_observe(node, words[0]), 0, {0, 0}};
  const uint32_t size[2] = {node->bytes, 0};
  put_reply(driven, number, &answer, (uint32_t)sizeof size + METALRAFT_NODE_SIZE);
  stream_put(driven, size, sizeof size);
  put_state(driven, node);
}

/* Takes a call's words, and its bytes into the inbox; answers how many words there are, and -1 if it is no call. */
static int32_t take_call(metalraft_driven *driven, const frame *request, metalraft_core_node *node, uint32_t *function,
                         uint32_t words[METALRAFT_MOST_ARGUMENTS]) {
  uint32_t fixed[2];
  stream_take(driven, fixed, sizeof fixed);
  uint32_t count = fixed[1];
  if (fixed[0] >= METALRAFT_EXPORT_COUNT || count + 3 > METALRAFT_MOST_ARGUMENTS) return -1;
  uint32_t padded = (count + 1) / 2 * 2;
  uint32_t before = (uint32_t)sizeof fixed + padded * (uint32_t)sizeof words[0];
  if (request->length < before || request->length - before > node->inbox_bytes) return -1;
  stream_take(driven, words, padded * (uint32_t)sizeof words[0]);
  uint32_t length = request->length - before;
  stream_take(driven, node->inbox, length);
  stream_take_padding(driven, length);
  *function = fixed[0];
  if (length == 0 && (request->kind & ~(uint32_t)FLAGS) == METALRAFT_DRIVEN_CALL) return (int32_t)count;
  words[count] = node->inbox_address;
  words[count + 1] = length;
  return (int32_t)count + 2;
}

static void call(metalraft_driven *driven, const frame *request) {
  uint32_t words[METALRAFT_MOST_ARGUMENTS];
  uint32_t function;
  metalraft_core_node *node = node_of(driven, request->node);
  if (node == NULL) return;
  int32_t count = take_call(driven, request, node, &function, words);
  if (count < 0) {
    stream_break(driven);
    return;
  }
  reply answer = {0, 0, {0, 0}};
  answer.status = metalraft_core_call(node, (metalraft_export)function, words, (uint32_t)count);
  if (answer.status != METALRAFT_FAULT && (request->kind & METALRAFT_DRIVEN_CHECK) != 0) {
    answer.broken = metalraft_core_call(node, METALRAFT_EXPORT_invariants, NULL, 0);
  }
  if (answer.status == METALRAFT_FAULT || answer.broken == METALRAFT_FAULT) {
    put_fault(driven, request->node);
    return;
  }
  if ((request->kind & METALRAFT_DRIVEN_DIGEST) != 0) digest_arena(node, answer.digest);
  put_reply(driven, request->node, &answer, METALRAFT_NODE_SIZE);
  put_state(driven, node);
}

static void peek(metalraft_driven *driven, const frame *request) {
  uint32_t place[2];
  metalraft_core_node *node = node_of(driven, request->node);
  if (node == NULL) return;
  stream_take(driven, place, sizeof place);
  if (request->length != sizeof place || place[0] > node->bytes || place[1] > node->bytes - place[0]) {
    stream_break(driven);
    return;
  }
  const reply answer = {METALRAFT_STATUS_OK, 0, {0, 0}};
  put_reply(driven, request->node, &answer, place[1]);
  stream_put(driven, node->core->memory + node->handle + place[0], place[1]);
  stream_put_padding(driven, place[1]);
}

static void release(metalraft_driven *driven, const frame *request) {
  metalraft_core_node *node = node_of(driven, request->node);
  if (node == NULL) return;
  metalraft_core_release(node);
  driven->nodes[request->node].driven = NULL;
  const reply answer = {METALRAFT_STATUS_OK, 0, {0, 0}};
  put_reply(driven, request->node, &answer, 0);
}

static void tape(metalraft_driven *driven, const frame *request) {
  uint32_t words[2];
  if (request->length != sizeof words) {
    stream_break(driven);
    return;
  }
  stream_take(driven, words, sizeof words);
  if (words[0] == METALRAFT_DRIVEN_TAPE_BEGIN) digest_begin(&driven->tape);
  const reply answer = {METALRAFT_STATUS_OK, 0, {driven->tape.a, driven->tape.b}};
  driven->is_taping = 0;
  put_reply(driven, request->node, &answer, 0);
  stream_send(driven);
  driven->is_taping = words[0] != METALRAFT_DRIVEN_TAPE_END;
}

static void serve(metalraft_driven *driven, const frame *request) {
  switch (request->kind & ~(uint32_t)FLAGS) {
    case METALRAFT_DRIVEN_HELLO:
      hello(driven);
      break;
    case METALRAFT_DRIVEN_CREATE:
      create(driven, request);
      break;
    case METALRAFT_DRIVEN_CALL:
    case METALRAFT_DRIVEN_CALL_BYTES:
      call(driven, request);
      break;
    case METALRAFT_DRIVEN_PEEK:
      peek(driven, request);
      break;
    case METALRAFT_DRIVEN_RELEASE:
      release(driven, request);
      break;
    case METALRAFT_DRIVEN_TAPE:
      tape(driven, request);
      break;
    default:
      stream_break(driven);
      break;
  }
}

int metalraft_driven_run(metalraft_driven *driven, const metalraft_core_options *options,
                         const metalraft_driven_stream *stream) {
  memset(driven, 0, sizeof *driven);
  driven->stream = stream;
  int32_t opened = metalraft_core_open(&driven->core, options);
  for (;;) {
    frame request = stream_take_frame(driven);
    if (driven->is_over || request.kind == METALRAFT_DRIVEN_QUIT) break;
    if (opened == METALRAFT_STATUS_OK) {
      serve(driven, &request);
    } else {
      stream_skip(driven, request.length);
      stream_take_padding(driven, request.length);
      put_fault(driven, request.node);
    }
    stream_send(driven);
  }
  if (opened == METALRAFT_STATUS_OK) metalraft_core_close(&driven->core);
  return driven->is_broken ? -1 : 0;
}
