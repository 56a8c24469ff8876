/**
 * Replays the records of a log in order. Each is held against what was there before it: a record with a right checksum
 * that does not fit is damage too.
 */

import { EntryFrame } from "../../core/abi.js";
import { entrySizeAt } from "../../core/entry.js";
import { damage } from "./errors.js";
import type { FileWindow } from "./file-window.js";
import { getInteger, RECORD_HEADER_BYTES, RecordKind, recordIndex, recordKind, recordSize } from "./format.js";
import { LogIndex } from "./log-index.js";
import { LogState } from "./log-state.js";
import type { Segment } from "./segment.js";

/** Offset of the u64 term in an entry. */
const ENTRY_TERM_OFFSET = 0;

export class Replay {
  readonly index = new LogIndex();
  state = new LogState();
  private readonly terms = new TermRuns();
  /** Entries up to and including this index lay in segments that are gone. */
  private missing = 0;

  /** Begins a segment whose header says that the log was in `state` before it. */
  begin(segment: Segment, state: LogState): void {
    if (this.index.segments.length === 0) {
      this.state = state.clone();
      this.missing = state.last;
    } else if (!this.state.equals(state)) {
      throw damage(segment.file, 0, "its header does not continue the segment before it");
    }
    this.index.segments.push(segment);
  }

  /** Takes the sound record at `at` in the window, at `offset` of the newest segment. */
  apply(segment: Segment, window: FileWindow, at: number, offset: number): void {
    const index = recordIndex(window.view, at);
    const kind = recordKind(window.view, at);
    if (kind === RecordKind.entries) {
      const objection = this.appendRun(segment, window, at, offset);
      if (objection !== undefined) throw damage(segment.file, offset, objection);
    } else if (kind === RecordKind.hardState) {
      const body = at + RECORD_HEADER_BYTES;
      this.state.setHardState(getInteger(window.view, body), window.view.getUint32(body + 8, true));
    } else if (kind === RecordKind.truncate) {
      this.truncate(index);
    } else if (kind === RecordKind.compact) {
      this.compact(index);
    } else if (kind !== RecordKind.mark) {
      throw damage(segment.file, offset, `a record of unknown kind ${kind}`);
    }
  }

  /** Holds the log as a whole against the last segment's file, in which it ends. */
  finish(file: string): void {
    if (this.missing <= this.state.compacted) return;
    const range = `${this.state.compacted + 1} to ${this.missing}`;
    throw damage(file, 0, `the log lacks the entries ${range}: the segments before it that held them are gone`);
  }

  private truncate(from: number): void {
    this.state.truncate(from);
    this.index.truncate(this.state.last + 1);
    this.terms.truncate(this.state.last + 1);
    this.missing = Math.min(this.missing, this.state.last);
  }

  private compact(index: number): void {
    this.state.compact(index);
    if (this.state.lastIndex > 0) return;
    // All entries are gone. Those that follow a snapshot may have lower terms than what it replaced.
    this.index.clear();
    this.terms.truncate(0);
  }

  /** @returns what is wrong with the run of entries, or undefined when nothing is. */
  private appendRun(segment: Segment, window: FileWindow, at: number, offset: number): string | undefined {
    const first = recordIndex(window.view, at);
    const objection = this.state.objectionToAppend(first);
    if (objection !== undefined) return objection;
    const stop = at + recordSize(window.view, at);
    let index = first;
    let entry = at + RECORD_HEADER_BYTES;
    while (entry + EntryFrame.HEADER <= stop) {
      const term = getInteger(window.view, entry + ENTRY_TERM_OFFSET);
      if (term < this.terms.last) return `entry ${index} has term ${term}, after an entry of term ${this.terms.last}`;
      this.terms.push(index, term);
      entry += entrySizeAt(window.view, entry);
      index++;
    }
    if (entry !== stop) return `the entries from index ${first} on do not fill their record`;
    segment.index.push(first, offset);
    this.state.last = index - 1;
    segment.highest = Math.max(segment.highest, this.state.last);
    return undefined;
  }
}

/** Where in the log a new term begins: enough to know the last term after any truncation, in little memory. */
class TermRuns {
  private readonly firsts: number[] = [];
  private readonly terms: number[] = [];

  /** Term of the last entry; 0 when there is none. */
  get last(): number {
    return this.terms.at(-1) ?? 0;
  }

  push(index: number, term: number): void {
    if (term === this.last) return;
    this.firsts.push(index);
    this.terms.push(term);
  }

  truncate(from: number): void {
    while ((this.firsts.at(-1) ?? -1) >= from) {
      this.firsts.pop();
      this.terms.pop();
    }
  }
}
