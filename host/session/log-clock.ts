/**
 * The clock that a proposer stamps envelopes with: log time, carried on by this node's monotonic clock. So it does not
 * depend on anybody's time of day, and never runs faster than real time, whoever proposes: what is promised in log time
 * holds at least as long in real time. While nobody proposes it may stand still.
 */

export class LogClock {
  readonly #logTime: () => number;
  readonly #monotonic: () => number;
  /** Log time at the moment `#since` of the monotonic clock. */
  #base = 0;
  #since: number;

  /**
   * @param logTime the latest time that this node's state machine has seen, in ms.
   * @param monotonic ms of a clock that never goes back.
   */
  constructor(logTime: () => number, monotonic: () => number) {
    this.#logTime = logTime;
    this.#monotonic = monotonic;
    this.#since = monotonic();
  }

  /** Whole ms; never less than before, nor than what the log has seen. */
  now(): number {
    const time = this.#monotonic();
    const seen = this.#logTime();
    if (seen > this.#base + (time - this.#since)) {
      this.#base = seen;
      this.#since = time;
    }
    return Math.floor(this.#base + (time - this.#since));
  }
}
