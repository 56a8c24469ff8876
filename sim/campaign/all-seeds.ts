/** Seeds shared out among workers, and what they come to together: all of a campaign, of whichever kind its runs are. */

import { inspect } from "node:util";
import { brokenSimulator, type Failure } from "./failure.js";
import { runWorkers } from "./pool.js";
import { type Report, runSeeds } from "./runner.js";
import { areSeedsLeft, countFailure, MOST_FAILURES, type SeedsTask, sharedWords, takeUnfinished } from "./seeds.js";
import type { Simulator, Sums } from "./simulator.js";

const MS_A_MINUTE = 60_000;

export interface SeedsOptions {
  /** The first seed; the next ones follow. */
  readonly seed: number;
  /** Seeds to run, at most: a campaign that ends with this comes to the same on every machine. */
  readonly runs: number;
  /** Time to take, at most. */
  readonly minutes: number;
  /** Workers side by side; a single one is this thread. */
  readonly jobs: number;
}

/** How workers of the same simulator are started. */
export interface WorkerStart {
  readonly script: URL;
  /** The workerData, but for the task. */
  readonly data: object;
}

/** What seeds came to. */
export interface AllSeeds<Tally> {
  readonly tally: Tally;
  /** By seed. */
  readonly failures: readonly Failure[];
  readonly wallMs: number;
  /** Workers that were lost for good, and why. */
  readonly troubles: readonly string[];
  /** Whether seeds were not run for so many failures, or for want of workers. */
  readonly endedEarly: boolean;
}

/** Hears of the sums, and of the failures that are new. */
export type OnProgress<Tally> = (tally: Tally, news: readonly Failure[]) => void;

export async function runAllSeeds<Tally extends Sums, Trace>(
  { jobs, minutes, runs, seed }: SeedsOptions,
  simulator: Simulator<Tally, Trace>,
  { data, script }: WorkerStart,
  onProgress: OnProgress<Tally>,
): Promise<AllSeeds<Tally>> {
  const start = performance.now();
  const deadline = Date.now() + minutes * MS_A_MINUTE;
  const shared = sharedWords(jobs);
  const taskOf = (worker: number): SeedsTask => ({ seed, runs, deadline, shared, worker });
  const tally = simulator.emptyTally();
  const failures: Failure[] = [];
  const troubles: string[] = [];
  const onReport = (report: Report<Tally>) => {
    simulator.addTally(tally, report.tally);
    failures.push(...report.failures);
    onProgress(tally, report.failures);
  };
  const onDeath = (worker: number, error: unknown) => {
    const unfinished = takeUnfinished(taskOf(worker));
    if (unfinished !== null) {
      // Runs of its last second that it had not reported are not counted.
      countFailure(taskOf(worker));
      onReport({ tally: { ...simulator.emptyTally(), runs: 1 }, failures: [brokenSimulator(unfinished, error)] });
      return true;
    }
    // What ends a worker before it has a seed would end the next one, too. What had been found before is reported.
    if (failures.length === 0) throw error;
    troubles.push(`a worker ended at no seed, and none took its place: ${inspect(error)}`);
    return false;
  };
  const dataOf = (worker: number) => ({ ...data, task: taskOf(worker) });
  if (jobs === 1) await runSeeds(taskOf(0), simulator, onReport);
  else await runWorkers({ script, jobs, dataOf, onReport, onDeath });
  return {
    tally,
    failures: failures.sort((a, b) => a.seed - b.seed),
    wallMs: Math.max(1, Math.round(performance.now() - start)),
    troubles,
    endedEarly: failures.length >= MOST_FAILURES || (troubles.length > 0 && areSeedsLeft(taskOf(0))),
  };
}
