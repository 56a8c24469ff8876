/** A worker thread of a campaign of the host world. */

import { parentPort, workerData } from "node:worker_threads";
import type { CoreModule } from "../../host/core/module.js";
import { runSeeds } from "../campaign/runner.js";
import type { SeedsTask } from "../campaign/seeds.js";
import { hostSimulator } from "./simulator.js";

/** What a worker is started with, beside its task. */
export interface HostCampaignData {
  readonly core: CoreModule;
}

const { core, task } = workerData as HostCampaignData & { readonly task: SeedsTask };
await runSeeds(task, hostSimulator(core), (report) => parentPort?.postMessage(report));
