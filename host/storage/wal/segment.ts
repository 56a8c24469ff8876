/**
 * A segment: one file of the log. How it is named, how it comes to be, and what is kept of it in memory.
 */

import type { FileSystem, WalFile } from "./file-system.js";
import { encodeSegmentHeader, SEGMENT_HEADER_BYTES, type SegmentHeader } from "./format.js";
import { RecordIndex } from "./record-index.js";

const NAME = /^wal-(\d{10})\.log$/;
/** A segment whose header may not be durable yet has this behind its name. */
const UNFINISHED = ".new";

export function segmentFile(folder: string, number: number): string {
  return `${folder}/wal-${String(number).padStart(10, "0")}.log`;
}

/** The number of the segment with this file name; undefined for any other file. */
export function segmentNumber(name: string): number | undefined {
  const digits = NAME.exec(name)?.[1];
  return digits === undefined ? undefined : Number(digits);
}

/** Whether this is the name of a segment that a crash has left unfinished. Nothing in it was ever relied upon. */
export function isUnfinishedSegment(name: string): boolean {
  return name.endsWith(UNFINISHED) && segmentNumber(name.slice(0, -UNFINISHED.length)) !== undefined;
}

export class Segment {
  readonly file: string;
  /** The records that hold entries of the log; offsets are places in the file. */
  readonly index = new RecordIndex();
  /** Index of the highest entry that was ever written to this segment, also if it was truncated since; 0 when none. */
  highest = 0;
  /** Where the next record goes. */
  end = SEGMENT_HEADER_BYTES;
  /** Everything below this offset is durable; at most `end`. */
  durable = SEGMENT_HEADER_BYTES;

  constructor(
    folder: string,
    readonly number: number,
    readonly salt: number,
  ) {
    this.file = segmentFile(folder, number);
  }
}

/**
 * Makes a segment, in place of one with the same number if there is one. It gets its name when its header is durable,
 * and the name is durable when the promise resolves.
 */
export async function createSegment(fs: FileSystem, folder: string, header: SegmentHeader): Promise<WalFile> {
  const name = segmentFile(folder, header.number);
  const file = fs.open(name + UNFINISHED, "create");
  try {
    await file.write(encodeSegmentHeader(header), 0);
    await file.sync();
  } finally {
    file.close();
  }
  fs.rename(name + UNFINISHED, name);
  await fs.syncFolder(folder);
  return fs.open(name, "update");
}
