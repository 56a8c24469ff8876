/* What the parts of the embedding share with each other and with nobody else. */
#ifndef METALRAFT_CORE_INTERNAL_H
#define METALRAFT_CORE_INTERNAL_H

#include "metalraft/core.h"

/* Makes the five import modules known to the runtime, which is up. Answers whether it took them. */
int metalraft_register_imports(void);

/* Notes a fault and answers METALRAFT_FAULT. `node` is an id, 0 for none. */
int32_t metalraft_fault_raise(metalraft_core *core, metalraft_fault_kind kind, uint32_t node, const char *detail);

/* As above, with what is needed and what there is. */
int32_t metalraft_fault_raise_bytes(metalraft_core *core, metalraft_fault_kind kind, uint32_t node, uint32_t needed,
                                    uint32_t available);

/* Calls an export; `words` holds the arguments and afterwards, in front, the answer. A trap is METALRAFT_FAULT. */
int32_t metalraft_call_export(metalraft_core *core, uint32_t node, metalraft_export function, uint32_t *words,
                              uint32_t count);

/* Takes bytes of linear memory, aligned to 8 and filled with 0; answers the address, 0 when there is no room. */
uint32_t metalraft_take_memory(metalraft_core *core, uint32_t bytes);
void metalraft_give_memory(metalraft_core *core, uint32_t address);

#endif
