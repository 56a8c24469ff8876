/** All mutants of the core. */

import { DURABILITY_MUTANTS } from "./core-durability.js";
import { ELECTION_MUTANTS } from "./core-election.js";
import { MEMBERSHIP_MUTANTS } from "./core-membership.js";
import { READ_MUTANTS } from "./core-reads.js";
import { REPLICATION_MUTANTS } from "./core-replication.js";
import { SNAPSHOT_MUTANTS } from "./core-snapshots.js";
import type { Mutant } from "./mutant.js";

export const CORE_MUTANTS: readonly Mutant[] = [
  ...ELECTION_MUTANTS,
  ...REPLICATION_MUTANTS,
  ...DURABILITY_MUTANTS,
  ...MEMBERSHIP_MUTANTS,
  ...READ_MUTANTS,
  ...SNAPSHOT_MUTANTS,
];
