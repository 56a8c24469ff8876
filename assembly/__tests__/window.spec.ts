/** The log window (state/window.ts), rule by rule; eviction.spec.ts has what leaves it, window-model.spec.ts sequences. */

import { EntryKind } from "../abi/entry";
import { EventKind } from "../abi/event";
import { Role } from "../abi/node";
import { PlanLimit } from "../abi/plan";
import { brokenInvariant } from "../raft/invariants";
import { restoreEntries, restoreHardState } from "../raft/restore";
import { becomeCandidate, becomeLeader } from "../raft/role";
import { arenaBytes, planOf } from "../state/arena";
import { beginTerms, lowestKnown } from "../state/terms";
import { entryAt, knowsTerm, offsetOf, push, pushEncoded, runEnd, sizeOf, spanFrom, termAt } from "../state/window";
import { fillSlots, LogModel, roomyLog } from "./log-model";
import { freeNode, newNode, newPlan, settle } from "./node-kit";

describe("the window", () => {
  it("wraps where an entry does not fit behind the last one, and never splits one", () => {
    const log = new LogModel(newNode(newPlan()), 1);
    const n = log.n;
    let wraps = 0;
    for (let i = 0; i < 40; i++) {
      assert(log.add(1, 200, n.durable));
      settle(n, n.last);
      if (i > 0 && offsetOf(n, n.last) == 0) wraps++;
      assert(brokenInvariant(n) == 0);
      log.assertEntries();
      log.assertPlaces();
    }
    expect(wraps).toBe(4, "nine entries of 216 bytes in each round of 2048");
    log.free();
  });

  it("counts what is skipped at the wrap as taken up", () => {
    const log = new LogModel(newNode(newPlan()), 1);
    const n = log.n;
    for (let i = 0; i < 10; i++) {
      assert(log.add(1, 200, n.durable));
      settle(n, n.last);
    }
    expect(offsetOf(n, 10)).toBe(0);
    expect(spanFrom(n, 9)).toBe(216 + (2048 - 9 * 216) + 216);
    expect(spanFrom(n, 10)).toBe(216);
    log.free();
  });

  it("uses every byte and every slot", () => {
    const plan = newPlan();
    plan.windowBytes = 1024;
    const log = new LogModel(newNode(plan), 1);
    for (let i = 0; i < 16; i++) assert(log.add(1, 48, 0));
    expect(spanFrom(log.n, 1)).toBe(1024);
    expect(log.add(1, 0, 0)).toBe(false);
    expect(log.add(1, 48, 1)).toBe(true, "exactly where the first one was");
    expect(log.n.first).toBe(2);
    expect(spanFrom(log.n, 2)).toBe(1024);
    log.assertEntries();
    log.assertPlaces();
    log.free();
    const many = roomyLog();
    fillSlots(many);
    expect(many.add(1, 0, 0)).toBe(false);
    many.free();
  });

  it("takes no entry whose index would not be a number", () => {
    const n = newNode(newPlan());
    beginTerms(n, PlanLimit.NUMBER - 1, 1);
    n.first = PlanLimit.NUMBER;
    n.last = PlanLimit.NUMBER - 1;
    n.lastTerm = 1;
    expect(push(n, 1, EntryKind.NOOP, 0, 0, n.last)).toBe(true);
    expect(push(n, 1, EntryKind.NOOP, 0, 0, n.last)).toBe(false);
    expect(n.last).toBe(PlanLimit.NUMBER);
    freeNode(n);
  });
});

describe("a truncation", () => {
  it("reaches before the window: it is empty then, and goes on from there", () => {
    const log = new LogModel(newNode(newPlan()), 1);
    const n = log.n;
    for (let i: u64 = 0; i < 60; i++) {
      assert(log.add(1 + i / 4, 8, n.durable));
      settle(n, 0);
    }
    log.removeFrom(10);
    expect(n.first).toBe(10);
    expect(n.last).toBe(9);
    expect(n.lastTerm).toBe(3);
    expect(n.durable).toBe(9);
    expect(n.truncateFrom).toBe(10);
    expect(n.head).toBe(0);
    log.assertTerms();
    assert(log.add(40, 8, n.durable));
    expect(n.head).toBe(24, "an empty window begins at the start");
    log.assertEntries();
    log.assertTerms();
    expect(brokenInvariant(n)).toBe(0);
    log.free();
  });

  it("right before the window takes all of it, and none of the terms before", () => {
    const log = new LogModel(newNode(newPlan()), 1);
    const n = log.n;
    for (let i: u64 = 1; i <= 40; i++) {
      assert(log.add(i / 10 + 1, 8, n.durable));
      settle(n, 0);
    }
    const first = n.first;
    const count = n.termCount;
    log.removeFrom(first);
    expect(n.first).toBe(first);
    expect(n.termCount).toBe(count);
    log.assertTerms();
    log.free();
  });

  it("asks storage to remove from the lowest index, and only what it was handed", () => {
    const log = new LogModel(newNode(newPlan()), 1);
    const n = log.n;
    for (let i = 0; i < 9; i++) assert(log.add(1, 8, 0));
    n.written = 7;
    n.durable = 6;
    n.verified = 9;
    log.removeFrom(8);
    expect(n.truncateFrom).toBe(0);
    expect(n.written).toBe(7);
    expect(n.verified).toBe(7);
    log.removeFrom(5);
    assert(log.add(2, 8, 0));
    n.written = 5;
    log.removeFrom(5);
    log.removeFrom(3);
    assert(log.add(2, 8, 0));
    assert(log.add(2, 8, 0));
    n.written = 4;
    log.removeFrom(4);
    expect(n.truncateFrom).toBe(3);
    expect(n.durable).toBe(2);
    expect(n.verified).toBe(2);
    log.free();
  });

  throws("does not reach below what is committed", () => {
    const log = new LogModel(newNode(newPlan()), 1);
    for (let i = 0; i < 5; i++) log.add(1, 8, 0);
    settle(log.n, 3);
    log.removeFrom(3);
  });

  throws("does not reach below the terms that are known", () => {
    const log = new LogModel(newNode(newPlan()), 1);
    for (let i: u64 = 1; i < 80; i++) {
      log.add(i, 8, log.n.durable);
      settle(log.n, 0);
    }
    log.removeFrom(lowestKnown(log.n));
  });
});

