#include "console.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bytes.h"

void mr_console_init(mr_console *console, mr_node *node, void (*print)(void *context, const char *line),
                     void *context) {
  memset(console, 0, sizeof *console);
  console->node = node;
  console->print = print;
  console->context = context;
}

static void answer(mr_console *console, const char *tag, const char *text) {
  char line[MR_CONSOLE_LINE];
  snprintf(line, sizeof line, "%s%s%s", tag, tag[0] == '\0' ? "" : " ", text);
  console->print(console->context, line);
}

static const char *refusal(int32_t status) {
  switch (status) {
    case METALRAFT_STATUS_NOT_LEADER:
      return "refused: not the leader";
    case METALRAFT_STATUS_BUSY:
      return "refused: busy, try again";
    case METALRAFT_STATUS_TOO_LARGE:
      return "refused: too long";
    case METALRAFT_STATUS_UNKNOWN_NODE:
      return "refused: there is no such member";
    case METALRAFT_STATUS_CHANGE_PENDING:
      return "refused: another change is under way, try again";
    case METALRAFT_STATUS_BAD_CONFIGURATION:
      return "refused: the member is there already, or its address is too long";
    case METALRAFT_STATUS_NO_VOTER:
      return "refused: no voter would be left";
    case METALRAFT_STATUS_STOPPED:
      return "refused: the node has stopped";
    default:
      return "refused: not now, try again";
  }
}

static mr_console_wait *wait_for(mr_console *console, const char *tag, const char *key) {
  for (unsigned i = 0; i < MR_NODE_PENDING; i++) {
    mr_console_wait *place = &console->waiting[i];
    if (place->in_use) continue;
    place->in_use = 1;
    place->console = console;
    snprintf(place->tag, sizeof place->tag, "%s", tag);
    snprintf(place->key, sizeof place->key, "%s", key);
    return place;
  }
  return NULL;
}

static void command_done(void *context, uint64_t index, int result) {
  mr_console_wait *place = context;
  const int is_done = result == MR_KV_APPLIED || result == MR_KV_ABSENT;
  char text[64];
  if (index == 0) snprintf(text, sizeof text, "unknown: it was lost, or may yet take effect");
  else if (is_done) snprintf(text, sizeof text, "ok %llu", (unsigned long long)index);
  else snprintf(text, sizeof text, "refused: %s", mr_kv_text(result));
  place->in_use = 0;
  answer(place->console, place->tag, text);
}

static void propose(mr_console *console, const char *tag, const uint8_t *command, uint32_t length) {
  if (length == 0) {
    answer(console, tag, "refused: a key, and what fits a line");
    return;
  }
  mr_console_wait *place = wait_for(console, tag, "");
  const int32_t status = place == NULL ? METALRAFT_STATUS_BUSY
                                       : mr_node_propose(console->node, command, length, command_done, place);
  if (status == METALRAFT_STATUS_OK) return;
  if (place != NULL) place->in_use = 0;
  answer(console, tag, refusal(status));
}

static void show(mr_console *console, const char *tag, const char *key) {
  const uint8_t *value;
  uint32_t length;
  uint64_t index;
  char text[MR_CONSOLE_LINE - MR_CONSOLE_TAG];
  if (mr_kv_get(&console->node->kv, (const uint8_t *)key, (uint32_t)strlen(key), &value, &length, &index)) {
    snprintf(text, sizeof text, "value %llu %.*s", (unsigned long long)index, (int)(length < 400 ? length : 400),
             (const char *)value);
    answer(console, tag, text);
  } else {
    answer(console, tag, "none");
  }
}

static void read_ready(void *context, int answered) {
  mr_console_wait *place = context;
  place->in_use = 0;
  if (answered) show(place->console, place->tag, place->key);
  else answer(place->console, place->tag, "refused: no leader confirmed it");
}

static void read_key(mr_console *console, const char *tag, const char *key) {
  mr_console_wait *place = wait_for(console, tag, key);
  const int32_t status = place == NULL
                             ? METALRAFT_STATUS_BUSY
                             : mr_node_read(console->node, METALRAFT_READ_KIND_INDEX, read_ready, place);
  if (status == METALRAFT_STATUS_OK) return;
  if (place != NULL) place->in_use = 0;
  answer(console, tag, refusal(status));
}

void mr_console_status(const mr_node *node, char *text, uint32_t capacity) {
  static const char *const roles[] = {"FOLLOWER", "PRE_CANDIDATE", "CANDIDATE", "LEADER"};
  const metalraft_node *state = node->core.state;
  uint8_t digest[MR_SHA256_BYTES];
  char hex[MR_SHA256_HEX], core[MR_SHA256_HEX];
  mr_kv_digest(&node->kv, digest);
  mr_sha256_hex(digest, hex);
  mr_sha256_hex(node->core.core->sha256, core);
  snprintf(text, capacity,
           "{\"id\":%lu,\"role\":\"%s\",\"term\":%llu,\"leader\":%lu,\"commit\":%llu,\"applied\":%llu,\"last\":%llu,"
           "\"snapshot\":%llu,\"keys\":%lu,\"digest\":\"%s\",\"erases\":%lu,\"snapshots\":%llu,\"installs\":%llu,"
           "\"core\":\"%s\"}",
           (unsigned long)node->options.plan.id, roles[state->role & 3u], (unsigned long long)state->term,
           (unsigned long)state->leader, (unsigned long long)state->commit, (unsigned long long)state->applied,
           (unsigned long long)state->last, (unsigned long long)state->snapshot_index,
           (unsigned long)mr_kv_count(&node->kv), hex, (unsigned long)node->log.erases,
           (unsigned long long)node->counts.snapshots, (unsigned long long)node->counts.installs, core);
}

