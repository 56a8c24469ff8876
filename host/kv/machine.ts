/**
 * The reference state machine: a map from keys to values. Every key remembers the index of the entry that last set it,
 * which serves as its version.
 */

import { createHash } from "node:crypto";
import type { EntryPosition, StateMachine } from "../machine/machine.js";
import { decodeCommand, type KvCommand, KvCommandError, type KvCompare, type KvOperation } from "./command.js";

export interface KvEntry {
  readonly value: Uint8Array;
  /** Index of the log entry that last set the key. */
  readonly modIndex: number;
}

/** What a command came to; `index` is where it stands in the log. */
export type KvResult =
  | { readonly kind: "put" | "delete"; readonly index: number }
  | { readonly kind: "get"; readonly index: number; readonly entry: KvEntry | undefined }
  | { readonly kind: "txn"; readonly index: number; readonly succeeded: boolean }
  /** The bytes are no command: nothing changed. */
  | { readonly kind: "rejected"; readonly index: number; readonly reason: string };

/** Bytes before each key in a digest: lengths of key and value, and modIndex. */
const DIGEST_HEADER_BYTES = 16;

export class KvMachine implements StateMachine<KvResult> {
  readonly #entries = new Map<string, KvEntry>();

  /** Number of keys. */
  get size(): number {
    return this.#entries.size;
  }

  /** What this node has for a key: as new as the entries it has applied. */
  get(key: string): KvEntry | undefined {
    return this.#entries.get(key);
  }

  /** All keys and what they have, in no particular order. */
  entries(): IterableIterator<[string, KvEntry]> {
    return this.#entries.entries();
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
      default:
        this.#do(command, index);
        return { kind: command.kind, index };
    }
  }

  /** Hex sha256 over all keys in order: equal on two nodes that have applied the same entries. */
  digest(): string {
    const hash = createHash("sha256");
    const header = Buffer.alloc(DIGEST_HEADER_BYTES);
    for (const key of [...this.#entries.keys()].sort()) {
      const { value, modIndex } = this.#entries.get(key) as KvEntry;
      header.writeUInt32LE(Buffer.byteLength(key), 0);
      header.writeUInt32LE(value.length, 4);
      header.writeBigUInt64LE(BigInt(modIndex), 8);
      hash.update(header).update(key).update(value);
    }
    return hash.digest("hex");
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
    if (operation.kind === "put") this.#entries.set(operation.key, { value: operation.value, modIndex: index });
    else this.#entries.delete(operation.key);
  }
}
