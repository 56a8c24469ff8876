/**
 * The worlds found so far, in the order in which they were found, shared by all workers. A world is a few words: first its
 * key, the numbers of the nodes' states and what is committed; then for each node the number of the set of messages under
 * way to it, and what is left of the budgets. Words are compared, not fingerprints of them.
 *
 * Only worlds are kept that no other one covers: one with the same key in which at least the same messages are under way
 * and at least as much is left of the budgets can do whatever the other can. Worlds with one key hang in a chain, which is
 * changed under one of many locks.
 */

import type { MessageSets } from "./messages.js";
import { hashWords, MemoryExhausted, mix } from "./shared-table.js";
import { coversBudget } from "./world.js";

/** What the workers share. */
export interface WorldBuffers {
  readonly control: SharedArrayBuffer;
  readonly worlds: SharedArrayBuffer;
  readonly parents: SharedArrayBuffer;
  readonly chains: SharedArrayBuffer;
  readonly depths: SharedArrayBuffer;
  readonly covered: SharedArrayBuffer;
  readonly slots: SharedArrayBuffer;
  readonly locks: SharedArrayBuffer;
}

/** The parent of the first world. */
export const NO_PARENT = -1;

const COUNT = 0;
/** Another world that is reached in as few steps covers this one. */
const COVERED = 1;
/** Another world covers this one, but is reached in more steps. */
const OVERTAKEN = 2;
/** Depths are told up to here. */
const MOST_DEPTH = 0xffff;
/** A power of two. */
const LOCKS = 1024;
/** How long to sleep for a lock before looking again, in ms. */
const LOCK_WAIT = 1;

/** Bytes that a world of `width` words takes, its share of the hash table included. */
export function bytesOfWorld(width: number): number {
  return 4 * (width + 2 + 3) + 3;
}

/** Reserves a table for worlds of `width` words. */
export function reserveWorlds(capacity: number, width: number): WorldBuffers {
  const slots = 2 ** Math.ceil(Math.log2(capacity * 1.5));
  return {
    control: new SharedArrayBuffer(4),
    worlds: new SharedArrayBuffer(capacity * width * 4),
    parents: new SharedArrayBuffer(capacity * 4),
    chains: new SharedArrayBuffer(capacity * 4),
    depths: new SharedArrayBuffer(capacity * 2),
    covered: new SharedArrayBuffer(capacity),
    slots: new SharedArrayBuffer(slots * 4),
    locks: new SharedArrayBuffer(LOCKS * 4),
  };
}

export class WorldTable {
  readonly words: Int32Array;
  readonly #control: Int32Array;
  readonly #parents: Int32Array;
  /** The next world with the same key, plus 1. */
  readonly #chains: Int32Array;
  /** Changes on the way on which each world was found. */
  readonly #depths: Uint16Array;
  /** COVERED or OVERTAKEN for a world that another one covers. */
  readonly #covered: Uint8Array;
  /** The first world of a chain, plus 1. */
  readonly #slots: Int32Array;
  readonly #locks: Int32Array;
  readonly #mask: number;

  constructor(
    buffers: WorldBuffers,
    readonly nodes: number,
    readonly width: number,
    readonly sets: MessageSets,
  ) {
    this.#control = new Int32Array(buffers.control);
    this.words = new Int32Array(buffers.worlds);
    this.#parents = new Int32Array(buffers.parents);
    this.#chains = new Int32Array(buffers.chains);
    this.#depths = new Uint16Array(buffers.depths);
    this.#covered = new Uint8Array(buffers.covered);
    this.#slots = new Int32Array(buffers.slots);
    this.#locks = new Int32Array(buffers.locks);
    this.#mask = this.#slots.length - 1;
  }

