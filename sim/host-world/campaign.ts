/** Many runs of the host world, on several workers, each with its own mix, and what they come to together. */

import { type CoreModule, shippedCore } from "../../host/core/module.js";
import { runWorkers } from "../campaign/pool.js";
import { MOST_FAILURES, type SeedsTask, sharedWords } from "../campaign/seeds.js";
import { type HostFailure, type HostWorkerReport, runHostSeeds } from "./runner.js";
import { addHostTally, emptyHostTally, type HostTally, missedBy } from "./tally.js";
import type { HostWorkerTask } from "./worker.js";

const MS_A_MINUTE = 60_000;

export interface HostCampaignOptions {
  /** The first seed; the next ones follow. */
  readonly seed: number;
  /** Seeds to run, at most: a campaign that ends with this comes to the same on every machine. */
  readonly runs: number;
  /** Time to take, at most. */
  readonly minutes: number;
  /** Workers side by side. */
  readonly jobs: number;
}

export interface HostCampaignResult extends Readonly<HostTally> {
  readonly seed: number;
  readonly jobs: number;
  readonly wallMs: number;
  readonly eventsPerSecond: number;
  /** By seed. */
  readonly failures: readonly HostFailure[];
  /** Faults that were never injected, and rare paths that were never reached. */
  readonly missed: readonly string[];
  readonly core: string;
  readonly passed: boolean;
}

/** @throws an error that names the seed, when a run ends with one that is no broken rule */
export async function runHostCampaign(
  options: HostCampaignOptions,
  core: CoreModule = shippedCore(),
  onProgress: (tally: HostTally, failures: number) => void = () => undefined,
): Promise<HostCampaignResult> {
  const { jobs, minutes, runs, seed } = options;
  const start = performance.now();
  const task: SeedsTask = { seed, runs, deadline: Date.now() + minutes * MS_A_MINUTE, shared: sharedWords() };
  const tally = emptyHostTally();
  const failures: HostFailure[] = [];
  const onReport = (report: HostWorkerReport) => {
    addHostTally(tally, report.tally);
    failures.push(...report.failures);
    onProgress(tally, failures.length);
  };
  const script = new URL("./worker.js", import.meta.url);
  if (jobs === 1) await runHostSeeds(task, core, onReport);
  else await runWorkers(script, jobs, { core, task } satisfies HostWorkerTask, onReport);
  const wallMs = Math.max(1, Math.round(performance.now() - start));
  // A campaign that ended early could not reach everything.
  const missed = failures.length < MOST_FAILURES ? missedBy(tally.faults, tally.probes) : [];
  return {
    ...{ seed, jobs, wallMs },
    ...tally,
    eventsPerSecond: Math.round((tally.events * 1000) / wallMs),
    failures: failures.sort((a, b) => a.seed - b.seed),
    missed,
    core: core.sha256,
    passed: failures.length === 0 && missed.length === 0,
  };
}
