/**
 * Storage in memory: what is written is durable when the call returns, for as long as the object lives. For tests,
 * simulations and benchmarks, where a node is restarted on the same object.
 *
 * Entries lie one after the other in one growable buffer, with the offset of each in a second one; a write allocates
 * nothing unless a buffer must grow. Compaction drops a prefix, and the room is taken back when a buffer is next full:
 * under endless load memory stays below four times the most that was held at once, entries and 4 bytes of index each.
 */

import { EntryFrame } from "../core/abi.js";
import { entrySizeAt } from "../core/entry.js";
import type { EntryRun, HardState, Recovered, Storage, StorageEvents } from "./storage.js";
import { READ_COMPACTED } from "./storage.js";
import { LogState } from "./wal/log-state.js";

/** Size of the byte log at first: a page. */
const INITIAL_BYTES = 4096;
/** Recovery hands out runs of about this size, so that their reader can copy them into a buffer of fixed size. */
const RUN_BYTES = 64 * 1024;

export class MemoryStorage implements Storage {
  private readonly state = new LogState();
  private opened = false;
  private sequence = 0;

  /** Live entries lie in bytes[start, end). */
  private bytes = new Uint8Array(INITIAL_BYTES);
  private view = new DataView(this.bytes.buffer);
  private start = 0;
  private end = 0;
  /** offsets[firstSlot + i] is the place of entry `state.compacted + 1 + i` in `bytes`, in units of the alignment. */
  private offsets = new Uint32Array(INITIAL_BYTES / EntryFrame.HEADER);
  private firstSlot = 0;
  private endSlot = 0;

  get written(): number {
    return this.sequence;
  }

  get durable(): number {
    return this.sequence;
  }

  /** Bytes of memory held for entries and their index. */
  get memoryBytes(): number {
    return this.bytes.byteLength + this.offsets.byteLength;
  }

  /** Nothing is ever reported through `events`: writes are durable when they return. */
  open(_events: StorageEvents): Promise<Recovered> {
    this.opened = true;
    this.sequence = 0;
    return Promise.resolve({
      hardState: this.state.hardState,
      compacted: this.state.compacted,
      entries: { [Symbol.iterator]: () => this.runs() },
      lastIndex: this.state.lastIndex,
    });
  }

  writeHardState(state: HardState): void {
    this.checkOpen();
    this.state.setHardState(state.term, state.vote);
    this.sequence++;
  }

  truncate(from: number): void {
    this.checkOpen();
    this.state.truncate(from);
    const slot = this.firstSlot + this.state.last - this.state.compacted;
    if (slot < this.endSlot) this.end = this.offsetAt(slot);
    this.endSlot = slot;
    this.sequence++;
  }

  append(first: number, entries: Uint8Array): void {
    this.checkOpen();
    const objection = this.state.objectionToAppend(first);
    if (objection !== undefined) throw new Error(`append of ${objection}`);
    const length = entries.length;
    // Every entry has a header, so this many more slots are enough.
    const slots = length / EntryFrame.HEADER;
    if (this.end + length > this.bytes.length || this.endSlot + slots > this.offsets.length) {
      this.makeRoom(length, slots);
    }
    // `set` with the whole run: no subarray is made, and for runs of any size it beats a loop over words.
    this.bytes.set(entries, this.end);
    this.index(length);
    this.sequence++;
  }

  /** Enters the entries in the `length` bytes behind `end` into the index, and takes them into the log. */
  private index(length: number): void {
    const stop = this.end + length;
    let at = this.end;
    let slot = this.endSlot;
    while (at + EntryFrame.HEADER <= stop) {
      this.offsets[slot++] = at / EntryFrame.ALIGNMENT;
      at += entrySizeAt(this.view, at);
    }
    if (at !== stop || length === 0) throw new Error(`append of ${length} bytes that are not a run of whole entries`);
    this.state.last += slot - this.endSlot;
    this.end = at;
    this.endSlot = slot;
  }

  read(index: number, count: number, into: Uint8Array): number {
    this.checkOpen();
    if (index <= this.state.compacted) return READ_COMPACTED;
    if (index > this.state.last) throw new Error(`read of entry ${index}, after last index ${this.state.last}`);
    const slot = this.firstSlot + index - this.state.compacted - 1;
    const from = this.offsetAt(slot);
    const to = this.offsetAt(this.endOfRun(slot, Math.min(this.endSlot, slot + count), into.length));
    if (to === from) throw new Error(`read of entry ${index}: it does not fit into ${into.length} bytes`);
    into.set(this.bytes.subarray(from, to));
    return to - from;
  }

  compact(index: number): void {
    this.checkOpen();
    const dropped = index - this.state.compacted;
    if (dropped <= 0) return;
    this.state.compact(index);
    this.firstSlot = Math.min(this.endSlot, this.firstSlot + dropped);
    this.start = this.offsetAt(this.firstSlot);
    this.sequence++;
  }

  sync(): void {
    this.checkOpen();
  }

  close(): Promise<void> {
    this.opened = false;
    return Promise.resolve();
  }

  private checkOpen(): void {
    if (!this.opened) throw new Error("the storage is not open");
  }

  /** Where the entry in `slot` starts; for the slot behind the last, where the log ends. */
  private offsetAt(slot: number): number {
    return slot < this.endSlot ? (this.offsets[slot] ?? 0) * EntryFrame.ALIGNMENT : this.end;
  }

  /** The slot behind the longest run of entries from `slot` on that lies before `stop` and within `limit` bytes. */
  private endOfRun(slot: number, stop: number, limit: number): number {
    const from = this.offsetAt(slot);
    let end = slot;
    while (end < stop && this.offsetAt(end + 1) - from <= limit) end++;
    return end;
  }

  /** Moves what is held to the front of the buffers, doubling one that would be more than half full afterwards: each
   * move is paid for by at least as many bytes appended or dropped since the one before. */
  private makeRoom(length: number, slots: number): void {
    const live = this.end - this.start;
    const bytes = grown(this.bytes.length, live + length);
    const target = bytes > this.bytes.length ? new Uint8Array(bytes) : this.bytes;
    target.set(this.bytes.subarray(this.start, this.end));
    this.bytes = target;
    this.view = new DataView(target.buffer);

    const liveSlots = this.endSlot - this.firstSlot;
    const size = grown(this.offsets.length, liveSlots + slots);
    const targetOffsets = size > this.offsets.length ? new Uint32Array(size) : this.offsets;
    const shift = this.start / EntryFrame.ALIGNMENT;
    for (let i = 0; i < liveSlots; i++) targetOffsets[i] = (this.offsets[this.firstSlot + i] ?? 0) - shift;
    this.offsets = targetOffsets;

    this.start = 0;
    this.end = live;
    this.firstSlot = 0;
    this.endSlot = liveSlots;
  }

  private *runs(): Generator<EntryRun> {
    let index = this.state.compacted + 1;
    while (index <= this.state.last) {
      const slot = this.firstSlot + index - this.state.compacted - 1;
      // An entry larger than a run should be is a run of its own.
      const end = Math.max(this.endOfRun(slot, this.endSlot, RUN_BYTES), slot + 1);
      yield { first: index, bytes: this.bytes.subarray(this.offsetAt(slot), this.offsetAt(end)) };
      index += end - slot;
    }
  }
}

/** The capacity, doubled until `needed` takes at most half of it. */
function grown(capacity: number, needed: number): number {
  let size = capacity;
  while (size < 2 * needed) size *= 2;
  return size;
}
