/** Campaigns: many runs, each with its own mix of faults. */

export { type CampaignOptions, type CampaignResult, MOST_JOBS, runCampaign } from "./campaign.js";
export { REQUIRED_PROBES } from "./probes.js";
export type { Failure } from "./runner.js";
export { drawSwarm } from "./swarm.js";
export type { Tally } from "./tally.js";
