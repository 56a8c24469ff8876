/**
 * What a node takes over when it starts: the newest sound snapshot and the log behind it. A snapshot that is damaged is
 * passed over if the one before it and the log, or the log alone, say the same; a log that does not reach back far enough
 * is refused: a node never starts with less than it once acknowledged.
 */

import { Entry } from "../core/abi.js";
import { entrySizeAt } from "../core/entry.js";
import type { CoreNode } from "../core/node.js";
import { splitImage } from "../storage/snapshot/image.js";
import type { SnapshotStore } from "../storage/snapshot/store.js";
import { type EntryRun, type Recovered, type Storage, StorageError } from "../storage/storage.js";
import { DAMAGE_WAY_OUT } from "../storage/wal/errors.js";
import type { NodeNotice } from "./options.js";
import type { KeptSnapshot } from "./snapshots.js";

export interface FoundSnapshot {
  /** The newest that is sound; undefined if the log begins at index 1. */
  readonly newest: (KeptSnapshot & { readonly machine: Uint8Array }) | undefined;
  /** Indexes of all that are in the store, damaged ones too. */
  readonly stored: readonly number[];
}

/** Finds the snapshot from which the log goes on. @throws {StorageError} if none does */
export async function findSnapshot(
  store: SnapshotStore | undefined,
  recovered: Recovered,
  notice: (notice: NodeNotice) => void,
): Promise<FoundSnapshot> {
  const stored = (await store?.open()) ?? [];
  return { newest: await chooseSnapshot(store, stored, recovered, notice, DAMAGE_WAY_OUT), stored };
}

/**
 * The newest sound one of those stored, newest first; undefined if the log begins at index 1.
 * @param wayOut what helps if there is none and the log begins later
 * @throws {StorageError} if there is none and the log begins later
 */
export async function chooseSnapshot(
  store: SnapshotStore | undefined,
  stored: readonly number[],
  recovered: Recovered,
  notice: (notice: NodeNotice) => void,
  wayOut: string,
): Promise<FoundSnapshot["newest"]> {
  const damages: string[] = [];
  let unread: StorageError | undefined;
  for (const index of stored) {
    if (store === undefined || index < recovered.compacted) continue;
    try {
      const newest = await load(store, index);
      tell(damages, `the one of index ${index} and the log behind it serve instead`, notice);
      return newest;
    } catch (error) {
      if (!(error instanceof StorageError)) throw error;
      damages.push(error.message);
      if (error.cause !== undefined) unread ??= error;
    }
  }
  if (recovered.compacted > 0) {
    const behind = `the log begins behind index ${recovered.compacted}`;
    // What could not be read may be sound: the way out is that of the system's error.
    if (unread !== undefined) {
      const { cause, file, message } = unread;
      throw new StorageError(`${behind}, and the snapshot there cannot be read: ${message}`, file, undefined, {
        cause,
      });
    }
    const found = damages.length > 0 ? damages.join("; ") : "there is none";
    const where = store === undefined ? "" : ` in ${store.place}`;
    const wanted = `${behind}, and no snapshot${where} reaches that far: ${found}`;
    throw new StorageError(`${wanted}. ${wayOut}.`);
  }
  tell(damages, "the log reaches back to the beginning and serves instead", notice);
  return undefined;
}

async function load(store: SnapshotStore, index: number): Promise<KeptSnapshot & { readonly machine: Uint8Array }> {
  const { bytes, image, term } = await store.load(index);
  const parts = splitImage(image);
  if (parts === undefined) throw new StorageError(`the snapshot of index ${index} does not begin with a configuration`);
  return { index, term, bytes, configuration: parts.configuration.slice(), machine: parts.machine };
}

function tell(damages: readonly string[], instead: string, notice: (notice: NodeNotice) => void): void {
  if (damages.length === 0) return;
  notice({ kind: "snapshot-damaged", message: `${damages.join("; ")}: ${instead}` });
}

/**
 * Gives the core what was found. `bootstrap` is the configuration to begin with where there is no snapshot, in wire form.
 * @returns the bytes of entries behind the snapshot
 */
export function restoreCore(
  core: CoreNode,
  storage: Storage,
  recovered: Recovered,
  snapshot: KeptSnapshot | undefined,
  bootstrap: Uint8Array,
  notice: (notice: NodeNotice) => void,
): number {
  const { term: savedTerm, vote: savedVote } = recovered.hardState;
  const term = Math.max(savedTerm, snapshot?.term ?? 0);
  // A snapshot from a leader of a later term may have reached the disk before the term did. No vote was given in that
  // term: it would not have left before it was durable.
  const vote = term === savedTerm ? savedVote : 0;
  core.restoreHardState(term, vote);
  if (snapshot === undefined) {
    core.restoreSnapshot(0, 0, bootstrap);
    return restoreEntries(core, recovered, 0);
  }
  const { configuration, index } = snapshot;
  if (continuesFrom(recovered, snapshot)) {
    core.restoreSnapshot(index, snapshot.term, configuration, recovered.compacted);
    const bytes = restoreEntries(core, recovered, index);
    if (term !== savedTerm) storage.writeHardState({ term, vote });
    return bytes;
  }
  core.restoreSnapshot(index, snapshot.term, configuration);
  if (recovered.lastIndex > 0) {
    const message = `the log ended at index ${recovered.lastIndex} without what the snapshot of index ${index} covers`;
    notice({ kind: "log-superseded", message: `${message}, and begins behind that now` });
  }
  if (term !== savedTerm) storage.writeHardState({ term, vote });
  if (recovered.lastIndex >= index) storage.truncate(index);
  storage.compact(index);
  return 0;
}

/** Whether the log holds the entry that the snapshot ends with, or begins right behind it. Otherwise the snapshot came from a
 * leader, and nothing in the log counts. */
export function continuesFrom(recovered: Recovered, { index, term }: KeptSnapshot): boolean {
  if (recovered.compacted === index) return true;
  if (recovered.lastIndex < index) return false;
  for (const run of recovered.entries) {
    const view = viewOf(run);
    let at = run.first;
    for (let offset = 0; offset < run.bytes.length; offset += entrySizeAt(view, offset)) {
      if (at++ === index) return Number(view.getBigUint64(offset + Entry.term, true)) === term;
    }
  }
  return false;
}

/** Gives the core the entries behind `index`, in pieces of at most a message. @returns their bytes */
function restoreEntries(core: CoreNode, recovered: Recovered, index: number): number {
  const { maxMessage } = core.plan;
  let bytes = 0;
  for (const run of recovered.entries) {
    const view = viewOf(run);
    let end = 0;
    for (let at = run.first; at <= index && end < run.bytes.length; at++) end += entrySizeAt(view, end);
    bytes += run.bytes.length - end;
    for (let start = end; end < run.bytes.length; start = end) {
      while (end < run.bytes.length && end + entrySizeAt(view, end) - start <= maxMessage)
        end += entrySizeAt(view, end);
      if (end === start) {
        const size = entrySizeAt(view, end);
        throw new RangeError(`an entry of ${size} bytes in the log does not fit maxMessage (${maxMessage}): raise it`);
      }
      core.restoreEntries(run.bytes.subarray(start, end));
    }
  }
  return bytes;
}

function viewOf({ bytes }: EntryRun): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
