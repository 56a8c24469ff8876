/** The term of an entry in the log, for the few occasions on which the host has to know it. */

import { Entry } from "../core/abi.js";
import type { Storage } from "../storage/storage.js";

export class TermReader {
  readonly #storage: Storage;
  /** The longest entry, in bytes. */
  readonly #entryBytes: number;

  constructor(storage: Storage, entryBytes: number) {
    this.#storage = storage;
    this.#entryBytes = entryBytes;
  }

  /** The term of the entry at `index`, which was written; undefined if it is not at hand, or compacted away. */
  termAt(index: number): number | undefined {
    // Used too rarely to be worth keeping.
    const entry = new Uint8Array(this.#entryBytes);
    if (this.#storage.read(index, 1, entry) <= 0) return undefined;
    return Number(new DataView(entry.buffer).getBigUint64(Entry.term, true));
  }
}
