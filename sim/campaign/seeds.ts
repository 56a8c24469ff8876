/**
 * What the workers of a campaign share, of whichever kind its runs are: each seed is taken by exactly one of them, and they
 * all end when there is no time, no seed or no patience left.
 */

/** Words in shared memory. From AT_WORK on there is one for each worker: 1 + the number of the seed that it is at, 0 if none. */
export const Shared = { NEXT: 0, FAILURES: 1, AT_WORK: 2 } as const;

/** Failures after which a campaign ends. */
export const MOST_FAILURES = 8;

export interface SeedsTask {
  /** The first seed. */
  readonly seed: number;
  /** Seeds to run, at most. */
  readonly runs: number;
  /** When the time is up, as Date.now() counts. */
  readonly deadline: number;
  /** Which of the workers takes them, from 0 on. */
  readonly worker: number;
  readonly shared: SharedArrayBuffer;
}

export function sharedWords(workers: number): SharedArrayBuffer {
  return new SharedArrayBuffer((Shared.AT_WORK + workers) * Int32Array.BYTES_PER_ELEMENT);
}

/** Seeds that no other worker takes. */
export function* takeSeeds({ deadline, runs, seed, shared, worker }: SeedsTask): Generator<number> {
  const words = new Int32Array(shared);
  while (Date.now() < deadline && Atomics.load(words, Shared.FAILURES) < MOST_FAILURES) {
    const nth = Atomics.add(words, Shared.NEXT, 1);
    if (nth >= runs) return;
    Atomics.store(words, Shared.AT_WORK + worker, 1 + nth);
    yield seed + nth;
    Atomics.store(words, Shared.AT_WORK + worker, 0);
  }
}

/** Whether there are seeds that no worker has taken. */
export function areSeedsLeft({ runs, shared }: SeedsTask): boolean {
  return Atomics.load(new Int32Array(shared), Shared.NEXT) < runs;
}

/** A seed failed. */
export function countFailure({ shared }: SeedsTask): void {
  Atomics.add(new Int32Array(shared), Shared.FAILURES, 1);
}

/** The seed that a worker was at which works no more, null if it was at none. */
export function takeUnfinished({ seed, shared, worker }: SeedsTask): number | null {
  const atWork = Atomics.exchange(new Int32Array(shared), Shared.AT_WORK + worker, 0);
  return atWork === 0 ? null : seed + atWork - 1;
}
