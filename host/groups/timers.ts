/**
 * The timers of many nodes on one clock and one alarm: a binary heap of deadlines.
 *
 * Deadlines are rounded up to a tick, so that nodes wake together and share a turn, its messages and its sync; a timer may
 * fire late. Re-arming to a later deadline, as an election timer is at every heartbeat, only stores the deadline: the timer
 * keeps its place in the heap, and takes its new one when it comes to the top. Likewise a timer that is cancelled. While
 * no timer is armed nothing wakes the process, once those that were have been found cancelled.
 */

import type { Timers } from "../timer/timer.js";

export interface GroupTimersOptions {
  /** Deadlines are multiples of this many ms; 10 unless stated. */
  readonly tick?: number;
  /** Draws the jitter: a number in [0, 1). Default Math.random. */
  readonly random?: () => number;
}

const DEFAULT_TICK_MS = 10;
/** The kind under which the alarm is armed. */
const ALARM = 0;
/** Not in the heap. */
const NOWHERE = -1;

interface Slot {
  readonly kind: number;
  readonly node: NodeTimers;
  armed: boolean;
  /** When the timer is due. */
  deadline: number;
  /** Its place in the heap is by this. Invariant: at most `deadline`. */
  key: number;
  at: number;
}

export class GroupTimers {
  readonly #clock: Timers;
  readonly #tick: number;
  readonly #random: () => number;
  readonly #heap: Slot[] = [];
  /** When the alarm rings; undefined if it is not armed. */
  #alarm: number | undefined;

  /** @param clock has not been started, and serves these timers alone */
  constructor(clock: Timers, options: GroupTimersOptions = {}) {
    this.#clock = clock;
    this.#tick = options.tick ?? DEFAULT_TICK_MS;
    this.#random = options.random ?? Math.random;
  }

  start(): void {
    this.#clock.start(() => this.#ring());
  }

  stop(): void {
    this.#clock.stop();
    this.#alarm = undefined;
  }

  now(): number {
    return this.#clock.now();
  }

  /** The timers of one more node. */
  node(): Timers {
    return new NodeTimers(this);
  }

  arm(slot: Slot, delay: number, jitter: number): void {
    const due = this.now() + delay + Math.floor(this.#random() * (jitter + 1));
    slot.deadline = Math.ceil(due / this.#tick) * this.#tick;
    slot.armed = true;
    if (slot.at === NOWHERE) {
      slot.key = slot.deadline;
      this.#heap.push(slot);
      this.#rise(slot, this.#heap.length - 1);
    } else if (slot.deadline < slot.key) {
      slot.key = slot.deadline;
      this.#rise(slot, slot.at);
    }
    this.#setAlarm();
  }

  #ring(): void {
    this.#alarm = undefined;
    const now = this.now();
    for (let slot = this.#heap[0]; slot !== undefined && slot.key <= now; slot = this.#heap[0]) {
      if (slot.armed && slot.deadline > now) {
        slot.key = slot.deadline;
        this.#sink(slot, 0);
        continue;
      }
      this.#removeTop();
      if (!slot.armed) continue;
      slot.armed = false;
      slot.node.fire(slot.kind);
    }
    this.#setAlarm();
  }

  #setAlarm(): void {
    const key = this.#heap[0]?.key;
    if (key === undefined || (this.#alarm !== undefined && this.#alarm <= key)) return;
    this.#alarm = key;
    this.#clock.arm(ALARM, Math.max(0, key - this.now()), 0);
  }

  #removeTop(): void {
    const top = this.#heap[0];
    const last = this.#heap.pop();
    if (top === undefined || last === undefined) return;
    top.at = NOWHERE;
    if (last !== top) this.#sink(last, 0);
  }

  /** Puts the slot at `at` or above. */
  #rise(slot: Slot, at: number): void {
    let place = at;
    while (place > 0) {
      const above = (place - 1) >> 1;
      const parent = this.#heap[above];
      if (parent === undefined || parent.key <= slot.key) break;
      this.#put(parent, place);
      place = above;
    }
    this.#put(slot, place);
  }

  /** Puts the slot at `at` or below. */
  #sink(slot: Slot, at: number): void {
    let place = at;
    for (;;) {
      const left = this.#heap[2 * place + 1];
      const right = this.#heap[2 * place + 2];
      const child = right !== undefined && left !== undefined && right.key < left.key ? right : left;
      if (child === undefined || child.key >= slot.key) break;
      const below = child.at;
      this.#put(child, place);
      place = below;
    }
    this.#put(slot, place);
  }

  #put(slot: Slot, at: number): void {
    this.#heap[at] = slot;
    slot.at = at;
  }
}

/** The timers of one node. */
class NodeTimers implements Timers {
  readonly #timers: GroupTimers;
  readonly #slots: Slot[] = [];
  #fired: ((kind: number) => void) | undefined;

  constructor(timers: GroupTimers) {
    this.#timers = timers;
  }

  now(): number {
    return this.#timers.now();
  }

  start(fired: (kind: number) => void): void {
    this.#fired = fired;
  }

  /** Without effect before `start` and after `stop`. */
  arm(kind: number, delay: number, jitter: number): void {
    if (this.#fired !== undefined) this.#timers.arm(this.#slot(kind), delay, jitter);
  }

  cancel(kind: number): void {
    this.#slot(kind).armed = false;
  }

  stop(): void {
    this.#fired = undefined;
    for (const slot of this.#slots) slot.armed = false;
  }

  fire(kind: number): void {
    this.#fired?.(kind);
  }

  #slot(kind: number): Slot {
    const present = this.#slots.find((slot) => slot.kind === kind);
    if (present !== undefined) return present;
    const slot: Slot = { kind, node: this, armed: false, deadline: 0, key: 0, at: NOWHERE };
    this.#slots.push(slot);
    return slot;
  }
}