  /** Worlds there are, those among them that others cover included. */
  get count(): number {
    return Atomics.load(this.#control, COUNT);
  }
  get capacity(): number {
    return this.#parents.length;
  }
  /** Whether a world need not be looked at, as another one covers it. With `shortest`, one that is reached on as short a
   * way. */
  isCovered(place: number, shortest: boolean): boolean {
    const covered = this.#covered[place] as number;
    return shortest ? covered === COVERED : covered !== 0;
  }
  /** Changes on the way on which a world was found. */
  depth(place: number): number {
    return this.#depths[place] as number;
  }
  parent(place: number): number {
    return this.#parents[place] as number;
  }

  /** Worlds that no other one covers. */
  countUncovered(): number {
    let count = 0;
    for (let place = 0; place < this.count; place++) if (this.#covered[place] === 0) count++;
    return count;
  }

  /**
   * Adds a world unless a known one covers it; answers its place, or -1 if it is not new.
   * @param variants the world under several names, with one key
   * @param count how many there are; the first one is added
   */
  add(variants: readonly Int32Array[], count: number, parent: number): number {
    const hash = hashWords(variants[0] as Int32Array, this.nodes + 1);
    const lock = hash & (LOCKS - 1);
    while (Atomics.compareExchange(this.#locks, lock, 0, 1) !== 0) Atomics.wait(this.#locks, lock, 1, LOCK_WAIT);
    try {
      return this.#addLocked(variants, count, parent, mix(hash + 1) & this.#mask);
    } finally {
      Atomics.store(this.#locks, lock, 0);
      Atomics.notify(this.#locks, lock);
    }
  }

  /** Only worlds with this key can come in between, and the lock keeps them out; but others may take free slots. */
  #addLocked(variants: readonly Int32Array[], count: number, parent: number, home: number): number {
    const world = variants[0] as Int32Array;
    let slot = home;
    let place = -1;
    for (;;) {
      let head = Atomics.load(this.#slots, slot);
      if (head === 0) {
        if (place < 0) place = this.#write(world, parent);
        head = Atomics.compareExchange(this.#slots, slot, 0, place + 1);
        if (head === 0) return place;
      }
      if (this.#hasKey((head - 1) * this.width, world)) break;
      slot = (slot + 1) & this.#mask;
    }
    let head = Atomics.load(this.#slots, slot);
    for (let i = 0; i < count; i++) if (this.#isKnown(head, variants[i] as Int32Array)) return -1;
    if (place < 0) place = this.#write(world, parent);
    for (let i = 0; i < count; i++) head = this.#withoutCovered(head, variants[i] as Int32Array, this.depth(place));
    this.#chains[place] = head;
    Atomics.store(this.#slots, slot, place + 1);
    return place;
  }

  #write(world: Int32Array, parent: number): number {
    const place = Atomics.add(this.#control, COUNT, 1);
    if (place >= this.capacity) {
      Atomics.sub(this.#control, COUNT, 1);
      throw new MemoryExhausted(`no room for more states: ${this.capacity} are known`);
    }
    const start = place * this.width;
    for (let i = 0; i < this.width; i++) this.words[start + i] = world[i] as number;
    this.#parents[place] = parent;
    this.#depths[place] = parent === NO_PARENT ? 0 : Math.min(this.depth(parent) + 1, MOST_DEPTH);
    return place;
  }

  #hasKey(start: number, world: Int32Array): boolean {
    for (let i = 0; i <= this.nodes; i++) if (this.words[start + i] !== world[i]) return false;
    return true;
  }

  /** Whether a world of a chain covers `world`. */
  #isKnown(head: number, world: Int32Array): boolean {
    for (let at = head; at !== 0; at = this.#chains[at - 1] as number) {
      if (this.#covers(this.words, (at - 1) * this.width, world, 0)) return true;
    }
    return false;
  }

  /** Takes the worlds that `world` covers out of a chain; answers its new head. */
  #withoutCovered(head: number, world: Int32Array, depth: number): number {
    let first = head;
    let before = 0;
    for (let at = head; at !== 0; at = this.#chains[at - 1] as number) {
      if (!this.#covers(world, 0, this.words, (at - 1) * this.width)) {
        before = at;
        continue;
      }
      this.#covered[at - 1] = this.depth(at - 1) < depth ? OVERTAKEN : COVERED;
      const next = this.#chains[at - 1] as number;
      if (before === 0) first = next;
      else this.#chains[before - 1] = next;
    }
    return first;
  }

  #covers(words: Int32Array, start: number, others: Int32Array, other: number): boolean {
    const budget = this.width - 1;
    if (!coversBudget(words[start + budget] as number, others[other + budget] as number)) return false;
    for (let i = this.nodes + 1; i < budget; i++) {
      if (!this.sets.contains(words[start + i] as number, others[other + i] as number)) return false;
    }
    return true;
  }
}
