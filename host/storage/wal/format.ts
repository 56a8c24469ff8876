/**
 * The layout of the write-ahead log on disk. Little-endian; the CRC is CRC32C (Castagnoli).
 *
 * A folder holds segments, `wal-<number>.log` with the number in ten digits, numbered without a gap. A segment is a
 * header and a sequence of records, each 8-byte aligned. It gets its name only once its header is durable, so a
 * segment with a bad header is damaged, never torn.
 *
 *     segment header, 64 bytes                      record header, 32 bytes
 *      0  magic "METALWAL"                           0  u32 CRC of bytes 4 to the end of the body
 *      8  u32 CRC of bytes 12..64                    4  u32 length of the body, a multiple of 8
 *     12  u32 format version                         8  u32 kind
 *     16  u32 segment number                        12  u32 salt of the segment
 *     20  u32 salt                                  16  u32 offset of this record in the segment
 *     24  u32 durable length of the segment before  20  u32 offset below which the segment was durable when
 *     28  u32 1 if a hard state was ever written            this record was made
 *     32  u64 term    \                             24  u64 index
 *     40  u32 vote     | the state of the log
 *     44  u32 zero     | before the first record    body
 *     48  u64 compacted|                             hard state: u64 term, u32 vote, u32 zero
 *     56  u64 last    /                              entries: the encoded entries from `index` on, as handed in
 *                                                    truncate, compact, mark: nothing
 *
 * The salt is a random number: it tells a segment's own records from bytes that an earlier file, or a value stored by
 * a client, left in the same place. The offset of durability is what tells a torn tail from damage, see tail.ts.
 */

import { crc32c } from "@node-rs/crc32";
import { StorageError } from "../storage.js";
import { damage } from "./errors.js";
import { LogState } from "./log-state.js";

export const SEGMENT_HEADER_BYTES = 64;
export const RECORD_HEADER_BYTES = 32;
export const RECORD_ALIGNMENT = 8;
/** Body of a hard-state record. */
export const HARD_STATE_BYTES = 16;

const FORMAT_VERSION = 1;
const MAGIC = new TextEncoder().encode("METALWAL");

const HEADER_CRC = 8;
const HEADER_VERSION = 12;
const HEADER_NUMBER = 16;
const HEADER_SALT = 20;
const HEADER_PREVIOUS_LENGTH = 24;
const HEADER_KNOWN = 28;
const HEADER_TERM = 32;
const HEADER_VOTE = 40;
const HEADER_COMPACTED = 48;
const HEADER_LAST = 56;

const RECORD_CRC = 0;
const RECORD_LENGTH = 4;
const RECORD_KIND = 8;
const RECORD_SALT = 12;
const RECORD_OFFSET = 16;
const RECORD_DURABLE = 20;
const RECORD_INDEX = 24;

/** Kinds of records. */
export const RecordKind = {
  /** Term and vote. */
  hardState: 1,
  /** A run of entries; `index` is that of the first. */
  entries: 2,
  /** The entries from `index` on are removed. */
  truncate: 3,
  /** The entries up to and including `index` are no longer needed. */
  compact: 4,
  /** All that lies before this record is durable. Changes nothing. */
  mark: 5,
} as const;

const UPPER_HALF = 0x1_0000_0000;

/** Writes a whole number below 2^53 as a u64. */
export function putInteger(view: DataView, at: number, value: number): void {
  view.setUint32(at, value % UPPER_HALF, true);
  view.setUint32(at + 4, Math.floor(value / UPPER_HALF), true);
}

/** Reads a u64; exact below 2^53. */
export function getInteger(view: DataView, at: number): number {
  return view.getUint32(at, true) + view.getUint32(at + 4, true) * UPPER_HALF;
}

export interface SegmentHeader {
  readonly number: number;
  readonly salt: number;
  /** Bytes of the segment before that were durable when this one was begun; 0 when there was none. */
  readonly previousLength: number;
  /** The log before the first record. */
  readonly state: LogState;
}

export function encodeSegmentHeader(header: SegmentHeader): Uint8Array {
  const bytes = new Uint8Array(SEGMENT_HEADER_BYTES);
  const view = new DataView(bytes.buffer);
  bytes.set(MAGIC);
  view.setUint32(HEADER_VERSION, FORMAT_VERSION, true);
  view.setUint32(HEADER_NUMBER, header.number, true);
  view.setUint32(HEADER_SALT, header.salt, true);
  view.setUint32(HEADER_PREVIOUS_LENGTH, header.previousLength, true);
  view.setUint32(HEADER_KNOWN, header.state.known ? 1 : 0, true);
  putInteger(view, HEADER_TERM, header.state.term);
  view.setUint32(HEADER_VOTE, header.state.vote, true);
  putInteger(view, HEADER_COMPACTED, header.state.compacted);
  putInteger(view, HEADER_LAST, header.state.last);
  view.setUint32(HEADER_CRC, crc32c(bytes.subarray(HEADER_VERSION)), true);
  return bytes;
}

