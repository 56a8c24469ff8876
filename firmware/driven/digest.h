/* The digest that driven mode compares engines by: that of sim/digest.ts, two lanes of 32 bits. Not cryptographic. */
#ifndef METALRAFT_DRIVEN_DIGEST_H
#define METALRAFT_DRIVEN_DIGEST_H

#include "metalraft/driven.h"

void digest_begin(metalraft_driven_digest *digest);
void digest_add(metalraft_driven_digest *digest, const void *bytes, uint32_t length);

#endif
