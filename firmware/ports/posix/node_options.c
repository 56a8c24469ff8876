#include "node_options.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bytes.h"
#include "node.h"

const char posix_node_usage[] =
    "usage: metalraft-node --id N --cluster N --listen HOST:PORT --flash FILE [options]\n"
    "\n"
    "  --id N                  this node's id, 1 to 4294967295\n"
    "  --cluster N             the cluster's id, the same on all nodes, not 0\n"
    "  --listen HOST:PORT      where its UDP socket is, and where the others find it\n"
    "  --flash FILE            its flash; made if it is not there\n"
    "  --members ID=HOST:PORT,...\n"
    "                          all that the cluster begins with, this node too; left out, it waits to be added;\n"
    "                          behind a server's stands ,http=HOST:PORT\n"
    "  --election-timeout MS   1000 unless stated; the heartbeat is a tenth of it\n"
    "  --format                erases the flash first\n"
    "\n"
    "Commands come on standard input, a line each (firmware/node/console.h).\n";

/* What a member looks like, and all of them together with the longest ids and addresses. */
#define FORM "ID=HOST:PORT"
#define MEMBERS_TEXT (METALRAFT_BOARD_NODES * (sizeof "4294967295=," + METALRAFT_BOARD_ADDRESS))

/* As MICRO_CAPACITY of the TypeScript hosts, with addresses of names. */
static void set_plan(metalraft_plan *plan) {
  plan->nodes = METALRAFT_BOARD_NODES;
  plan->window_entries = METALRAFT_BOARD_WINDOW_ENTRIES;
  plan->window_bytes = METALRAFT_BOARD_WINDOW_BYTES;
  plan->max_message = MR_NODE_MESSAGE;
  plan->inflight_messages = 8;
  plan->inflight_bytes = 8192;
  plan->uncommitted_bytes = 4096;
  plan->address_bytes = METALRAFT_BOARD_ADDRESS;
  plan->election_timeout = 1000;
  plan->keep_entries = 16;
}

static int complain(const char *name, const char *value, const char *wanted) {
  fprintf(stderr, "metalraft-node: %s is \"%s\", and must be %s\n", name, value, wanted);
  return -1;
}

static int read_number(const char *text, uint64_t least, uint64_t most, uint64_t *number) {
  char *end = NULL;
  errno = 0;
  *number = strtoull(text, &end, 10);
  return errno == 0 && text[0] >= '0' && text[0] <= '9' && *end == '\0' && *number >= least && *number <= most ? 0 : -1;
}

/* The --members cannot be used: says why, of the member that it is about. */
static int complain_of(const char *member, const char *why) {
  fprintf(stderr, "metalraft-node: --members has \"%s\": %s\n", member, why);
  return -1;
}

/* Adds a member, "ID=HOST:PORT", behind those with lower ids. */
static int add_member(posix_node_options *options, const char *text) {
  char id_text[16];
  uint64_t id;
  const char *equals = strchr(text, '=');
  if (equals == NULL || (size_t)(equals - text) >= sizeof id_text) return complain("--members", text, FORM);
  memcpy(id_text, text, (size_t)(equals - text));
  id_text[equals - text] = '\0';
  const size_t length = strlen(equals + 1);
  if (read_number(id_text, 1, UINT32_MAX, &id) != 0 || length == 0) return complain("--members", text, FORM);
  if (length > METALRAFT_BOARD_ADDRESS) {
    return complain_of(text, "its address is longer than METALRAFT_BOARD_ADDRESS (metalraft/sizes.h): build with more");
  }
  uint8_t *bytes = (uint8_t *)options->configuration;
  const uint32_t size = METALRAFT_MEMBER_SIZE + (uint32_t)(length + 7) / 8 * 8;
  if (options->configuration_length + size > POSIX_CONFIGURATION) {
    return complain_of(text, "there is no room for so many members (METALRAFT_BOARD_NODES, metalraft/sizes.h)");
  }
  uint32_t at = METALRAFT_CONFIGURATION_SIZE;
  while (at < options->configuration_length && mr_get_u32(bytes + at) < id) {
    at += METALRAFT_MEMBER_SIZE + (bytes[at + METALRAFT_MEMBER_OFFSET_ADDRESS_LENGTH] + 7u) / 8 * 8;
  }
  memmove(bytes + at + size, bytes + at, options->configuration_length - at);
  memset(bytes + at, 0, size);
  mr_put_u32(bytes + at, (uint32_t)id);
  bytes[at + METALRAFT_MEMBER_OFFSET_ROLES] = METALRAFT_MEMBER_ROLE_VOTER;
  bytes[at + METALRAFT_MEMBER_OFFSET_ADDRESS_LENGTH] = (uint8_t)length;
  memcpy(bytes + at + METALRAFT_MEMBER_SIZE, equals + 1, length);
  options->configuration_length += size;
  mr_put_u32(bytes, mr_get_u32(bytes) + 1);
  return 0;
}

