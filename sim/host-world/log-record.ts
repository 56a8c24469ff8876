/**
 * What a node's log has to be: everything that was written to its storage, and how far it was said to be durable. Held
 * against what is found when the log is opened again. It belongs to a disk, and outlives the processes.
 */

import { Entry, EntryKind } from "../../host/core/abi.js";
import { entrySizeAt } from "../../host/core/entry.js";
import type { Recovered } from "../../host/storage/storage.js";
import { LogState } from "../../host/storage/wal/log-state.js";

/** A write, as it changes a log. */
type LogWrite = (log: LogImage) => void;

/** What a log found stands for. */
export interface Finding {
  /**
   * `whole`: all that was said to be durable is there. `short`: it ends before that, within what the last sync covered.
   * `old`: it ends before that. `alien`: it is not what was ever written.
   */
  readonly kind: "whole" | "short" | "old" | "alien";
  readonly detail: string;
}

class LogImage {
  readonly entries = new Map<number, Uint8Array>();

  constructor(readonly state = new LogState()) {}

  static of(recovered: Recovered): LogImage {
    const image = new LogImage();
    const { state } = image;
    image.setHardState(recovered.hardState.term, recovered.hardState.vote);
    state.compacted = recovered.compacted;
    state.last = Math.max(recovered.compacted, recovered.lastIndex);
    for (const { bytes, first } of recovered.entries) image.put(first, bytes);
    return image;
  }

  clone(): LogImage {
    const copy = new LogImage(this.state.clone());
    for (const [index, entry] of this.entries) copy.entries.set(index, entry);
    return copy;
  }

  setHardState(term: number, vote: number): void {
    this.state.setHardState(term, vote);
  }

  append(first: number, bytes: Uint8Array): void {
    this.state.last = this.put(first, bytes);
  }

  truncate(from: number): void {
    this.state.truncate(from);
    for (const index of [...this.entries.keys()]) if (index > this.state.last) this.entries.delete(index);
  }

  compact(to: number): void {
    if (to <= this.state.compacted) return;
    this.state.compact(to);
    for (const index of [...this.entries.keys()]) if (index <= to) this.entries.delete(index);
  }

  equals({ entries, state }: LogImage): boolean {
    const own = this.state;
    const isSame =
      own.term === state.term &&
      own.vote === state.vote &&
      own.compacted === state.compacted &&
      own.last === state.last;
    if (!isSame || this.entries.size !== entries.size) return false;
    for (const [index, entry] of this.entries) {
      const other = entries.get(index);
      if (other === undefined || Buffer.compare(entry, other) !== 0) return false;
    }
    return true;
  }

  describe(): string {
    const { compacted, last, term, vote } = this.state;
    return `term ${term}, vote ${vote}, entries ${compacted + 1} to ${last}`;
  }

  private put(first: number, bytes: Uint8Array): number {
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    let index = first;
    for (let at = 0; at < bytes.length; ) {
      const size = entrySizeAt(view, at);
      this.entries.set(index++, bytes.slice(at, at + size));
      at += size;
    }
    return index - 1;
  }
}

export class LogRecord {
  /** The log before the batch that became durable last. */
  #base = new LogImage();
  /** Writes of that batch, then those that are not durable. */
  #writes: LogWrite[] = [];
  /** How many of them are durable. */
  #durable = 0;
  /** Sequence number of the first of them, less one. */
  #sequence = 0;

  write(change: LogWrite): void {
    this.#writes.push(change);
  }

  setHardState(term: number, vote: number): void {
    this.write((log) => log.setHardState(term, vote));
  }

  append(first: number, entries: Uint8Array): void {
    const copy = entries.slice();
    this.write((log) => log.append(first, copy));
  }

  truncate(from: number): void {
    this.write((log) => log.truncate(from));
  }

  compact(index: number): void {
    this.write((log) => log.compact(index));
  }

  /** The writes up to this sequence number are said to be durable. */
  durable(sequence: number): void {
    const count = sequence - this.#sequence;
    if (count <= this.#durable) return;
    for (const write of this.#writes.splice(0, this.#durable)) write(this.#base);
    this.#sequence += this.#durable;
    this.#durable = count - this.#durable;
  }

  /** Judges what was found. */
  judge(recovered: Recovered): Finding {
    const found = LogImage.of(recovered);
    const log = this.#base.clone();
    let reached = log.equals(found) ? 0 : -1;
    let promised = log.describe();
    for (const [i, write] of this.#writes.entries()) {
      write(log);
      if (log.equals(found)) reached = i + 1;
      if (i + 1 === this.#durable) promised = log.describe();
    }
    const detail = `found ${found.describe()}; promised ${promised}`;
    if (reached >= this.#durable) return { kind: "whole", detail };
    if (reached >= 0) return { kind: "short", detail };
    return { kind: this.#isOlder(found) ? "old" : "alien", detail };
  }

  /** The newest configuration that the log has up to an index, in base64; undefined if it has none. */
  configurationAt(index: number): { readonly index: number; readonly configuration: string } | undefined {
    const log = this.#written();
    let newest = 0;
    for (const [at, entry] of log.entries) {
      if (at <= index && at > newest && entry[Entry.kind] === EntryKind.CONFIGURATION) newest = at;
    }
    const entry = log.entries.get(newest);
    if (entry === undefined) return undefined;
    const length = new DataView(entry.buffer, entry.byteOffset).getUint32(Entry.length, true);
    const payload = entry.subarray(Entry.size, Entry.size + length);
    return { index: newest, configuration: Buffer.from(payload).toString("base64") };
  }

  /** Index of the last entry that was written. */
  get last(): number {
    return this.#written().state.last;
  }

  /** Tells the term of each entry; undefined where there is none, "snapshot" where the log begins behind it. */
  terms(): (index: number) => number | "snapshot" | undefined {
    const log = this.#written();
    return (index) => {
      if (index <= log.state.compacted) return "snapshot";
      const entry = log.entries.get(index);
      if (entry === undefined) return undefined;
      return Number(new DataView(entry.buffer, entry.byteOffset).getBigUint64(Entry.term, true));
    };
  }

  /** Goes on with what was found. */
  adopt(recovered: Recovered): void {
    this.#base = LogImage.of(recovered);
    this.#writes = [];
    this.#durable = 0;
    this.#sequence = 0;
  }

  /** The log with all that was written to it, durable or not. */
  #written(): LogImage {
    const log = this.#base.clone();
    for (const write of this.#writes) write(log);
    return log;
  }

  /** Whether a log that is not what it should be could be what it once was. */
  #isOlder({ state }: LogImage): boolean {
    const { state: base } = this.#base;
    return state.term <= base.term && state.last <= base.last && state.compacted <= base.compacted;
  }
}
