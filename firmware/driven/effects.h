/* The effects of a driven node: every one becomes a frame, and one that has an answer waits for the driver's. */
#ifndef METALRAFT_DRIVEN_EFFECTS_H
#define METALRAFT_DRIVEN_EFFECTS_H

#include "metalraft/core.h"

/* Their context is the metalraft_driven_node. */
extern const metalraft_effects driven_effects;

/* The imports' names, in the order of their numbers, with a space between. */
extern const char driven_import_names[];

#endif
