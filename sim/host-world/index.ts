/** The host world: whole production nodes on simulated disks. */

export { type HostCampaignResult, runHostCampaign } from "./campaign.js";
export { allFaults, FaultListError, formatHostFaults, HOST_FAULTS, parseHostFaults } from "./faults.js";
export { type HostRunResult, runHostWorld } from "./run.js";
export { MOST_HOSTS } from "./settings.js";
export { drawHostSwarm } from "./swarm.js";
