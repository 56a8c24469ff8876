/** Runs of the host world recorded as traces, and traces run again. */

import { type CoreModule, shippedCore } from "../../host/core/module.js";
import { type HostRunResult, runScript } from "./run.js";
import { Script } from "./script.js";
import { type HostSettings, hostSettings, type Sabotage } from "./settings.js";
import type { HostTrace } from "./trace.js";
import type { HostWorld } from "./world.js";

export interface Recorded {
  readonly result: HostRunResult;
  /** The faults that were injected: an exact trace. */
  readonly trace: HostTrace;
}

export interface HostReplayOptions {
  /** What takes the place of parts of the hosts. */
  readonly sabotage?: Sabotage;
  /** Hears of the world after every event of it, with the faults so far. */
  readonly onStep?: (world: HostWorld, script: Script) => void;
}

/** Runs a seed as `runHostWorld` does, and notes every fault. */
export async function recordHostRun(given: Partial<HostSettings>, core: CoreModule = shippedCore()): Promise<Recorded> {
  return record(hostSettings(given), core, new Script());
}

/**
 * Runs a trace again: the faults that it has, and no others, judged by every checker. A fault that has no chance any more,
 * because the run is another one, is passed over, and is not in the trace that comes of it.
 */
export async function replayHostTrace(
  trace: HostTrace,
  core: CoreModule = shippedCore(),
  { onStep, sabotage = {} }: HostReplayOptions = {},
): Promise<Recorded> {
  return record({ ...trace.settings, sabotage }, core, new Script(trace), onStep);
}

async function record(
  settings: HostSettings,
  core: CoreModule,
  script: Script,
  onStep?: (world: HostWorld, script: Script) => void,
): Promise<Recorded> {
  const result = await runScript(settings, core, script, onStep && ((world) => onStep(world, script)));
  const { sabotage: _, ...others } = settings;
  const { digest, rule } = result;
  const { end, taken: injections } = script;
  return { result, trace: { settings: others, core: core.sha256, exact: true, digest, rule, end, injections } };
}
