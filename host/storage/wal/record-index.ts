/**
 * Where the records that hold entries lie: for each its first index and its offset, in ascending order, at 8 bytes a
 * record. Truncation drops records from the end; a record whose last entries are truncated stays, and the first index
 * of the one after it says where it ends now.
 */

const INITIAL_RECORDS = 16;

export class RecordIndex {
  private size = 0;
  /** First index of the oldest record; the others are kept relative to it. Within a segment they differ by less than
   * 2^32, because an entry takes 16 bytes at least, and a log that jumps ahead by compaction empties the index. */
  private base = 0;
  private starts = new Uint32Array(INITIAL_RECORDS);
  private offsets = new Uint32Array(INITIAL_RECORDS);

  /** How many records there are. */
  get count(): number {
    return this.size;
  }

  /** Index of the first entry of the record in `slot`. */
  first(slot: number): number {
    return this.base + (this.starts[slot] ?? 0);
  }

  offset(slot: number): number {
    return this.offsets[slot] ?? 0;
  }

  /** Adds a record whose first index is above that of all others. */
  push(first: number, offset: number): void {
    if (this.size === this.starts.length) {
      this.starts = doubled(this.starts);
      this.offsets = doubled(this.offsets);
    }
    if (this.size === 0) this.base = first;
    this.starts[this.size] = first - this.base;
    this.offsets[this.size] = offset;
    this.size++;
  }

  /** Drops the records that begin at or after `from`. */
  truncate(from: number): void {
    while (this.size > 0 && this.first(this.size - 1) >= from) this.size--;
  }

  clear(): void {
    this.size = 0;
  }

  /** The slot of the last record that begins at or before `index`; -1 when none does. */
  find(index: number): number {
    let low = 0;
    let high = this.size;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.first(middle) <= index) low = middle + 1;
      else high = middle;
    }
    return low - 1;
  }
}

function doubled(array: Uint32Array<ArrayBuffer>): Uint32Array<ArrayBuffer> {
  const larger = new Uint32Array(array.length * 2);
  larger.set(array);
  return larger;
}
