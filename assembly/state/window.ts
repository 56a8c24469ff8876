/**
 * The log window: the newest entries in wire form, in a ring of bytes, with the offset of each in a ring of slots. An
 * entry is never split: where it does not fit behind the last one, it goes to the start.
 *
 * The window is a cache of the log. Entries leave at the old end when room is needed, once they are durable: storage
 * still has them, and terms.ts remembers their terms.
 */

import { Entry, EntryFrame, EntryKind } from "../abi/entry";
import { Node } from "../abi/node";
import { PlanLimit } from "../abi/plan";
import { at, planOf } from "./arena";
import { align8, copyWords } from "./memory";
import { forgetTerms, lowestKnown, newestTerm, noteTerm, skipTerms, termBefore } from "./terms";

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

/** An entry's kind, together with the reserved bytes behind it: they are 0 in an entry that is well-formed. */
// @ts-ignore: decorator
@inline
export function kindOf(entry: Entry): u32 {
  return load<u32>(changetype<usize>(entry), offsetof<Entry>("kind"));
}

/** Sets the kind, and the reserved bytes to 0. */
// @ts-ignore: decorator
@inline
function setKind(entry: Entry, kind: u32): void {
  store<u32>(changetype<usize>(entry), kind, offsetof<Entry>("kind"));
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

/** Whether the term at an index is known here. */
// @ts-ignore: decorator
@inline
export function knowsTerm(n: Node, index: u64): bool {
  return (index >= lowestKnown(n)) & (index <= n.last);
}

/** The term at an index that `knowsTerm`. */
export function termAt(n: Node, index: u64): u64 {
  return index < n.first ? termBefore(n, index) : entryAt(n, index).term;
}

/** Whether the entry at an index is known to be of this term. */
export function hasTerm(n: Node, index: u64, term: u64): bool {
  return knowsTerm(n, index) && termAt(n, index) == term;
}

/** Whether the entry at an index is known to be of another term. */
export function hasOtherTerm(n: Node, index: u64, term: u64): bool {
  return knowsTerm(n, index) && termAt(n, index) != term;
}

/**
 * Highest index from `floor` to `index` whose term is not known to be above `term`; `floor` if there is none. Bounded by
 * the window and the table of terms.
 */
export function lastUpToTerm(n: Node, index: u64, floor: u64, term: u64): u64 {
  while (index >= n.first && index > floor && entryAt(n, index).term > term) index--;
  if (index < n.first) index = skipTerms(n, index, term);
  return max(index, floor);
}

/** Bytes of the ring that the entries from `index` to the last one take up, what is skipped at the wrap included. */
export function spanFrom(n: Node, index: u64): u32 {
  if (index < n.first) index = n.first;
  if (index > n.last) return 0;
  const offset = offsetOf(n, index);
  return n.head > offset ? n.head - offset : n.head + planOf(n).windowBytes - offset;
}

/** No place in the window. */
const NONE: u32 = u32.MAX_VALUE;

/** Where `size` bytes go while `oldest` is the oldest entry; NONE if they do not fit. */
function placeBehind(n: Node, size: u32, oldest: u64): u32 {
  if (n.last - oldest >= <u64>n.slotMask) return NONE;
  const tail = offsetOf(n, oldest);
  const ahead = n.head > tail;
  if (size <= (ahead ? planOf(n).windowBytes : tail) - n.head) return n.head;
  return ahead & (size <= tail) ? 0 : NONE;
}

/** Finds room for `size` bytes. For that, entries up to `until` may leave; if it would not do, none does. */
// @ts-ignore: decorator
@inline
function place(n: Node, size: u32, until: u64): u32 {
  if (n.last >= PlanLimit.NUMBER) return NONE;
  let enough = until >= n.last;
  while (n.first <= n.last) {
    const offset = placeBehind(n, size, n.first);
    if (offset != NONE) return offset;
    if (!enough && placeBehind(n, size, max(until + 1, n.first)) == NONE) return NONE;
    enough = true;
    evict(n, until);
  }
  return 0;
}

/** Entries that go at once when room is needed: a share of those in the window. */
const EVICTION_SHARE: u64 = 16;

/** Lets some of the oldest entries go, none above `until`. */
function evict(n: Node, until: u64): void {
  assert(n.first <= until);
  const last = min(until, n.first + (n.last - n.first) / EVICTION_SHARE);
  // Most often the newest configuration is older than the window, and there is no new term in it.
  if (n.configurationIndex >= n.first || entryAt(n, last).term != newestTerm(n)) evictFirst(n);
  else n.first = last + 1;
}

/** Lets the oldest entry go. A configuration becomes the base configuration. */
function evictFirst(n: Node): void {
  const entry = entryAt(n, n.first);
  if (entry.kind == EntryKind.CONFIGURATION) {
    copyWords(at(n, n.baseOffset), payloadOf(entry), align8(entry.length));
    n.baseIndex = n.first;
    if (n.configurationIndex == n.first) n.configurationOffset = n.baseOffset;
  }
  noteTerm(n, n.first, entry.term);
  n.first++;
}

/** Makes room for the next entry, for which entries up to `until` may leave. Answers where it is to be written; 0 if
 * there is no room. */
function reserve(n: Node, size: u32, term: u64, until: u64): usize {
  assert(term >= n.lastTerm);
  const offset = place(n, size, until);
  if (offset == NONE) return 0;
  n.head = offset + size;
  n.last++;
  n.lastTerm = term;
  store<u32>(slotAddress(n, n.last), offset);
  return at(n, n.bytesOffset) + offset;
}

/** Appends a new entry, for which entries up to `until` may leave the window; the payload is copied and padded with
 * zeroes. False if there is no room. */
export function push(n: Node, term: u64, kind: u32, payload: usize, length: u32, until: u64): bool {
  const address = reserve(n, entrySize(length), term, until);
  if (address == 0) return false;
  const entry = changetype<Entry>(address);
  entry.term = term;
  entry.length = length;
  setKind(entry, kind);
  if (length == 0) return true;
  const target = payloadOf(entry);
  const whole = length & ~7;
  copyWords(target, payload, whole);
  if (whole == length) return true;
  store<u64>(target + whole, 0);
  for (let i = whole; i < length; i++) store<u8>(target + i, load<u8>(payload + i));
  return true;
}

/** Appends an entry that is in wire form already; see `push`. */
// @ts-ignore: decorator
@inline
export function pushEncoded(n: Node, entry: Entry, size: u32, until: u64): bool {
  const address = reserve(n, size, entry.term, until);
  if (address == 0) return false;
  copyWords(address, changetype<usize>(entry), size);
  return true;
}

/** Removes the entries from `from` on, whose terms are known; storage and durability follow. */
export function removeFrom(n: Node, from: u64): void {
  assert((from > n.commit) & (from > lowestKnown(n)) & (from <= n.last));
  n.last = from - 1;
  n.lastTerm = termAt(n, n.last);
  if (from <= n.first) {
    forgetTerms(n, from);
    n.first = from;
    n.head = 0;
  } else {
    n.head = offsetOf(n, n.last) + sizeOf(entryAt(n, n.last));
  }
  if (n.written >= from) {
    n.written = n.last;
    if (n.truncateFrom == 0 || from < n.truncateFrom) n.truncateFrom = from;
  }
  n.durable = min(n.durable, n.last);
  n.verified = min(n.verified, n.last);
}

/** Last index of the run of entries that begins at `index` and lies in one piece. */
export function runEnd(n: Node, index: u64): u64 {
  const offset = offsetOf(n, index);
  if (n.head > offset) return n.last;
  while (index < n.last && offsetOf(n, index + 1) > offset) index++;
  return index;
}
