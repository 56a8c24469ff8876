/**
 * One life of a node's process: what happens to it happens in virtual time, waits while it stands still, and has no effect
 * once it is dead.
 */

import type { Runtime } from "../../host/node/runtime.js";
import type { Timers } from "../../host/timer/timer.js";
import { EventLabel, type EventQueue, type SimEvent } from "./event-queue.js";
import type { Process } from "./mount.js";
import type { Stream } from "./stream.js";

/** What passes between a turn that is asked for and that turn, in microseconds, at most. */
const TURN_TIME = 60;
/** How late a timer fires, in microseconds, at most. */
const LATENESS = 500;
const MICROSECONDS = 1000;

export interface LifeOptions {
  readonly id: number;
  readonly queue: EventQueue;
  readonly random: Stream;
  /** How fast its clock goes. */
  readonly rate: number;
  /** Whether its disk has a long write that was not synced. */
  readonly isTearable: () => boolean;
  /** Hears that something is about to happen to it. */
  readonly onEvent: (life: Life) => void;
  /** Ends it, as the plan of its end says. */
  readonly onEnd: (life: Life) => void;
}

export class Life implements Process, Runtime {
  readonly id: number;
  alive = true;
  /** Until then it stands still, in microseconds. */
  pausedUntil = 0;
  readonly timers: Timers;
  readonly #options: LifeOptions;
  #lastTurn = 0;
  /** Calls of the disk until it ends; Infinity unless that is planned. */
  #callsLeft = Number.POSITIVE_INFINITY;
  /** Whether only those count that find a long write that was not synced. */
  #countsTearable = false;

  constructor(options: LifeOptions) {
    this.#options = options;
    this.id = options.id;
    this.timers = new SimTimers(this, options);
  }

  /** Lets something happen to it at a time; later if it stands still then. */
  at(time: number, label: EventLabel, task: () => void): SimEvent {
    return this.#options.queue.at(time, label, this.id, () => this.enter(label, task));
  }

  /** Something happens to it now; later if it stands still. */
  enter(label: EventLabel, task: () => void): void {
    if (!this.alive) return;
    if (this.#options.queue.now < this.pausedUntil) {
      this.at(this.pausedUntil, label, task);
      return;
    }
    this.#options.onEvent(this);
    task();
  }

  /** Ends it after so many calls of the disk; negative: after so many that find a long write that was not synced. */
  endAfter(calls: number): void {
    this.#callsLeft = Math.abs(calls);
    this.#countsTearable = calls < 0;
  }

  // Process

  later(microseconds: number, task: () => void): void {
    this.at(this.#options.queue.now + microseconds, EventLabel.DISK, task);
  }

  onCall(): void {
    if (!this.alive) return;
    if (this.#countsTearable && !this.#options.isTearable()) return;
    this.#callsLeft--;
    if (this.#callsLeft <= 0) this.#options.onEnd(this);
  }

  // Runtime

  nextTurn(task: () => void): void {
    const { queue, random } = this.#options;
    this.#lastTurn = Math.max(this.#lastTurn, queue.now + 1 + random.below(TURN_TIME));
    this.at(this.#lastTurn, EventLabel.TURN, task);
  }

  after(ms: number, task: () => void): () => void {
    let isOn = true;
    this.at(this.#options.queue.now + ms * MICROSECONDS, EventLabel.ALARM, () => {
      if (isOn) task();
    });
    return () => {
      isOn = false;
    };
  }

  random(): number {
    return this.#options.random.next() / 2 ** 32;
  }
}

/** Timers on a clock with a rate and an origin of its own. */
class SimTimers implements Timers {
  readonly #origin: number;
  readonly #armed = new Map<number, SimEvent>();
  #fired: ((kind: number) => void) | undefined;

  constructor(
    private readonly life: Life,
    private readonly options: LifeOptions,
  ) {
    this.#origin = options.random.below(1_000_000);
  }

  now(): number {
    return Math.floor(this.#origin + (this.options.queue.now * this.options.rate) / MICROSECONDS);
  }

  start(fired: (kind: number) => void): void {
    this.#fired = fired;
  }

  arm(kind: number, delay: number, jitter: number): void {
    this.cancel(kind);
    if (this.#fired === undefined) return;
    const { queue, random, rate } = this.options;
    const wait = ((delay + random.below(jitter + 1)) * MICROSECONDS) / rate;
    const event = this.life.at(queue.now + Math.ceil(wait) + random.below(LATENESS), EventLabel.TIMER, () => {
      if (this.#armed.get(kind) !== event) return;
      this.#armed.delete(kind);
      this.#fired?.(kind);
    });
    this.#armed.set(kind, event);
  }

  cancel(kind: number): void {
    const event = this.#armed.get(kind);
    if (event !== undefined) event.task = undefined;
    this.#armed.delete(kind);
  }

  stop(): void {
    this.#fired = undefined;
    for (const kind of [...this.#armed.keys()]) this.cancel(kind);
  }
}
