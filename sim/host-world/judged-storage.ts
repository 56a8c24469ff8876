/** The storage of a node, with everything that is written to it noted, and what is found held against that. */

import type { HardState, Recovered, Storage, StorageEvents } from "../../host/storage/storage.js";
import type { Finding, LogRecord } from "./log-record.js";
import type { Process } from "./mount.js";

export class JudgedStorage implements Storage {
  /** @param onFound hears what was found when the log was opened; an exception keeps the node from starting */
  constructor(
    private readonly inner: Storage,
    private readonly record: LogRecord,
    private readonly process: Process,
    private readonly onFound: (finding: Finding) => void,
  ) {}

  get written(): number {
    return this.inner.written;
  }

  get durable(): number {
    return this.inner.durable;
  }

  async open(events: StorageEvents): Promise<Recovered> {
    const recovered = await this.inner.open({
      durable: (sequence) => {
        if (this.process.alive) this.record.durable(sequence);
        events.durable(sequence);
      },
      failed: (error) => events.failed(error),
    });
    try {
      this.onFound(this.record.judge(recovered));
    } catch (error) {
      await this.inner.close();
      throw error;
    }
    this.record.adopt(recovered);
    return recovered;
  }

  writeHardState(state: HardState): void {
    this.inner.writeHardState(state);
    this.note(() => this.record.setHardState(state.term, state.vote));
  }

  truncate(from: number): void {
    this.inner.truncate(from);
    this.note(() => this.record.truncate(from));
  }

  append(first: number, entries: Uint8Array): void {
    this.inner.append(first, entries);
    this.note(() => this.record.append(first, entries));
  }

  read(index: number, count: number, into: Uint8Array): number {
    return this.inner.read(index, count, into);
  }

  compact(index: number): void {
    const before = this.inner.written;
    this.inner.compact(index);
    if (this.inner.written > before) this.note(() => this.record.compact(index));
  }

  sync(): void {
    this.inner.sync();
  }

  close(): Promise<void> {
    return this.inner.close();
  }

  private note(write: () => void): void {
    if (this.process.alive) write();
  }
}
