/** The terms of what has left the window (state/terms.ts) against a list with the term at every index. */

import { Node } from "../abi/node";
import { PlanLimit } from "../abi/plan";
import { beginTerms, forgetTerms, lowestKnown, newestTerm, noteTerm, skipTerms, termBefore } from "../state/terms";
import { freeNode, newNode, newPlan, Random } from "./node-kit";

/** Term of each entry; of the snapshot, in front. */
let log: u64[] = [];
/** Index of the snapshot. */
let start: u64 = 0;

function begin(n: Node, index: u64, term: u64): void {
  beginTerms(n, index, term);
  start = index;
  log = [term];
}

/** The next entry leaves the window. */
function leave(n: Node, term: u64): void {
  noteTerm(n, start + log.length, term);
  log.push(term);
}

function cut(n: Node, from: u64): void {
  forgetTerms(n, from);
  log.length = <i32>(from - start);
}

/** Where the newest `PlanLimit.TERMS` terms begin: the lowest index whose term is known, if nothing was removed. */
function lowestByHand(): u64 {
  let i = log.length - 1;
  for (let terms: u32 = 1; i > 0; i--) {
    if (log[i] != log[i - 1] && terms++ == PlanLimit.TERMS) break;
  }
  return start + i;
}

function skipByHand(n: Node, index: u64, term: u64): u64 {
  while (index >= lowestKnown(n) && log[<i32>(index - start)] > term) index--;
  return index;
}

/** Whether every term that is known is the one in the list. */
function agrees(n: Node): bool {
  for (let index = lowestKnown(n); index < start + log.length; index++) {
    if (termBefore(n, index) != log[<i32>(index - start)]) return false;
  }
  return newestTerm(n) == log[log.length - 1];
}

describe("the table of terms", () => {
  it("begins with the snapshot", () => {
    const n = newNode(newPlan());
    begin(n, 40, 7);
    expect(lowestKnown(n)).toBe(40);
    expect(newestTerm(n)).toBe(7);
    expect(termBefore(n, 40)).toBe(7);
    leave(n, 7);
    expect(n.termCount).toBe(1, "the same term takes no row");
    leave(n, 9);
    begin(n, 50, 11);
    expect(n.termCount).toBe(1);
    expect(lowestKnown(n)).toBe(50);
    freeNode(n);
  });

  it("forgets the oldest term when it is full, and nothing else", () => {
    const n = newNode(newPlan());
    begin(n, 0, 0);
    for (let term: u64 = 1; term < PlanLimit.TERMS; term++) {
      leave(n, term * 2);
      leave(n, term * 2);
    }
    expect(n.termCount).toBe(PlanLimit.TERMS);
    expect(lowestKnown(n)).toBe(0);
    leave(n, newestTerm(n));
    expect(lowestKnown(n)).toBe(0, "no new term, no row");
    leave(n, 1000);
    expect(n.termCount).toBe(PlanLimit.TERMS);
    expect(lowestKnown(n)).toBe(1);
    leave(n, 1001);
    expect(lowestKnown(n)).toBe(3);
    expect(agrees(n)).toBe(true);
    freeNode(n);
  });

  it("touches no byte behind its last row", () => {
    const n = newNode(newPlan());
    begin(n, 0, 0);
    const behind = changetype<usize>(n) + n.termsOffset + PlanLimit.TERMS * 16;
    store<u64>(behind, 0xa5a5a5a5a5a5a5a5);
    for (let term: u64 = 1; term < 100; term++) leave(n, term);
    expect(load<u64>(behind)).toBe(0xa5a5a5a5a5a5a5a5);
    freeNode(n);
  });

  it("forgets where removed entries began, and keeps a term that began before", () => {
    const n = newNode(newPlan());
    begin(n, 0, 0);
    for (let i: u64 = 0; i < 9; i++) leave(n, 1 + i / 3);
    cut(n, 6);
    expect(n.termCount).toBe(3, "the terms 0, 1 and 2");
    expect(newestTerm(n)).toBe(2);
    cut(n, 4);
    expect(newestTerm(n)).toBe(1, "the first entry of term 2 is the one removed");
    leave(n, 5);
    expect(agrees(n)).toBe(true);
    cut(n, 1);
    expect(newestTerm(n)).toBe(0);
    expect(n.termCount).toBe(1);
    freeNode(n);
  });

  it("skips whole terms, and stops below the first one known if none fits", () => {
    const n = newNode(newPlan());
    begin(n, 10, 5);
    for (let i: u64 = 0; i < 9; i++) leave(n, 5 + 2 * (i / 3));
    // 10 to 13 are of term 5, 14 to 16 of 7, 17 to 19 of 9.
    expect(skipTerms(n, 19, 9)).toBe(19);
    expect(skipTerms(n, 19, 8)).toBe(16);
    expect(skipTerms(n, 15, 8)).toBe(15);
    expect(skipTerms(n, 15, 6)).toBe(13);
    expect(skipTerms(n, 19, 5)).toBe(13);
    expect(skipTerms(n, 19, 4)).toBe(9);
    expect(skipTerms(n, 8, 4)).toBe(8, "not known at all");
    freeNode(n);
  });
});

describe("the table of terms, through any sequence of entries that leave and are removed", () => {
  it("agrees with the list", () => {
    const random = new Random(17);
    let forgotten = 0;
    let removed = 0;
    for (let round = 0; round < 60; round++) {
      const n = newNode(newPlan());
      const snapshot = <u64>random.below(3) * 1000;
      begin(n, snapshot, snapshot == 0 ? 0 : 3);
      let lowest = start;
      const newTerms = 1 + random.below(8);
      for (let step = 0; step < 250; step++) {
        if (random.below(30) == 0 && start + log.length - 1 > lowest) {
          const known = <u32>(start + log.length - 1 - lowest);
          cut(n, lowest + 1 + <u64>random.below(known));
          removed++;
        } else {
          const newest = newestTerm(n);
          leave(n, newest + (newest == 0 || random.below(newTerms) == 0 ? 1 + <u64>random.below(3) : 0));
        }
        // What is forgotten once does not come back.
        lowest = max(lowest, lowestByHand());
        assert(lowestKnown(n) == lowest);
        assert(n.termCount <= PlanLimit.TERMS);
        assert(agrees(n));
        const end = start + log.length - 1;
        const index = end - <u64>random.below(<u32>min<u64>(40, end - start + 1));
        const term = <u64>random.below(<u32>newestTerm(n) + 2);
        assert(skipTerms(n, index, term) == skipByHand(n, index, term));
      }
      if (lowest > start) forgotten++;
      freeNode(n);
    }
    expect(forgotten).toBeGreaterThan(20);
    expect(removed).toBeGreaterThan(100);
  });
});
