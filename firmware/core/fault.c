/* What went wrong, kept until it is asked for, and said to people: with the node's id and the core's sha256. */

#include "internal.h"

#include "sha256.h"

#include <stdio.h>
#include <string.h>

static const char *const sentences[] = {
    [METALRAFT_FAULT_NONE] = "nothing is wrong",
    [METALRAFT_FAULT_DIGEST] = "the module is not the one this firmware was built for: build it again with this module",
    [METALRAFT_FAULT_MODULE] = "WAMR cannot run the module",
    [METALRAFT_FAULT_ABI] = "the module's ABI is not the one this firmware speaks: take both from one version",
    [METALRAFT_FAULT_PLAN] = "the plan is outside of the core's limits (docs/abi.md)",
    [METALRAFT_FAULT_ARENA] = "the plan does not fit the memory for arenas: plan less, or raise METALRAFT_ARENA_BYTES",
    [METALRAFT_FAULT_TRAP] = "the core trapped: restart the node from its storage",
    [METALRAFT_FAULT_INVARIANT] = "an invariant of the core is broken: restart the node from its storage",
    [METALRAFT_FAULT_LENGTH] = "more bytes than the plan's maxMessage were handed in",
};

int32_t metalraft_fault_raise(metalraft_core *core, metalraft_fault_kind kind, uint32_t node, const char *detail) {
  core->fault.kind = kind;
  core->fault.node = node;
  snprintf(core->fault.detail, sizeof core->fault.detail, "%s", detail);
  return METALRAFT_FAULT;
}

int32_t metalraft_fault_raise_bytes(metalraft_core *core, metalraft_fault_kind kind, uint32_t node, uint32_t needed,
                                    uint32_t available) {
  char detail[METALRAFT_FAULT_DETAIL];
  snprintf(detail, sizeof detail, "%lu bytes needed, %lu in all", (unsigned long)needed, (unsigned long)available);
  return metalraft_fault_raise(core, kind, node, detail);
}

void metalraft_fault_text(const metalraft_core *core, char *text, uint32_t capacity) {
  char digest[MR_SHA256_HEX];
  mr_sha256_hex(core->sha256, digest);
  char node[24] = "";
  if (core->fault.node != 0) snprintf(node, sizeof node, "node %lu: ", (unsigned long)core->fault.node);
  snprintf(text, capacity, "%s%s (%s; core %s)", node, sentences[core->fault.kind], core->fault.detail, digest);
}
