/**
 * The logs of all groups in the one underneath: writes as records, reads back, and gives room back. What lies before the
 * oldest checkpoint in force is cut off; a group that stands in the way of that is written again, at the end: its state
 * and what entries it has. Done only when more than half of the log is garbage, this at most doubles what is written.
 */

import { entrySizeAt } from "../../core/entry.js";
import { type EntryRun, READ_FAILED, type Storage, StorageError } from "../../storage/storage.js";
import { LogState } from "../../storage/wal/log-state.js";
import { BODY, CARRIER_TERM, countEntries, RecordEncoder, RecordKind } from "./format.js";
import { GroupLog } from "./group-log.js";
import type { Place } from "./places.js";
import type { RecoveredRuns } from "./recovered-runs.js";
import type { Replay } from "./replay.js";

const INITIAL_BYTES = 4096;

/** A buffer for one record. It has the size of the largest one so far. */
class RecordBuffer {
  bytes = new Uint8Array(INITIAL_BYTES);
  view = new DataView(this.bytes.buffer);

  reserve(size: number): void {
    if (size <= this.bytes.length) return;
    this.bytes = new Uint8Array(size);
    this.view = new DataView(this.bytes.buffer);
  }
}

/** Bytes [from, to) of a buffer: `count` entries. */
interface Run {
  readonly from: number;
  readonly to: number;
  readonly count: number;
}

export class SharedLog {
  readonly #storage: Storage;
  readonly #groups: Map<number, GroupLog>;
  readonly #encoder = new RecordEncoder();
  readonly #buffer = new RecordBuffer();
  /** Index of the next entry underneath. */
  #next: number;
  /** Bytes of all records, those that were cut off included, since the log was opened. */
  #position: number;
  /** Bytes that were cut off. */
  #cut = 0;
  #liveBytes = 0;
  /** What was read when the log was opened, and the groups that may still want it: those that have not written. */
  #recovered: RecoveredRuns | undefined;
  readonly #unread: Set<number>;

