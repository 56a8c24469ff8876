/**
 * How long to wait before the next attempt: twice as long after every failure, up to a bound, with jitter, so that the
 * nodes of a cluster do not all dial a restarted peer in the same millisecond.
 */

export class Backoff {
  readonly #min: number;
  readonly #max: number;
  readonly #random: () => number;
  #ceiling: number;

  /** Waits at most `min` ms after the first failure and at most `max` ms ever; `random` draws from [0, 1). */
  constructor(min: number, max: number, random: () => number) {
    this.#min = min;
    this.#max = max;
    this.#random = random;
    this.#ceiling = min;
  }

  /** The wait in ms after one more failure: uniform in the upper half of what the number of failures allows. */
  next(): number {
    const ceiling = this.#ceiling;
    this.#ceiling = Math.min(2 * ceiling, this.#max);
    return Math.ceil(ceiling * (0.5 + this.#random() / 2));
  }

  /** An attempt succeeded: start over with short waits. */
  reset(): void {
    this.#ceiling = this.#min;
  }
}