/** Reads the header in `bytes`, the start of `file`. Throws a StorageError when it cannot be trusted. */
export function decodeSegmentHeader(bytes: Uint8Array, file: string): SegmentHeader {
  if (bytes.length < SEGMENT_HEADER_BYTES) throw damage(file, bytes.length, "it ends within the segment header");
  if (MAGIC.some((byte, i) => bytes[i] !== byte)) throw damage(file, 0, "it does not start as a log segment does");
  const view = new DataView(bytes.buffer, bytes.byteOffset, SEGMENT_HEADER_BYTES);
  const version = view.getUint32(HEADER_VERSION, true);
  const sound = view.getUint32(HEADER_CRC, true) === crc32c(bytes.subarray(HEADER_VERSION, SEGMENT_HEADER_BYTES));
  if (!sound) throw damage(file, HEADER_CRC, "the checksum of the segment header is wrong");
  if (version !== FORMAT_VERSION) {
    const what = `${file} has format version ${version}, and this program reads version ${FORMAT_VERSION}`;
    throw new StorageError(`${what}. Start the node with the program that wrote it.`, file, HEADER_VERSION);
  }
  const state = new LogState();
  state.known = view.getUint32(HEADER_KNOWN, true) === 1;
  state.term = getInteger(view, HEADER_TERM);
  state.vote = view.getUint32(HEADER_VOTE, true);
  state.compacted = getInteger(view, HEADER_COMPACTED);
  state.last = getInteger(view, HEADER_LAST);
  return {
    number: view.getUint32(HEADER_NUMBER, true),
    salt: view.getUint32(HEADER_SALT, true),
    previousLength: view.getUint32(HEADER_PREVIOUS_LENGTH, true),
    state,
  };
}

/** Writes the part of a record header that is known when the record is made. */
export function beginRecord(view: DataView, at: number, kind: number, length: number, index: number): void {
  view.setUint32(at + RECORD_LENGTH, length, true);
  view.setUint32(at + RECORD_KIND, kind, true);
  putInteger(view, at + RECORD_INDEX, index);
}

/** Where a record lies, and what was durable before it. */
export interface RecordPlace {
  readonly salt: number;
  readonly offset: number;
  readonly durable: number;
}

/** Completes the record at `at`, once its place in a segment is known. @returns its size. */
export function sealRecord(bytes: Uint8Array, view: DataView, at: number, place: RecordPlace): number {
  view.setUint32(at + RECORD_SALT, place.salt, true);
  view.setUint32(at + RECORD_OFFSET, place.offset, true);
  view.setUint32(at + RECORD_DURABLE, place.durable, true);
  const size = recordSize(view, at);
  view.setUint32(at + RECORD_CRC, crc32c(bytes.subarray(at + RECORD_LENGTH, at + size)), true);
  return size;
}

/** A mark for byte `offset` of a segment, all of which before that byte is durable. */
export function encodeMark(salt: number, offset: number): Uint8Array {
  const bytes = new Uint8Array(RECORD_HEADER_BYTES);
  const view = new DataView(bytes.buffer);
  beginRecord(view, 0, RecordKind.mark, 0, 0);
  sealRecord(bytes, view, 0, { salt, offset, durable: offset });
  return bytes;
}

/** Makes the record at `at` longer by `more` bytes of body. */
export function extendRecord(view: DataView, at: number, more: number): void {
  view.setUint32(at + RECORD_LENGTH, view.getUint32(at + RECORD_LENGTH, true) + more, true);
}

/** Size in bytes of the record at `at`, header included. */
export function recordSize(view: DataView, at: number): number {
  return RECORD_HEADER_BYTES + view.getUint32(at + RECORD_LENGTH, true);
}

export function recordKind(view: DataView, at: number): number {
  return view.getUint32(at + RECORD_KIND, true);
}

export function recordIndex(view: DataView, at: number): number {
  return getInteger(view, at + RECORD_INDEX);
}

/** Offset below which the segment was durable when the record was made. */
export function recordDurable(view: DataView, at: number): number {
  return view.getUint32(at + RECORD_DURABLE, true);
}

/** Whether the header at `at` can be that of a record of the segment with this salt, at this offset in it. */
export function isRecordHeader(view: DataView, at: number, salt: number, offset: number): boolean {
  return (
    view.getUint32(at + RECORD_SALT, true) === salt &&
    view.getUint32(at + RECORD_OFFSET, true) === offset &&
    view.getUint32(at + RECORD_LENGTH, true) % RECORD_ALIGNMENT === 0
  );
}

/** Whether the checksum of the record at `at`, all of which lies in `bytes`, is right. */
export function isRecordSound(bytes: Uint8Array, view: DataView, at: number): boolean {
  const size = recordSize(view, at);
  return view.getUint32(at + RECORD_CRC, true) === crc32c(bytes.subarray(at + RECORD_LENGTH, at + size));
}