  /** `storage` is open, its entries have been replayed, and the next one goes to index `next`. */
  constructor(storage: Storage, replay: Replay, next: number, recovered?: RecoveredRuns) {
    this.#storage = storage;
    this.#groups = replay.groups;
    this.#recovered = recovered;
    this.#unread = new Set(replay.groups.keys());
    this.#position = replay.position;
    this.#next = next;
    for (const { liveBytes } of this.#groups.values()) this.#liveBytes += liveBytes;
  }

  /** The groups that have written something. */
  get groups(): number[] {
    return [...this.#groups.keys()];
  }

  /** Bytes of the log. */
  get bytes(): number {
    return this.#position - this.#cut;
  }

  /** Bytes of it that are needed. */
  get liveBytes(): number {
    return this.#liveBytes;
  }

  state(group: number): LogState {
    return this.#groups.get(group)?.state ?? new LogState();
  }

  hardState(group: number, term: number, vote: number): void {
    const log = this.#log(group);
    this.#write(this.#encoder.hardState(group, term, vote));
    log.state.setHardState(term, vote);
  }

  truncate(group: number, from: number): void {
    const log = this.#log(group);
    this.#write(this.#encoder.mark(group, RecordKind.truncate, from));
    this.#change(log, () => log.truncate(from));
  }

  append(group: number, first: number, entries: Uint8Array): void {
    const objection = this.state(group).objectionToAppend(first);
    if (objection !== undefined) throw new Error(`append of ${objection}`);
    const count = countEntries(entries);
    if (count === 0) throw new Error(`append of ${entries.length} bytes that are not a run of whole entries`);
    const log = this.#log(group);
    const carrier = this.#write(this.#encoder.entries(group, RecordKind.entries, first, entries));
    this.#change(log, () => log.append(first, count, carrier, entries.length));
  }

  /** `index` is above the compaction point. */
  compact(group: number, index: number): void {
    const log = this.#log(group);
    this.#write(this.#encoder.mark(group, RecordKind.compact, index));
    this.#change(log, () => log.compact(index));
  }

  /** Forgets a group. */
  remove(group: number): void {
    const log = this.#groups.get(group);
    if (log === undefined) return;
    this.#write(this.#encoder.mark(group, RecordKind.removed, 0));
    this.#groups.delete(group);
    this.#liveBytes -= log.liveBytes;
  }

  /** See Storage.read; `index` is in the log. */
  read(group: number, index: number, count: number, into: Uint8Array): number {
    const log = this.#groups.get(group);
    if (log === undefined) throw new Error(`read of entry ${index} of group ${group}, which has none`);
    const end = Math.min(index + count, log.state.last + 1);
    let copied = 0;
    for (let next = index; next < end; ) {
      const place = log.places.find(next, log.state.last);
      if (!this.#load(place, this.#buffer)) return READ_FAILED;
      const run = walk(this.#buffer, place, next, end, into.length - copied);
      if (run.count === 0) break;
      into.set(this.#buffer.bytes.subarray(run.from, run.to), copied);
      copied += run.to - run.from;
      next += run.count;
    }
    if (copied === 0) throw new Error(`read of entry ${index}: it does not fit into ${into.length} bytes`);
    return copied;
  }

  /** All entries of a group, a record at a time. */
  *runs(group: number): Generator<EntryRun> {
    const log = this.#groups.get(group);
    if (log === undefined) return;
    const buffer = new RecordBuffer();
    for (let next = log.state.compacted + 1; next <= log.state.last; ) {
      const place = log.places.find(next, log.state.last);
      if (!this.#load(place, buffer)) throw new StorageError(`the entries of group ${group} cannot be read back.`);
      const { count, from, to } = walk(buffer, place, next);
      yield { first: next, bytes: buffer.bytes.subarray(from, to) };
      next += count;
    }
  }

  /**
   * Gives room back if there is more than `least` of garbage, and more garbage than anything else. Groups are written again
   * up to about `step` bytes; what remains to do is done at later calls, each after what was written is durable.
   * @returns whether something was written
   */
  clean(least: number, step: number): boolean {
    const garbage = this.bytes - this.#liveBytes;
    if (garbage <= Math.max(least, this.#liveBytes)) return false;
    const end = this.#next;
    let budget = step;
    // The one whose records begin first comes first; one that is written again is put behind the others.
    for (const log of this.#groups.values()) {
      if (budget <= 0 || log.origin >= end) break;
      budget -= log.liveBytes;
      if (!this.#checkpoint(log)) return true;
    }
    const [oldest] = this.#groups.values();
    this.#storage.compact((oldest?.origin ?? this.#next) - 1);
    this.#cut = oldest?.position ?? this.#position;
    return true;
  }

  /** The log of a group that is going to write; it is begun if there is none. */
  #log(group: number): GroupLog {
    if (this.#unread.delete(group) && this.#unread.size === 0) this.#recovered = undefined;
    const present = this.#groups.get(group);
    if (present !== undefined) return present;
    const log = new GroupLog(group, this.#next, this.#position);
    this.#write(this.#encoder.checkpoint(group, log.state));
    this.#groups.set(group, log);
    this.#liveBytes += log.liveBytes;
    return log;
  }

  /** Writes what there is of a group once more. @returns whether that could be read */
  #checkpoint(log: GroupLog): boolean {
    const { group, places, state } = log;
    const copy = new GroupLog(group, this.#next, this.#position);
    this.#write(this.#encoder.checkpoint(group, state));
    if (state.known) copy.state.setHardState(state.term, state.vote);
    copy.state.compacted = state.compacted;
    copy.state.last = state.compacted;
    while (copy.state.last < state.last) {
      const first = copy.state.last + 1;
      const place = places.find(first, state.last);
      if (!this.#load(place, this.#buffer)) return false;
      const { count, from, to } = walk(this.#buffer, place, first);
      const entries = this.#buffer.bytes.subarray(from, to);
      const carrier = this.#write(this.#encoder.entries(group, RecordKind.copied, first, entries));
      copy.append(first, count, carrier, entries.length);
    }
    this.#groups.delete(group);
    this.#groups.set(group, copy);
    this.#liveBytes += copy.liveBytes - log.liveBytes;
    return true;
  }

  #change(log: GroupLog, change: () => void): void {
    const before = log.liveBytes;
    change();
    this.#liveBytes += log.liveBytes - before;
  }

  /** @returns the index of the entry that carries the record */
  #write(record: Uint8Array): number {
    const carrier = this.#next;
    // No entry may come before a hard state.
    if (carrier === 1 && this.#storage.written === 0) this.#storage.writeHardState({ term: CARRIER_TERM, vote: 0 });
    this.#storage.append(carrier, record);
    this.#next = carrier + 1;
    this.#position += record.length;
    return carrier;
  }

  /** @returns whether the record could be read; if not, the storage has reported why */
  #load({ bytes, carrier }: Place, buffer: RecordBuffer): boolean {
    buffer.reserve(BODY + bytes);
    if (this.#recovered?.copy(carrier, buffer.bytes) === true) return true;
    return this.#storage.read(carrier, 1, buffer.bytes) > 0;
  }
}

/** Finds the entries of a record from `next` on, to before `end`, as many as fit `limit` bytes. */
function walk(
  { view }: RecordBuffer,
  place: Place,
  next: number,
  end = Number.POSITIVE_INFINITY,
  limit = Number.POSITIVE_INFINITY,
): Run {
  let from = BODY;
  for (let skipped = place.first; skipped < next; skipped++) from += entrySizeAt(view, from);
  let to = from;
  let count = 0;
  while (next + count <= place.last && next + count < end) {
    const after = to + entrySizeAt(view, to);
    if (after - from > limit) break;
    to = after;
    count++;
  }
  return { from, to, count };
}
