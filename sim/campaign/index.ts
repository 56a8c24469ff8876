/** Campaigns: many runs, each with its own mix of faults. */

export { type CampaignOptions, type CampaignResult, runCampaign } from "./campaign.js";
export { type Failure, SIMULATOR_ERROR } from "./failure.js";
export { type HuntingRun, huntingRuns } from "./hunting.js";
export { drawMix, MIX_NAMES, type MixName } from "./mixes.js";
export { MOST_JOBS } from "./pool.js";
export { REQUIRED_PROBES } from "./probes.js";
export { drawSwarm, mixOf } from "./swarm.js";
export type { Tally } from "./tally.js";
