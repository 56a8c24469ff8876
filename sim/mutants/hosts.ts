/** All mutants of the hosts. */

import { NODE_MUTANTS } from "./hosts-node.js";
import { STORAGE_MUTANTS } from "./hosts-storage.js";
import type { HostMutant } from "./mutant.js";

export const HOST_MUTANTS: readonly HostMutant[] = [...STORAGE_MUTANTS, ...NODE_MUTANTS];
