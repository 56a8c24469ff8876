/** Many runs of the host world, on several workers, each with its own mix, and what they come to together. */

import { type CoreModule, shippedCore } from "../../host/core/module.js";
import { type OnProgress, runAllSeeds, type SeedsOptions } from "../campaign/all-seeds.js";
import type { Failure } from "../campaign/failure.js";
import { hostSimulator } from "./simulator.js";
import { type HostTally, missedBy } from "./tally.js";
import type { HostCampaignData } from "./worker.js";

export interface HostCampaignResult extends Readonly<HostTally> {
  readonly seed: number;
  readonly jobs: number;
  readonly wallMs: number;
  readonly eventsPerSecond: number;
  /** By seed. */
  readonly failures: readonly Failure[];
  /** Workers that were lost for good, and why. */
  readonly troubles: readonly string[];
  /** Faults that were never injected, and rare paths that were never reached. */
  readonly missed: readonly string[];
  readonly core: string;
  readonly passed: boolean;
}

/** Runs a campaign. */
export async function runHostCampaign(
  options: SeedsOptions,
  core: CoreModule = shippedCore(),
  onProgress: OnProgress<HostTally> = () => undefined,
): Promise<HostCampaignResult> {
  const { jobs, seed } = options;
  const script = new URL("./worker.js", import.meta.url);
  const data: HostCampaignData = { core };
  const simulator = hostSimulator(core);
  const all = await runAllSeeds(options, simulator, { script, data }, onProgress);
  const { endedEarly, failures, tally, troubles, wallMs } = all;
  // A campaign that ended early could not reach everything.
  const missed = endedEarly ? [] : missedBy(tally.faults, tally.probes);
  return {
    ...{ seed, jobs, wallMs },
    ...tally,
    eventsPerSecond: Math.round((tally.events * 1000) / wallMs),
    failures,
    troubles,
    missed,
    core: core.sha256,
    passed: failures.length === 0 && missed.length === 0,
  };
}
