/**
 * The file of a snapshot. Little-endian.
 *
 *   offset 0   u32  magic, the bytes "MRS1"
 *          4   u32  CRC32C of the header behind this field
 *          8   u64  last index that the snapshot covers
 *         16   u64  term of the entry there
 *         24   u64  length of the image in bytes
 *         32   u32  image bytes in a block, the last one may have fewer
 *         36   u32  0
 *         40        the blocks: u32 CRC32C, then bytes of the image
 *
 * A block's checksum goes over index, term and the block's number first: a block of another snapshot, or one in the wrong
 * place, is not taken for a sound one. Blocks are checked whenever they are read, so that a rotten one is never sent on.
 */

import { crc32c } from "@node-rs/crc32";
import type { EntryPosition } from "../../machine/machine.js";
import { StorageError } from "../storage.js";
import { getInteger, putInteger } from "../wal/format.js";
import type { SnapshotInfo } from "./store.js";

export const SNAPSHOT_HEADER_BYTES = 40;
/** Image bytes in a block: large enough that checksums cost little, small enough to be read for a short piece. */
export const BLOCK_BYTES = 64 * 1024;
export const CHECKSUM_BYTES = 4;
/** From one block to the next in the file. */
export const BLOCK_STRIDE = CHECKSUM_BYTES + BLOCK_BYTES;

/** "MRS1" read as a little-endian u32. The last byte names this layout. */
const MAGIC = 0x3153524d;
const NAME = /^snapshot-(\d{16})\.snap$/;
const PARTIAL = /^snapshot-\d{16}\.\d+\.new$/;

export function snapshotFile(folder: string, index: number): string {
  return `${folder}/snapshot-${String(index).padStart(16, "0")}.snap`;
}

/** The file of an image on its way in; `attempt` tells those of one index apart. */
export function partialFile(folder: string, index: number, attempt: number): string {
  return `${folder}/snapshot-${String(index).padStart(16, "0")}.${attempt}.new`;
}

/** The index of the snapshot with this file name; undefined for any other file. */
export function snapshotIndex(name: string): number | undefined {
  const digits = NAME.exec(name)?.[1];
  return digits === undefined ? undefined : Number(digits);
}

/** Whether this is the name of an image that was never committed. */
export function isPartial(name: string): boolean {
  return PARTIAL.test(name);
}

/** Length of the file of an image. */
export function fileBytes(imageBytes: number): number {
  return SNAPSHOT_HEADER_BYTES + imageBytes + CHECKSUM_BYTES * Math.ceil(imageBytes / BLOCK_BYTES);
}

/** Where in the file a block begins. */
export function blockOffset(block: number): number {
  return SNAPSHOT_HEADER_BYTES + block * BLOCK_STRIDE;
}

export function encodeHeader({ index, term, bytes }: SnapshotInfo): Uint8Array {
  const header = new Uint8Array(SNAPSHOT_HEADER_BYTES);
  const view = new DataView(header.buffer);
  view.setUint32(0, MAGIC, true);
  putInteger(view, 8, index);
  putInteger(view, 16, term);
  putInteger(view, 24, bytes);
  view.setUint32(32, BLOCK_BYTES, true);
  view.setUint32(4, crc32c(header.subarray(8)), true);
  return header;
}

/** A snapshot that cannot be trusted. What helps depends on what else there is: whoever looked for it adds that. */
export function damage(file: string, offset: number, what: string): StorageError {
  return new StorageError(`${file} is damaged at byte ${offset}: ${what}`, file, offset);
}

/** Reads a header; `size` is the file's length. @throws StorageError if it is damaged */
export function decodeHeader(header: Uint8Array, size: number, index: number, file: string): SnapshotInfo {
  if (header.length < SNAPSHOT_HEADER_BYTES) throw damage(file, header.length, "it ends inside its header");
  const view = new DataView(header.buffer, header.byteOffset, header.byteLength);
  if (view.getUint32(0, true) !== MAGIC) throw damage(file, 0, "it is no snapshot, or one of another format");
  if (view.getUint32(4, true) !== crc32c(header.subarray(8))) throw damage(file, 4, "the header's checksum is wrong");
  const info = { index: getInteger(view, 8), term: getInteger(view, 16), bytes: getInteger(view, 24) };
  if (info.index !== index) throw damage(file, 8, `it is the snapshot of index ${info.index} under a wrong name`);
  if (view.getUint32(32, true) !== BLOCK_BYTES) throw damage(file, 32, "its blocks have another size");
  const expected = fileBytes(info.bytes);
  if (size !== expected)
    throw damage(file, Math.min(size, expected), `it has ${size} bytes and should have ${expected}`);
  return info;
}

/** The checksum of a block. */
export function blockChecksum(position: EntryPosition, block: number, bytes: Uint8Array): number {
  const place = new Uint8Array(24);
  const view = new DataView(place.buffer);
  putInteger(view, 0, position.index);
  putInteger(view, 8, position.term);
  putInteger(view, 16, block);
  return crc32c(bytes, crc32c(place));
}
