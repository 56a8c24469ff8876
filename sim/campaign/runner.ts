/** Runs seeds one after the other until there is no time, no seed or no patience left: all that a worker of a campaign does. */

import type { CoreUnderTest } from "../core-under-test.js";
import { runSimulation } from "../core-world/run.js";
import { formatTrace, recordRun, shrinkTrace } from "../trace/index.js";
import { countFailure, endWithError, REPORT_INTERVAL, type SeedsTask, takeSeeds } from "./seeds.js";
import { drawSwarm } from "./swarm.js";
import { addRun, emptyTally, type Tally } from "./tally.js";

/** Actions that shrinking a failure may take: there is more to find, and a failure can be shrunk further later. */
const SHRINKING = 1_000_000;

/** A seed that failed. */
export interface Failure {
  readonly seed: number;
  readonly rule: string;
  /** What was violated, and the last actions. */
  readonly detail: string;
  /** Steps of the run, and of the shrunk trace. */
  readonly steps: number;
  readonly shrunkSteps: number;
  /** The shrunk trace as a file. */
  readonly trace: string;
}

/** What a worker tells now and then. */
export interface WorkerReport {
  readonly tally: Tally;
  readonly failures: readonly Failure[];
}

export interface RunnerTask extends SeedsTask {
  /** Rules that may be broken: it is counted. */
  readonly allowed: readonly string[];
}

/** Runs seeds that no other worker runs. */
export function runSeeds(task: RunnerTask, core: CoreUnderTest, onReport: (report: WorkerReport) => void): void {
  let tally = emptyTally();
  let failures: Failure[] = [];
  let reported = Date.now();
  for (const seed of takeSeeds(task)) {
    const failure = attempt(task, seed, core, tally);
    if (failure !== null) {
      countFailure(task);
      failures.push(failure);
    }
    if (Date.now() - reported < REPORT_INTERVAL) continue;
    onReport({ tally, failures });
    tally = emptyTally();
    failures = [];
    reported = Date.now();
  }
  onReport({ tally, failures });
}

function attempt(task: RunnerTask, seed: number, core: CoreUnderTest, tally: Tally): Failure | null {
  try {
    return runSeed(task, seed, core, tally);
  } catch (error) {
    throw endWithError(task, seed, "metalraft sim --swarm", error);
  }
}

function runSeed(task: RunnerTask, seed: number, core: CoreUnderTest, tally: Tally): Failure | null {
  const options = drawSwarm(seed);
  const result = runSimulation({ ...options, core });
  addRun(tally, result);
  if (result.rule === null) return null;
  if (task.allowed.includes(result.rule)) {
    tally.allowed[result.rule] = (tally.allowed[result.rule] ?? 0) + 1;
    return null;
  }
  const shrunk = shrinkTrace(recordRun({ ...options, core }).trace, core, { mostActions: SHRINKING });
  return {
    seed,
    rule: result.rule,
    detail: result.violation ?? result.explanation ?? "",
    steps: result.steps,
    shrunkSteps: shrunk.trace.steps.length,
    trace: formatTrace(shrunk.trace),
  };
}
