/** A campaign: as many seeds as fit a time, on several workers, each with its own mix of faults. */

import { type CoreModule, shippedCore } from "../../host/core/module.js";
import { V8Core } from "../v8-core.js";
import { type OnProgress, runAllSeeds, type SeedsOptions } from "./all-seeds.js";
import { coreSimulator } from "./core-simulator.js";
import type { Failure } from "./failure.js";
import { missedProbes } from "./probes.js";
import type { Tally } from "./tally.js";
import type { CampaignData } from "./worker.js";

export interface CampaignOptions extends SeedsOptions {
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
  /** Workers that were lost for good, and why. */
  readonly troubles: readonly string[];
  /** Rare paths that should have been reached and were not. */
  readonly missedProbes: readonly string[];
  readonly passed: boolean;
}

/** Runs a campaign. */
export async function runCampaign(
  options: CampaignOptions,
  core: CoreModule = shippedCore(),
  onProgress: OnProgress<Tally> = () => undefined,
): Promise<CampaignResult> {
  const { allowed, jobs, seed } = options;
  const script = new URL("./worker.js", import.meta.url);
  const data: CampaignData = { core, allowed };
  const simulator = coreSimulator(() => new V8Core(core), allowed);
  const all = await runAllSeeds(options, simulator, { script, data }, onProgress);
  const { endedEarly, failures, tally, troubles, wallMs } = all;
  const perSecond = (count: number) => Math.round((count * 1000) / wallMs);
  // A campaign that ended early could not reach everything.
  const missed = endedEarly ? [] : missedProbes(tally.probes);
  return {
    ...{ seed, jobs, core: core.sha256, wallMs },
    ...tally,
    actionsPerSecond: perSecond(tally.actions),
    eventsPerSecond: perSecond(tally.events),
    failures,
    troubles,
    missedProbes: missed,
    passed: failures.length === 0 && missed.length === 0,
  };
}
