/**
 * The log window: the newest entries in wire form, in a ring of bytes, with the offset of each in a ring of slots. An
 * entry is never split: where it does not fit behind the last one, it goes to the start.
 *
 * Entries leave at the old end when room is needed, once they are applied (so also committed and durable); storage
 * still has them. Entries that are not applied never leave: `admits` refuses what could force one out.
 */

import { Entry, EntryFrame, EntryKind } from "../abi/entry";
import { Node } from "../abi/node";
import { PlanLimit } from "../abi/plan";
import { at, planOf } from "./arena";
import { align8, copyWords } from "./memory";

/** Bytes of an entry with a payload of `length` bytes. */
// @ts-ignore: decorator
@inline
export function entrySize(length: u32): u32 {
  return EntryFrame.HEADER + align8(length);
}

/** Bytes of an entry. */
// @ts-ignore: decorator
@inline
export function sizeOf(entry: Entry): u32 {
  return entrySize(entry.length);
}

/** Where an entry's payload begins. */
// @ts-ignore: decorator
@inline
export function payloadOf(entry: Entry): usize {
  return changetype<usize>(entry) + EntryFrame.HEADER;
}

// @ts-ignore: decorator
@inline
function slotAddress(n: Node, index: u64): usize {
  return at(n, n.slotsOffset) + ((<u32>index & n.slotMask) << 2);
}

/** Offset of an entry in the window's bytes. */
// @ts-ignore: decorator
@inline
export function offsetOf(n: Node, index: u64): u32 {
  return load<u32>(slotAddress(n, index));
}

/** The entry at an index of the window. */
export function entryAt(n: Node, index: u64): Entry {
  assert((index >= n.first) & (index <= n.last));
  return changetype<Entry>(at(n, n.bytesOffset) + offsetOf(n, index));
}

/** Whether the term at an index is known here: it is in the window or right before it. */
// @ts-ignore: decorator
@inline
export function knowsTerm(n: Node, index: u64): bool {
  return (index + 1 >= n.first) & (index <= n.last);
}

/** The term at an index that `knowsTerm`. */
export function termAt(n: Node, index: u64): u64 {
  if (index + 1 == n.first) return n.baseTerm;
  return entryAt(n, index).term;
}

/** Bytes of the entries from `index` to the last one; what is skipped at the wrap does not count. */
export function spanFrom(n: Node, index: u64): u32 {
  if (index < n.first) index = n.first;
  if (index > n.last) return 0;
  const offset = offsetOf(n, index);
  return n.head > offset ? n.head - offset : n.head + n.wrapEnd - offset;
}

/** Highest index that is out of the way: applied, or no longer in the window. */
// @ts-ignore: decorator
@inline
function doneWith(n: Node): u64 {
  return max(n.applied, n.first - 1);
}

/**
 * Whether `count` entries of `size` bytes in all can be appended. What is not applied may take up the window less the
 * longest entry: then it finds room wherever the ring wraps, here and again when the log is restored. Normal entries
 * also leave the reserve alone.
 */
export function admits(n: Node, count: u32, size: u32, kind: u32): bool {
  let entries = <u64>count + n.last - doneWith(n);
  let bytes = size + spanFrom(n, doneWith(n) + 1);
  if (kind == EntryKind.NORMAL) {
    entries += n.reservedEntries;
    bytes += n.reservedBytes;
  }
  return (entries <= <u64>n.slotMask + 1) & (bytes <= n.unappliedLimit) & (n.last + count <= PlanLimit.NUMBER);
}

/** Finds room for `size` bytes behind the last entry, letting applied entries go. */
function place(n: Node, size: u32): u32 {
  while (n.first <= n.last) {
    if (n.last - n.first < <u64>n.slotMask) {
      const tail = offsetOf(n, n.first);
      const free = (n.head <= tail ? tail : planOf(n).windowBytes) - n.head;
      if (size <= free) return n.head;
      if (n.head > tail && size <= tail) {
        n.wrapEnd = n.head;
        return 0;
      }
    }
    evict(n);
  }
  return 0;
}

/** Entries that go at once when room is needed: a share of those in the window. */
const EVICTION_SHARE: u64 = 16;

/** Lets some of the oldest entries go. */
function evict(n: Node): void {
  assert(n.first <= n.applied);
  // While the newest configuration is older than the window there is none to look out for in it.
  if (n.configurationIndex >= n.first) {
    evictFirst(n);
    return;
  }
  const last = min(n.applied, n.first + (n.last - n.first) / EVICTION_SHARE);
  n.baseTerm = entryAt(n, last).term;
  n.first = last + 1;
}

/** Lets the oldest entry go. A configuration becomes the base configuration. */
export function evictFirst(n: Node): void {
  const entry = entryAt(n, n.first);
  if (entry.kind == EntryKind.CONFIGURATION) {
    copyWords(at(n, n.baseOffset), payloadOf(entry), align8(entry.length));
    n.baseIndex = n.first;
  }
  n.baseTerm = entry.term;
  n.first++;
}

/** Makes room for the next entry, of `length` payload bytes, and returns where it is to be written. */
// @ts-ignore: decorator
@inline
function reserve(n: Node, size: u32, term: u64): usize {
  assert(term >= n.lastTerm);
  const offset = place(n, size);
  n.head = offset + size;
  n.last++;
  n.lastTerm = term;
  store<u32>(slotAddress(n, n.last), offset);
  return at(n, n.bytesOffset) + offset;
}

/** Appends a new entry; the payload is copied and padded with zeroes. */
export function push(n: Node, term: u64, kind: u32, payload: usize, length: u32): void {
  const size = entrySize(length);
  const entry = changetype<Entry>(reserve(n, size, term));
  entry.term = term;
  entry.length = length;
  entry.kind = <u8>kind;
  entry.reserved8 = 0;
  entry.reserved16 = 0;
  if (length == 0) return;
  const target = payloadOf(entry);
  const whole = length & ~7;
  copyWords(target, payload, whole);
  if (whole == length) return;
  store<u64>(target + whole, 0);
  for (let i = whole; i < length; i++) store<u8>(target + i, load<u8>(payload + i));
}

/** Appends an entry that is in wire form already. */
// @ts-ignore: decorator
@inline
export function pushEncoded(n: Node, entry: Entry, size: u32): void {
  copyWords(reserve(n, size, entry.term), changetype<usize>(entry), size);
}

/** Removes the entries from `from` on, which lie in the window; storage and durability follow. */
export function removeFrom(n: Node, from: u64): void {
  assert((from > n.commit) & (from >= n.first) & (from <= n.last));
  n.last = from - 1;
  n.lastTerm = termAt(n, n.last);
  n.head = n.last < n.first ? 0 : offsetOf(n, n.last) + sizeOf(entryAt(n, n.last));
  if (n.written >= from) {
    n.written = n.last;
    if (n.truncateFrom == 0 || from < n.truncateFrom) n.truncateFrom = from;
  }
  if (n.durable > n.last) n.durable = n.last;
  if (n.verified > n.last) n.verified = n.last;
}

/** Last index of the run of entries that begins at `index` and lies in one piece. */
export function runEnd(n: Node, index: u64): u64 {
  const offset = offsetOf(n, index);
  if (n.head > offset) return n.last;
  while (index < n.last && offsetOf(n, index + 1) > offset) index++;
  return index;
}
