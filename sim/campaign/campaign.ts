/** A campaign: as many seeds as fit a time, on several workers, each with its own mix of faults. */

import { Worker } from "node:worker_threads";
import { type CoreModule, shippedCore } from "../../host/core/module.js";
import { V8Core } from "../v8-core.js";
import { missedProbes } from "./probes.js";
import { type Failure, MOST_FAILURES, type RunnerTask, runSeeds, Shared, type WorkerReport } from "./runner.js";
import { addTally, emptyTally, type Tally } from "./tally.js";
import type { WorkerTask } from "./worker.js";

const MS_A_MINUTE = 60_000;
/** Most workers. */
export const MOST_JOBS = 64;

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

/** Runs a campaign. */
export async function runCampaign(
  options: CampaignOptions,
  core: CoreModule = shippedCore(),
  onProgress: (tally: Tally, failures: number) => void = () => undefined,
): Promise<CampaignResult> {
  const { allowed, jobs, minutes, runs, seed } = options;
  const start = performance.now();
  const shared = new SharedArrayBuffer(Shared.WORDS * Int32Array.BYTES_PER_ELEMENT);
  const task: RunnerTask = { seed, runs, allowed, deadline: Date.now() + minutes * MS_A_MINUTE, shared };
  const tally = emptyTally();
  const failures: Failure[] = [];
  const onReport = (report: WorkerReport) => {
    addTally(tally, report.tally);
    failures.push(...report.failures);
    onProgress(tally, failures.length);
  };
  if (jobs === 1) runSeeds(task, new V8Core(core), onReport);
  else await Promise.all(Array.from({ length: jobs }, () => runWorker({ core, task }, onReport)));
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

function runWorker(task: WorkerTask, onReport: (report: WorkerReport) => void): Promise<void> {
  return new Promise((resolve, reject) => {
    const worker = new Worker(new URL("./worker.js", import.meta.url), { workerData: task });
    worker.on("message", onReport);
    worker.once("error", reject);
    worker.once("exit", () => resolve());
  });
}
