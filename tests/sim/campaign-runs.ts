/** Some seeds of a simulator in this thread, as a worker of a campaign takes them. */

import type { Failure } from "../../sim/campaign/failure.js";
import { runSeeds } from "../../sim/campaign/runner.js";
import { sharedWords } from "../../sim/campaign/seeds.js";
import type { Simulator, Sums } from "../../sim/campaign/simulator.js";

/** What so many seeds come to. @param seed the first one */
export async function runSome<Tally extends Sums, Trace>(
  simulator: Simulator<Tally, Trace>,
  runs: number,
  seed = 1,
): Promise<{ readonly tally: Tally; readonly failures: readonly Failure[] }> {
  const tally = simulator.emptyTally();
  const failures: Failure[] = [];
  const task = { seed, runs, deadline: Number.MAX_SAFE_INTEGER, shared: sharedWords(1), worker: 0 };
  await runSeeds(task, simulator, (report) => {
    simulator.addTally(tally, report.tally);
    failures.push(...report.failures);
  });
  return { tally, failures };
}
