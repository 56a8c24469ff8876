/** The log window (state/window.ts): a ring of bytes against the plainest model there is, a list of entries. */

import { Entry, EntryFrame, EntryKind } from "../abi/entry";
import { Node } from "../abi/node";
import { brokenInvariant } from "../raft/invariants";
import { restoreEntries, restoreHardState } from "../raft/restore";
import { entryCapacity, planOf } from "../state/arena";
import {
  admits,
  entryAt,
  entrySize,
  knowsTerm,
  offsetOf,
  payloadOf,
  push,
  pushEncoded,
  removeFrom,
  runEnd,
  sizeOf,
  spanFrom,
  termAt,
} from "../state/window";
import { freeNode, newNode, newPlan, Random } from "./node-kit";

/** Longest payload of the plan. */
const LONGEST: u32 = 512 - 88 - 16;
/** Length and term of each entry since the first one, as they were pushed. */
let lengths: u32[] = [];
let terms: u64[] = [];
let payload: usize = 0;

function fillPayload(index: u64, length: u32): void {
  for (let i: u32 = 0; i < length; i++) store<u8>(payload + i, <u8>(<u32>index * 7 + i));
}

/** Pushes an entry, and remembers it. Empty ones are a new leader's. */
function add(n: Node, term: u64, length: u32): void {
  fillPayload(n.last + 1, length);
  push(n, term, length == 0 ? EntryKind.NOOP : EntryKind.NORMAL, payload, length);
  n.term = max(n.term, term);
  lengths.push(length);
  terms.push(term);
}

/** Everything up to `index` is committed, durable and applied. */
function settle(n: Node, index: u64): void {
  n.commit = index;
  n.written = n.last;
  n.durable = n.last;
  n.applied = index;
}

/** Whether every entry of the window is the one that was pushed. */
function agrees(n: Node): bool {
  for (let index = n.first; index <= n.last; index++) {
    const entry = entryAt(n, index);
    const length = lengths[<i32>index - 1];
    if (entry.length != length || entry.term != terms[<i32>index - 1]) return false;
    fillPayload(index, length);
    if (memory.compare(payloadOf(entry), payload, length) != 0) return false;
    for (let i = length; i < sizeOf(entry) - EntryFrame.HEADER; i++) {
      if (load<u8>(payloadOf(entry) + i) != 0) return false;
    }
  }
  return true;
}

/** Bytes of the entries from `index` on, counted one by one. */
function bytesFrom(n: Node, index: u64): u32 {
  let bytes: u32 = 0;
  for (let i = max(index, n.first); i <= n.last; i++) bytes += sizeOf(entryAt(n, i));
  return bytes;
}

beforeEach(() => {
  lengths = [];
  terms = [];
  if (payload == 0) payload = heap.alloc(512);
});

describe("the window", () => {
  it("wraps where an entry does not fit behind the last one, and never splits one", () => {
    const n = newNode(newPlan());
    let wraps = 0;
    for (let i = 0; i < 40; i++) {
      add(n, 1, 200);
      settle(n, n.last);
      if (i > 0 && offsetOf(n, n.last) == 0) wraps++;
      assert(agrees(n));
      assert(brokenInvariant(n) == 0);
    }
    expect(wraps).toBe(4, "nine entries of 216 bytes in each round of 2048");
    freeNode(n);
  });

  it("lets applied entries go, and keeps the term of the one before the first", () => {
    const n = newNode(newPlan());
    for (let term: u64 = 1; term <= 50; term++) {
      add(n, term, 8);
      settle(n, n.last);
    }
    expect(n.first).toBeGreaterThan(18, "32 slots");
    expect(termAt(n, n.first - 1)).toBe(n.first - 1);
    expect(knowsTerm(n, n.first - 1)).toBe(true);
    expect(knowsTerm(n, n.first - 2)).toBe(false);
    expect(knowsTerm(n, n.last + 1)).toBe(false);
    freeNode(n);
  });

  throws("does not let go of entries that are not applied", () => {
    const n = newNode(newPlan());
    for (let i = 0; i < 33; i++) add(n, 1, 8);
  });

  it("holds what was pushed through any sequence of appends, applies and truncations", () => {
    const random = new Random(7);
    let checked = 0;
    for (let round = 0; round < 60; round++) {
      const n = newNode(newPlan());
      lengths = [];
      terms = [];
      let term: u64 = 1;
      for (let step = 0; step < 200; step++) {
        const draw = random.below(16);
        const length = random.below(4) == 0 ? random.below(LONGEST + 1) : random.below(40);
        const kind = length == 0 ? EntryKind.NOOP : EntryKind.NORMAL;
        if (draw < 10 && admits(n, 1, entrySize(length), kind)) {
          add(n, term, length);
        } else if (draw < 13) {
          settle(n, n.commit + <u64>random.below(<u32>(n.last - n.commit) + 1));
        } else if (draw < 14 && n.last > n.commit) {
          const from = n.commit + 1 + <u64>random.below(<u32>(n.last - n.commit));
          removeFrom(n, from);
          lengths.length = <i32>from - 1;
          terms.length = <i32>from - 1;
        } else if (draw == 15) {
          term++;
        }
        assert(agrees(n));
        assert(brokenInvariant(n) == 0);
        assert(n.last == lengths.length);
        // What a follower has not applied is here.
        assert(n.first <= n.applied + 1);
        checked++;
      }
      freeNode(n);
    }
    expect(checked).toBe(60 * 200);
  });
});

