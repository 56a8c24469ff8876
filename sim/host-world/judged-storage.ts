/** The storage of a node, with everything that is written to it noted, and what is found held against that. */

import type { HardState, Recovered, Storage, StorageEvents } from "../../host/storage/storage.js";
import type { Finding, LogRecord } from "./log-record.js";
import type { Process } from "./mount.js";
import type { Votes } from "./votes.js";

export interface StorageJudge {
  readonly record: LogRecord;
  readonly votes: Votes;
  readonly process: Process;
  /** Hears what was found when the log was opened; an exception keeps the node from starting. */
  readonly found: (finding: Finding) => void;
  /** Hears that what was found is what the record goes on from. */
  readonly adopted?: () => void;
  /** Whether the node has not begun to take part. */
  readonly starts: () => boolean;
  /** Hears what is wrong with a vote. */
  readonly voted: (detail: string) => void;
}

export class JudgedStorage implements Storage {
  constructor(
    private readonly inner: Storage,
    private readonly judge: StorageJudge,
  ) {}

  get written(): number {
    return this.inner.written;
  }

  get durable(): number {
    return this.inner.durable;
  }

  async open(events: StorageEvents): Promise<Recovered> {
    const { adopted, found, process, record, votes } = this.judge;
    const recovered = await this.inner.open({
      durable: (sequence) => {
        if (process.alive) {
          record.durable(sequence);
          this.object(votes.durable(sequence));
        }
        events.durable(sequence);
      },
      failed: (error) => events.failed(error),
    });
    try {
      found(record.judge(recovered));
    } catch (error) {
      await this.inner.close();
      throw error;
    }
    record.adopt(recovered);
    adopted?.();
    this.object(votes.found(recovered.hardState));
    return recovered;
  }

  writeHardState(state: HardState): void {
    this.inner.writeHardState(state);
    const { record, starts, votes } = this.judge;
    this.note(() => {
      record.setHardState(state.term, state.vote);
      this.object(votes.written(this.inner.written, state, starts()));
    });
  }

  truncate(from: number): void {
    this.inner.truncate(from);
    this.note(() => this.judge.record.truncate(from));
  }

  append(first: number, entries: Uint8Array): void {
    this.inner.append(first, entries);
    this.note(() => this.judge.record.append(first, entries));
  }

  read(index: number, count: number, into: Uint8Array): number {
    return this.inner.read(index, count, into);
  }

  compact(index: number): void {
    const before = this.inner.written;
    this.inner.compact(index);
    if (this.inner.written > before) this.note(() => this.judge.record.compact(index));
  }

  sync(): void {
    this.inner.sync();
  }

  close(): Promise<void> {
    return this.inner.close();
  }

  private note(write: () => void): void {
    if (this.judge.process.alive) write();
  }

  private object(objection: string | undefined): void {
    if (objection !== undefined) this.judge.voted(objection);
  }
}
