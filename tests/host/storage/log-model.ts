/**
 * What a storage shall hold after a sequence of writes, said in the plainest way; and the entries that tests write.
 */

import { Entry } from "../../../host/core/abi.js";
import { entrySizeAt, entrySizeOf } from "../../../host/core/entry.js";
import type { Recovered, Storage, StorageEvents } from "../../../host/storage/storage.js";

/** An encoded entry. Its payload is made from `seed`, so that different entries differ. */
export function entry(term: number, length: number, seed: number): Uint8Array {
  const bytes = new Uint8Array(entrySizeOf(length));
  const view = new DataView(bytes.buffer);
  view.setUint32(0, term, true);
  view.setUint32(Entry.length, length, true);
  for (let i = 0; i < length; i++) bytes[16 + i] = seed * 31 + i * 7;
  return bytes;
}

export function concat(parts: readonly Uint8Array[]): Uint8Array {
  return Buffer.concat(parts);
}

/** The entries in a run, one by one. */
export function split(run: Uint8Array): Uint8Array[] {
  const view = new DataView(run.buffer, run.byteOffset, run.length);
  const parts: Uint8Array[] = [];
  for (let at = 0; at < run.length; ) {
    const size = entrySizeAt(view, at);
    parts.push(run.slice(at, at + size));
    at += size;
  }
  return parts;
}

/** One write to a storage. */
export type Write =
  | { readonly kind: "hardState"; readonly term: number; readonly vote: number }
  | { readonly kind: "append"; readonly entries: readonly Uint8Array[] }
  | { readonly kind: "truncate"; readonly from: number }
  | { readonly kind: "compact"; readonly index: number };

/** The state of a log. Never changed: a write makes a new one. */
export interface LogModel {
  readonly term: number;
  readonly vote: number;
  readonly compacted: number;
  /** The entries from `compacted + 1` on. */
  readonly entries: readonly Uint8Array[];
}

export const EMPTY: LogModel = { term: 0, vote: 0, compacted: 0, entries: [] };

export function lastOf(model: LogModel): number {
  return model.compacted + model.entries.length;
}

/** The log after one more write. */
export function after(model: LogModel, write: Write): LogModel {
  switch (write.kind) {
    case "hardState":
      return { ...model, term: write.term, vote: write.vote };
    case "append":
      return { ...model, entries: [...model.entries, ...write.entries] };
    case "truncate":
      return { ...model, entries: model.entries.slice(0, Math.max(0, write.from - 1 - model.compacted)) };
    case "compact": {
      if (write.index <= model.compacted) return model;
      return { ...model, compacted: write.index, entries: model.entries.slice(write.index - model.compacted) };
    }
  }
}

/** Does the write to the storage, whose log is as in `model`. */
export function perform(storage: Storage, model: LogModel, write: Write): void {
  if (write.kind === "hardState") storage.writeHardState({ term: write.term, vote: write.vote });
  else if (write.kind === "append") storage.append(lastOf(model) + 1, concat(write.entries));
  else if (write.kind === "truncate") storage.truncate(write.from);
  else storage.compact(write.index);
}

/** What was recovered, as text that can be compared: entries with their indexes, which must have no gap. */
export function describeRecovered(recovered: Recovered): string {
  const lines = [`term ${recovered.hardState.term} vote ${recovered.hardState.vote} last ${recovered.lastIndex}`];
  let next: number | undefined;
  for (const run of recovered.entries) {
    if (next !== undefined && run.first !== next) throw new Error(`a run begins at ${run.first}, not at ${next}`);
    next = run.first;
    for (const bytes of split(run.bytes)) lines.push(`${next++} ${Buffer.from(bytes).toString("hex")}`);
  }
  return lines.join("\n");
}

/** The same text for a model. */
export function describeModel(model: LogModel): string {
  const last = model.entries.length > 0 ? lastOf(model) : 0;
  const lines = [`term ${model.term} vote ${model.vote} last ${last}`];
  model.entries.forEach((bytes, i) => {
    lines.push(`${model.compacted + 1 + i} ${Buffer.from(bytes).toString("hex")}`);
  });
  return lines.join("\n");
}

/** Takes down what a storage reports. */
export class Reports implements StorageEvents {
  readonly sequences: number[] = [];
  readonly failures: Error[] = [];
  private waiting: { sequence: number; resolve: () => void }[] = [];

  durable(sequence: number): void {
    this.sequences.push(sequence);
    for (const { resolve } of this.waiting.filter((wait) => wait.sequence <= sequence)) resolve();
  }

  failed(error: Error): void {
    this.failures.push(error);
    for (const { resolve } of this.waiting) resolve();
  }

  /** Resolves when the storage has made all it has written durable, or has failed. */
  async settled(storage: Storage): Promise<void> {
    const sequence = storage.written;
    if (storage.durable >= sequence || this.failures.length > 0) return;
    await new Promise<void>((resolve) => this.waiting.push({ sequence, resolve }));
  }
}