describe("admission to the window", () => {
  it("goes by the bytes of the entries, and there is room for whatever is admitted", () => {
    const random = new Random(11);
    let refused = 0;
    for (let round = 0; round < 100; round++) {
      const n = newNode(newPlan());
      lengths = [];
      terms = [];
      // Begin anywhere in the ring.
      for (let i = random.below(40); i > 0; i--) {
        add(n, 1, random.below(300));
        settle(n, n.last);
      }
      const applied = n.applied;
      for (let step = 0; step < 60; step++) {
        const length = random.below(random.below(2) == 0 ? 24 : LONGEST + 1);
        if (admits(n, 1, entrySize(length), EntryKind.NORMAL)) add(n, 1, length);
        else refused++;
        assert(spanFrom(n, applied + 1) == bytesFrom(n, applied + 1));
      }
      // The reserve is for the algorithm's own entries.
      while (admits(n, 1, entrySize(0), EntryKind.NOOP)) add(n, 1, 0);
      assert(n.last - applied <= 32);
      assert(n.first <= applied + 1);
      assert(agrees(n));
      freeNode(n);
    }
    expect(refused).toBeGreaterThan(100);
  });

  it("leaves normal entries the window less the longest entry and the reserve, and its own entries the reserve", () => {
    const n = newNode(newPlan());
    const plan = planOf(n);
    const limit = plan.windowBytes - entryCapacity(plan);
    while (admits(n, 1, entrySize(40), EntryKind.NORMAL)) add(n, 1, 40);
    const normal = spanFrom(n, 1);
    expect(normal).toBeLessThanOrEqual(limit - n.reservedBytes);
    expect(normal).toBeGreaterThan(limit - n.reservedBytes - entrySize(40));
    expect(admits(n, 1, n.reservedBytes, EntryKind.CONFIGURATION)).toBe(true);
    expect(admits(n, 1, n.reservedBytes + entrySize(40), EntryKind.CONFIGURATION)).toBe(false);
    freeNode(n);
  });
});

describe("a window that is restored", () => {
  it("holds everything that might not be committed", () => {
    const random = new Random(13);
    const log = heap.alloc(65536);
    let evicted = 0;
    for (let round = 0; round < 100; round++) {
      const before = newNode(newPlan());
      lengths = [];
      terms = [];
      let bytes: u32 = 0;
      for (let i = random.below(60); i > 0; i--) {
        add(before, 1, random.below(200));
        settle(before, before.last);
        bytes += copyOut(before, log + bytes);
      }
      const applied = before.applied;
      for (let step = 0; step < 80; step++) {
        const length = random.below(300);
        if (!admits(before, 1, entrySize(length), EntryKind.NORMAL)) continue;
        add(before, 1, length);
        bytes += copyOut(before, log + bytes);
      }
      // One new leader that failed: its entry comes out of the reserve.
      add(before, 2, 0);
      bytes += copyOut(before, log + bytes);

      const after = newNode(newPlan());
      restoreHardState(after, 2, 0);
      assert(restoreEntries(after, log, bytes) == 0);
      assert(after.last == before.last);
      assert(after.first <= applied + 1);
      if (after.first > 1) evicted++;
      assert(agrees(after));
      assert(brokenInvariant(after) == 0);
      freeNode(before);
      freeNode(after);
    }
    heap.free(log);
    expect(evicted).toBeGreaterThan(50);
  });
});

describe("entries in wire form", () => {
  it("lie in runs of one piece, whose end is known", () => {
    const n = newNode(newPlan());
    for (let i = 0; i < 12; i++) {
      add(n, 1, 200);
      settle(n, n.last);
    }
    expect(offsetOf(n, 10)).toBe(0, "where it wraps");
    expect(runEnd(n, n.first)).toBe(9);
    expect(runEnd(n, 9)).toBe(9);
    expect(runEnd(n, 10)).toBe(12);
    expect(runEnd(n, 12)).toBe(12);
    freeNode(n);
  });

  it("are taken as they are", () => {
    const from = newNode(newPlan());
    const to = newNode(newPlan());
    add(from, 3, 33);
    const entry = entryAt(from, 1);
    pushEncoded(to, entry, sizeOf(entry));
    expect(memory.compare(changetype<usize>(entryAt(to, 1)), changetype<usize>(entry), sizeOf(entry))).toBe(0);
    freeNode(from);
    freeNode(to);
  });
});

/** Copies the last entry out, as storage does. Answers its size. */
function copyOut(n: Node, to: usize): u32 {
  const entry: Entry = entryAt(n, n.last);
  memory.copy(to, changetype<usize>(entry), sizeOf(entry));
  return sizeOf(entry);
}
