/** The simulator of hosts, as a campaign asks it. */

import type { CoreModule } from "../../host/core/module.js";
import type { Simulator } from "../campaign/simulator.js";
import { drawHostTrace } from "./diagram.js";
import { recordHostRun } from "./replay.js";
import { runHostWorld } from "./run.js";
import type { HostSettings } from "./settings.js";
import { shrinkHostTrace } from "./shrink.js";
import { drawHostSwarm } from "./swarm.js";
import { addHostRun, addHostTally, emptyHostTally, type HostTally } from "./tally.js";
import { formatHostTrace, type HostTrace } from "./trace.js";

/** Events that shrinking a failure may take: there is more to find, and a failure can be shrunk further later. */
const SHRINKING = 500_000;

/** @param settingsOf what a seed stands for */
export function hostSimulator(
  core: CoreModule,
  settingsOf: (seed: number) => Partial<HostSettings> = drawHostSwarm,
): Simulator<HostTally, HostTrace> {
  return {
    emptyTally: emptyHostTally,
    addTally: addHostTally,
    run: async (seed, tally) => {
      const result = await runHostWorld(settingsOf(seed), core);
      addHostRun(tally, result);
      const { detail, events, rule } = result;
      return rule === null ? null : { rule, detail: [detail ?? "", ...events].join("\n  ") };
    },
    record: async (seed) => (await recordHostRun(settingsOf(seed), core)).trace,
    shrink: async (trace) => {
      const { sabotage = {} } = settingsOf(trace.settings.seed);
      return (await shrinkHostTrace(trace, core, { sabotage, mostEvents: SHRINKING })).trace;
    },
    draw: (trace) => {
      const { sabotage = {} } = settingsOf(trace.settings.seed);
      return drawHostTrace(trace, core, { sabotage });
    },
    lengthOf: ({ injections }) => injections.length,
    format: formatHostTrace,
  };
}
