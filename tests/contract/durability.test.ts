/** The durability contract (assembly/abi/imports/storage.ts; thesis 10.2.1): what has to be on disk before what. */

import { describe, expect, it } from "vitest";
import { EntryKind, MemberRole } from "../../host/core/abi.js";
import { FailingEffect } from "../../sim/core-world/sim-node.js";
import { encodeAppend } from "../../sim/messages.js";
import { cores } from "./cores.js";
import { entriesOf, from, Scenario } from "./scenario.js";

describe.each(cores)("durability on $name", ({ make }) => {
  it("a vote request, a vote and an acknowledgement wait for the disk; a leader's appends do not", () => {
    const w = new Scenario(make(), { nodes: 3, slowDisks: true });
    w.forgetLeaders();
    w.expire(1);
    w.drop(1, 3);
    w.deliver(1, 2);
    w.deliver(2, 1);
    expect(w.held(1)).toEqual(["1 -> 2 VOTE? t1 last=0/0", "1 -> 3 VOTE? t1 last=0/0"]);
    w.durable(1);
    w.deliver(1, 2);
    expect(w.held(2)).toEqual(["2 -> 1 VOTE t1 granted"]);
    w.durable(2);
    w.deliver(2, 1);
    // The first append of a term leaves at once too: the votes were given to a term that is durable.
    expect(w.held(1)).toEqual([]);
    w.deliver(1, 2);
    expect(w.held(2)).toEqual(["2 -> 1 APPENDED t1 match=1"]);
    w.durable(1);
    w.durable(2);
    w.deliver(2, 1);
    w.propose(1, "x");
    expect(w.held(1)).toEqual([]);
    expect(w.underWay(1, 2).at(-1)).toBe("1 -> 2 APPEND t1 prev=1/1 entries=2:1 commit=1");
  });

  it("a leader counts itself only when its own write is durable", () => {
    const w = new Scenario(make(), { nodes: 3, slowDisks: true });
    w.elect(1);
    w.isolate(3);
    w.propose(1, "x");
    w.deliver(1, 2);
    w.durable(2);
    w.deliver(2, 1);
    expect(w.describe(1)).toBe("LEADER t1 commit=1");
    w.durable(1);
    expect(w.describe(1)).toBe("LEADER t1 commit=2");
  });

  it("two followers commit without the leader's disk, and the leader applies only once its own write is durable", () => {
    const w = new Scenario(make(), { nodes: 3, slowDisks: true });
    w.elect(1);
    w.propose(1, "x");
    for (const id of [2, 3]) {
      w.deliver(1, id);
      w.durable(id);
      w.deliver(id, 1);
    }
    expect(w.describe(1)).toBe("LEADER t1 commit=2");
    expect(w.applied(1)).toBe("");
    w.durable(1);
    expect(w.applied(1)).toBe("2:x");
  });

  it("a single voter applies an entry only after its own write is durable", () => {
    const w = new Scenario(make(), { nodes: 1, slowDisks: true });
    w.elect(1);
    w.propose(1, "x");
    expect(w.describe(1)).toBe("LEADER t1 commit=1");
    expect(w.applied(1)).toBe("");
    w.durable(1);
    expect(w.describe(1)).toBe("LEADER t1 commit=2");
    expect(w.applied(1)).toBe("2:x");
  });

  // Elected by its own vote alone, it has sent no request behind a barrier.
  it("a single voter shows nobody its term before that is durable: a crash could take the term back", () => {
    const members = [{ id: 1 }, { id: 2, roles: MemberRole.LEARNER }];
    const w = new Scenario(make(), { nodes: 2, members, slowDisks: true });
    w.forgetLeaders();
    w.expire(1);
    expect(w.describe(1)).toBe("LEADER t1 commit=0");
    expect(w.underWay()).toEqual([]);
    w.propose(1, "lost");
    w.crash(1);
    w.restart(1);
    w.forgetLeaders();
    w.expire(1);
    w.propose(1, "kept");
    w.deliverAll();
    expect(w.applied(2)).toBe("2:kept");
  });

  // Durability is reported as (index, term).
  it("a report of an entry that was overwritten since is not believed", () => {
    const w = new Scenario(make(), { nodes: 3, slowDisks: true });
    w.inject(encodeAppend(from(1, 3, 2), { entries: entriesOf([2, 2, 2, 2, 2]) }));
    w.inject(encodeAppend(from(2, 3, 4), { prevIndex: 4, prevTerm: 2, entries: [{ term: 4, kind: EntryKind.NOOP }] }));
    expect(w.log(3)).toBe("1:2 2:2 3:2 4:2 5:4");
    expect(w.world.reportDurable(w.node(3), 5, 2)).toBe(2);
    expect(w.state(3).durable).toBe(0);
    // Up to entry 4 nothing was overwritten.
    w.durable(3, 2);
    expect(w.state(3).durable).toBe(4);
    w.durable(3);
    expect(w.state(3).durable).toBe(5);
  });

  it("a report that arrives while the overwriting entry is not handed over yet is not believed either", () => {
    const w = new Scenario(make(), { nodes: 3, slowDisks: true });
    w.inject(encodeAppend(from(1, 3, 2), { entries: entriesOf([2, 2]) }));
    w.world.autoFlush = false;
    w.inject(encodeAppend(from(2, 3, 3), { prevIndex: 1, prevTerm: 2, entries: [{ term: 3, kind: EntryKind.NOOP }] }));
    w.durable(3);
    expect(w.state(3).durable).toBe(0);
    w.world.autoFlush = true;
    w.world.flush(w.node(3));
    w.durable(3);
    expect(w.state(3).durable).toBe(2);
    expect(w.log(3)).toBe("1:2 2:3");
  });

  it("what a crash takes was never acknowledged", () => {
    const w = new Scenario(make(), { nodes: 3, slowDisks: true });
    w.elect(1);
    w.propose(1, "x");
    w.deliver(1, 2);
    expect(w.held(2)).toEqual(["2 -> 1 APPENDED t1 match=2"]);
    w.crash(2);
    expect(w.underWay(2, 1)).toEqual([]);
    w.restart(2);
    expect(w.log(2)).toBe("1:1");
    w.heartbeat(1);
    w.deliverAll();
    expect(w.applied(2)).toBe("2:x");
  });

  it.each([
    ["hard state", FailingEffect.HARD_STATE],
    ["truncation", FailingEffect.TRUNCATE],
    ["append", FailingEffect.APPEND],
  ] as const)("a %s that fails stops the node, and nothing that relies on it leaves", (_, effect) => {
    const w = new Scenario(make(), { nodes: [{}, {}, { terms: [1, 1] }] });
    w.fail(3, effect);
    w.inject(encodeAppend(from(1, 3, 2), { prevIndex: 1, prevTerm: 1, entries: entriesOf([2]) }));
    expect(w.describe(3)).toBe("FOLLOWER t2 commit=0 stopped by STORAGE_FAILED");
    expect(w.underWay()).toEqual([]);
    expect(w.inject(encodeAppend(from(1, 3, 2), {}))).toBe("STOPPED");
    w.crash(3);
    w.restart(3);
    expect(w.inject(encodeAppend(from(1, 3, 2), { prevIndex: 1, prevTerm: 1, entries: entriesOf([2]) }))).toBe("OK");
    expect(w.log(3)).toBe("1:1 2:2");
  });

  it("an entry that the state machine refuses stops the node", () => {
    const w = new Scenario(make(), { nodes: 1 });
    w.elect(1);
    w.fail(1, FailingEffect.APPLY);
    w.propose(1, "x");
    expect(w.describe(1)).toBe("LEADER t1 commit=2 stopped by MACHINE_FAILED");
    w.crash(1);
    w.restart(1);
    w.elect(1);
    expect(w.applied(1)).toBe("2:x");
  });

  it("a failed read-back stops the node", () => {
    const w = new Scenario(make(), { nodes: 1, capacity: { windowEntries: 16 } });
    w.elect(1);
    for (let i = 0; i < 30; i++) w.propose(1, `${i}`);
    w.crash(1);
    w.restart(1);
    w.fail(1, FailingEffect.READ);
    w.forgetLeaders();
    w.expire(1);
    expect(w.describe(1)).toBe("LEADER t2 commit=32 stopped by STORAGE_FAILED");
  });
});
