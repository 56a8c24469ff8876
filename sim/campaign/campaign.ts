/** A campaign: as many seeds as fit a time, on several workers, each with its own mix of faults. */

import { type CoreModule, shippedCore } from "../../host/core/module.js";
import { V8Core } from "../v8-core.js";
import { runWorkers } from "./pool.js";
import { missedProbes } from "./probes.js";
import { type Failure, type RunnerTask, runSeeds, type WorkerReport } from "./runner.js";
import { MOST_FAILURES, sharedWords } from "./seeds.js";
import { addTally, emptyTally, type Tally } from "./tally.js";
import type { WorkerTask } from "./worker.js";

const MS_A_MINUTE = 60_000;

export interface CampaignOptions {
  /** The first seed; the next ones follow. */
  readonly seed: number;
  /** Seeds to run, at most: a campaign that ends with this comes to the same on every machine. */
  readonly runs: number;
  /** Time to take, at most. */
  readonly minutes: number;
  /** Workers side by side. */
  readonly jobs: number;
  /** Rules that may be broken: runs that break them are counted, and fail nothing. */
  readonly allowed: readonly string[];
}

export interface CampaignResult extends Tally {
  readonly seed: number;
  readonly jobs: number;
  readonly core: string;
  readonly wallMs: number;
  readonly actionsPerSecond: number;
  readonly eventsPerSecond: number;
  /** By seed. */
  readonly failures: readonly Failure[];
  /** Rare paths that should have been reached and were not. */
  readonly missedProbes: readonly string[];
  readonly passed: boolean;
}

/** Runs a campaign. `onProgress` hears of the sums, and of the failures that are new. */
export async function runCampaign(
  options: CampaignOptions,
  core: CoreModule = shippedCore(),
  onProgress: (tally: Tally, news: readonly Failure[]) => void = () => undefined,
): Promise<CampaignResult> {
  const { allowed, jobs, minutes, runs, seed } = options;
  const start = performance.now();
  const deadline = Date.now() + minutes * MS_A_MINUTE;
  const task: RunnerTask = { seed, runs, allowed, deadline, shared: sharedWords() };
  const tally = emptyTally();
  const failures: Failure[] = [];
  const onReport = (report: WorkerReport) => {
    addTally(tally, report.tally);
    failures.push(...report.failures);
    onProgress(tally, report.failures);
  };
  if (jobs === 1) runSeeds(task, new V8Core(core), onReport);
  else await runWorkers(new URL("./worker.js", import.meta.url), jobs, { core, task } satisfies WorkerTask, onReport);
  const wallMs = Math.max(1, Math.round(performance.now() - start));
  const perSecond = (count: number) => Math.round((count * 1000) / wallMs);
  // A campaign that ended early could not reach everything.
  const missed = failures.length < MOST_FAILURES ? missedProbes(tally.probes) : [];
  return {
    ...{ seed, jobs, core: core.sha256, wallMs },
    ...tally,
    actionsPerSecond: perSecond(tally.actions),
    eventsPerSecond: perSecond(tally.events),
    failures: failures.sort((a, b) => a.seed - b.seed),
    missedProbes: missed,
    passed: failures.length === 0 && missed.length === 0,
  };
}
