/**
 * The worlds that are still to be looked at, in the order of a number that each has: the lowest come first. Shared by all
 * workers, without locks: for each number there is a stack, threaded through an array with one place a world. A world is
 * put on it once, so a stack's top never comes back after it was taken.
 */

/** What the workers share. */
export interface AgendaBuffers {
  readonly control: SharedArrayBuffer;
  readonly tops: SharedArrayBuffer;
  readonly below: SharedArrayBuffer;
}

/** Worlds that were put on the agenda and are not done, those that a worker is at included. */
const OPEN = 0;
/** Worlds whose number is not below this share the last stack. */
const STACKS = 4096;

/** Bytes that the agenda takes for each world. */
export const AGENDA_BYTES = 4;

export function reserveAgenda(worlds: number): AgendaBuffers {
  return {
    control: new SharedArrayBuffer(4),
    tops: new SharedArrayBuffer(STACKS * 4),
    below: new SharedArrayBuffer(worlds * 4),
  };
}

export class Agenda {
  readonly #control: Int32Array;
  /** The top of each stack, plus 1; 0 if it is empty. */
  readonly #tops: Int32Array;
  /** What lies below each world, plus 1. */
  readonly #below: Int32Array;
  /** Stacks before this one are empty, but for what other workers have put there. */
  #lowest = 0;

  constructor(buffers: AgendaBuffers) {
    this.#control = new Int32Array(buffers.control);
    this.#tops = new Int32Array(buffers.tops);
    this.#below = new Int32Array(buffers.below);
  }

  /** Whether every world that was put here is done. */
  get isDone(): boolean {
    return Atomics.load(this.#control, OPEN) === 0;
  }

  put(world: number, order: number): void {
    const stack = Math.min(order, STACKS - 1);
    Atomics.add(this.#control, OPEN, 1);
    for (let top = Atomics.load(this.#tops, stack); ; ) {
      this.#below[world] = top;
      const before = Atomics.compareExchange(this.#tops, stack, top, world + 1);
      if (before === top) break;
      top = before;
    }
    this.#lowest = Math.min(this.#lowest, stack);
  }

  /** Takes one of the first worlds; -1 if there is none now. */
  take(): number {
    for (; this.#lowest < STACKS; this.#lowest++) {
      for (let top = Atomics.load(this.#tops, this.#lowest); top !== 0; ) {
        const before = Atomics.compareExchange(this.#tops, this.#lowest, top, this.#below[top - 1] as number);
        if (before === top) return top - 1;
        top = before;
      }
    }
    this.#lowest = 0;
    return -1;
  }

  /** A world that was taken is done: what follows from it is on the agenda. */
  done(): void {
    Atomics.sub(this.#control, OPEN, 1);
  }
}
