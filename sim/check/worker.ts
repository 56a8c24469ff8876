/** A worker thread of a search. */

import { parentPort, workerData } from "node:worker_threads";
import type { CoreModule } from "../../host/core/module.js";
import type { CheckOptions } from "./options.js";
import { SearchWorker } from "./search.js";
import type { SharedTables } from "./tables.js";

/** What a worker is started with. */
export interface WorkerTask {
  readonly core: CoreModule;
  readonly options: CheckOptions;
  readonly tables: SharedTables;
  readonly deadline: number;
  readonly number: number;
}

const { core, deadline, number, options, tables } = workerData as WorkerTask;
parentPort?.postMessage(new SearchWorker(core, options, tables, deadline, false, () => undefined, number).run());
