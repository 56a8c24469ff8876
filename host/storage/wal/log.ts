/**
 * The log as its caller sees it: everything written so far, durable or not. A write changes the state and the index at
 * once and adds its record to the gathering batch.
 */

import type { LogIndex } from "./log-index.js";
import type { LogState } from "./log-state.js";

export class Log {
  /** How many writes there were since the log was opened. */
  written = 0;

  constructor(
    readonly state: LogState,
    readonly index: LogIndex,
  ) {}

  writeHardState(term: number, vote: number): void {
    this.index.gathering.addHardState(term, vote);
    this.state.setHardState(term, vote);
    this.written++;
  }

  truncate(from: number): void {
    this.index.gathering.addTruncate(from);
    this.state.truncate(from);
    this.index.truncate(this.state.last + 1);
    this.written++;
  }

  append(first: number, entries: Uint8Array): void {
    const objection = this.state.objectionToAppend(first);
    if (objection !== undefined) throw new Error(`append of ${objection}`);
    this.state.last += this.index.gathering.addEntries(first, entries);
    this.written++;
  }

  compact(index: number): void {
    if (index <= this.state.compacted) return;
    this.index.gathering.addCompact(index);
    this.state.compact(index);
    if (this.state.lastIndex === 0) this.index.clear();
    this.written++;
  }
}
