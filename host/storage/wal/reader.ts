/**
 * Reads entries back: from the segments' files, or from the batches that have not reached them. A record is checked as
 * a whole each time it is read from a file.
 */

import { entrySizeAt } from "../../core/entry.js";
import type { EntryRun } from "../storage.js";
import { Batch } from "./batch.js";
import { damage } from "./errors.js";
import type { FileSystem, WalFile } from "./file-system.js";
import { FileWindow } from "./file-window.js";
import { isRecordHeader, isRecordSound, RECORD_HEADER_BYTES, recordSize } from "./format.js";
import type { Log } from "./log.js";
import type { RecordLocation } from "./log-index.js";
import type { Segment } from "./segment.js";

/** Entries in memory: `count` of them from index `first` on, in bytes[from, to). */
interface Entries {
  readonly bytes: Uint8Array;
  readonly from: number;
  readonly to: number;
  readonly count: number;
}

export class LogReader {
  private readonly window = new FileWindow();
  /** The segment that `file` and `window` belong to: one at a time is open, because reads are mostly sequential. */
  private segment: Segment | undefined;
  private file: WalFile | undefined;

  constructor(
    private readonly fs: FileSystem,
    private readonly log: Log,
  ) {}

  /** Copies up to `count` entries from `index` on, which is in the log, as many as fit. Throws a StorageError when
   * they cannot be read. @returns the bytes copied. */
  read(index: number, count: number, into: Uint8Array): number {
    const end = Math.min(index + count, this.log.state.last + 1);
    let copied = 0;
    for (let next = index; next < end; ) {
      const entries = this.load(next, end - next, into.length - copied);
      if (entries.count === 0) break;
      into.set(entries.bytes.subarray(entries.from, entries.to), copied);
      copied += entries.to - entries.from;
      next += entries.count;
    }
    if (copied === 0) throw new Error(`read of entry ${index}: it does not fit into ${into.length} bytes`);
    return copied;
  }

  /** The whole log, a record at a time. */
  *runs(): Generator<EntryRun> {
    for (let next = this.log.state.compacted + 1; next <= this.log.state.last; ) {
      const { bytes, from, to, count } = this.load(next, Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY);
      yield { first: next, bytes: bytes.subarray(from, to) };
      next += count;
    }
  }

  /** Closes the file of this segment, which is going to be removed. */
  forget(segment: Segment): void {
    if (segment === this.segment) this.close();
  }

  close(): void {
    const file = this.file;
    this.window.use(undefined);
    this.segment = undefined;
    this.file = undefined;
    file?.close();
  }

  /** The entries from `index` on that lie in one record: at most `count` of them, and as many as fit `limit` bytes. */
  private load(index: number, count: number, limit: number): Entries {
    const record = this.log.index.find(index, this.log.state.last);
    const { source, offset } = record;
    if (source instanceof Batch) return walk(record, source.bytes, source.view, offset, index, count, limit);
    const at = this.loadRecord(source, offset);
    return walk(record, this.window.bytes, this.window.view, at, index, count, limit);
  }

  /** @returns the place of the record in the window. */
  private loadRecord(segment: Segment, offset: number): number {
    if (segment !== this.segment) {
      this.close();
      this.file = this.fs.open(segment.file, "read");
      this.segment = segment;
      this.window.use(this.file);
    }
    const header = this.window.place(offset, RECORD_HEADER_BYTES, segment.durable);
    if (header < 0 || !isRecordHeader(this.window.view, header, segment.salt, offset)) {
      throw damage(segment.file, offset, "a record that was sound when the log was opened is no longer there");
    }
    const at = this.window.place(offset, recordSize(this.window.view, header), segment.durable);
    if (at < 0 || !isRecordSound(this.window.bytes, this.window.view, at)) {
      throw damage(segment.file, offset, "the checksum of a record is wrong that was right before");
    }
    return at;
  }
}

/** Finds the entries from `index` on in the record at `at`, whose checksum is right and whose entries are whole. */
function walk(
  record: RecordLocation,
  bytes: Uint8Array,
  view: DataView,
  at: number,
  index: number,
  count: number,
  limit: number,
): Entries {
  let from = at + RECORD_HEADER_BYTES;
  for (let skipped = record.first; skipped < index; skipped++) from += entrySizeAt(view, from);
  let to = from;
  let taken = 0;
  while (taken < count && index + taken <= record.last) {
    const end = to + entrySizeAt(view, to);
    if (end - from > limit) break;
    to = end;
    taken++;
  }
  return { bytes, from, to, count: taken };
}
