/** Records what a run does, or what a replay of it does. */

import type { CoreUnderTest } from "../core-under-test.js";
import { runSimulation, type SimulationOptions, type SimulationResult } from "../core-world/run.js";
import { settle } from "../core-world/settings.js";
import { V8Core } from "../v8-core.js";
import { type Replayed, replayTrace } from "./replay.js";
import type { Tap, TraceStep } from "./step.js";
import type { Trace } from "./trace.js";

/** Keeps the steps that it hears of. */
class Recording {
  readonly steps: TraceStep[] = [];
  readonly tap: Tap = (step, hold) => {
    this.steps.push({ step, hold });
  };
}

/** Runs a simulation and records it. The result is as without recording. */
export function recordRun(options: SimulationOptions): { readonly trace: Trace; readonly result: SimulationResult } {
  const { core = new V8Core(), ...rest } = options;
  const recording = new Recording();
  const result = runSimulation({ ...options, core, tap: recording.tap });
  const { digest, rule } = result;
  const trace = {
    settings: settle(rest).settings,
    core: core.sha256,
    exact: true,
    digest,
    rule,
    steps: recording.steps,
  };
  return { trace, result };
}

/** Replays a trace of which steps may not apply, and records what does: an exact trace of the same. */
export function rerecord(trace: Trace, core: CoreUnderTest): { readonly trace: Trace; readonly replayed: Replayed } {
  const recording = new Recording();
  const replayed = replayTrace({ ...trace, exact: false }, core, { tap: recording.tap });
  const { digest, verdict } = replayed;
  const exact = { ...trace, core: core.sha256, exact: true, digest, rule: verdict.rule, steps: recording.steps };
  return { trace: exact, replayed };
}
