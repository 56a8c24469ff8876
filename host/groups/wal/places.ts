/**
 * Where a group's entries lie in the shared log: for each record that holds some its first index, the index of the entry
 * that carries it, and its bytes; in ascending order, at 12 bytes a record. Truncation drops records from the end;
 * compaction drops none, as the group's next checkpoint begins a new list.
 */

const INITIAL_RECORDS = 4;
/** Entries are multiples of this. */
const UNIT = 8;

export interface Place {
  /** Index of the record's first entry. */
  readonly first: number;
  /** Index of its last entry that is still part of the log. */
  readonly last: number;
  /** Index of the entry that carries the record. */
  readonly carrier: number;
  /** Bytes of its entries. */
  readonly bytes: number;
}

export class Places {
  #count = 0;
  /** First index and carrier of the oldest record; those of the others are kept relative to it. A log that is cut off when
   * it is mostly garbage holds less than 2^32 records behind any checkpoint. */
  #base = 0;
  #origin = 0;
  #firsts = new Uint32Array(INITIAL_RECORDS);
  #carriers = new Uint32Array(INITIAL_RECORDS);
  /** Bytes of all records up to this one, in units. */
  #ends = new Uint32Array(INITIAL_RECORDS);

  /** Adds a record whose first index and carrier are above those of all others. */
  push(first: number, carrier: number, bytes: number): void {
    const at = this.#count;
    if (at === this.#firsts.length) this.#grow();
    if (at === 0) {
      this.#base = first;
      this.#origin = carrier;
    }
    this.#firsts[at] = first - this.#base;
    this.#carriers[at] = carrier - this.#origin;
    this.#ends[at] = (at === 0 ? 0 : (this.#ends[at - 1] ?? 0)) + bytes / UNIT;
    this.#count = at + 1;
  }

  /** Drops the records that begin at or after `from`. */
  truncate(from: number): void {
    while (this.#count > 0 && this.#first(this.#count - 1) >= from) this.#count--;
  }

  clear(): void {
    this.#count = 0;
  }

  /** The record that holds the entry at `index`; `last` is the log's last index. */
  find(index: number, last: number): Place {
    const slot = this.#slot(index);
    if (slot < 0) throw new Error(`entry ${index} is in the log, and in no record`);
    return {
      first: this.#first(slot),
      last: slot + 1 < this.#count ? this.#first(slot + 1) - 1 : last,
      carrier: this.#origin + (this.#carriers[slot] ?? 0),
      bytes: ((this.#ends[slot] ?? 0) - this.#endBefore(slot)) * UNIT,
    };
  }

  /** Bytes of the records that hold the entries from `index` on, and how many records that are. */
  sizeFrom(index: number): { readonly bytes: number; readonly records: number } {
    if (this.#count === 0) return { bytes: 0, records: 0 };
    const slot = Math.max(0, this.#slot(index));
    const bytes = ((this.#ends[this.#count - 1] ?? 0) - this.#endBefore(slot)) * UNIT;
    return { bytes, records: this.#count - slot };
  }

  #first(slot: number): number {
    return this.#base + (this.#firsts[slot] ?? 0);
  }

  #endBefore(slot: number): number {
    return slot === 0 ? 0 : (this.#ends[slot - 1] ?? 0);
  }

  /** The last record that begins at or before `index`; -1 when none does. */
  #slot(index: number): number {
    let low = 0;
    let high = this.#count;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.#first(middle) <= index) low = middle + 1;
      else high = middle;
    }
    return low - 1;
  }

  #grow(): void {
    this.#firsts = doubled(this.#firsts);
    this.#carriers = doubled(this.#carriers);
    this.#ends = doubled(this.#ends);
  }
}

function doubled(array: Uint32Array<ArrayBuffer>): Uint32Array<ArrayBuffer> {
  const larger = new Uint32Array(array.length * 2);
  larger.set(array);
  return larger;
}