describe("a new leader", () => {
  it("always finds room for its empty entry in a durable log, however many failed before it", () => {
    const n = newNode(newPlan());
    while (push(n, 0, EntryKind.NORMAL, changetype<usize>(n), 40, 0)) continue;
    for (let term: u64 = 1; term <= 200; term++) {
      settle(n, 0);
      becomeCandidate(n, Role.CANDIDATE);
      becomeLeader(n);
      assert(n.role == Role.LEADER && n.lastTerm == term);
      n.role = Role.FOLLOWER;
      n.leader = 0;
      assert(brokenInvariant(n) == 0);
    }
    expect(n.lastTerm).toBe(200);
    expect(knowsTerm(n, n.last - 32 - 32 + 1)).toBe(true, "a window of 32 and the table");
    freeNode(n);
  });

  it("steps down if the window is full of what is not durable, and says so", () => {
    const n = newNode(newPlan());
    n.eventMask = 1 << EventKind.FULL;
    while (push(n, 0, EntryKind.NORMAL, changetype<usize>(n), 40, 0)) continue;
    const last = n.last;
    becomeCandidate(n, Role.CANDIDATE);
    becomeLeader(n);
    expect(n.role).toBe(Role.FOLLOWER);
    expect(n.leader).toBe(0);
    expect(n.last).toBe(last);
    expect(n.eventsPending).toBe(1 << EventKind.FULL);
    expect(brokenInvariant(n)).toBe(0);
    freeNode(n);
  });
});

describe("a window that is restored", () => {
  it("holds the end of the log, and knows the terms before", () => {
    const before = roomyLog();
    for (let i: u64 = 0; i < 250; i++) assert(before.add(1 + i / 40, <u32>(i % 50), 0));
    const after = newNode(newPlan());
    restoreHardState(after, 9, 0);
    const entries = changetype<usize>(entryAt(before.n, 1));
    expect(restoreEntries(after, entries, spanFrom(before.n, 1))).toBe(0);
    expect(after.last).toBe(250);
    expect(after.durable).toBe(250);
    expect(after.first).toBeGreaterThan(218);
    expect(lowestKnown(after)).toBe(0);
    for (let index: u64 = 0; index <= 250; index++) assert(termAt(after, index) == termAt(before.n, index));
    expect(brokenInvariant(after)).toBe(0);
    before.free();
    freeNode(after);
  });
});

describe("entries in wire form", () => {
  it("lie in runs of one piece, whose end is known", () => {
    const log = new LogModel(newNode(newPlan()), 1);
    const n = log.n;
    for (let i = 0; i < 12; i++) {
      assert(log.add(1, 200, n.durable));
      settle(n, n.last);
    }
    expect(offsetOf(n, 10)).toBe(0, "where it wraps");
    expect(runEnd(n, n.first)).toBe(9);
    expect(runEnd(n, 9)).toBe(9);
    expect(runEnd(n, 10)).toBe(12);
    expect(runEnd(n, 12)).toBe(12);
    log.free();
  });

  it("are taken as they are, or not at all", () => {
    const from = new LogModel(newNode(newPlan()), 1);
    const to = newNode(newPlan());
    from.add(3, 33, 0);
    const entry = entryAt(from.n, 1);
    expect(pushEncoded(to, entry, sizeOf(entry), 0)).toBe(true);
    expect(memory.compare(changetype<usize>(entryAt(to, 1)), changetype<usize>(entry), sizeOf(entry))).toBe(0);
    while (pushEncoded(to, entry, sizeOf(entry), 0)) continue;
    const bytes = arenaBytes(planOf(to));
    const copy = heap.alloc(bytes);
    memory.copy(copy, changetype<usize>(to), bytes);
    expect(pushEncoded(to, entry, sizeOf(entry), 0)).toBe(false);
    expect(memory.compare(copy, changetype<usize>(to), bytes)).toBe(0);
    heap.free(copy);
    from.free();
    freeNode(to);
  });
});
