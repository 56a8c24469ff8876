/**
 * Recovery: reads the segments of a folder in order and finds the log they hold, or refuses them as damaged. Nothing is
 * changed before all of it has been read and found sound; then `settle` brings the end of the log in order.
 */

import { StorageError } from "../storage.js";
import { damage } from "./errors.js";
import type { FileSystem, WalFile } from "./file-system.js";
import { FileWindow } from "./file-window.js";
import {
  decodeSegmentHeader,
  isRecordHeader,
  isRecordSound,
  RECORD_HEADER_BYTES,
  recordDurable,
  recordSize,
  SEGMENT_HEADER_BYTES,
  type SegmentHeader,
} from "./format.js";
import { Replay } from "./replay.js";
import { Segment, segmentFile, segmentNumber } from "./segment.js";
import { proofOfDurability } from "./tail.js";

/** Bytes of the last batch that are written again at a time. */
const COPY_BYTES = 256 * 1024;

/** A torn tail was cut off: bytes of writes that were under way when the node stopped, and never reported durable. */
export interface TornTail {
  readonly file: string;
  /** The file was cut here. */
  readonly offset: number;
  /** How many bytes were cut off. */
  readonly bytes: number;
}

/** What was found in a folder that holds segments. */
export interface RecoveredLog {
  readonly replay: Replay;
  readonly last: Segment;
  readonly lastHeader: SegmentHeader;
  /** Where the last batch begins, in the last segment. */
  readonly batch: number;
  readonly torn: TornTail | undefined;
}

/** @returns the log in the folder; undefined when there is no segment in it. */
export function recover(fs: FileSystem, folder: string): RecoveredLog | undefined {
  const headers = listSegments(fs, folder).map((number) => readHeader(fs, segmentFile(folder, number), number));
  const replay = new Replay();
  const window = new FileWindow();
  let recovered: RecoveredLog | undefined;
  for (const [i, header] of headers.entries()) {
    const segment = new Segment(folder, header.number, header.salt);
    const file = fs.open(segment.file, "read");
    try {
      window.use(file);
      replay.begin(segment, header.state);
      const next = headers[i + 1];
      if (next !== undefined) scanEarlier(replay, window, segment, next.previousLength);
      else recovered = { replay, last: segment, lastHeader: header, ...scanLast(replay, window, segment, file.size()) };
    } finally {
      file.close();
    }
  }
  if (recovered !== undefined) replay.finish(recovered.last.file);
  return recovered;
}

/**
 * Makes what was recovered durable: it may have been read from the system's cache only. The last batch is written again
 * before it is synced, because a sync that failed leaves pages that count as clean and yet never reached the disk, and
 * another sync confirms them without a write (see writer.ts). All earlier batches were confirmed before it was begun.
 */
export async function settle(fs: FileSystem, recovered: RecoveredLog): Promise<void> {
  const { last, torn } = recovered;
  const file = fs.open(last.file, "update");
  try {
    if (torn !== undefined) file.truncate(torn.offset);
    await rewrite(file, recovered.batch, last.end);
    await file.sync();
  } finally {
    file.close();
  }
}

async function rewrite(file: WalFile, from: number, to: number): Promise<void> {
  const buffer = new Uint8Array(Math.min(COPY_BYTES, to - from));
  for (let at = from; at < to; at += buffer.length) {
    const bytes = buffer.subarray(0, file.read(buffer.subarray(0, Math.min(buffer.length, to - at)), at));
    await file.write(bytes, at);
  }
}

/** The numbers of the segments in the folder, in order and without a gap. */
function listSegments(fs: FileSystem, folder: string): number[] {
  const numbers = fs
    .list(folder)
    .map(segmentNumber)
    .filter((number) => number !== undefined)
    .sort((a, b) => a - b);
  numbers.forEach((number, i) => {
    const expected = (numbers[0] ?? 0) + i;
    if (number === expected) return;
    const file = segmentFile(folder, expected);
    const found = segmentFile(folder, number);
    throw new StorageError(`${file} is missing, although ${found} follows it. Put the file back.`, file);
  });
  return numbers;
}

function readHeader(fs: FileSystem, name: string, number: number): SegmentHeader {
  const file = fs.open(name, "read");
  try {
    const bytes = new Uint8Array(SEGMENT_HEADER_BYTES);
    const header = decodeSegmentHeader(bytes.subarray(0, file.read(bytes, 0)), name);
    if (header.number !== number) throw damage(name, 0, `it is segment ${header.number} under a wrong name`);
    return header;
  } finally {
    file.close();
  }
}

/** Scans a segment that another one follows: it was durable up to `length`, and what lies behind that was never of
 * use. */
function scanEarlier(replay: Replay, window: FileWindow, segment: Segment, length: number): void {
  const { end } = scan(replay, window, segment, length);
  if (end < length) throw damage(segment.file, end, `a bad record, and the file was durable up to byte ${length}`);
  segment.end = length;
  segment.durable = length;
}

function scanLast(
  replay: Replay,
  window: FileWindow,
  segment: Segment,
  size: number,
): Pick<RecoveredLog, "batch" | "torn"> {
  const { end, batch } = scan(replay, window, segment, size);
  segment.end = end;
  segment.durable = end;
  if (end === size) return { batch, torn: undefined };
  const proof = proofOfDurability(window, end, size, segment.salt);
  if (proof !== undefined) {
    throw damage(segment.file, end, `a bad record, which the record at byte ${proof} says was durable`);
  }
  return { batch, torn: { file: segment.file, offset: end, bytes: size - end } };
}

/** Replays the sound records below `limit`.
 * @returns where they end, and where the batch of the last one began. */
function scan(replay: Replay, window: FileWindow, segment: Segment, limit: number): { end: number; batch: number } {
  let batch = SEGMENT_HEADER_BYTES;
  let offset = SEGMENT_HEADER_BYTES;
  for (;;) {
    const header = window.place(offset, RECORD_HEADER_BYTES, limit);
    if (header < 0 || !isRecordHeader(window.view, header, segment.salt, offset)) break;
    const at = window.place(offset, recordSize(window.view, header), limit);
    if (at < 0 || !isRecordSound(window.bytes, window.view, at)) break;
    replay.apply(segment, window, at, offset);
    batch = recordDurable(window.view, at);
    offset += recordSize(window.view, at);
  }
  return { end: offset, batch };
}
