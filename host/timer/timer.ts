/**
 * The timer trait: a monotonic clock and one-shot timers, one a kind. The core says how long and how much jitter; the
 * host draws the jitter, because the core has no randomness. A timer may fire late, and firing early or twice is
 * harmless: the core compares the time that comes with the input.
 */

export interface Timers {
  /** Milliseconds of a monotonic clock, a whole number below 2^53; its origin is arbitrary. */
  now(): number;
  /** Sets where fired timers are reported. */
  start(fired: (kind: number) => void): void;
  /** Arms the timer of `kind` to fire once after `delay` ms plus a uniform draw from [0, jitter] ms, in place of any
   * earlier arming of that kind. */
  arm(kind: number, delay: number, jitter: number): void;
  /** Disarms the timer of `kind`; nothing happens if it is not armed. */
  cancel(kind: number): void;
  /** Disarms all timers; none fires afterwards. */
  stop(): void;
}
