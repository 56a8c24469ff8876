/**
 * The records of many groups in one write-ahead log. The log underneath (host/storage/wal/) holds entries in order,
 * durably and checked; here each of its entries carries one record of one group as its payload. Little-endian.
 *
 *     entry header, 16 bytes             record header, 16 bytes
 *      0  u64 term, always 1              0  u32 group
 *      8  u32 bytes of payload            4  u32 kind
 *     12  u8  kind, always 255            8  u64 index
 *     13  u8, u16 zero
 *
 *     kind         index                  body
 *     hardState    0                      u64 term, u32 vote, u32 zero
 *     entries      of the first entry     the group's encoded entries, as handed in
 *     truncate     first that is removed  nothing
 *     compact      last that is removed   nothing
 *     checkpoint   compaction point       u64 term, u32 vote, u32 1 if a hard state was written, u64 last index
 *     copied       of the first entry     encoded entries that the group has, written again
 *     removed      0                      nothing
 *
 * A group's records begin with a checkpoint: what lies before its newest one is of no use, and the log can be cut off
 * there. A checkpoint whose last index is above its compaction point is followed by copied entries up to that index, and
 * counts only with all of them: a crash in between leaves the checkpoint before in force.
 *
 * The kind of the entry header is one that the core does not know, so a single node refuses such a log, and the other way
 * round.
 */

import { Entry, EntryFrame } from "../../core/abi.js";
import { entrySizeAt } from "../../core/entry.js";
import { getInteger, putInteger } from "../../storage/wal/format.js";
import type { LogState } from "../../storage/wal/log-state.js";

export const RecordKind = {
  hardState: 1,
  entries: 2,
  truncate: 3,
  compact: 4,
  checkpoint: 5,
  copied: 6,
  removed: 7,
} as const;

/** Term of the entries underneath. */
export const CARRIER_TERM = 1;
const CARRIER_KIND = 255;
const GROUP = 0;
const KIND = 4;
const INDEX = 8;
const HEADER_BYTES = 16;
/** Where the body of a record begins in the entry that carries it. */
export const BODY = EntryFrame.HEADER + HEADER_BYTES;
const HARD_STATE_BYTES = 16;
const CHECKPOINT_BYTES = 24;
/** What a group takes in the log besides its entries. */
export const GROUP_BYTES = BODY + CHECKPOINT_BYTES;

const INITIAL_BYTES = 4096;
/** A buffer that grew beyond this is given back after use. */
const RETAINED_BYTES = 1024 * 1024;

/** Makes records, each valid until the next one. */
export class RecordEncoder {
  #bytes = new Uint8Array(INITIAL_BYTES);
  #view = new DataView(this.#bytes.buffer);

  hardState(group: number, term: number, vote: number): Uint8Array {
    const record = this.#begin(group, RecordKind.hardState, 0, HARD_STATE_BYTES);
    putInteger(this.#view, BODY, term);
    this.#view.setUint32(BODY + 8, vote, true);
    this.#view.setUint32(BODY + 12, 0, true);
    return record;
  }

  checkpoint(group: number, { compacted, known, last, term, vote }: LogState): Uint8Array {
    const record = this.#begin(group, RecordKind.checkpoint, compacted, CHECKPOINT_BYTES);
    putInteger(this.#view, BODY, term);
    this.#view.setUint32(BODY + 8, vote, true);
    this.#view.setUint32(BODY + 12, known ? 1 : 0, true);
    putInteger(this.#view, BODY + 16, last);
    return record;
  }

  /** `kind` is entries or copied. */
  entries(group: number, kind: number, first: number, entries: Uint8Array): Uint8Array {
    const record = this.#begin(group, kind, first, entries.length);
    record.set(entries, BODY);
    return record;
  }

  /** `kind` is one of a record without a body. */
  mark(group: number, kind: number, index: number): Uint8Array {
    return this.#begin(group, kind, index, 0);
  }

  #begin(group: number, kind: number, index: number, length: number): Uint8Array {
    const size = BODY + length;
    if (size > this.#bytes.length || (this.#bytes.length > RETAINED_BYTES && size <= INITIAL_BYTES)) {
      this.#bytes = new Uint8Array(Math.max(size, INITIAL_BYTES));
      this.#view = new DataView(this.#bytes.buffer);
    }
    const view = this.#view;
    putInteger(view, Entry.term, CARRIER_TERM);
    view.setUint32(Entry.length, HEADER_BYTES + length, true);
    view.setUint32(Entry.kind, CARRIER_KIND, true);
    view.setUint32(EntryFrame.HEADER + GROUP, group, true);
    view.setUint32(EntryFrame.HEADER + KIND, kind, true);
    putInteger(view, EntryFrame.HEADER + INDEX, index);
    return this.#bytes.subarray(0, size);
  }
}

/** A record in the entry that carries it, which lies at `at`. */
export interface GroupRecord {
  readonly group: number;
  readonly kind: number;
  readonly index: number;
  /** Where the body lies. */
  readonly from: number;
  readonly to: number;
}

/** @returns undefined if the entry carries no record: this is another program's log, or a single node's */
export function decodeRecord(view: DataView, at: number): GroupRecord | undefined {
  const length = view.getUint32(at + Entry.length, true);
  if (view.getUint32(at + Entry.kind, true) !== CARRIER_KIND || length < HEADER_BYTES) return undefined;
  const header = at + EntryFrame.HEADER;
  return {
    group: view.getUint32(header + GROUP, true),
    kind: view.getUint32(header + KIND, true),
    index: getInteger(view, header + INDEX),
    from: header + HEADER_BYTES,
    to: header + length,
  };
}

/** Reads term and vote at `from`, the body of a hard state or of a checkpoint. */
export function decodeHardState(view: DataView, from: number): { readonly term: number; readonly vote: number } {
  return { term: getInteger(view, from), vote: view.getUint32(from + 8, true) };
}

/** Reads the state that a checkpoint says into `state`. */
export function decodeCheckpoint(view: DataView, { from, index }: GroupRecord, state: LogState): void {
  const { term, vote } = decodeHardState(view, from);
  if (view.getUint32(from + 12, true) === 1) state.setHardState(term, vote);
  state.compacted = index;
  state.last = getInteger(view, from + 16);
}

/** How many whole entries fill `bytes`; 0 if they do not. */
export function countEntries(bytes: Uint8Array): number {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let count = 0;
  let at = 0;
  for (; at + EntryFrame.HEADER <= bytes.length; count++) at += entrySizeAt(view, at);
  return at === bytes.length ? count : 0;
}
