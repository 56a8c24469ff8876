/**
 * What the workers of a campaign share, of whichever kind its runs are: each seed is taken by exactly one of them, and they
 * all end when there is no time, no seed or no patience left, or when a run of one of them ended with an error.
 */

/** Words in shared memory. */
export const Shared = { NEXT: 0, FAILURES: 1, WORDS: 2 } as const;

/** Failures after which a campaign ends. */
export const MOST_FAILURES = 8;
/** Time between two reports of a worker, in ms. */
export const REPORT_INTERVAL = 1000;

export interface SeedsTask {
  /** The first seed. */
  readonly seed: number;
  /** Seeds to run, at most. */
  readonly runs: number;
  /** When the time is up, as Date.now() counts. */
  readonly deadline: number;
  readonly shared: SharedArrayBuffer;
}

export function sharedWords(): SharedArrayBuffer {
  return new SharedArrayBuffer(Shared.WORDS * Int32Array.BYTES_PER_ELEMENT);
}

/** Seeds that no other worker takes. */
export function* takeSeeds({ deadline, runs, seed, shared }: SeedsTask): Generator<number> {
  const words = new Int32Array(shared);
  while (Date.now() < deadline && Atomics.load(words, Shared.FAILURES) < MOST_FAILURES) {
    const nth = Atomics.add(words, Shared.NEXT, 1);
    if (nth >= runs) return;
    yield seed + nth;
  }
}

/** A run broke a rule that may not be broken. */
export function countFailure({ shared }: SeedsTask): void {
  Atomics.add(new Int32Array(shared), Shared.FAILURES, 1);
}

/**
 * An error that is no broken rule is a fault of the simulator or of its host: it ends the campaign.
 * @param command what repeats the run, without its seed
 * @returns the error that names the seed
 */
export function endWithError({ shared }: SeedsTask, seed: number, command: string, cause: unknown): Error {
  Atomics.store(new Int32Array(shared), Shared.FAILURES, MOST_FAILURES);
  const what = cause instanceof Error ? cause.message : String(cause);
  return new Error(`seed ${seed} ends with an error: ${what}; to repeat it: ${command} --seed ${seed}`, { cause });
}
