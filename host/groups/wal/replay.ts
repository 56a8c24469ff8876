/**
 * Finds each group's log in the records of the shared one. The log underneath has been checked already: what does not fit
 * here was written by another program, or by a faulty one, and is refused.
 */

import { entrySizeAt } from "../../core/entry.js";
import { type EntryRun, StorageError } from "../../storage/storage.js";
import { DAMAGE_WAY_OUT } from "../../storage/wal/errors.js";
import { LogState } from "../../storage/wal/log-state.js";
import {
  countEntries,
  decodeCheckpoint,
  decodeHardState,
  decodeRecord,
  type GroupRecord,
  RecordKind,
} from "./format.js";
import { GroupLog } from "./group-log.js";

/** A checkpoint whose copied entries are not all there yet. If a crash cut them off, the group's records go on from the one
 * before it, and the next one takes its place here. */
interface Unfinished {
  readonly log: GroupLog;
  /** Index of the last entry that is to come. */
  readonly last: number;
}

export class Replay {
  /** The groups, the one whose records begin first at the front. */
  readonly groups = new Map<number, GroupLog>();
  /** Bytes of all records so far. */
  position = 0;
  readonly #folder: string;
  readonly #unfinished = new Map<number, Unfinished>();
  /** Groups whose records so far followed a checkpoint that is cut off; a later one must follow. */
  readonly #headless = new Set<number>();

  constructor(folder: string) {
    this.#folder = folder;
  }

  /** Takes the next entries of the log underneath. */
  apply({ bytes, first }: EntryRun): void {
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    let carrier = first;
    for (let at = 0; at < bytes.length; carrier++) {
      const record = decodeRecord(view, at);
      const objection = record === undefined ? "is no record of a group" : this.#take(record, carrier, bytes, view);
      if (objection !== undefined) {
        const what = `entry ${carrier} of the log in ${this.#folder} ${objection}`;
        throw new StorageError(`${what}: this is not the log of a host of groups. ${DAMAGE_WAY_OUT}.`, this.#folder);
      }
      const size = entrySizeAt(view, at);
      this.position += size;
      at += size;
    }
  }

  /** Holds the log as a whole against what it should be. */
  finish(): void {
    const [group] = this.#headless;
    if (group === undefined) return;
    const what = `the log in ${this.#folder} lacks the beginning of group ${group}`;
    throw new StorageError(`${what}. ${DAMAGE_WAY_OUT}.`, this.#folder);
  }

  /** @returns what is wrong with the record, or undefined when nothing is. */
  #take(record: GroupRecord, carrier: number, bytes: Uint8Array, view: DataView): string | undefined {
    const { group, kind } = record;
    if (kind === RecordKind.checkpoint) return this.#begin(record, carrier, view);
    if (kind === RecordKind.copied) return this.#copy(record, carrier, bytes.subarray(record.from, record.to));
    if (kind === RecordKind.removed) {
      this.groups.delete(group);
      this.#headless.delete(group);
      return undefined;
    }
    const log = this.groups.get(group);
    if (log !== undefined) return change(log, record, carrier, bytes, view);
    this.#headless.add(group);
    return undefined;
  }

  #begin(record: GroupRecord, carrier: number, view: DataView): string | undefined {
    const log = new GroupLog(record.group, carrier, this.position);
    const said = new LogState();
    decodeCheckpoint(view, record, said);
    if (said.last < said.compacted) return "is a checkpoint that ends before it begins";
    if (said.known) log.state.setHardState(said.term, said.vote);
    log.state.compacted = said.compacted;
    log.state.last = said.compacted;
    this.#unfinished.set(record.group, { log, last: said.last });
    this.#finishCheckpoint(record.group);
    return undefined;
  }

  #copy({ group, index }: GroupRecord, carrier: number, entries: Uint8Array): string | undefined {
    const unfinished = this.#unfinished.get(group);
    // Its checkpoint was cut off: the copies go with it.
    if (unfinished === undefined) {
      if (!this.groups.has(group)) this.#headless.add(group);
      return undefined;
    }
    const objection = append(unfinished.log, index, carrier, entries);
    this.#finishCheckpoint(group);
    return objection;
  }

  #finishCheckpoint(group: number): void {
    const unfinished = this.#unfinished.get(group);
    if (unfinished === undefined || unfinished.log.state.last < unfinished.last) return;
    this.#unfinished.delete(group);
    this.#headless.delete(group);
    this.groups.delete(group);
    this.groups.set(group, unfinished.log);
  }
}

/** @returns what is wrong with the record, or undefined when nothing is. */
function change(
  log: GroupLog,
  record: GroupRecord,
  carrier: number,
  bytes: Uint8Array,
  view: DataView,
): string | undefined {
  switch (record.kind) {
    case RecordKind.hardState: {
      const { term, vote } = decodeHardState(view, record.from);
      log.state.setHardState(term, vote);
      return undefined;
    }
    case RecordKind.entries:
      return append(log, record.index, carrier, bytes.subarray(record.from, record.to));
    case RecordKind.truncate:
      log.truncate(record.index);
      return undefined;
    case RecordKind.compact:
      log.compact(record.index);
      return undefined;
    default:
      return `is a record of unknown kind ${record.kind}`;
  }
}

function append(log: GroupLog, first: number, carrier: number, entries: Uint8Array): string | undefined {
  const objection = log.state.objectionToAppend(first);
  if (objection !== undefined) return `holds ${objection} of group ${log.group}`;
  const count = countEntries(entries);
  if (count === 0) return "holds bytes that are no whole entries";
  log.append(first, count, carrier, entries.length);
  return undefined;
}
