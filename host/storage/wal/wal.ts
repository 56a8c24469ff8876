/**
 * Storage on disk: a write-ahead log of segments (format.ts) with group commit (writer.ts), recovery that tells a torn
 * tail from damage (recovery.ts, tail.ts), and a lock on the folder (lock.ts). The decisions are in
 * docs/adr/R11-storage-durability.md.
 *
 * Memory: two batches, each at most what the caller writes while a sync is under way (batch.ts); 8 bytes a record for
 * the index; and for reading one window of 256 KiB, or of the largest record if that is larger.
 */

import { randomBytes } from "node:crypto";
import type { HardState, Recovered, Storage, StorageEvents } from "../storage.js";
import { READ_COMPACTED, READ_FAILED, StorageError } from "../storage.js";
import { CheckedFileSystem, type WalStats } from "./checked-file-system.js";
import type { FileSystem, FolderLock } from "./file-system.js";
import { SEGMENT_HEADER_BYTES } from "./format.js";
import { Log } from "./log.js";
import { LogIndex } from "./log-index.js";
import { LogState } from "./log-state.js";
import { NodeFileSystem } from "./node-file-system.js";
import { LogReader } from "./reader.js";
import { type RecoveredLog, recover, settle, type TornTail } from "./recovery.js";
import { isUnfinishedSegment } from "./segment.js";
import { Writer } from "./writer.js";

export type { WalStats } from "./checked-file-system.js";
export type { TornTail } from "./recovery.js";

export const DEFAULT_SEGMENT_BYTES = 64 * 1024 * 1024;
/** Room for a segment's header and a few records. */
export const MIN_SEGMENT_BYTES = 256;
/** Offsets in a segment have 32 bits, and a batch may come on top. */
export const MAX_SEGMENT_BYTES = 1024 * 1024 * 1024;

export interface WalOptions {
  /** Where the log lies; made when it is missing. */
  readonly folder: string;
  /** A segment is closed when it would grow beyond this; MIN_SEGMENT_BYTES to MAX_SEGMENT_BYTES. */
  readonly segmentBytes?: number;
  readonly fileSystem?: FileSystem;
  /** Of a folder that the caller has locked, and releases; the storage takes a lock of its own unless stated. */
  readonly lock?: FolderLock;
  /** Draws a random u32; for simulations, which must be repeatable. */
  readonly random?: () => number;
  /** Told when recovery had to cut off a torn tail. Nothing that was reported durable is lost by that. */
  readonly onNotice?: (notice: TornTail) => void;
}

/** Stands for a lock that somebody else releases. */
const HELD_ELSEWHERE: FolderLock = { release: () => undefined };

/** What exists while the storage is open. */
interface Parts {
  readonly log: Log;
  readonly writer: Writer;
  readonly reader: LogReader;
  readonly lock: FolderLock;
}

export class WalStorage implements Storage {
  private readonly folder: string;
  private readonly segmentBytes: number;
  private readonly held: FolderLock | undefined;
  private readonly random: () => number;
  private readonly onNotice: (notice: TornTail) => void;
  private readonly fs: CheckedFileSystem;
  private parts: Parts | undefined;
  private closing = false;

  constructor(options: WalOptions) {
    this.folder = options.folder;
    this.segmentBytes = checkSegmentBytes(options.segmentBytes ?? DEFAULT_SEGMENT_BYTES);
    this.held = options.lock;
    this.random = options.random ?? (() => randomBytes(4).readUInt32LE());
    this.onNotice = options.onNotice ?? (() => undefined);
    this.fs = new CheckedFileSystem(options.fileSystem ?? new NodeFileSystem());
  }

  get written(): number {
    return this.parts?.log.written ?? 0;
  }

  get durable(): number {
    return this.parts?.writer.durable ?? 0;
  }

  /** What was asked of the disk since this object was made. */
  get stats(): WalStats {
    return this.fs.stats;
  }

  async open(events: StorageEvents): Promise<Recovered> {
    if (this.parts !== undefined) throw new Error("the storage is open already");
    await this.fs.makeFolder(this.folder);
    const lock = this.held === undefined ? this.fs.lock(this.folder) : HELD_ELSEWHERE;
    try {
      const parts = await this.start(events, lock);
      this.parts = parts;
      const { state } = parts.log;
      const entries = { [Symbol.iterator]: () => this.runs(parts.log) };
      const { compacted, hardState, lastIndex } = state;
      return { hardState, compacted, entries, lastIndex };
    } catch (error) {
      lock.release();
      throw error;
    }
  }

