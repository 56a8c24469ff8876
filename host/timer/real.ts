/**
 * Timers on the clock of the machine: `performance.now()` and `setTimeout`, so it runs in Node and in a browser.
 *
 * A node re-arms its timers far more often than they fire (the election timer at every heartbeat). Re-arming to a later
 * deadline therefore only stores the deadline: the host's timeout stays where it is, finds on waking that it is early,
 * and sleeps for the rest. Only an earlier deadline costs a new timeout.
 *
 * A timer never fires before its deadline as `now()` tells it, however early the host's timeout wakes.
 */

import type { Timers } from "./timer.js";

export interface RealTimersOptions {
  /** Draws the jitter: a number in [0, 1). Default Math.random: jitter spreads elections out, it guards no secret. */
  readonly random?: () => number;
  /** Whether an armed timer lets the Node process exit. Default false. Without meaning in a browser. */
  readonly unref?: boolean;
}

/** The longest sleep a host's timeout takes (2^31 - 1 ms); a longer one would wake at once. Longer delays are slept in
 * several parts. */
const MAX_SLEEP_MS = 0x7fffffff;

/** One kind of timer. */
interface Slot {
  /** When the timer is due, by `now()`. */
  deadline: number;
  /** When the host's timeout wakes, by `now()`. Invariant: `wakes <= deadline` while armed. */
  wakes: number;
  /** Set while the timer is armed. */
  timeout: ReturnType<typeof setTimeout> | undefined;
  readonly wake: () => void;
}

export class RealTimers implements Timers {
  readonly #random: () => number;
  readonly #unref: boolean;
  readonly #slots = new Map<number, Slot>();
  #fired: ((kind: number) => void) | undefined;

  constructor(options: RealTimersOptions = {}) {
    this.#random = options.random ?? Math.random;
    this.#unref = options.unref ?? false;
  }

  now(): number {
    return Math.floor(performance.now());
  }

  start(fired: (kind: number) => void): void {
    this.#fired = fired;
  }

  /** Without effect before `start` and after `stop`. */
  arm(kind: number, delay: number, jitter: number): void {
    if (this.#fired === undefined) return;
    const slot = this.#slot(kind);
    const now = this.now();
    slot.deadline = now + delay + Math.floor(this.#random() * (jitter + 1));
    if (slot.timeout !== undefined && slot.wakes <= slot.deadline) return;
    this.#sleep(slot, now);
  }

  cancel(kind: number): void {
    const slot = this.#slots.get(kind);
    if (slot !== undefined) disarm(slot);
  }

  stop(): void {
    this.#fired = undefined;
    for (const slot of this.#slots.values()) disarm(slot);
  }

  #slot(kind: number): Slot {
    let slot = this.#slots.get(kind);
    if (slot === undefined) {
      slot = { deadline: 0, wakes: 0, timeout: undefined, wake: () => this.#wake(kind) };
      this.#slots.set(kind, slot);
    }
    return slot;
  }

  #sleep(slot: Slot, now: number): void {
    clearTimeout(slot.timeout);
    const sleep = Math.min(slot.deadline - now, MAX_SLEEP_MS);
    slot.wakes = now + sleep;
    slot.timeout = setTimeout(slot.wake, sleep);
    if (this.#unref) slot.timeout.unref?.();
  }

  #wake(kind: number): void {
    const slot = this.#slot(kind);
    slot.timeout = undefined;
    const now = this.now();
    if (now < slot.deadline) {
      this.#sleep(slot, now);
      return;
    }
    this.#fired?.(kind);
  }
}

function disarm(slot: Slot): void {
  clearTimeout(slot.timeout);
  slot.timeout = undefined;
}
