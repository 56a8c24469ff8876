/** A worker thread of a campaign. */

import { parentPort, workerData } from "node:worker_threads";
import type { CoreModule } from "../../host/core/module.js";
import { V8Core } from "../v8-core.js";
import { type RunnerTask, runSeeds } from "./runner.js";

/** What a worker is started with. */
export interface WorkerTask {
  readonly core: CoreModule;
  readonly task: RunnerTask;
}

const { core, task } = workerData as WorkerTask;
runSeeds(task, new V8Core(core), (report) => parentPort?.postMessage(report));
