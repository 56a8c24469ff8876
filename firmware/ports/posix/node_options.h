/* The flags of a node that runs as a process. */
#ifndef POSIX_NODE_OPTIONS_H
#define POSIX_NODE_OPTIONS_H

#include <stdint.h>

#include "metalraft/core.h"
#include "metalraft/sizes.h"

/* A configuration of as many members as the plan has, all with the longest address. */
#define POSIX_CONFIGURATION \
  (METALRAFT_CONFIGURATION_SIZE + METALRAFT_BOARD_NODES * (METALRAFT_MEMBER_SIZE + METALRAFT_BOARD_ADDRESS))

typedef struct posix_node_options {
  metalraft_plan plan;
  const char *listen;
  const char *flash;
  int format;
  /* The members to begin with, in wire form; 0 bytes for a node that will be added to a running cluster. */
  uint64_t configuration[POSIX_CONFIGURATION / 8];
  uint32_t configuration_length;
} posix_node_options;

extern const char posix_node_usage[];

/* Answers 0; -1 after it has said what is wrong; 1 if help is wanted. */
int posix_read_node_options(posix_node_options *options, int count, char **arguments);

#endif
