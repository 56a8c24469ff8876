/** The worker threads of a campaign. */

import { Worker } from "node:worker_threads";

/** Most workers. */
export const MOST_JOBS = 64;

/**
 * Runs a script on several threads, and waits for all of them. When one ends with an error, the others are stopped.
 * @param script what a worker runs; it gets `task` as its workerData, and posts reports
 * @throws the first error of a worker
 */
export async function runWorkers<Report>(
  script: URL,
  jobs: number,
  task: unknown,
  onReport: (report: Report) => void,
): Promise<void> {
  const workers = Array.from({ length: jobs }, () => new Worker(script, { workerData: task }));
  try {
    await Promise.all(workers.map((worker) => ended(worker, onReport)));
  } finally {
    await Promise.all(workers.map((worker) => worker.terminate()));
  }
}

function ended<Report>(worker: Worker, onReport: (report: Report) => void): Promise<void> {
  return new Promise((resolve, reject) => {
    worker.on("message", onReport);
    worker.once("error", reject);
    worker.once("exit", (code) => {
      if (code === 0) resolve();
      else reject(new Error(`a worker of the campaign ended with exit code ${code}`));
    });
  });
}
