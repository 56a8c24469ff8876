/** Restarts: what a node takes over from storage, and what it makes of it. */

import { describe, expect, it } from "vitest";
import { encodeAppend } from "../../sim/messages.js";
import { cores } from "./cores.js";
import { entriesOf, from, Scenario } from "./scenario.js";

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

  it("a window too small for what is not committed stops the node when that conflicts, and says so", () => {
    const terms = [1, ...new Array<number>(40).fill(2)];
    const w = new Scenario(make(), { nodes: [{}, {}, { terms, capacity: { windowEntries: 16, windowBytes: 1024 } }] });
    expect(w.state(3).first).toBeGreaterThan(2);
    w.inject(encodeAppend(from(1, 3, 3), { prevIndex: 1, prevTerm: 1, entries: entriesOf([3]) }));
    const probe = w.state(3).first - 1;
    w.inject(encodeAppend(from(1, 3, 3), { prevIndex: probe, prevTerm: 3 }));
    expect(w.describe(3)).toBe("FOLLOWER t3 commit=0 stopped by WINDOW_TOO_SMALL");
    expect(w.log(3).split(" ")).toHaveLength(41);
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
    const w = new Scenario(make(), { nodes: 3 });
    w.elect(1);
    w.isolate(3);
    w.drop();
    for (let i = 0; i < 10; i++) {
      w.propose(1, `${i}`);
      w.deliverAll();
    }
    const node = w.node(1);
    node.machine.checkpoint();
    node.checkpointIndex = node.core.state.applied;
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
