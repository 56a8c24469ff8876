/** What leaves the log window (state/window.ts) when room is needed, and what is kept of it. */

import { lowestKnown } from "../state/terms";
import { knowsTerm, termAt } from "../state/window";
import { fillSlots, LogModel, roomyLog } from "./log-model";
import { newNode, newPlan, settle } from "./node-kit";

describe("entries leave the window", () => {
  it("once they are durable, committed or not, and their terms stay known", () => {
    const log = new LogModel(newNode(newPlan()), 1);
    const n = log.n;
    for (let i: u64 = 0; i < 60; i++) {
      assert(log.add(1 + i / 4, 8, n.durable));
      settle(n, 0);
    }
    expect(n.commit).toBe(0);
    expect(n.first).toBe(29, "32 slots");
    expect(lowestKnown(n)).toBe(0);
    expect(knowsTerm(n, n.last + 1)).toBe(false);
    expect(termAt(n, 4)).toBe(1);
    expect(termAt(n, 5)).toBe(2);
    log.assertTerms();
    log.free();
  });

  it("never above the index given, and none if that would not make room", () => {
    const log = new LogModel(newNode(newPlan()), 1);
    for (let i = 0; i < 9; i++) assert(log.add(1, 200, 0));
    // LogModel compares the arena byte by byte when an entry is refused.
    for (let length: u32 = 105; length <= 408; length++) assert(!log.add(1, length, 0));
    expect(log.add(2, 408, 1)).toBe(false, "one entry less is not enough");
    expect(log.n.first).toBe(1);
    expect(log.add(2, 408, 2)).toBe(true);
    expect(log.n.first).toBe(3);
    log.assertEntries();
    log.free();
  });

  it("all of them, if need be", () => {
    const log = new LogModel(newNode(newPlan()), 1);
    const n = log.n;
    for (let i = 0; i < 6; i++) {
      assert(log.add(1, 408, n.last));
      assert(log.add(1, 300, n.last));
    }
    log.assertEntries();
    const alone = newPlan();
    alone.maxMessage = 1024;
    const small = new LogModel(newNode(alone), 1);
    assert(small.add(1, 584, 0));
    assert(small.add(1, 920, 0));
    // The second one alone, in the middle, leaves 600 bytes before it and 512 behind.
    expect(small.add(1, 920, 1)).toBe(false);
    expect(small.add(1, 920, 2)).toBe(true);
    expect(small.n.first).toBe(3);
    log.free();
    small.free();
  });
});

describe("of the entries that may leave the window go", () => {
  it("a sixteenth at once, where they are of one term", () => {
    const log = roomyLog();
    fillSlots(log);
    assert(log.add(1, 8, 200));
    expect(log.n.first).toBe(2, "the first entry that leaves begins a term");
    assert(log.add(1, 8, 200));
    expect(log.n.first).toBe(18, "2 + 255 / 16 + 1");
    assert(log.add(1, 8, 200));
    expect(log.n.first).toBe(18);
    log.assertTerms();
    log.free();
  });

  it("by shares too no further than the index given", () => {
    const log = roomyLog();
    fillSlots(log);
    assert(log.add(1, 8, 1));
    assert(log.add(1, 8, 5));
    expect(log.n.first).toBe(6);
    log.free();
  });

  it("one by one where a term begins among them, which is noted", () => {
    const log = roomyLog();
    assert(log.add(1, 8, 0));
    for (let i = 0; i < 5; i++) assert(log.add(2, 8, 0));
    while (log.n.last < 256) assert(log.add(3, 8, 0));
    for (let i: u64 = 0; i < 7; i++) {
      assert(log.add(3, 8, 200));
      expect(log.n.first).toBe(i + 2);
    }
    log.assertTerms();
    assert(log.add(3, 8, 200));
    expect(log.n.first).toBe(24);
    log.assertTerms();
    log.free();
  });

  it("one by one while a configuration may be among them, which is kept aside", () => {
    const log = roomyLog();
    for (let i = 0; i < 3; i++) assert(log.add(1, 8, 0));
    assert(log.addConfiguration(1, 0b110, 0));
    while (log.n.last < 256) assert(log.add(1, 8, 0));
    for (let i: u64 = 0; i < 4; i++) {
      expect(log.n.baseIndex).toBe(0);
      assert(log.add(1, 8, 200));
      expect(log.n.first).toBe(i + 2);
    }
    expect(log.n.baseIndex).toBe(4);
    log.assertConfiguration();
    assert(log.add(1, 8, 200));
    expect(log.n.first).toBe(21);
    log.assertConfiguration();
    log.free();
  });
});
