/**
 * What random runs are worth: cores without one rule, which runs of anything hardly ever notice, are found by the mix that is
 * about that rule, within as many seeds as a campaign takes in seconds. And the same seeds are silent about the core as it is.
 */

import { beforeAll, describe, expect, it } from "vitest";
import type { CoreModule } from "../../host/core/module.js";
import { drawMix, type MixName } from "../../sim/campaign/index.js";
import { generatorOf } from "../../sim/campaign/swarm.js";
import type { CoreUnderTest } from "../../sim/core-under-test.js";
import { runSimulation } from "../../sim/core-world/run.js";
import { MEMBERSHIP_MUTANTS } from "../../sim/mutants/core-membership.js";
import { READ_MUTANTS } from "../../sim/mutants/core-reads.js";
import { REPLICATION_MUTANTS } from "../../sim/mutants/core-replication.js";
import { SNAPSHOT_MUTANTS } from "../../sim/mutants/core-snapshots.js";
import { V8Core } from "../../sim/v8-core.js";
import { compileMutant } from "./check-mutants.js";

/** Where they are looked up. Those with further places (`also`) cannot be named here: compileMutant changes one text. */
const MUTANTS = [...READ_MUTANTS, ...REPLICATION_MUTANTS, ...MEMBERSHIP_MUTANTS, ...SNAPSHOT_MUTANTS];
/** Seeds of a mix within which it has to find its mutant. Only those stand here that one seed in two or three finds: with
 * other draws, too, one of so many does. */
const MOST_SEEDS = 12;
/** Bound on compiling a core, in ms: against hanging. */
const COMPILING = 120_000;

/** The first rule that a seed of a mix breaks, with the seed; null if none does. */
function hunt(mix: MixName, core: CoreUnderTest): { readonly seed: number; readonly rule: string } | null {
  for (let seed = 1; seed <= MOST_SEEDS; seed++) {
    const { rule } = runSimulation({ ...drawMix(mix, seed, generatorOf(seed)), core });
    if (rule !== null) return { seed, rule };
  }
  return null;
}

describe.each([
  ["read-without-a-round", "stale reads", "linearizable reads"],
  ["lease-without-drift", "lease edge", "linearizable reads"],
  ["earlier-term-committed-by-counting", "earlier terms", "leader completeness"],
  ["chunks-of-two-snapshots", "chunks", "liveness"],
  ["witness-gets-what-the-leader-may-lose", "lost payloads", "electability"],
  ["former-voter-does-not-campaign", "joint leases", "electability"],
  ["lease-from-the-time-of-receiving", "late answers", "linearizable reads"],
] as const)("%s", (name, mix, rule) => {
  let module: CoreModule;
  beforeAll(async () => {
    const mutant = MUTANTS.find((known) => known.name === name);
    if (mutant === undefined) throw new Error(`there is no mutant ${name}`);
    module = await compileMutant(mutant);
  }, COMPILING);

  it(`is found by the mix "${mix}"`, () => {
    expect(hunt(mix, new V8Core(module))).toMatchObject({ rule });
  });

  it("and nothing is found in the core as it is", () => {
    expect(hunt(mix, new V8Core())).toBeNull();
  });
});
