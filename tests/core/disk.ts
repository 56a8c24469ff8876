/**
 * What a node's storage holds, in memory, and the effects of a node that has one. The effects check the contract: that
 * appends continue the log, that truncations lie in it, that nothing compacted is asked for, that applies and reads
 * ascend.
 */

import { Entry, EntryKind, StorageAnswer } from "../../host/core/abi.js";
import { configurationLength } from "../../host/core/configuration.js";
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

/** A snapshot: the configuration as of its index in wire form, then what stands for the state machine's bytes. */
export interface Snapshot {
  readonly index: number;
  readonly term: number;
  readonly image: Uint8Array;
}

/** A snapshot of this node's own. How much the state machine has to say follows from the index: nothing to many chunks. */
export function snapshotOf(index: number, term: number, configuration: Uint8Array): Snapshot {
  const content = new Uint8Array((index * 97) % 900).fill(index);
  return { index, term, image: Buffer.concat([configuration, content]) };
}

/** The configuration that an image begins with; nothing if it does not hold one whole. */
export function configurationOf(image: Uint8Array): Uint8Array {
  try {
    return image.slice(0, configurationLength(new DataView(image.buffer, image.byteOffset, image.length), 0));
  } catch {
    return new Uint8Array(0);
  }
}

/** An image that is being received; complete once its last chunk came. */
interface Incoming {
  readonly index: number;
  readonly term: number;
  readonly image: Uint8Array;
  readonly complete: boolean;
}

/** Hard state, snapshot and log. */
export class Disk {
  /** The newest snapshot, if there is one. */
  snapshot: Snapshot | undefined;
  /** Not durable before it is complete: a restart forgets it. */
  incoming: Incoming | undefined;
  /** Entries up to here are gone. */
  compacted = 0;

  constructor(
    public term = 0,
    public vote = 0,
    /** The entry at index i lies at i - 1 - compacted. */
    public entries: Uint8Array[] = [],
  ) {}

  get last(): number {
    return this.compacted + this.entries.length;
  }

  entryAt(index: number): Uint8Array | undefined {
    return this.entries[index - 1 - this.compacted];
  }

  /** The term at an index, 0 if it is not known. */
  termAt(index: number): number {
    if (index === this.snapshot?.index) return this.snapshot.term;
    const found = this.entryAt(index);
    return found === undefined ? 0 : termOf(found);
  }

  compact(index: number): void {
    this.entries.splice(0, index - this.compacted);
    this.compacted = Math.max(index, this.compacted);
  }

  /** What a host does when it starts: a log that does not hold what the snapshot covers is of no use. */
  recover(): void {
    this.incoming = undefined;
    const { snapshot } = this;
    if (snapshot === undefined || snapshot.index <= this.compacted) return;
    const entry = this.entryAt(snapshot.index);
    if (entry !== undefined && termOf(entry) === snapshot.term) return;
    this.entries = [];
    this.compacted = snapshot.index;
  }

  clone(): Disk {
    const copy = new Disk(this.term, this.vote, this.entries.slice());
    copy.snapshot = this.snapshot;
    copy.incoming = this.incoming;
    copy.compacted = this.compacted;
    return copy;
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
  /** Index of the last command applied, or that a snapshot covers. */
  applied = 0;
  /** What is applied and in the log: a snapshot that was installed may yet replace entries that it covers. */
  #kept = 0;
  /** Ticket of the newest read that was answered or refused. */
  #told = 0;
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

  /** Goes on behind what a disk holds and its state machine has applied. */
  reset(disk: Disk, applied: number): void {
    this.disk = disk;
    this.applied = applied;
    this.#kept = applied;
    this.#told = 0;
    this.effects = [];
  }

  /** Takes a snapshot that is durable now, as a host does. One of more than is applied came from a leader: the state machine
   * is restored from it. */
  takeOver(snapshot: Snapshot): void {
    this.disk.snapshot = snapshot;
    this.applied = Math.max(this.applied, snapshot.index);
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
    const { last, compacted } = this.disk;
    if (from <= compacted || from > last) throw new Error(`truncate from ${from}, and the log ends at ${last}`);
    if (from <= this.#kept) throw new Error(`truncate from ${from}, and ${this.#kept} is applied`);
    this.effects.push({ kind: "truncate", from });
    this.disk.entries.length = from - 1 - compacted;
    return this.answer;
  }

  compact(index: number): number {
    const covered = this.disk.snapshot?.index ?? 0;
    if (index > covered) throw new Error(`compact up to ${index}, and the snapshot covers ${covered}`);
    if (index <= this.disk.compacted) throw new Error(`compact up to ${index} once more`);
    this.effects.push({ kind: "compact", index });
    this.disk.compact(index);
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

  readSnapshot(index: number, offset: number, into: number, capacity: number, witness: boolean): number {
    this.effects.push({ kind: "readSnapshot", index, offset });
    const { snapshot } = this.disk;
    if (snapshot?.index !== index) throw new Error(`snapshot ${index} is asked for, and there is ${snapshot?.index}`);
    const image = witness ? configurationOf(snapshot.image) : snapshot.image;
    const bytes = image.subarray(offset, offset + capacity);
    this.instance.bytes.set(bytes, into);
    return bytes.length;
  }

  writeSnapshot(index: number, term: number, offset: number, bytes: number, length: number, last: boolean): number {
    this.effects.push({ kind: "writeSnapshot", index, term, offset, length, last });
    const { incoming } = this.disk;
    const taken = incoming?.index === index && !incoming.complete ? incoming.image : new Uint8Array(0);
    if (offset !== 0 && offset !== taken.length) {
      throw new Error(`a chunk of snapshot ${index} at ${offset}, and ${taken.length} bytes of it are here`);
    }
    const chunk = this.instance.bytes.subarray(bytes, bytes + length);
    this.disk.incoming = { index, term, image: Buffer.concat([taken.subarray(0, offset), chunk]), complete: last };
    return 0;
  }

  reads(ticket: number, index: number, answered: boolean): void {
    if (ticket <= this.#told) throw new Error(`reads up to ${ticket}, and ${this.#told} were told`);
    for (let i = this.applied + 1; answered && i <= index; i++) {
      const entry = this.disk.entryAt(i);
      if (entry === undefined || isNormal(entry)) throw new Error(`reads at ${index}, and ${i} is not applied`);
    }
    this.#told = ticket;
    this.effects.push({ kind: "reads", ticket, index, answered });
  }

  read(index: number, count: number, into: number, capacity: number): number {
    if (index <= this.disk.compacted) throw new Error(`read of ${index}, and ${this.disk.compacted} is compacted`);
    this.effects.push({ kind: "read", index, count });
    let bytes = 0;
    for (let i = 0; i < count; i++) {
      const entry = this.disk.entryAt(index + i);
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
    this.#kept = index;
    this.effects.push({ kind: "apply", index, term, command: this.instance.bytes.slice(command, command + length) });
    return 0;
  }

  event(event: number, first: number, second: number): void {
    this.effects.push({ kind: "event", event, first, second });
  }
}