/* Ends the member at the comma behind it; answers where the next begins, or NULL. ",http=HOST:PORT", where a server shows
 * what it has to others, is part of its address. */
static char *cut_member(char *member) {
  for (char *comma = strchr(member, ','); comma != NULL; comma = strchr(comma + 1, ',')) {
    if (strncmp(comma, ",http=", 6) == 0) continue;
    *comma = '\0';
    return comma + 1;
  }
  return NULL;
}

static int add_members(posix_node_options *options, const char *value) {
  char text[MEMBERS_TEXT];
  if (strlen(value) >= sizeof text) return complain_of(value, "that is more than all members with the longest addresses take");
  snprintf(text, sizeof text, "%s", value);
  options->configuration_length = METALRAFT_CONFIGURATION_SIZE;
  for (char *member = text, *next; member != NULL; member = next) {
    next = cut_member(member);
    if (add_member(options, member) != 0) return -1;
  }
  return 0;
}

static int read_option(posix_node_options *options, const char *name, const char *value) {
  uint64_t number;
  if (strcmp(name, "--listen") == 0) {
    options->listen = value;
  } else if (strcmp(name, "--flash") == 0) {
    options->flash = value;
  } else if (strcmp(name, "--members") == 0) {
    return add_members(options, value);
  } else if (strcmp(name, "--id") == 0) {
    if (read_number(value, 1, UINT32_MAX, &number) != 0) return complain(name, value, "from 1 to 4294967295");
    options->plan.id = (uint32_t)number;
  } else if (strcmp(name, "--cluster") == 0) {
    if (read_number(value, 1, UINT64_MAX, &number) != 0) return complain(name, value, "from 1 to 2^64 - 1");
    options->plan.cluster = number;
  } else if (strcmp(name, "--election-timeout") == 0) {
    if (read_number(value, 20, 3600000, &number) != 0) return complain(name, value, "from 20 to 3600000");
    options->plan.election_timeout = (uint32_t)number;
  } else {
    fprintf(stderr, "metalraft-node: unknown option \"%s\"\n\n%s", name, posix_node_usage);
    return -1;
  }
  return 0;
}

int posix_read_node_options(posix_node_options *options, int count, char **arguments) {
  memset(options, 0, sizeof *options);
  set_plan(&options->plan);
  for (int i = 1; i < count; i++) {
    if (strcmp(arguments[i], "--help") == 0) return 1;
    if (strcmp(arguments[i], "--format") == 0) {
      options->format = 1;
      continue;
    }
    if (i + 1 == count) return complain(arguments[i], "", "followed by a value");
    if (read_option(options, arguments[i], arguments[i + 1]) != 0) return -1;
    i++;
  }
  if (options->plan.id == 0 || options->plan.cluster == 0 || options->listen == NULL || options->flash == NULL) {
    fprintf(stderr, "metalraft-node: --id, --cluster, --listen and --flash are needed\n\n%s", posix_node_usage);
    return -1;
  }
  options->plan.election_jitter = options->plan.election_timeout;
  options->plan.heartbeat = options->plan.election_timeout / 10;
  return 0;
}
