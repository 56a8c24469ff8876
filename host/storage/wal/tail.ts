/**
 * The end of a log after a crash. What the last batch wrote was not durable yet, so any part of it may be missing or
 * torn, in any order: a bad record there is a torn tail and is cut off with all that follows. A bad record below what
 * was durable is damage, and the log must not be opened.
 *
 * Which of the two it is, later records tell: each says below which offset the segment was durable when it was made.
 * A sound record that names an offset above the bad one proves that the bad one was durable once. Without such a proof
 * nothing distinguishes the last batch from a torn one; a mark, written behind a batch when nothing follows it, leaves
 * that proof for it too.
 */

import type { FileWindow } from "./file-window.js";
import {
  isRecordHeader,
  isRecordSound,
  RECORD_ALIGNMENT,
  RECORD_HEADER_BYTES,
  recordDurable,
  recordSize,
} from "./format.js";

/**
 * Looks for a record that proves that the bad record at `bad` was durable.
 * @param size the size of the file.
 * @param salt the salt of the segment.
 * @returns the offset of the record, or undefined when there is none.
 */
export function proofOfDurability(window: FileWindow, bad: number, size: number, salt: number): number | undefined {
  for (let offset = bad + RECORD_ALIGNMENT; offset + RECORD_HEADER_BYTES <= size; offset += RECORD_ALIGNMENT) {
    const header = window.place(offset, RECORD_HEADER_BYTES, size);
    if (header < 0 || !isRecordHeader(window.view, header, salt, offset)) continue;
    if (recordDurable(window.view, header) <= bad) continue;
    const at = window.place(offset, recordSize(window.view, header), size);
    if (at >= 0 && isRecordSound(window.bytes, window.view, at)) return offset;
  }
  return undefined;
}
