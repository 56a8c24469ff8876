/**
 * Group commit: one batch at a time is written and synced while the next one gathers. Because a batch is begun only
 * after the one before it is durable, a crash can damage the last batch and nothing before it.
 *
 * A sync that failed is never repeated, and nothing is reported durable after it. On Linux a failed fsync marks the
 * pages clean and reports the error once; the next fsync succeeds although the data is not on the disk (the PostgreSQL
 * "fsyncgate" of 2018; Rebello et al., "Can Applications Recover from fsync Failures?", USENIX ATC 2020). The node has
 * to stop, and recovery reads what is there and writes the last batch again.
 */

import type { FileSystem, WalFile } from "./file-system.js";
import { encodeMark, RECORD_HEADER_BYTES, SEGMENT_HEADER_BYTES, type SegmentHeader } from "./format.js";
import type { Log } from "./log.js";
import type { LogState } from "./log-state.js";
import { createSegment, Segment } from "./segment.js";

export interface WriterOptions {
  readonly fs: FileSystem;
  readonly folder: string;
  /** A segment is followed by a new one when the next batch would make it larger than this. */
  readonly segmentBytes: number;
  /** Draws a random u32. */
  readonly random: () => number;
}

export interface WriterEvents {
  /** All writes up to this one are durable. */
  durable(sequence: number): void;
  /** A write or sync failed; called once. */
  failed(error: Error): void;
  /** A segment is about to be removed. */
  removing(segment: Segment): void;
}

export class Writer {
  /** Sequence number up to which all writes are durable. */
  durable = 0;
  /** Set once a write or sync has failed. */
  failure: Error | undefined;
  /** Sequence number up to which writes are asked to be durable. */
  private requested = 0;
  private running: Promise<void> | undefined;
  /** The mark behind the last batch, which may still be under way. */
  private mark: Promise<void> = Promise.resolve();
  private removal: Promise<void> = Promise.resolve();
  /** The log before the first write of the gathering batch. */
  private checkpoint: LogState;

  private constructor(
    private readonly options: WriterOptions,
    private readonly log: Log,
    private readonly events: WriterEvents,
    private active: Segment,
    private file: WalFile,
  ) {
    this.checkpoint = log.state.clone();
  }

  /** Begins a segment, so that nothing is ever added to a file of an earlier life, and a writer for it. */
  static async start(
    options: WriterOptions,
    log: Log,
    events: WriterEvents,
    place: Pick<SegmentHeader, "number" | "previousLength">,
  ): Promise<Writer> {
    const salt = options.random();
    const file = await createSegment(options.fs, options.folder, { ...place, salt, state: log.state });
    const segment = new Segment(options.folder, place.number, salt);
    log.index.segments.push(segment);
    const writer = new Writer(options, log, events, segment, file);
    writer.prune(log.state.compacted);
    return writer;
  }

  /** Asks that everything written so far becomes durable. */
  sync(): void {
    if (this.failure !== undefined) return;
    this.requested = this.log.written;
    this.running ??= this.run();
  }

  /** Ends with what was written durable, or with a failure. */
  async close(): Promise<void> {
    this.sync();
    await this.running;
    await this.mark;
    await this.removal;
    try {
      this.file.close();
    } catch (cause) {
      this.fail(cause);
    }
  }

  /** Takes note that nothing more can be written, and reports it the first time. */
  fail(error: unknown): void {
    if (this.failure !== undefined) return;
    this.failure = error instanceof Error ? error : new Error(String(error));
    this.events.failed(this.failure);
  }

  private async run(): Promise<void> {
    // What the rest of this turn writes shall share the first sync.
    await Promise.resolve();
    try {
      while (this.requested > this.durable && this.failure === undefined) await this.step();
    } finally {
      this.running = undefined;
    }
    this.writeMark();
  }

  /** Makes one batch durable and reports it. */
  private async step(): Promise<void> {
    const sequence = this.log.written;
    try {
      await this.commit();
    } catch (error) {
      this.fail(error);
    }
    if (this.failure !== undefined) return;
    this.durable = sequence;
    this.prune(this.checkpoint.compacted);
    // Outside of the try: an exception of the receiver is not a failure of the disk.
    this.events.durable(sequence);
  }

  private async commit(): Promise<void> {
    const before = this.checkpoint;
    this.checkpoint = this.log.state.clone();
    const batch = this.log.index.swap();
    const isFull = this.active.end + batch.end > this.options.segmentBytes;
    if (isFull && this.active.end > SEGMENT_HEADER_BYTES) await this.roll(before);

    const { active, file } = this;
    const offset = active.end;
    batch.seal(active.salt, offset, active.durable);
    await Promise.all([file.write(batch.bytes.subarray(0, batch.end), offset), this.mark]);
    // A mark that failed has left a hole before this batch.
    if (this.failure !== undefined) return;
    await file.sync();

    active.end = offset + batch.end;
    active.durable = active.end;
    active.highest = Math.max(active.highest, batch.highest);
    const { index } = batch;
    for (let slot = 0; slot < index.count; slot++) active.index.push(index.first(slot), offset + index.offset(slot));
    batch.reset();
  }

  /** Goes on in a new segment; `state` is the log before the batch that will be its first. */
  private async roll(state: LogState): Promise<void> {
    await this.mark;
    const { options, active } = this;
    const salt = options.random();
    const header = { number: active.number + 1, salt, previousLength: active.durable, state };
    const full = this.file;
    this.file = await createSegment(options.fs, options.folder, header);
    this.active = new Segment(options.folder, header.number, salt);
    this.log.index.segments.push(this.active);
    // May fail: then the new one is the one that is left to be closed.
    full.close();
  }

  /** Leaves a mark behind a batch that is durable and that no other follows for now: it tells recovery that damage to
   * the batch is damage and not a torn tail. It is not synced itself: when it is lost, nothing is. */
  private writeMark(): void {
    const { active } = this;
    if (this.failure !== undefined || active.end !== active.durable || active.end === SEGMENT_HEADER_BYTES) return;
    const mark = encodeMark(active.salt, active.end);
    this.mark = this.file.write(mark, active.end).catch((error: unknown) => this.fail(error));
    active.end += RECORD_HEADER_BYTES;
  }

  /** Removes the oldest segments for as long as the durable compaction point covers all that was ever written to them.
   * One after the other, each durably: a crash must not leave a gap in the sequence. */
  private prune(compacted: number): void {
    const { segments } = this.log.index;
    for (let oldest = segments[0]; oldest !== undefined && segments.length > 1; oldest = segments[0]) {
      if (oldest.highest > compacted) return;
      segments.shift();
      try {
        this.events.removing(oldest);
      } catch (error) {
        // It was open, and cannot be closed.
        this.fail(error);
        return;
      }
      const { file } = oldest;
      this.removal = this.removal.then(() => this.remove(file)).catch((error: unknown) => this.fail(error));
    }
  }

  private async remove(file: string): Promise<void> {
    if (this.failure !== undefined) return;
    await this.options.fs.remove(file);
    await this.options.fs.syncFolder(this.options.folder);
  }
}
