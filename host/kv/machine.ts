/**
 * The reference state machine: a map from keys to values. Every key remembers the index of the entry that last set it,
 * which serves as its version.
 *
 * A snapshot is a version byte, a u32 number of keys, and then each key, its value and its u64 modIndex, in the order of
 * the keys' bytes: the same content always has the same snapshot. Numbers, keys and values are as in a command.
 */

import { createHash } from "node:crypto";
import type { EntryPosition, StateMachine } from "../machine/machine.js";
import { ByteReader, ByteWriter } from "./bytes.js";
import { decodeCommand, type KvCommand, KvCommandError, type KvCompare, type KvOperation } from "./command.js";

/** What the machine has for a key. It is replaced as a whole, never changed: whoever has it may keep it. */
export interface KvEntry {
  readonly value: Uint8Array;
  /** Index of the log entry that last set the key. */
  readonly modIndex: number;
}

/** What a command came to; `index` is where it stands in the log. */
export type KvResult =
  | { readonly kind: "put"; readonly index: number }
  | { readonly kind: "delete"; readonly index: number; readonly existed: boolean }
  | { readonly kind: "get"; readonly index: number; readonly entry: KvEntry | undefined }
  | { readonly kind: "txn"; readonly index: number; readonly succeeded: boolean }
  /** The bytes are no command: nothing changed. */
  | { readonly kind: "rejected"; readonly index: number; readonly reason: string };

const SNAPSHOT_VERSION = 1;

/** Bytes that are no snapshot, or not a whole one. */
export class KvSnapshotError extends Error {
  override readonly name = "KvSnapshotError";
}

export class KvMachine implements StateMachine<KvResult> {
  readonly #entries = new Map<string, KvEntry>();
  /** The digest of the content; undefined when that has changed since the last one. */
  #digest: string | undefined;

  /** A machine that has what a snapshot says. @throws {KvSnapshotError} that says what is wrong with the bytes */
  static restore(snapshot: Uint8Array): KvMachine {
    const machine = new KvMachine();
    const reader = new ByteReader(snapshot);
    const version = reader.u8();
    if (version !== SNAPSHOT_VERSION)
      reader.fail(`it has format ${version}, and this program reads ${SNAPSHOT_VERSION}`);
    const count = reader.u32();
    for (let number = 0, last = ""; number < count && reader.fault === undefined; number += 1) {
      const key = reader.key();
      if (number > 0 && compareKeys(last, key) >= 0) reader.fail(`key number ${number} is not above the one before it`);
      machine.#entries.set(key, { value: reader.value(), modIndex: reader.u64() });
      last = key;
    }
    reader.end();
    if (reader.fault === undefined) return machine;
    throw new KvSnapshotError(`this is no snapshot of the store: ${reader.fault}; take it again from another node`);
  }

  /** Number of keys. */
  get size(): number {
    return this.#entries.size;
  }

  /** What this node has for a key: as new as the entries it has applied. */
  get(key: string): KvEntry | undefined {
    return this.#entries.get(key);
  }

  /** All keys and what they have, in the order of the keys' bytes. */
  entries(): IterableIterator<[string, KvEntry]> {
    return [...this.#entries].sort(([left], [right]) => compareKeys(left, right)).values();
  }

  apply(bytes: Uint8Array, { index }: EntryPosition): KvResult {
    let command: KvCommand;
    try {
      command = decodeCommand(bytes);
    } catch (error) {
      if (!(error instanceof KvCommandError)) throw error;
      return { kind: "rejected", index, reason: error.message };
    }
    switch (command.kind) {
      case "get":
        return { kind: "get", index, entry: this.#entries.get(command.key) };
      case "txn": {
        const succeeded = command.compare.every((compare) => this.#holds(compare));
        if (succeeded) for (const operation of command.then) this.#do(operation, index);
        return { kind: "txn", index, succeeded };
      }
      case "put":
        this.#do(command, index);
        return { kind: "put", index };
      case "delete": {
        const existed = this.#entries.has(command.key);
        this.#do(command, index);
        return { kind: "delete", index, existed };
      }
    }
  }

  /** Hex sha256 of the snapshot: equal on two nodes that have applied the same entries. */
  digest(): string {
    if (this.#digest !== undefined) return this.#digest;
    const hash = createHash("sha256");
    for (const piece of this.#pieces()) hash.update(piece);
    this.#digest = hash.digest("hex");
    return this.#digest;
  }

  /** All the machine has, for {@link restore}. */
  snapshot(): Uint8Array {
    return Buffer.concat([...this.#pieces()]);
  }

  /** The snapshot, a key at a time. */
  *#pieces(): Generator<Uint8Array> {
    const head = new ByteWriter();
    head.u8(SNAPSHOT_VERSION);
    head.u32(this.#entries.size);
    yield head.finish();
    for (const [key, { value, modIndex }] of this.entries()) {
      const piece = new ByteWriter();
      piece.key(key);
      piece.value(value);
      piece.u64(modIndex);
      yield piece.finish();
    }
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

  #do(operation: KvOperation, index: number): void {
    this.#digest = undefined;
    if (operation.kind === "put") this.#entries.set(operation.key, { value: operation.value, modIndex: index });
    else this.#entries.delete(operation.key);
  }
}

/** Orders keys by their bytes, which is not the order of their UTF-16 units. */
function compareKeys(left: string, right: string): number {
  return Buffer.compare(Buffer.from(left), Buffer.from(right));
}
