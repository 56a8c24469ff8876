/**
 * The records gathered between two syncs. They are made here in their final form, but for what depends on their place
 * in a segment, which is filled in when the batch is sealed.
 *
 * The buffer is used again, and grows to the largest batch so far. What bounds a batch is the caller: the core holds
 * every entry that is not durable in its window, so a batch is at most a few windows large.
 */

import { EntryFrame } from "../../core/abi.js";
import { entrySizeAt } from "../../core/entry.js";
import {
  beginRecord,
  extendRecord,
  HARD_STATE_BYTES,
  putInteger,
  RECORD_HEADER_BYTES,
  RecordKind,
  recordSize,
  sealRecord,
} from "./format.js";
import { RecordIndex } from "./record-index.js";

const INITIAL_BYTES = 64 * 1024;
/** A buffer that grew beyond this is given back after use: the burst that needed it is over. */
const RETAINED_BYTES = 8 * 1024 * 1024;
/** No batch is larger: segments are addressed with 32 bits. Far above any window, so to reach it is a bug. */
export const MAX_BATCH_BYTES = 1024 * 1024 * 1024;
/** Consecutive runs of entries share a record until it has this size: fewer headers and checksums, while a read of one
 * entry, which checks its whole record, stays cheap. */
const SHARED_RECORD_BYTES = 64 * 1024;

const NONE = -1;

export class Batch {
  bytes = new Uint8Array(INITIAL_BYTES);
  view = new DataView(this.bytes.buffer);
  /** Bytes used. */
  end = 0;
  /** The records with entries; offsets are places in `bytes`. */
  readonly index = new RecordIndex();
  /** Index of the highest entry that was ever added, also if it was truncated since; 0 when none was. */
  highest = 0;
  /** Place of the record that the next run of entries may join; NONE when the newest record is of another kind. */
  private shared = NONE;

  addHardState(term: number, vote: number): void {
    const body = this.add(RecordKind.hardState, HARD_STATE_BYTES, 0);
    putInteger(this.view, body, term);
    this.view.setUint32(body + 8, vote, true);
    this.view.setUint32(body + 12, 0, true);
  }

  addTruncate(from: number): void {
    this.add(RecordKind.truncate, 0, from);
  }

  addCompact(index: number): void {
    this.add(RecordKind.compact, 0, index);
  }

  /** Adds a run of entries. Throws and changes nothing when it does not consist of whole entries.
   * @returns how many entries it holds. */
  addEntries(first: number, entries: Uint8Array): number {
    this.reserve(RECORD_HEADER_BYTES + entries.length);
    const joins = this.shared !== NONE && this.end - this.shared + entries.length <= SHARED_RECORD_BYTES;
    const body = joins ? this.end : this.end + RECORD_HEADER_BYTES;
    this.bytes.set(entries, body);
    const count = this.countEntries(body, body + entries.length);
    if (joins) {
      extendRecord(this.view, this.shared, entries.length);
    } else {
      beginRecord(this.view, this.end, RecordKind.entries, entries.length, first);
      this.index.push(first, this.end);
      this.shared = this.end;
    }
    this.end = body + entries.length;
    this.highest = Math.max(this.highest, first + count - 1);
    return count;
  }

  /** Fills in the place of each record: the batch is written at `offset` of the segment with this salt, which is durable
   * below `durable`. */
  seal(salt: number, offset: number, durable: number): void {
    for (let at = 0; at < this.end; ) {
      at += sealRecord(this.bytes, this.view, at, { salt, offset: offset + at, durable });
    }
  }

  /** Empties the batch. */
  reset(): void {
    if (this.bytes.length > RETAINED_BYTES) this.replaceBuffer(INITIAL_BYTES);
    this.end = 0;
    this.index.clear();
    this.highest = 0;
    this.shared = NONE;
  }

  /** Adds a record without its body. @returns where the body goes. */
  private add(kind: number, length: number, index: number): number {
    this.reserve(RECORD_HEADER_BYTES + length);
    const at = this.end;
    beginRecord(this.view, at, kind, length, index);
    this.end = at + recordSize(this.view, at);
    this.shared = NONE;
    return at + RECORD_HEADER_BYTES;
  }

  private countEntries(from: number, stop: number): number {
    let count = 0;
    let at = from;
    while (at + EntryFrame.HEADER <= stop) {
      at += entrySizeAt(this.view, at);
      count++;
    }
    if (at !== stop || count === 0) {
      throw new Error(`append of ${stop - from} bytes that are not a run of whole entries`);
    }
    return count;
  }

  private reserve(more: number): void {
    const needed = this.end + more;
    if (needed <= this.bytes.length) return;
    if (needed > MAX_BATCH_BYTES) throw new Error(`${needed} bytes wait for one sync, more than ${MAX_BATCH_BYTES}`);
    let size = this.bytes.length;
    while (size < needed) size *= 2;
    const used = this.bytes.subarray(0, this.end);
    this.replaceBuffer(size);
    this.bytes.set(used);
  }

  private replaceBuffer(size: number): void {
    this.bytes = new Uint8Array(size);
    this.view = new DataView(this.bytes.buffer);
  }
}
