/**
 * The key-value store: a map from keys to values. Every key remembers the index of the entry that last set it,
 * which serves as its version.
 *
 * The bytes of the store are those of its keys and values, and 14 for each key: what its snapshot takes without the head. A
 * command with a limit is refused if they could become more on the way: what its puts add to the records as they were before
 * it counts, what its deletions free does not.
 *
 * A snapshot is a version byte, a u32 number of keys, and then each key, its value and its u64 modIndex, in the order of
 * the keys' bytes: the same content always has the same snapshot. Numbers, keys and values are as in a command.
 */

import type { EntryPosition } from "../machine/machine.js";
import type { InnerMachine } from "../session/machine.js";
import { inPieces } from "../session/pieces.js";
import { ByteReader, ByteWriter } from "./bytes.js";
import { decodeLimited, type KvCommand, KvCommandError, type KvCompare, type KvOperation } from "./command.js";

/** What the machine has for a key. It is replaced as a whole, never changed: whoever has it may keep it. */
export interface KvEntry {
  readonly value: Uint8Array;
  /** Index of the log entry that last set the key. */
  readonly modIndex: number;
}

/** What a command came to; `index` is where it stands in the log. */
export type KvStoreResult =
  | { readonly kind: "put"; readonly index: number }
  | { readonly kind: "delete"; readonly index: number; readonly existed: boolean }
  | { readonly kind: "get"; readonly index: number; readonly entry: KvEntry | undefined }
  | { readonly kind: "txn"; readonly index: number; readonly succeeded: boolean }
  /** The store would have become larger than the command's limit: nothing changed. */
  | { readonly kind: "full"; readonly index: number }
  /** The bytes are no command: nothing changed. */
  | { readonly kind: "rejected"; readonly index: number; readonly reason: string };

const SNAPSHOT_VERSION = 1;
/** Bytes of a key's record besides the key's and the value's: two lengths and the modIndex. */
const RECORD_BYTES = 14;

/** Bytes that are no snapshot, or not a whole one. */
export class KvSnapshotError extends Error {
  override readonly name = "KvSnapshotError";
}

export class KvStore implements InnerMachine<KvStoreResult> {
  #entries = new Map<string, KvEntry>();
  #bytes = 0;

  /** Number of keys. */
  get size(): number {
    return this.#entries.size;
  }

  /** Bytes of keys and values, and 14 for each key. */
  get bytes(): number {
    return this.#bytes;
  }

  /** What this node has for a key: as new as the entries it has applied. */
  get(key: string): KvEntry | undefined {
    return this.#entries.get(key);
  }

  /** All keys and what they have, in the order of the keys' bytes. */
  entries(): IterableIterator<[string, KvEntry]> {
    return sorted([...this.#entries]).values();
  }

  apply(bytes: Uint8Array, { index }: EntryPosition): KvStoreResult {
    let command: KvCommand;
    let limit: number;
    try {
      ({ command, limit } = decodeLimited(bytes));
    } catch (error) {
      if (!(error instanceof KvCommandError)) throw error;
      return { kind: "rejected", index, reason: error.message };
    }
    switch (command.kind) {
      case "get":
        return { kind: "get", index, entry: this.#entries.get(command.key) };
      case "txn": {
        const succeeded = command.compare.every((compare) => this.#holds(compare));
        if (succeeded && !this.#fits(command.then, limit)) return { kind: "full", index };
        if (succeeded) for (const operation of command.then) this.#do(operation, index);
        return { kind: "txn", index, succeeded };
      }
      case "put":
        if (!this.#fits([command], limit)) return { kind: "full", index };
        this.#do(command, index);
        return { kind: "put", index };
      case "delete": {
        const existed = this.#entries.has(command.key);
        this.#do(command, index);
        return { kind: "delete", index, existed };
      }
    }
  }

  /**
   * Takes what a snapshot says in place of its own entries, which stay if the bytes are damaged.
   * @throws {KvSnapshotError} that says what is wrong with the bytes
   */
  restore(snapshot: Uint8Array): void {
    const entries = new Map<string, KvEntry>();
    const reader = new ByteReader(snapshot);
    const version = reader.u8();
    if (version !== SNAPSHOT_VERSION)
      reader.fail(`it has format ${version}, and this program reads ${SNAPSHOT_VERSION}`);
    const count = reader.u32();
    for (let number = 0, last = ""; number < count && reader.fault === undefined; number += 1) {
      const key = reader.key();
      if (number > 0 && compareKeys(last, key) >= 0) reader.fail(`key number ${number} is not above the one before it`);
      entries.set(key, { value: reader.value(), modIndex: reader.u64() });
      last = key;
    }
    reader.end();
    if (reader.fault !== undefined) {
      throw new KvSnapshotError(`this is no snapshot of the store: ${reader.fault}; take it again from another node`);
    }
    this.#entries = entries;
    this.#bytes = 0;
    for (const [key, entry] of entries) this.#bytes += recordBytes(key, entry);
  }

  /** All entries as they are now, in pieces. */
  snapshot(): Iterable<Uint8Array> {
    // Entries are replaced, never changed: whatever is applied later, the copy stays as it is.
    return pieces([...this.#entries]);
  }

  #holds(compare: KvCompare): boolean {
    const entry = this.#entries.get(compare.key);
    switch (compare.kind) {
      case "absent":
        return entry === undefined;
      case "modIndex":
        return entry?.modIndex === compare.modIndex;
      default:
        return entry !== undefined && Buffer.compare(entry.value, compare.value) === 0;
    }
  }

  #fits(operations: readonly KvOperation[], limit: number): boolean {
    let more = 0;
    for (const operation of operations) {
      if (operation.kind !== "put") continue;
      more += Math.max(0, recordBytes(operation.key, operation) - this.#recordBytes(operation.key));
    }
    return more === 0 || this.#bytes + more <= limit;
  }

  #do(operation: KvOperation, index: number): void {
    const { key } = operation;
    this.#bytes -= this.#recordBytes(key);
    if (operation.kind === "put") this.#entries.set(key, { value: operation.value, modIndex: index });
    else this.#entries.delete(key);
    this.#bytes += this.#recordBytes(key);
  }

  /** What a key takes now. */
  #recordBytes(key: string): number {
    const entry = this.#entries.get(key);
    return entry === undefined ? 0 : recordBytes(key, entry);
  }
}

function recordBytes(key: string, { value }: Pick<KvEntry, "value">): number {
  return RECORD_BYTES + Buffer.byteLength(key) + value.length;
}

function* pieces(entries: [string, KvEntry][]): Generator<Uint8Array> {
  yield Uint8Array.of(SNAPSHOT_VERSION);
  yield* inPieces(() => new ByteWriter(), sorted(entries), writeEntry);
}

function writeEntry(writer: ByteWriter, [key, { value, modIndex }]: [string, KvEntry]): void {
  writer.key(key);
  writer.value(value);
  writer.u64(modIndex);
}

/** Sorts them where they are. */
function sorted(entries: [string, KvEntry][]): [string, KvEntry][] {
  return entries.sort(([left], [right]) => compareKeys(left, right));
}

/** Orders keys by their bytes, which is not the order of their UTF-16 units. */
function compareKeys(left: string, right: string): number {
  return Buffer.compare(Buffer.from(left), Buffer.from(right));
}
