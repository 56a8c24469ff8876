/**
 * What a node's storage holds, in memory, and the effects of a node that has one. The effects check the contract: that
 * appends continue the log, that truncations lie in it, that applies ascend.
 */

import { Entry, EntryKind, SnapshotAnswer, StorageAnswer } from "../../host/core/abi.js";
import { entrySizeAt } from "../../host/core/entry.js";
import type { CoreInstance, Effects } from "../../host/core/instance.js";

/** Splits a run of entries. The parts are copies. */
export function splitRun(run: Uint8Array): Uint8Array[] {
  const view = new DataView(run.buffer, run.byteOffset, run.length);
  const parts: Uint8Array[] = [];
  for (let at = 0; at < run.length; ) {
    const size = entrySizeAt(view, at);
    parts.push(run.slice(at, at + size));
    at += size;
  }
  return parts;
}

export function termOf(entry: Uint8Array): number {
  return Number(new DataView(entry.buffer, entry.byteOffset).getBigUint64(Entry.term, true));
}

export function isNormal(entry: Uint8Array): boolean {
  return entry[Entry.kind] === EntryKind.NORMAL;
}

/** Hard state and log. */
export class Disk {
  constructor(
    public term = 0,
    public vote = 0,
    /** The entry at index i lies at i - 1. */
    public entries: Uint8Array[] = [],
  ) {}

  get last(): number {
    return this.entries.length;
  }

  clone(): Disk {
    return new Disk(this.term, this.vote, this.entries.slice());
  }
}

/** An effect as it came out. */
export type Effect =
  | { readonly kind: "hardState"; readonly term: number; readonly vote: number }
  | { readonly kind: "truncate"; readonly from: number }
  | { readonly kind: "append"; readonly first: number; readonly count: number; readonly term: number }
  | { readonly kind: "compact"; readonly index: number }
  | { readonly kind: "readSnapshot"; readonly index: number; readonly offset: number }
  | {
      readonly kind: "writeSnapshot";
      readonly index: number;
      readonly term: number;
      readonly offset: number;
      readonly length: number;
      readonly last: boolean;
    }
  | { readonly kind: "reads"; readonly ticket: number; readonly index: number; readonly answered: boolean }
  | { readonly kind: "read"; readonly index: number; readonly count: number }
  | { readonly kind: "send"; readonly to: number; readonly message: Uint8Array; readonly barrier: boolean }
  | { readonly kind: "arm"; readonly timer: number; readonly delay: number; readonly jitter: number }
  | { readonly kind: "cancel"; readonly timer: number }
  | { readonly kind: "apply"; readonly index: number; readonly term: number; readonly command: Uint8Array }
  | { readonly kind: "event"; readonly event: number; readonly first: number; readonly second: number };

/** Writes effects to a disk and keeps a list of them. */
export class RecordingEffects implements Effects {
  effects: Effect[] = [];
  /** Index of the last command applied. */
  applied = 0;

  constructor(
    readonly instance: CoreInstance,
    public disk = new Disk(),
    /** What storage effects answer. */
    public answer: number = StorageAnswer.TAKEN,
  ) {}

  /** The effects since the last call. */
  take(): Effect[] {
    const effects = this.effects;
    this.effects = [];
    return effects;
  }

  hardState(term: number, vote: number): number {
    if (term < this.disk.term) throw new Error(`the term falls from ${this.disk.term} to ${term}`);
    if (term === this.disk.term && this.disk.vote !== 0 && vote !== this.disk.vote) throw new Error("a second vote");
    this.effects.push({ kind: "hardState", term, vote });
    this.disk.term = term;
    this.disk.vote = vote;
    return this.answer;
  }

  truncate(from: number): number {
    if (from < 1 || from > this.disk.last)
      throw new Error(`truncate from ${from}, and the log ends at ${this.disk.last}`);
    if (from <= this.applied) throw new Error(`truncate from ${from}, and ${this.applied} is applied`);
    this.effects.push({ kind: "truncate", from });
    this.disk.entries.length = from - 1;
    return this.answer;
  }

  append(first: number, count: number, term: number, entries: number, length: number): number {
    const parts = splitRun(this.instance.bytes.subarray(entries, entries + length));
    const last = parts.at(-1);
    if (first !== this.disk.last + 1) throw new Error(`append at ${first}, and the log ends at ${this.disk.last}`);
    if (parts.length !== count || last === undefined) throw new Error(`append of ${count}, and ${parts.length} came`);
    if (termOf(last) !== term) throw new Error(`append up to term ${term}, and it is ${termOf(last)}`);
    this.effects.push({ kind: "append", first, count, term });
    this.disk.entries.push(...parts);
    return this.answer;
  }

  compact(index: number): number {
    this.effects.push({ kind: "compact", index });
    return this.answer;
  }

  readSnapshot(index: number, offset: number): number {
    this.effects.push({ kind: "readSnapshot", index, offset });
    return SnapshotAnswer.LATER;
  }

  writeSnapshot(index: number, term: number, offset: number, _bytes: number, length: number, last: boolean): number {
    this.effects.push({ kind: "writeSnapshot", index, term, offset, length, last });
    return 0;
  }

  reads(ticket: number, index: number, answered: boolean): void {
    this.effects.push({ kind: "reads", ticket, index, answered });
  }

  read(index: number, count: number, into: number, capacity: number): number {
    this.effects.push({ kind: "read", index, count });
    let bytes = 0;
    for (let i = 0; i < count; i++) {
      const entry = this.disk.entries[index - 1 + i];
      if (entry === undefined || bytes + entry.length > capacity) break;
      this.instance.bytes.set(entry, into + bytes);
      bytes += entry.length;
    }
    return bytes === 0 ? -1 : bytes;
  }

  send(to: number, message: number, length: number, barrier: boolean): void {
    this.effects.push({ kind: "send", to, message: this.instance.bytes.slice(message, message + length), barrier });
  }

  arm(timer: number, delay: number, jitter: number): void {
    this.effects.push({ kind: "arm", timer, delay, jitter });
  }

  cancel(timer: number): void {
    this.effects.push({ kind: "cancel", timer });
  }

  apply(index: number, term: number, command: number, length: number): number {
    if (index <= this.applied) throw new Error(`apply of ${index} after ${this.applied}`);
    this.applied = index;
    this.effects.push({ kind: "apply", index, term, command: this.instance.bytes.slice(command, command + length) });
    return 0;
  }

  event(event: number, first: number, second: number): void {
    this.effects.push({ kind: "event", event, first, second });
  }
}
