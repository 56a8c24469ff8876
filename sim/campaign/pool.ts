/** The worker threads of a campaign. */

import { Worker } from "node:worker_threads";

/** Most workers. */
export const MOST_JOBS = 64;

export interface Pool<Report> {
  /** What a worker runs; it posts reports. */
  readonly script: URL;
  readonly jobs: number;
  /** What a worker is started with, as its workerData. */
  dataOf(worker: number): unknown;
  onReport(report: Report): void;
  /** A worker has ended with an error, by itself or for want of memory. @returns whether another one takes its place */
  onDeath(worker: number, error: unknown): boolean;
}

/**
 * Runs a script on several threads, and waits for all of them.
 * @throws what `onDeath` throws; the others are stopped then
 */
export async function runWorkers<Report>(pool: Pool<Report>): Promise<void> {
  const running = new Set<Worker>();
  let isOver = false;
  const keepRunning = async (place: number) => {
    for (;;) {
      const worker = new Worker(pool.script, { workerData: pool.dataOf(place) });
      running.add(worker);
      const death = await deathOf(worker, pool);
      running.delete(worker);
      if (death === null || isOver || !pool.onDeath(place, death.error)) return;
    }
  };
  try {
    await Promise.all(Array.from({ length: pool.jobs }, (_, place) => keepRunning(place)));
  } finally {
    isOver = true;
    await Promise.all([...running].map((worker) => worker.terminate()));
  }
}

/** Why a worker ended that should not have, once all that it reported has come; null if it came to its end. */
function deathOf<Report>(worker: Worker, pool: Pool<Report>): Promise<{ readonly error: unknown } | null> {
  return new Promise((resolve) => {
    let death: { readonly error: unknown } | null = null;
    worker.on("message", (report: Report) => pool.onReport(report));
    worker.once("error", (error: unknown) => {
      death = { error };
    });
    worker.once("exit", (code) => {
      if (death === null && code !== 0) death = { error: new Error(`a worker ended with exit code ${code}`) };
      resolve(death);
    });
  });
}