  writeHardState(state: HardState): void {
    this.writable().writeHardState(state.term, state.vote);
  }

  truncate(from: number): void {
    this.writable().truncate(from);
  }

  append(first: number, entries: Uint8Array): void {
    this.writable().append(first, entries);
  }

  compact(index: number): void {
    this.writable().compact(index);
  }

  read(index: number, count: number, into: Uint8Array): number {
    const { log, writer, reader } = this.openParts();
    if (writer.failure !== undefined) return READ_FAILED;
    if (index <= log.state.compacted) return READ_COMPACTED;
    if (index > log.state.last) throw new Error(`read of entry ${index}, after last index ${log.state.last}`);
    try {
      return reader.read(index, count, into);
    } catch (error) {
      if (!(error instanceof StorageError)) throw error;
      writer.fail(error);
      return READ_FAILED;
    }
  }

  sync(): void {
    this.openParts().writer.sync();
  }

  /** Resolves also when what was pending could not be made durable: that has been reported as failed. */
  async close(): Promise<void> {
    if (this.parts === undefined || this.closing) return;
    const { writer, reader, lock } = this.parts;
    this.closing = true;
    try {
      await writer.close();
      reader.close();
    } catch (error) {
      writer.fail(error);
    } finally {
      lock.release();
      this.parts = undefined;
      this.closing = false;
    }
  }

  private async start(events: StorageEvents, lock: FolderLock): Promise<Parts> {
    const recovered = recover(this.fs, this.folder);
    if (recovered !== undefined) {
      await settle(this.fs, recovered);
      if (recovered.torn !== undefined) this.onNotice(recovered.torn);
    }
    await this.removeUnfinished();

    const log = new Log(recovered?.replay.state ?? new LogState(), recovered?.replay.index ?? new LogIndex());
    const reader = new LogReader(this.fs, log);
    const options = { fs: this.fs, folder: this.folder, segmentBytes: this.segmentBytes, random: this.random };
    const writerEvents = {
      durable: (sequence: number) => events.durable(sequence),
      failed: (error: Error) => events.failed(error),
      removing: reader.forget.bind(reader),
    };
    const writer = await Writer.start(options, log, writerEvents, nextSegment(recovered));
    return { log, writer, reader, lock };
  }

  private async removeUnfinished(): Promise<void> {
    for (const name of this.fs.list(this.folder).filter(isUnfinishedSegment)) {
      await this.fs.remove(`${this.folder}/${name}`);
    }
  }

  /** Iterates with a reader of its own, so that the runs it hands out stay valid while others read. */
  private *runs(log: Log) {
    const reader = new LogReader(this.fs, log);
    try {
      yield* reader.runs();
    } finally {
      reader.close();
    }
  }

  private openParts(): Parts {
    if (this.parts === undefined || this.closing) throw new Error("the storage is not open");
    return this.parts;
  }

  private writable(): Log {
    const { log, writer } = this.openParts();
    if (writer.failure === undefined) return log;
    throw new StorageError(`the storage accepts no writes after a failure: ${writer.failure.message}`, this.folder);
  }
}

/** Where the new segment goes. One without a record is replaced, so that starting over and over leaves no files. */
function nextSegment(recovered: RecoveredLog | undefined): { number: number; previousLength: number } {
  if (recovered === undefined) return { number: 1, previousLength: 0 };
  const { last, lastHeader, replay } = recovered;
  if (last.end > SEGMENT_HEADER_BYTES) return { number: last.number + 1, previousLength: last.durable };
  replay.index.segments.pop();
  return { number: last.number, previousLength: lastHeader.previousLength };
}

function checkSegmentBytes(bytes: number): number {
  if (Number.isInteger(bytes) && bytes >= MIN_SEGMENT_BYTES && bytes <= MAX_SEGMENT_BYTES) return bytes;
  throw new StorageError(
    `a segment size of ${bytes} bytes is not possible: choose ${MIN_SEGMENT_BYTES} to ${MAX_SEGMENT_BYTES} bytes.`,
  );
}
