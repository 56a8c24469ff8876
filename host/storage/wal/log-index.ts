/**
 * Where the entries of the log lie: in the segments, oldest first, then in the batch that is being written, then in the
 * one that gathers. The records in all of these, in this order, hold the log without a gap.
 */

import { Batch } from "./batch.js";
import type { Segment } from "./segment.js";

/** A record that holds entries of the log. */
export interface RecordLocation {
  readonly source: Segment | Batch;
  /** Place of the record in the segment's file, or in the batch's buffer. */
  readonly offset: number;
  /** Index of its first entry. */
  readonly first: number;
  /** Index of its last entry that is still part of the log. */
  readonly last: number;
}

export class LogIndex {
  readonly segments: Segment[] = [];
  /** The batch that is being written; empty when none is. */
  committing = new Batch();
  /** The batch that takes what is written now. */
  gathering = new Batch();

  /** Makes the gathering batch the committing one, which must be empty, and the other way round. */
  swap(): Batch {
    const batch = this.gathering;
    this.gathering = this.committing;
    this.committing = batch;
    return batch;
  }

  /** Drops what begins at or after `from`. */
  truncate(from: number): void {
    for (const { index } of this.newestFirst()) {
      index.truncate(from);
      if (index.count > 0) return;
    }
  }

  clear(): void {
    for (const { index } of this.newestFirst()) index.clear();
  }

  /** The record that holds the entry at `index`, which is in the log; `last` is the log's last index. */
  find(index: number, last: number): RecordLocation {
    let end = last;
    for (const source of this.newestFirst()) {
      const slot = source.index.find(index);
      if (slot >= 0) {
        const next = slot + 1;
        return {
          source,
          offset: source.index.offset(slot),
          first: source.index.first(slot),
          last: next < source.index.count ? source.index.first(next) - 1 : end,
        };
      }
      if (source.index.count > 0) end = source.index.first(0) - 1;
    }
    throw new Error(`entry ${index} is in the log, and in no record`);
  }

  private *newestFirst(): Generator<Segment | Batch> {
    yield this.gathering;
    yield this.committing;
    for (let i = this.segments.length - 1; i >= 0; i--) {
      const segment = this.segments[i];
      if (segment !== undefined) yield segment;
    }
  }
}
