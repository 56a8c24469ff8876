/**
 * The terms of entries that have left the window: where each of the newest terms begins. A log parts from another one
 * where terms differ, so this is all that is needed to find that place, however long the log is.
 *
 * The rows ascend in index and in term. The last one has the term of the entry right before the window; before the first
 * one nothing is known. There is always at least one row: at the start, the snapshot's index and term.
 */

import { Node } from "../abi/node";
import { PlanLimit } from "../abi/plan";
import { TermStart } from "../abi/term-start";
import { termsOf } from "./arena";

const ROW_BYTES: u32 = 16;

// @ts-ignore: decorator
@inline
function rowAt(n: Node, i: u32): TermStart {
  return changetype<TermStart>(termsOf(n) + <usize>i * ROW_BYTES);
}

/** Lowest index whose term is known. */
// @ts-ignore: decorator
@inline
export function lowestKnown(n: Node): u64 {
  return rowAt(n, 0).index;
}

/** The newest term outside the window: that of the entry right before it. */
// @ts-ignore: decorator
@inline
export function newestTerm(n: Node): u64 {
  return rowAt(n, n.termCount - 1).term;
}

/** Forgets all rows but one, which says where the log begins. */
export function beginTerms(n: Node, index: u64, term: u64): void {
  n.termCount = 1;
  rowAt(n, 0).index = index;
  rowAt(n, 0).term = term;
}

/** An entry leaves the window. When the table is full its oldest row goes. */
export function noteTerm(n: Node, index: u64, term: u64): void {
  if (newestTerm(n) == term) return;
  if (n.termCount == PlanLimit.TERMS) {
    n.termCount--;
    memory.copy(termsOf(n), termsOf(n) + ROW_BYTES, n.termCount * ROW_BYTES);
  }
  const row = rowAt(n, n.termCount);
  row.index = index;
  row.term = term;
  n.termCount++;
}

/** The term at an index before the window, at or above `lowestKnown`. */
export function termBefore(n: Node, index: u64): u64 {
  let i = n.termCount - 1;
  while (rowAt(n, i).index > index) i--;
  return rowAt(n, i).term;
}

/** The entries from `from` on, above `lowestKnown`, are removed. */
export function forgetTerms(n: Node, from: u64): void {
  while (rowAt(n, n.termCount - 1).index >= from) n.termCount--;
}

/** Highest index up to `index`, which lies before the window, whose term is not above `term`; or one that is not known. */
export function skipTerms(n: Node, index: u64, term: u64): u64 {
  for (let i = <i32>n.termCount - 1; i >= 0; i--) {
    const row = rowAt(n, i);
    if (row.index > index) continue;
    if (row.term <= term) break;
    index = row.index - 1;
  }
  return index;
}
