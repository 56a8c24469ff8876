/**
 * What a log amounts to apart from its entries: hard state, compaction point and last index, and how each kind of write
 * moves them. The realizations of the storage trait and the recovery of the write-ahead log share these rules, so that
 * what is replayed after a crash is what was done before it.
 */

import type { HardState } from "../storage.js";

export class LogState {
  /** Whether a hard state was ever written. No entry exists before one was: an entry has a term, and the term is saved
   * before it. */
  known = false;
  term = 0;
  vote = 0;
  /** Entries up to and including this index are gone. */
  compacted = 0;
  /** Index of the last entry, or `compacted` when no entry is held; never below `compacted`. */
  last = 0;

  clone(): LogState {
    const copy = new LogState();
    copy.known = this.known;
    copy.term = this.term;
    copy.vote = this.vote;
    copy.compacted = this.compacted;
    copy.last = this.last;
    return copy;
  }

  equals(other: LogState): boolean {
    return (
      this.known === other.known &&
      this.term === other.term &&
      this.vote === other.vote &&
      this.compacted === other.compacted &&
      this.last === other.last
    );
  }

  get hardState(): HardState {
    return { term: this.term, vote: this.vote };
  }

  /** Index of the last entry held; 0 when none is. */
  get lastIndex(): number {
    return this.last > this.compacted ? this.last : 0;
  }

  setHardState(term: number, vote: number): void {
    this.known = true;
    this.term = term;
    this.vote = vote;
  }

  /** @returns what is wrong with appending a run that starts at `first`, or undefined when nothing is. */
  objectionToAppend(first: number): string | undefined {
    if (!this.known) return "entries before the first hard state";
    if (first !== this.last + 1) return `entries from index ${first} on, after last index ${this.last}`;
    return undefined;
  }

  truncate(from: number): void {
    this.last = Math.max(this.compacted, Math.min(this.last, from - 1));
  }

  /** `index` is above the compaction point; it may be above the last index, which it becomes then. */
  compact(index: number): void {
    this.compacted = index;
    this.last = Math.max(this.last, index);
  }
}
