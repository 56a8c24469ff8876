/**
 * Records of words that are kept once each and named by a number from 1 on: two records are equal exactly if their
 * numbers are. All workers share one table; a new record is rare and takes a lock, finding a known one takes none.
 *
 * A record never moves or changes. Memory is reserved at the start and touched as it is used.
 */

const COUNT = 0;
const USED = 1;
const LOCK = 2;
const CONTROL_WORDS = 3;
/** How long to sleep for the lock before looking again, in ms. */
const LOCK_WAIT = 1;

/** What the workers share of a table. */
export interface TableBuffers {
  readonly control: SharedArrayBuffer;
  readonly words: SharedArrayBuffer;
  readonly starts: SharedArrayBuffer;
  readonly slots: SharedArrayBuffer;
}

/** The memory set aside for the search is used up. */
export class MemoryExhausted extends Error {
  override readonly name = "MemoryExhausted";
}

/** Reserves a table for some number of records, and for words in all of them together. */
export function reserveTable(records: number, words: number): TableBuffers {
  const slots = 2 ** Math.ceil(Math.log2(records * 2));
  return {
    control: new SharedArrayBuffer(CONTROL_WORDS * 4),
    words: new SharedArrayBuffer(words * 4),
    starts: new SharedArrayBuffer((records + 2) * 4),
    slots: new SharedArrayBuffer(slots * 4),
  };
}

/** A 32-bit hash of words: the mixing of MurmurHash3. */
export function hashWords(words: Int32Array, length: number): number {
  let hash = length;
  for (let i = 0; i < length; i++) {
    let word = Math.imul(words[i] as number, 0xcc9e2d51);
    word = (word << 15) | (word >>> 17);
    hash ^= Math.imul(word, 0x1b873593);
    hash = (hash << 13) | (hash >>> 19);
    hash = (Math.imul(hash, 5) + 0xe6546b64) | 0;
  }
  return mix(hash);
}

/** Spreads every bit of a word over all bits. */
export function mix(word: number): number {
  let hash = word ^ (word >>> 16);
  hash = Math.imul(hash, 0x85ebca6b);
  hash ^= hash >>> 13;
  hash = Math.imul(hash, 0xc2b2ae35);
  return hash ^ (hash >>> 16);
}

export class SharedTable {
  /** The records' words, one record behind the other. */
  readonly words: Int32Array;
  readonly #control: Int32Array;
  readonly #starts: Int32Array;
  readonly #slots: Int32Array;
  readonly #mask: number;

  constructor(
    buffers: TableBuffers,
    readonly name: string,
  ) {
    this.#control = new Int32Array(buffers.control);
    this.words = new Int32Array(buffers.words);
    this.#starts = new Int32Array(buffers.starts);
    this.#slots = new Int32Array(buffers.slots);
    this.#mask = this.#slots.length - 1;
  }

  /** Records there are; the newest one has this number. */
  get count(): number {
    return Atomics.load(this.#control, COUNT);
  }
  /** Most records there can be. */
  get capacity(): number {
    return this.#starts.length - 2;
  }
  /** Where a record begins in `words`. */
  start(id: number): number {
    return this.#starts[id] as number;
  }
  /** Words of a record. */
  length(id: number): number {
    return this.start(id + 1) - this.start(id);
  }

  /** The number of the record that consists of the first `length` words of `from`. */
  intern(from: Int32Array, length: number): number {
    let slot = hashWords(from, length) & this.#mask;
    for (;;) {
      const id = Atomics.load(this.#slots, slot);
      if (id === 0) break;
      if (this.#equals(id, from, length)) return id;
      slot = (slot + 1) & this.#mask;
    }
    while (Atomics.compareExchange(this.#control, LOCK, 0, 1) !== 0) Atomics.wait(this.#control, LOCK, 1, LOCK_WAIT);
    try {
      return this.#insert(slot, from, length);
    } finally {
      Atomics.store(this.#control, LOCK, 0);
      Atomics.notify(this.#control, LOCK);
    }
  }

  /** Adds a record that was not there when the search came to `slot`; another worker may have been quicker. */
  #insert(from: number, record: Int32Array, length: number): number {
    let slot = from;
    for (let id = Atomics.load(this.#slots, slot); id !== 0; id = Atomics.load(this.#slots, slot)) {
      if (this.#equals(id, record, length)) return id;
      slot = (slot + 1) & this.#mask;
    }
    const id = this.count + 1;
    const start = this.#control[USED] as number;
    if (id > this.capacity || start + length > this.words.length) {
      throw new MemoryExhausted(`no room for more ${this.name}: ${this.count} are known`);
    }
    for (let i = 0; i < length; i++) this.words[start + i] = record[i] as number;
    this.#starts[id] = start;
    this.#starts[id + 1] = start + length;
    this.#control[USED] = start + length;
    Atomics.store(this.#control, COUNT, id);
    Atomics.store(this.#slots, slot, id);
    return id;
  }

  #equals(id: number, record: Int32Array, length: number): boolean {
    const start = this.start(id);
    if (this.start(id + 1) - start !== length) return false;
    for (let i = 0; i < length; i++) if (this.words[start + i] !== record[i]) return false;
    return true;
  }
}
