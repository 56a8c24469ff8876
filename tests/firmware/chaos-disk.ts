/** A node's disk in a chaos (chaos.ts): it keeps whatever it is told, whether that makes sense or not. */

import { Entry } from "../../host/core/abi.js";
import { entrySizeAt } from "../../host/core/entry.js";

/** Bytes of a snapshot's image. */
const IMAGE_BYTES = 900;

interface Snapshot {
  readonly index: number;
  readonly term: number;
  readonly configuration: Uint8Array | null;
}

const NO_SNAPSHOT: Snapshot = { index: 0, term: 0, configuration: null };

export class ChaosDisk {
  term = 0;
  vote = 0;
  snapshot = NO_SNAPSHOT;
  readonly image = Uint8Array.from({ length: IMAGE_BYTES }, (_, i) => (i * 7) & 0xff);
  /** Index before the first entry. */
  compacted = 0;
  #entries: Uint8Array[] = [];

  get last(): number {
    return this.compacted + this.#entries.length;
  }
  get lastTerm(): number {
    const entry = this.#entries.at(-1);
    return entry === undefined ? this.snapshot.term : Number(viewOf(entry).getBigUint64(Entry.term, true));
  }

  append(first: number, count: number, bytes: Uint8Array): void {
    if (first !== this.last + 1) {
      this.compacted = first - 1;
      this.#entries = [];
    }
    for (let i = 0, at = 0; i < count; i++) {
      const size = entrySizeAt(viewOf(bytes), at);
      this.#entries.push(bytes.slice(at, at + size));
      at += size;
    }
  }
  truncate(from: number): void {
    this.#entries.length = Math.max(0, Math.min(this.#entries.length, from - 1 - this.compacted));
  }
  compact(index: number): void {
    this.#entries.splice(0, index - this.compacted);
    this.compacted = index;
  }
  read(index: number, count: number, into: Uint8Array): number {
    let length = 0;
    for (const entry of this.#entries.slice(Math.max(0, index - 1 - this.compacted)).slice(0, count)) {
      if (length + entry.length > into.length) break;
      into.set(entry, length);
      length += entry.length;
    }
    return length;
  }
  /** The entries behind the snapshot, one at a time. */
  entries = (): Uint8Array[] => this.#entries.slice(Math.max(0, this.snapshot.index - this.compacted));

  keepSnapshot(index: number, term: number, configuration: Uint8Array): void {
    this.snapshot = { index, term, configuration };
  }
  clear(): void {
    this.term = 0;
    this.vote = 0;
    this.snapshot = NO_SNAPSHOT;
    this.compacted = 0;
    this.#entries = [];
  }
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
