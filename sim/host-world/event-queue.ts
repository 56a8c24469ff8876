/**
 * Virtual time: what is going to happen, in the order in which it does. Times are whole microseconds; at equal times what
 * was asked for first comes first.
 */

/** What happens, for reports and digests. */
export const EventLabel = {
  TURN: 0,
  ALARM: 1,
  TIMER: 2,
  DISK: 3,
  MESSAGE: 4,
  HINT: 5,
  CLIENT: 6,
  CHAOS: 7,
  SUPERVISOR: 8,
  OPERATOR: 9,
  FLUSH: 10,
} as const;
export type EventLabel = (typeof EventLabel)[keyof typeof EventLabel];

export interface SimEvent {
  readonly time: number;
  readonly order: number;
  readonly label: EventLabel;
  /** The node that it happens to, 0 for none. */
  readonly node: number;
  /** Undefined once it was called off. */
  task: (() => void) | undefined;
}

export class EventQueue {
  /** The time, in microseconds. */
  now = 0;
  readonly #heap: SimEvent[] = [];
  #order = 0;

  /** Lets something happen at a time, or now if that has passed. Called off by taking its task away. */
  at(time: number, label: EventLabel, node: number, task: () => void): SimEvent {
    const event = { time: Math.max(time, this.now), order: this.#order++, label, node, task };
    this.#heap.push(event);
    this.#rise(this.#heap.length - 1);
    return event;
  }

  /** Takes what happens next, and lets time pass until then. Undefined if nothing will. */
  next(): SimEvent | undefined {
    for (;;) {
      const event = this.#pop();
      if (event === undefined) return undefined;
      if (event.task === undefined) continue;
      this.now = event.time;
      return event;
    }
  }

  #pop(): SimEvent | undefined {
    const heap = this.#heap;
    const first = heap[0];
    const last = heap.pop();
    if (first === undefined || last === undefined || heap.length === 0) return first;
    heap[0] = last;
    this.#sink();
    return first;
  }

  #rise(from: number): void {
    const heap = this.#heap;
    const event = heap[from] as SimEvent;
    let at = from;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      const above = heap[parent] as SimEvent;
      if (!isBefore(event, above)) break;
      heap[at] = above;
      at = parent;
    }
    heap[at] = event;
  }

  #sink(): void {
    const heap = this.#heap;
    const event = heap[0] as SimEvent;
    let at = 0;
    for (;;) {
      let child = 2 * at + 1;
      if (child >= heap.length) break;
      const right = heap[child + 1];
      if (right !== undefined && isBefore(right, heap[child] as SimEvent)) child++;
      const below = heap[child] as SimEvent;
      if (!isBefore(below, event)) break;
      heap[at] = below;
      at = child;
    }
    heap[at] = event;
  }
}

function isBefore(a: SimEvent, b: SimEvent): boolean {
  return a.time < b.time || (a.time === b.time && a.order < b.order);
}
