/** Entries that have left the window, for a follower that needs them and for the state machine after a restart. */

import { Entry } from "../abi/entry";
import { MessageFormat } from "../abi/message";
import { Node } from "../abi/node";
import { StatusCode } from "../abi/status-code";
import { planOf } from "../state/arena";
import { low } from "../state/memory";
import { knowsTerm, sizeOf, termAt } from "../state/window";
import { outboxOf } from "../wire/encode";
import { Effects } from "./effects";
import { writeAppend } from "./outbox";

/** Where entries lie in the outbox. */
// @ts-ignore: decorator
@inline
export function outboxEntries(n: Node): usize {
  return changetype<usize>(outboxOf(n)) + MessageFormat.APPEND;
}

/**
 * Reads entries from `index` on, `count` at the most, into the outbox behind the place of an Append's fixed part.
 * @returns their bytes, 0 if storage wants to be asked later, or StatusCode.STORAGE_FAILED
 */
export function readEntries<Sink extends Effects>(n: Node, index: u64, count: u32): i32 {
  const capacity = planOf(n).maxMessage - MessageFormat.APPEND;
  const bytes = changetype<Sink>(0).read(n, index, count, outboxEntries(n), capacity);
  if (bytes < 0) return StatusCode.STORAGE_FAILED;
  assert(<u32>bytes <= capacity);
  return bytes;
}

/** Counts the whole entries in `bytes` bytes; a remainder is the host's mistake. */
export function countEntries(entries: usize, bytes: u32): u32 {
  const end = entries + bytes;
  let count: u32 = 0;
  while (entries < end) {
    entries += sizeOf(changetype<Entry>(entries));
    count++;
  }
  assert(entries == end);
  return count;
}

/** Makes an Append from entries read back; see encodeAppend. */
export function readBack<Sink extends Effects>(n: Node, next: u64, withEntries: bool): i32 {
  const prevIndex = next - 1;
  let prevTerm: u64 = 0;
  if (knowsTerm(n, prevIndex)) {
    prevTerm = termAt(n, prevIndex);
  } else if (prevIndex == n.snapshotIndex) {
    prevTerm = n.snapshotTerm;
  } else if (prevIndex != 0) {
    const status = readEntries<Sink>(n, prevIndex, 1);
    if (status <= 0) return status;
    prevTerm = changetype<Entry>(outboxEntries(n)).term;
  }
  let bytes: i32 = 0;
  let count: u32 = 0;
  if (withEntries) {
    // Not past the window: what is there may not be written yet.
    assert(next < n.first);
    bytes = readEntries<Sink>(n, next, low(min(n.first - next, <u64>u32.MAX_VALUE)));
    if (bytes <= 0) return bytes;
    count = countEntries(outboxEntries(n), <u32>bytes);
  }
  const length = MessageFormat.APPEND + <u32>bytes;
  writeAppend(n, prevIndex, prevTerm, count, length);
  return length;
}
