/** Snapshots in memory: kept for as long as the object lives. For tests, and for nodes that keep their log in memory. */

import type { EntryPosition } from "../../machine/machine.js";
import { StorageError } from "../storage.js";
import type { LoadedSnapshot, SnapshotInfo, SnapshotStore, SnapshotWriter } from "./store.js";

/** Room for an image at first. It doubles as bytes come in. */
const INITIAL_BYTES = 4096;

export class MemorySnapshotStore implements SnapshotStore {
  readonly place = "memory";
  private readonly kept = new Map<number, LoadedSnapshot>();

  /** Bytes of all images that are kept. */
  get memoryBytes(): number {
    let sum = 0;
    for (const { image } of this.kept.values()) sum += image.buffer.byteLength;
    return sum;
  }

  open(): Promise<readonly number[]> {
    return Promise.resolve([...this.kept.keys()].sort((a, b) => b - a));
  }

  async load(index: number): Promise<LoadedSnapshot> {
    return this.find(index);
  }

  read(index: number, offset: number, into: Uint8Array): number {
    const { image } = this.find(index);
    const end = Math.min(image.length, offset + into.length);
    if (end <= offset) return 0;
    into.set(image.subarray(offset, end));
    return end - offset;
  }

  begin(position: EntryPosition): SnapshotWriter {
    return new MemoryWriter(position, (snapshot) => this.kept.set(snapshot.index, snapshot));
  }

  remove(index: number): Promise<void> {
    this.kept.delete(index);
    return Promise.resolve();
  }

  close(): Promise<void> {
    return Promise.resolve();
  }

  private find(index: number): LoadedSnapshot {
    const found = this.kept.get(index);
    if (found === undefined) throw new StorageError(`there is no snapshot of index ${index} in memory`);
    return found;
  }
}

class MemoryWriter implements SnapshotWriter {
  readonly waiting = 0;
  private bytes = new Uint8Array(INITIAL_BYTES);
  private end = 0;

  constructor(
    private readonly position: EntryPosition,
    private readonly keep: (snapshot: LoadedSnapshot) => void,
  ) {}

  write(bytes: Uint8Array): Promise<void> {
    const end = this.end + bytes.length;
    if (end > this.bytes.length) this.grow(end);
    this.bytes.set(bytes, this.end);
    this.end = end;
    return Promise.resolve();
  }

  commit(): Promise<SnapshotInfo> {
    const { index, term } = this.position;
    const info = { index, term, bytes: this.end };
    // Cut to its length: an image is kept for long.
    this.keep({ ...info, image: this.bytes.slice(0, this.end) });
    return Promise.resolve(info);
  }

  abort(): Promise<void> {
    this.bytes = new Uint8Array(0);
    return Promise.resolve();
  }

  private grow(needed: number): void {
    let size = Math.max(INITIAL_BYTES, this.bytes.length);
    while (size < needed) size *= 2;
    const larger = new Uint8Array(size);
    larger.set(this.bytes.subarray(0, this.end));
    this.bytes = larger;
  }
}
