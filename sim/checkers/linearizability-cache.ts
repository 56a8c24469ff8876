/**
 * The configurations that a search has been to: Lowe's memoization. A configuration is a record of a fixed number of
 * 32-bit words: first those that must be equal, then flags for what has been spent. Of two configurations that are equal
 * but for the flags, the one that has spent less can do all that the other can, so a visit to it covers both. Records are
 * compared in full: no collision of hashes can make a good history look bad. Memory is bounded.
 */

/** Records there is room for at first: most keys need fewer. */
const INITIAL_RECORDS = 16;

export class ConfigurationCache {
  readonly #exact: number;
  readonly #words: number;
  readonly #maxBytes: number;
  #records: Int32Array;
  /** Open addressing: the number of a record plus one, or 0. At most half full. */
  #table: Int32Array;
  #size = 0;
  #comparisons = 0;

  /**
   * @param exact words that must be equal, at the start of a record
   * @param flags words of flags after them
   * @param maxBytes bound on the memory that is held
   */
  constructor(exact: number, flags: number, maxBytes: number) {
    this.#exact = exact;
    this.#words = exact + flags;
    this.#maxBytes = maxBytes;
    this.#records = new Int32Array(INITIAL_RECORDS * this.#words);
    this.#table = new Int32Array(INITIAL_RECORDS * 2);
  }

  /** Records compared so far: a measure of the time spent here. */
  get comparisons(): number {
    return this.#comparisons;
  }

  /** Adds a copy of a record: true if nothing covers it, false if something does, "full" if it does not fit any more. */
  add(record: Int32Array): boolean | "full" {
    if (this.#size * 2 === this.#table.length && !this.#grow()) return "full";
    const table = this.#table;
    const mask = table.length - 1;
    let slot = hash(record, 0, this.#exact) & mask;
    for (let held = table[slot] ?? 0; held !== 0; held = table[slot] ?? 0) {
      if (this.#covers(held - 1, record)) return false;
      slot = (slot + 1) & mask;
    }
    this.#records.set(record, this.#size * this.#words);
    this.#size += 1;
    table[slot] = this.#size;
    return true;
  }

  #covers(number: number, record: Int32Array): boolean {
    this.#comparisons += 1;
    const records = this.#records;
    const start = number * this.#words;
    for (let word = 0; word < this.#exact; word += 1) {
      if (records[start + word] !== record[word]) return false;
    }
    for (let word = this.#exact; word < this.#words; word += 1) {
      if (((records[start + word] ?? 0) & ~(record[word] ?? 0)) !== 0) return false;
    }
    return true;
  }

  #grow(): boolean {
    const bytes = (this.#records.byteLength + this.#table.byteLength) * 2;
    if (bytes > this.#maxBytes) return false;
    const records = new Int32Array(this.#records.length * 2);
    records.set(this.#records);
    this.#records = records;
    const table = new Int32Array(this.#table.length * 2);
    const mask = table.length - 1;
    for (let number = 0; number < this.#size; number += 1) {
      let slot = hash(records, number * this.#words, this.#exact) & mask;
      while (table[slot] !== 0) slot = (slot + 1) & mask;
      table[slot] = number + 1;
    }
    this.#table = table;
    return true;
  }
}

/** Mixes every word in with a multiply and a shift; the constants are those of MurmurHash3's finalizer. */
function hash(words: Int32Array, start: number, count: number): number {
  let mixed = 0;
  for (let index = start; index < start + count; index += 1) {
    mixed = Math.imul(mixed ^ (words[index] ?? 0), 0x85ebca6b);
    mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35);
    mixed ^= mixed >>> 16;
  }
  return mixed;
}
