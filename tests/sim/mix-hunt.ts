/** Runs of one mix, until a rule is broken. */

import { drawMix, type MixName } from "../../sim/campaign/index.js";
import { generatorOf } from "../../sim/campaign/swarm.js";
import type { CoreUnderTest } from "../../sim/core-under-test.js";
import { runSimulation } from "../../sim/core-world/run.js";

/** The first of so many seeds that breaks a rule, and what it breaks; null if none does. */
export function huntInMix(mix: MixName, seeds: number, core: CoreUnderTest) {
  for (let seed = 1; seed <= seeds; seed++) {
    const { rule, violation } = runSimulation({ ...drawMix(mix, seed, generatorOf(seed)), core });
    if (rule !== null) return { seed, rule, violation };
  }
  return null;
}
