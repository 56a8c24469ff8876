/** The host world: whole production nodes on simulated disks. */

export { FaultListError } from "../fault-list.js";
export { type HostCampaignResult, runHostCampaign } from "./campaign.js";
export { drawHostTrace } from "./diagram.js";
export { formatHostFaults, HOST_FAULTS, parseHostFaults } from "./faults.js";
export { recordHostRun, replayHostTrace } from "./replay.js";
export { type HostRunResult, runHostWorld } from "./run.js";
export { type HostSettings, MOST_HOSTS } from "./settings.js";
export { shrinkHostTrace } from "./shrink.js";
export { drawHostSwarm } from "./swarm.js";
export { formatHostTrace, type HostTrace, parseHostTrace, readHostTrace, writeHostTrace } from "./trace.js";
