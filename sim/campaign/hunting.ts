/**
 * The runs of the simulator that hunt a mutant: one of each mix that is about one thing, then one of usual faults, and again
 * with the next seed. So whatever a rule is about comes up soon, and often enough.
 */

import type { SettingsOptions } from "../core-world/settings.js";
import { drawMix, MIX_NAMES } from "./mixes.js";
import { generatorOf } from "./swarm.js";

/** Nodes of runs of usual faults, in turn. */
const NODES = [3, 5, 4, 3, 7] as const;
/** Actions of such a run: long enough for snapshots, changes of membership and full windows. */
const STEPS = 20_000;

/** A run, and the name under which it is told. */
export interface HuntingRun {
  readonly name: string;
  readonly options: SettingsOptions;
}

/** So many runs, the same ones each time. */
export function* huntingRuns(count: number): Generator<HuntingRun> {
  const period = MIX_NAMES.length + 1;
  for (let i = 0; i < count; i++) {
    const seed = 1 + Math.floor(i / period);
    const mix = MIX_NAMES[i % period];
    const nodes = NODES[seed % NODES.length] ?? 3;
    yield mix === undefined
      ? {
          name: `usual faults, --seed ${seed} --nodes ${nodes} --steps ${STEPS}`,
          options: { seed, nodes, steps: STEPS },
        }
      : { name: `${mix}, seed ${seed}`, options: drawMix(mix, seed, generatorOf(seed)) };
  }
}
