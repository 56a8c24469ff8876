/** Runs seeds one after the other until there is no time, no seed or no patience left: all that a worker of a campaign does. */

import { brokenRun, brokenSimulator, type Failure } from "./failure.js";
import { countFailure, type SeedsTask, takeSeeds } from "./seeds.js";
import type { Broken, Simulator, Sums } from "./simulator.js";

/** Time between two reports of a worker, in ms; a failure is told at once. */
const REPORT_INTERVAL = 1000;

/** What a worker tells: what is new. */
export interface Report<Tally> {
  readonly tally: Tally;
  readonly failures: readonly Failure[];
}

/** Runs seeds that no other worker runs. An error of one is a failure, and the next one is run. */
export async function runSeeds<Tally extends Sums, Trace>(
  task: SeedsTask,
  simulator: Simulator<Tally, Trace>,
  onReport: (report: Report<Tally>) => void,
): Promise<void> {
  let tally = simulator.emptyTally();
  let reported = Date.now();
  const report = (failures: readonly Failure[]) => {
    onReport({ tally, failures });
    tally = simulator.emptyTally();
    reported = Date.now();
  };
  // A world that an error has ended may leave promises behind, which nobody hears of any more when they are rejected.
  const strays: unknown[] = [];
  const onRejection = (error: unknown) => strays.push(error);
  process.on("unhandledRejection", onRejection);
  try {
    for (const seed of takeSeeds(task)) {
      strays.length = 0;
      let failure = await runSeed(seed, simulator, tally);
      // Signals, output and other threads get their turn between two runs. Rejections are told here, too.
      await new Promise((resolve) => setImmediate(resolve));
      if (failure === null && strays.length > 0) failure = brokenSimulator(seed, strays[0]);
      if (failure !== null) countFailure(task);
      if (failure !== null) report([failure]);
      else if (Date.now() - reported >= REPORT_INTERVAL) report([]);
    }
  } finally {
    process.off("unhandledRejection", onRejection);
  }
  report([]);
}

async function runSeed<Tally extends Sums, Trace>(
  seed: number,
  simulator: Simulator<Tally, Trace>,
  tally: Tally,
): Promise<Failure | null> {
  let broken: Broken | null;
  try {
    broken = await simulator.run(seed, tally);
  } catch (error) {
    tally.runs++;
    return brokenSimulator(seed, error);
  }
  return broken === null ? null : brokenRun(seed, broken, simulator);
}
