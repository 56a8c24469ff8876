/** A worker thread of a campaign of the host world. */

import { parentPort, workerData } from "node:worker_threads";
import type { CoreModule } from "../../host/core/module.js";
import type { SeedsTask } from "../campaign/seeds.js";
import { runHostSeeds } from "./runner.js";

/** What a worker is started with. */
export interface HostWorkerTask {
  readonly core: CoreModule;
  readonly task: SeedsTask;
}

const { core, task } = workerData as HostWorkerTask;
await runHostSeeds(task, core, (report) => parentPort?.postMessage(report));
