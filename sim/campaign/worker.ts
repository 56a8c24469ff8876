/** A worker thread of a campaign. */

import { parentPort, workerData } from "node:worker_threads";
import type { CoreModule } from "../../host/core/module.js";
import { V8Core } from "../v8-core.js";
import { coreSimulator } from "./core-simulator.js";
import { runSeeds } from "./runner.js";
import type { SeedsTask } from "./seeds.js";

/** What a worker is started with, beside its task. */
export interface CampaignData {
  readonly core: CoreModule;
  readonly allowed: readonly string[];
}

const { allowed, core, task } = workerData as CampaignData & { readonly task: SeedsTask };
await runSeeds(
  task,
  coreSimulator(() => new V8Core(core), allowed),
  (report) => parentPort?.postMessage(report),
);
