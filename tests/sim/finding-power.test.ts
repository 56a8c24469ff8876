/**
 * What random runs are worth: cores without one rule, which runs of anything hardly ever notice, are found by the mix that is
 * about that rule, within as many seeds as a campaign takes in seconds. And the same seeds are silent about the core as it is.
 */

import { beforeAll, describe, expect, it } from "vitest";
import type { CoreModule } from "../../host/core/module.js";
import { V8Core } from "../../sim/v8-core.js";
import { compileNamed } from "./check-mutants.js";
import { huntInMix } from "./mix-hunt.js";

/** Seeds of a mix within which it has to find its mutant. Only those stand here that one seed in two or three finds: with
 * other draws, too, one of so many does. */
const MOST_SEEDS = 12;
/** Bound on compiling a core, in ms: against hanging. */
const COMPILING = 120_000;

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
    module = await compileNamed(name);
  }, COMPILING);

  it(`is found by the mix "${mix}"`, () => {
    expect(huntInMix(mix, MOST_SEEDS, new V8Core(module))).toMatchObject({ rule });
  });

  it("and nothing is found in the core as it is", () => {
    expect(huntInMix(mix, MOST_SEEDS, new V8Core())).toBeNull();
  });
});
