/**
 * Timers for tests and simulation: time moves only when told, the jitter comes from a seed. Two runs with the same seed
 * and the same calls fire the same timers at the same times in the same order: by deadline, and at equal deadlines the
 * one that was armed first.
 */

import type { Timers } from "./timer.js";

export interface ManualTimersOptions {
  /** Seed of the jitter, an unsigned 32-bit number. Default 1. */
  readonly seed?: number;
  /** What `now()` says at first, in ms. Default 0. */
  readonly origin?: number;
}

/** An armed timer. */
export interface ArmedTimer {
  readonly kind: number;
  /** When it is due, in ms by `now()`. */
  readonly deadline: number;
}

/** Firings within one `advanceTo`, beyond which a timer must be re-arming itself without delay: time would stand still. */
const MAX_FIRINGS = 100_000;

interface Arming extends ArmedTimer {
  /** Counts armings: breaks ties between equal deadlines. */
  readonly order: number;
}

export class ManualTimers implements Timers {
  readonly #random: () => number;
  readonly #armed = new Map<number, Arming>();
  #now: number;
  #armings = 0;
  #fired: ((kind: number) => void) | undefined;

  constructor(options: ManualTimersOptions = {}) {
    this.#random = seededRandom(options.seed ?? 1);
    this.#now = options.origin ?? 0;
  }

  now(): number {
    return this.#now;
  }

  start(fired: (kind: number) => void): void {
    this.#fired = fired;
  }

  /** Without effect before `start` and after `stop`. */
  arm(kind: number, delay: number, jitter: number): void {
    if (this.#fired === undefined) return;
    const deadline = this.#now + delay + Math.floor(this.#random() * (jitter + 1));
    this.#armings += 1;
    this.#armed.set(kind, { kind, deadline, order: this.#armings });
  }

  cancel(kind: number): void {
    this.#armed.delete(kind);
  }

  stop(): void {
    this.#fired = undefined;
    this.#armed.clear();
  }

  /** The armed timers in the order in which they will fire. */
  armed(): ArmedTimer[] {
    return [...this.#armed.values()].sort(firesBefore).map(({ kind, deadline }) => ({ kind, deadline }));
  }

  /** Lets `ms` pass; see {@link advanceTo}. */
  advance(ms: number): void {
    this.advanceTo(this.#now + ms);
  }

  /**
   * Lets time pass until `now()` is `time`, and fires what falls due on the way, each at its own deadline; timers armed
   * meanwhile included. Time never goes back: an earlier `time` fires what is due and leaves the clock alone.
   */
  advanceTo(time: number): void {
    for (let firings = 0; firings < MAX_FIRINGS; firings++) {
      const next = this.#next();
      if (next === undefined || next.deadline > Math.max(time, this.#now)) {
        this.#now = Math.max(time, this.#now);
        return;
      }
      // Time has not passed it: it would have been fired then.
      this.#now = next.deadline;
      this.fire(next.kind);
    }
    throw new Error(`${MAX_FIRINGS} timers fired before time reached ${time} ms: one re-arms itself without delay`);
  }

  /**
   * Fires the timer of `kind` now, due or not, armed or not (a timer may fire early or twice, and tests make it).
   * @returns whether it was armed; it no longer is.
   */
  fire(kind: number): boolean {
    const wasArmed = this.#armed.delete(kind);
    this.#fired?.(kind);
    return wasArmed;
  }

  #next(): Arming | undefined {
    let next: Arming | undefined;
    for (const arming of this.#armed.values()) {
      if (next === undefined || firesBefore(arming, next) < 0) next = arming;
    }
    return next;
  }
}

function firesBefore(a: Arming, b: Arming): number {
  return a.deadline - b.deadline || a.order - b.order;
}

/** A xorshift generator (Marsaglia 2003, shifts 13, 17, 5) over numbers in [0, 1). */
function seededRandom(seed: number): () => number {
  // The odd multiplier spreads neighbouring seeds apart; zero is the one state the generator cannot leave.
  let state = Math.imul(seed, 0x9e3779b1) >>> 0 || 1;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) / 0x1_0000_0000;
  };
}
