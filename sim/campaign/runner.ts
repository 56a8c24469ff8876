/** Runs seeds one after the other until there is no time, no seed or no patience left: all that a worker of a campaign does. */

import type { CoreUnderTest } from "../core-under-test.js";
import { runSimulation } from "../run.js";
import { formatTrace, recordRun, shrinkTrace } from "../trace/index.js";
import { drawSwarm } from "./swarm.js";
import { addRun, emptyTally, type Tally } from "./tally.js";

/** What all workers of a campaign share: words in shared memory. */
export const Shared = { NEXT: 0, FAILURES: 1, WORDS: 2 } as const;

/** Failures after which a campaign ends. */
export const MOST_FAILURES = 8;
/** Actions that shrinking a failure may take: there is more to find, and a failure can be shrunk further later. */
const SHRINKING = 1_000_000;
/** Time between two reports of a worker, in ms. */
const REPORT_INTERVAL = 1000;

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

export interface RunnerTask {
  /** The first seed. */
  readonly seed: number;
  /** Seeds to run, at most. */
  readonly runs: number;
  /** Rules that may be broken: it is counted. */
  readonly allowed: readonly string[];
  /** When the time is up, as Date.now() counts. */
  readonly deadline: number;
  readonly shared: SharedArrayBuffer;
}

/** Runs seeds that no other worker runs. */
export function runSeeds(task: RunnerTask, core: CoreUnderTest, onReport: (report: WorkerReport) => void): void {
  const shared = new Int32Array(task.shared);
  let tally = emptyTally();
  let failures: Failure[] = [];
  let reported = Date.now();
  while (Date.now() < task.deadline && Atomics.load(shared, Shared.FAILURES) < MOST_FAILURES) {
    const nth = Atomics.add(shared, Shared.NEXT, 1);
    if (nth >= task.runs) break;
    const failure = attempt(task, task.seed + nth, core, tally);
    if (failure !== null) {
      Atomics.add(shared, Shared.FAILURES, 1);
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

/** An error that is no broken rule is a fault of the simulator or of its host: it ends the campaign and names the seed. */
function attempt(task: RunnerTask, seed: number, core: CoreUnderTest, tally: Tally): Failure | null {
  try {
    return runSeed(task, seed, core, tally);
  } catch (cause) {
    Atomics.store(new Int32Array(task.shared), Shared.FAILURES, MOST_FAILURES);
    const what = cause instanceof Error ? cause.message : String(cause);
    throw new Error(`seed ${seed} ends with an error: ${what}; to repeat it: metalraft sim --swarm --seed ${seed}`, {
      cause,
    });
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
