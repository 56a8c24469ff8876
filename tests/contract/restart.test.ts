/** Restarts: what a node takes over from storage, and what it makes of it. */

import { describe, expect, it } from "vitest";
import { encodeAppend } from "../../sim/messages.js";
import { cores } from "./cores.js";
import { from, Scenario } from "./scenario.js";

describe.each(cores)("restarts on $name", ({ make }) => {
  it("a node whose log is longer than its window applies all of it again, in order", () => {
    const w = new Scenario(make(), { nodes: 3, capacity: { windowEntries: 16 } });
    w.elect(1);
    for (let i = 0; i < 50; i++) {
      w.propose(1, `${i}`);
      w.deliverAll();
    }
    const before = w.applied(2);
    w.crash(2);
    w.restart(2);
    expect(w.applied(2)).toBe("");
    expect(w.state(2).first).toBeGreaterThan(30);
    w.heartbeat(1);
    w.deliverAll();
    expect(w.applied(2)).toBe(before);
  });

  it("a cluster that loses power goes on where it was", () => {
    const w = new Scenario(make(), { nodes: 3 });
    w.elect(1);
    w.propose(1, "x");
    w.deliverAll();
    for (const id of [1, 2, 3]) w.crash(id);
    for (const id of [1, 2, 3]) w.restart(id);
    expect([1, 2, 3].map((id) => w.describe(id))).toEqual(new Array(3).fill("FOLLOWER t1 commit=0"));
    w.elect(2);
    expect([1, 2, 3].map((id) => w.applied(id))).toEqual(new Array(3).fill("2:x"));
  });

  it("an uncommitted entry survives the restart of those who hold it, and is committed with the next leader's", () => {
    const w = new Scenario(make(), { nodes: 3 });
    w.elect(1);
    w.isolate(3);
    w.propose(1, "x");
    w.deliver(1, 2);
    w.drop();
    w.crash(1);
    w.crash(2);
    w.restart(2);
    w.heal();
    w.elect(2);
    expect(w.applied(3)).toBe("2:x");
  });

  // Paper 5.3. The window is a cache: how far back logs part does not depend on it.
  it("logs that part long before the window are made equal, across many terms", () => {
    const small = { capacity: { windowEntries: 16, windowBytes: 1024 } };
    const terms = Array.from({ length: 60 }, (_, i) => i + 1);
    const leaders = { terms: [...terms.slice(0, 40), 61], term: 61, ...small };
    const w = new Scenario(make(), { nodes: [leaders, leaders, { terms, term: 61, ...small }] });
    expect(w.state(3).first).toBeGreaterThan(41);
    w.elect(1);
    w.heartbeat(1);
    w.deliverAll();
    expect(w.log(3)).toBe(w.log(1));
    expect(w.describe(3)).toBe("FOLLOWER t62 commit=42");
    expect(w.applied(3)).toBe(w.applied(1));
  });

  // Each leader begins with an empty entry; however many there are, the next one's has room.
  it("a log that ends in the entries of many leaders who committed nothing is committed by the next one", () => {
    const terms = Array.from({ length: 60 }, (_, i) => i + 1);
    const start = { terms, capacity: { windowEntries: 16, windowBytes: 1024 } };
    const w = new Scenario(make(), { nodes: [start, start, start] });
    w.elect(1);
    w.deliverAll();
    expect(w.describe(1)).toBe("LEADER t61 commit=61");
    expect(w.applied(2).split(" ")).toHaveLength(60);
  });

  it("a log that parts further back than its node remembers terms stops the node, and says so; nothing is removed", () => {
    const terms = Array.from({ length: 60 }, (_, i) => i + 1);
    const w = new Scenario(make(), { nodes: [{}, {}, { terms, capacity: { windowEntries: 16, windowBytes: 1024 } }] });
    w.inject(encodeAppend(from(1, 3, 70), { prevIndex: 5, prevTerm: 4 }));
    const [hint] = /(?<=hint=)\d+/.exec(w.underWay(3, 1).join()) ?? [];
    expect(Number(hint)).toBeGreaterThan(5);
    w.inject(encodeAppend(from(1, 3, 70), { prevIndex: Number(hint), prevTerm: 69 }));
    expect(w.describe(3)).toBe("FOLLOWER t70 commit=0 stopped by WINDOW_TOO_SMALL");
    expect(w.log(3).split(" ")).toHaveLength(60);
  });

  it.each([
    ["a longer one", [1, 2, 3, ...new Array<number>(70).fill(70)]],
    ["a shorter one", [1, 2, 3, 70]],
  ])("neither does it stir up the network when the leader's log is %s", (_, terms) => {
    const leader = { terms, term: 70 };
    const follower = { terms: Array.from({ length: 60 }, (__, i) => i + 1), term: 70 };
    const small = { capacity: { windowEntries: 16, windowBytes: 1024 } };
    const w = new Scenario(make(), { nodes: [leader, leader, { ...follower, ...small }] });
    w.elect(1);
    w.heartbeat(1);
    w.deliverAll();
    expect(w.describe(3)).toContain("stopped by WINDOW_TOO_SMALL");
  });

  it("a follower that does not remember the term at its last acknowledgement catches up all the same", () => {
    const terms = Array.from({ length: 60 }, (_, i) => i + 1);
    const roomy = { capacity: { inflightMessages: 64, inflightBytes: 4096 } };
    const small = { capacity: { windowEntries: 16, windowBytes: 1024 } };
    const third = { terms: [1, 2, 3], term: 60, ...small };
    const w = new Scenario(make(), { nodes: [{ terms, ...roomy }, { terms }, third] });
    w.isolate(3);
    w.elect(1);
    w.heal();
    w.heartbeat(1);
    for (let i = 0; i < 2; i++) {
      w.deliver(1, 3);
      w.deliver(3, 1);
    }
    for (let i = 0; i < 8; i++) w.deliver(1, 3);
    w.drop();
    w.crash(3);
    w.restart(3);
    w.node(1).unreachable(3);
    w.heartbeat(1);
    w.deliverAll();
    w.heartbeat(1);
    w.deliverAll();
    expect(w.describe(3)).toBe("FOLLOWER t61 commit=61");
  });

  it("nodes with windows of different sizes serve each other", () => {
    const small = { capacity: { windowEntries: 16, windowBytes: 1024 } };
    const w = new Scenario(make(), { nodes: [small, { capacity: { windowEntries: 512, windowBytes: 65536 } }, {}] });
    w.elect(1);
    w.isolate(2);
    for (let i = 0; i < 40; i++) {
      w.propose(1, `${i}`);
      w.deliverAll();
    }
    w.heal();
    w.heartbeat(1);
    w.deliverAll();
    w.crash(1);
    w.elect(2);
    w.restart(1);
    w.propose(2, "last");
    w.deliverAll();
    w.heartbeat(2);
    w.deliverAll();
    expect(w.log(1)).toBe(w.log(2));
    expect(w.applied(3)).toBe(w.applied(2));
  });

  it("a leader restarted from where its state machine was saved serves a follower from the first entry on", () => {
    const w = new Scenario(make(), { nodes: 3, capacity: { keepEntries: 100 } });
    w.elect(1);
    w.isolate(3);
    w.drop();
    for (let i = 0; i < 10; i++) {
      w.propose(1, `${i}`);
      w.deliverAll();
    }
    const node = w.node(1);
    w.world.takeSnapshot(node);
    w.world.tellSnapshot(node);
    w.crash(1);
    w.restart(1);
    w.elect(1);
    w.crash(3);
    w.restart(3);
    w.heal();
    w.heartbeat(1);
    w.deliverAll();
    expect(w.log(3)).toBe(w.log(1));
    expect(w.applied(3)).toBe(w.applied(2));
  });
});
