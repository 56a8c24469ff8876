/** Runs seeds of the host world one after the other: all that a worker of a campaign does. */

import type { CoreModule } from "../../host/core/module.js";
import { countFailure, endWithError, REPORT_INTERVAL, type SeedsTask, takeSeeds } from "../campaign/seeds.js";
import { recordHostRun } from "./replay.js";
import { type HostRunResult, runHostWorld } from "./run.js";
import type { HostSettings } from "./settings.js";
import { shrinkHostTrace } from "./shrink.js";
import { drawHostSwarm } from "./swarm.js";
import { addHostRun, emptyHostTally, type HostTally } from "./tally.js";
import { formatHostTrace } from "./trace.js";

/** Events that shrinking a failure may take: there is more to find, and a failure can be shrunk further later. */
const SHRINKING = 500_000;

/** A run that broke a rule. */
export interface HostFailure extends HostRunResult {
  /** Faults of the run, and of the shrunk trace. */
  readonly injected: number;
  readonly shrunk: number;
  /** The shrunk trace as a file. */
  readonly trace: string;
}

/** What a worker tells now and then. */
export interface HostWorkerReport {
  readonly tally: HostTally;
  readonly failures: readonly HostFailure[];
}

/**
 * Runs seeds that no other worker runs.
 * @param draw what a seed stands for
 */
export async function runHostSeeds(
  task: SeedsTask,
  core: CoreModule,
  onReport: (report: HostWorkerReport) => void,
  draw: (seed: number) => Partial<HostSettings> = drawHostSwarm,
): Promise<void> {
  let tally = emptyHostTally();
  let failures: HostFailure[] = [];
  let reported = Date.now();
  for (const seed of takeSeeds(task)) {
    const failure = await attempt(() => runSeed(draw(seed), core, tally), task, seed);
    if (failure !== null) {
      countFailure(task);
      failures.push(failure);
    }
    // Signals, output and other threads get their turn between two runs.
    await new Promise((resolve) => setImmediate(resolve));
    if (Date.now() - reported < REPORT_INTERVAL) continue;
    onReport({ tally, failures });
    tally = emptyHostTally();
    failures = [];
    reported = Date.now();
  }
  onReport({ tally, failures });
}

async function attempt<T>(run: () => Promise<T>, task: SeedsTask, seed: number): Promise<T> {
  try {
    return await run();
  } catch (error) {
    throw endWithError(task, seed, "metalraft sim --host --swarm", error);
  }
}

async function runSeed(
  settings: Partial<HostSettings>,
  core: CoreModule,
  tally: HostTally,
): Promise<HostFailure | null> {
  const result = await runHostWorld(settings, core);
  addHostRun(tally, result);
  return result.rule === null ? null : await shrunkOf(result, settings, core);
}

async function shrunkOf(
  result: HostRunResult,
  settings: Partial<HostSettings>,
  core: CoreModule,
): Promise<HostFailure> {
  const { trace: whole } = await recordHostRun(settings, core);
  const { sabotage = {} } = settings;
  const { trace } = await shrinkHostTrace(whole, core, { sabotage, mostEvents: SHRINKING });
  const shrunk = trace.injections.length;
  return { ...result, injected: whole.injections.length, shrunk, trace: formatHostTrace(trace) };
}