static void show_status(mr_console *console, const char *tag) {
  char text[MR_CONSOLE_LINE - MR_CONSOLE_TAG];
  mr_console_status(console->node, text, sizeof text);
  answer(console, tag, text);
}

static void show_members(mr_console *console, const char *tag) {
  const metalraft_node *state = console->node->core.state;
  const uint8_t *at = (const uint8_t *)state + state->configuration_offset + METALRAFT_CONFIGURATION_SIZE;
  char text[MR_CONSOLE_LINE - MR_CONSOLE_TAG] = "";
  for (uint32_t i = 0; i < state->members; i++) {
    const uint32_t roles = at[METALRAFT_MEMBER_OFFSET_ROLES];
    const uint32_t length = at[METALRAFT_MEMBER_OFFSET_ADDRESS_LENGTH];
    const size_t used = strlen(text);
    snprintf(text + used, sizeof text - used, "%s%lu %s %.*s", i == 0 ? "" : ", ", (unsigned long)mr_get_u32(at),
             (roles & METALRAFT_MEMBER_ROLE_LEARNER) != 0 ? "learner" : "voter", (int)length,
             (const char *)at + METALRAFT_MEMBER_SIZE);
    at += METALRAFT_MEMBER_SIZE + (length + 7u) / 8u * 8u;
  }
  answer(console, tag, text);
}

static void tell(mr_console *console, const char *tag, int32_t status) {
  answer(console, tag, status == METALRAFT_STATUS_OK ? "ok" : refusal(status));
}

static void transfer(mr_console *console, const char *tag, uint32_t target) {
  mr_node *node = console->node;
  const uint64_t now = node->platform->now(node->platform->context);
  tell(console, tag, metalraft_transfer(&node->core, now, target));
}

static uint32_t number(const char *text) { return (uint32_t)strtoul(text, NULL, 10); }

/* Cuts the first word off; what is left begins behind the blank. */
static char *cut_word(char **rest) {
  char *word = *rest;
  char *end = word + strcspn(word, " ");
  *rest = *end == '\0' ? end : end + 1;
  *end = '\0';
  return word;
}

void mr_console_line(mr_console *console, char *line) {
  static const char usage[] =
      "refused: there are status, members, put KEY VALUE, delete KEY, get KEY, local KEY, transfer ID, add ID ADDRESS, "
      "learner ID ADDRESS, remove ID";
  static const char long_address[] =
      "refused: the address is longer than the plan's address_bytes: build all boards with more METALRAFT_BOARD_ADDRESS";
  uint8_t command[MR_CONSOLE_LINE + 16];
  char *rest = line;
  const char *tag = line[0] == '#' ? cut_word(&rest) : "";
  const char *verb = cut_word(&rest);
  if (!console->node->running) answer(console, tag, refusal(METALRAFT_STATUS_STOPPED));
  else if (strcmp(verb, "status") == 0) show_status(console, tag);
  else if (strcmp(verb, "members") == 0) show_members(console, tag);
  else if (strcmp(verb, "transfer") == 0) transfer(console, tag, number(rest));
  else if (strcmp(verb, "remove") == 0) tell(console, tag, mr_node_remove(console->node, number(rest)));
  else if (strcmp(verb, "put") == 0) {
    const char *key = cut_word(&rest);
    const uint32_t length = (uint32_t)strlen(rest);
    const uint32_t bytes = mr_kv_encode_put(command, sizeof command, key, (const uint8_t *)rest, length);
    propose(console, tag, command, bytes);
  } else if (strcmp(verb, "add") == 0 || strcmp(verb, "learner") == 0) {
    const uint32_t id = number(cut_word(&rest));
    if (strlen(rest) > console->node->options.plan.address_bytes) answer(console, tag, long_address);
    else tell(console, tag, mr_node_add(console->node, id, rest, verb[0] == 'a'));
  } else if (strcmp(verb, "delete") == 0) {
    propose(console, tag, command, mr_kv_encode_delete(command, sizeof command, rest));
  } else if (strlen(rest) >= MR_CONSOLE_KEY) answer(console, tag, "refused: the key is too long");
  else if (strcmp(verb, "get") == 0) read_key(console, tag, rest);
  else if (strcmp(verb, "local") == 0) show(console, tag, rest);
  else answer(console, tag, usage);
}
