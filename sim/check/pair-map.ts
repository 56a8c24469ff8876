/** A map from pairs of numbers to a number: a worker's own memory of what it has found out before. Grows by doubling. */

import { mix } from "./shared-table.js";

const FIRST_CAPACITY = 1 << 12;
/** Filled slots in a hundred at which the map grows. */
const MOST_FILLED = 60;

export class PairMap {
  #capacity = FIRST_CAPACITY;
  /** Rows of first key, second key, value; a first key of 0 marks a free row. */
  #rows = new Int32Array(FIRST_CAPACITY * 3);
  #count = 0;

  /** The value of (first, second), or -1. `first` is not 0. */
  get(first: number, second: number): number {
    const row = this.#find(first, second);
    return this.#rows[row] === 0 ? -1 : (this.#rows[row + 2] as number);
  }

  set(first: number, second: number, value: number): void {
    if (this.#count * 100 >= this.#capacity * MOST_FILLED) this.#grow();
    const row = this.#find(first, second);
    if (this.#rows[row] === 0) this.#count++;
    this.#rows[row] = first;
    this.#rows[row + 1] = second;
    this.#rows[row + 2] = value;
  }

  #find(first: number, second: number): number {
    const mask = this.#capacity - 1;
    let at = mix(Math.imul(first, 0x9e3779b1) + second) & mask;
    const rows = this.#rows;
    for (;;) {
      const row = at * 3;
      const key = rows[row];
      if (key === 0 || (key === first && rows[row + 1] === second)) return row;
      at = (at + 1) & mask;
    }
  }

  #grow(): void {
    const old = this.#rows;
    this.#capacity *= 2;
    this.#rows = new Int32Array(this.#capacity * 3);
    for (let row = 0; row < old.length; row += 3) {
      if (old[row] === 0) continue;
      const target = this.#find(old[row] as number, old[row + 1] as number);
      this.#rows[target] = old[row] as number;
      this.#rows[target + 1] = old[row + 1] as number;
      this.#rows[target + 2] = old[row + 2] as number;
    }
  }
}
