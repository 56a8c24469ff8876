/** Replication and commit (paper 5.3, 5.4.2; thesis 10.2): what is sent, what is believed, and when it is committed. */

import { describe, expect, it } from "vitest";
import { encodeAppend, encodeAppendReply } from "../../sim/messages.js";
import { cores } from "./cores.js";
import { CAPACITY, entriesOf, from, OK, Scenario, text } from "./scenario.js";

describe.each(cores)("replication on $name", ({ make }) => {
  // Paper figure 8 and 5.4.2.
  it("figure 8: an entry of an old term on a majority is not committed until one of the leader's own term is", () => {
    const w = new Scenario(make(), {
      nodes: [
        { terms: [1, 2], term: 3 },
        { terms: [1, 2], term: 3 },
        { terms: [1] },
        { terms: [1] },
        { terms: [1, 3] },
      ],
    });
    w.isolate(5);
    w.forgetLeaders();
    w.expire(1);
    while (w.state(1).term < 4 || w.state(1).leader !== 1) {
      const next = w.world.network.underWay()[0];
      if (next === undefined) throw new Error("node 1 was not elected");
      w.deliver(next.from, next.to);
    }
    w.drop();
    // Entry 2 of term 2 comes to stand on 1, 2 and 3; the entry of term 4 behind it does not.
    for (const id of [2, 3]) w.inject(encodeAppendReply(from(id, 1, 4), { match: 2 }));
    expect(w.log(1)).toBe("1:1 2:2 3:4");
    expect(w.describe(1)).toBe("LEADER t4 commit=0");
    w.drop();
    w.heartbeat(1);
    w.deliverAll();
    expect(w.describe(1)).toBe("LEADER t4 commit=3");
  });

  it("an old, shorter append that arrives late or twice removes nothing, and the match index never falls", () => {
    const w = new Scenario(make(), { nodes: 3 });
    w.elect(1);
    w.propose(1, "a");
    w.world.duplicate(w.world.network.link(1, 2), 0);
    w.propose(1, "b");
    w.propose(1, "c");
    const link = w.world.network.link(1, 2);
    while (link.messages.length > 1) w.deliverAt(1, 2, link.messages.length - 1);
    w.deliverAll();
    expect(w.log(2)).toBe("1:1 2:1 3:1 4:1");
    w.inject(encodeAppend(from(1, 2, 1), { prevIndex: 1, prevTerm: 1, entries: [{ term: 1, payload: "a" }] }));
    expect(w.log(2)).toBe("1:1 2:1 3:1 4:1");
    w.inject(encodeAppendReply(from(2, 1, 1), { match: 2 }));
    w.drop();
    w.propose(1, "d");
    expect(w.underWay(1, 2)).toEqual(["1 -> 2 APPEND t1 prev=4/1 entries=5:1 commit=4"]);
  });

  it("appends that overtake each other are all taken in the end", () => {
    const w = new Scenario(make(), { nodes: 3 });
    w.elect(1);
    for (const command of ["a", "b", "c"]) w.propose(1, command);
    w.transcript();
    w.deliverAt(1, 2, 2);
    w.deliver(2, 1);
    w.drop(1, 3);
    w.deliverAll();
    expect(w.transcript()).toBe(
      text(`
        1 -> 2 APPEND t1 prev=3/1 entries=4:1 commit=1
        2 -> 1 REJECTED t1 prev=3 hint=1/1 match=1
        1 -> 2 APPEND t1 prev=1/1 entries=2:1 commit=1
        1 -> 2 APPEND t1 prev=2/1 entries=3:1 commit=1
        1 -> 2 APPEND t1 prev=1/1 entries=2:1,3:1,4:1 commit=1
        2 -> 1 APPENDED t1 match=2
           1: commit 2
        2 -> 1 APPENDED t1 match=3
           1: commit 3
        2 -> 1 APPENDED t1 match=4
           1: commit 4
        1 -> 2 APPEND t1 prev=2/1 entries=3:1,4:1 commit=2
           2: commit 2
        1 -> 2 APPEND t1 prev=4/1 commit=3 quiet
           2: commit 3
        1 -> 2 APPEND t1 prev=4/1 commit=4 quiet
           2: commit 4
        2 -> 1 APPENDED t1 match=4
      `),
    );
    expect(w.log(2)).toBe("1:1 2:1 3:1 4:1");
  });

  // Thesis 10.2.1.
  it("the in-flight window fills, sending pauses, and one acknowledgement frees one place", () => {
    const w = new Scenario(make(), { nodes: 3, capacity: { inflightMessages: 2 } });
    w.elect(1);
    w.isolate(3);
    for (const command of ["a", "b", "c", "d"]) w.propose(1, command);
    expect(w.underWay(1, 2)).toEqual([
      "1 -> 2 APPEND t1 prev=1/1 entries=2:1 commit=1",
      "1 -> 2 APPEND t1 prev=2/1 entries=3:1 commit=1",
    ]);
    w.deliver(1, 2);
    w.deliver(2, 1);
    expect(w.underWay(1, 2)).toEqual([
      "1 -> 2 APPEND t1 prev=2/1 entries=3:1 commit=1",
      "1 -> 2 APPEND t1 prev=3/1 entries=4:1,5:1 commit=2",
    ]);
  });

  it("the in-flight window is bounded in bytes too", () => {
    const w = new Scenario(make(), { nodes: 3, capacity: { inflightMessages: 16, inflightBytes: 256 } });
    w.elect(1);
    w.isolate(3);
    for (let i = 0; i < 6; i++) w.propose(1, "x".repeat(84));
    // Each entry takes 104 bytes: the window is open until 256 bytes are under way.
    expect(w.underWay(1, 2)).toHaveLength(3);
    w.deliver(1, 2);
    w.deliver(2, 1);
    expect(w.underWay(1, 2)).toHaveLength(3);
  });

  it("the bound on uncommitted bytes refuses proposals, and what the algorithm itself needs passes", () => {
    const w = new Scenario(make(), { nodes: 3 });
    w.elect(1);
    w.isolate(1);
    const answers: string[] = [];
    while (answers.at(-1) !== "BUSY") answers.push(w.propose(1, "x".repeat(100)));
    // 120 bytes an entry.
    expect(answers.filter((answer) => answer === OK)).toHaveLength(Math.floor(CAPACITY.uncommittedBytes / 120));
    for (let i = 0; i < 12 && w.node(1).leads; i++) w.heartbeat(1);
    w.drop();
    w.heal();
    w.elect(1);
    expect(w.log(1).split(" ").at(-1)).toBe(`${answers.length + 1}:2`);
    expect(w.state(1).commit).toBe(answers.length + 1);
    expect(w.propose(1, "x")).toBe(OK);
  });

  it("a proposal longer than a message carries is refused, and the longest one passes", () => {
    const w = new Scenario(make(), { nodes: 3 });
    w.elect(1);
    const { maxPayload } = w.node(1).core;
    expect(w.propose(1, "x".repeat(maxPayload + 1))).toBe("TOO_LARGE");
    expect(w.propose(1, "x".repeat(maxPayload))).toBe(OK);
    w.deliverAll();
    expect(w.applied(3)).toBe(`2:${"x".repeat(maxPayload)}`);
  });

  it("a follower that is behind the leader's window is served from storage", () => {
    const w = new Scenario(make(), { nodes: 3, capacity: { windowEntries: 16 } });
    w.elect(1);
    w.isolate(3);
    for (let i = 0; i < 60; i++) {
      w.propose(1, `${i}`);
      w.deliverAll();
    }
    expect(w.state(1).first).toBeGreaterThan(40);
    w.heal();
    w.heartbeat(1);
    w.deliverAll();
    expect(w.log(3)).toBe(w.log(1));
    expect(w.applied(3)).toBe(w.applied(1));
    expect(w.node(1).counts.reads).toBeGreaterThan(0);
  });

  it("storage that cannot answer yet is asked again, and meanwhile nobody else waits", () => {
    const w = new Scenario(make(), { nodes: 3, capacity: { windowEntries: 16 } });
    w.elect(1);
    w.isolate(3);
    for (let i = 0; i < 60; i++) {
      w.propose(1, `${i}`);
      w.deliverAll();
    }
    w.heal();
    w.node(1).readsDeferred = true;
    w.heartbeat(1);
    w.deliverAll();
    expect(w.state(3).last).toBe(1);
    w.propose(1, "x");
    w.deliverAll();
    expect(w.state(2).commit).toBe(62);
    w.node(1).readsDeferred = false;
    w.heartbeat(1);
    w.deliverAll();
    expect(w.log(3)).toBe(w.log(1));
  });

  // Paper 5.3, end.
  it("hints find the place where two logs parted in a few rounds, however many terms ago", () => {
    const shared = new Array<number>(4).fill(1);
    const leader = { terms: [...shared, ...Array.from({ length: 10 }, (_, i) => 2 + 2 * i)], term: 30 };
    const follower = { terms: [...shared, ...Array.from({ length: 10 }, (_, i) => 3 + 2 * i)], term: 30 };
    const w = new Scenario(make(), { nodes: [leader, leader, follower] });
    w.mute(1, 3);
    w.elect(1);
    w.heal();
    w.transcript();
    w.heartbeat(1);
    w.drop(1, 2);
    w.deliverAll();
    const lines = w.transcript().split("\n");
    expect(lines.filter((line) => line.includes("REJECTED")).length).toBeLessThanOrEqual(11);
    expect(w.log(3)).toBe(w.log(1));
  });

  it("hints skip whole terms: a long divergent term costs one round", () => {
    const leader = { terms: [1, 1, ...new Array<number>(12).fill(4)], term: 5 };
    const follower = { terms: [1, 1, ...new Array<number>(12).fill(2), 3, 3], term: 5 };
    const w = new Scenario(make(), { nodes: [leader, leader, follower] });
    w.mute(1, 3);
    w.elect(1);
    w.heal();
    w.transcript();
    w.heartbeat(1);
    w.drop(1, 2);
    w.deliverAll();
    const rejections = w
      .transcript()
      .split("\n")
      .filter((line) => line.includes("REJECTED"));
    expect(rejections.length).toBeLessThanOrEqual(2);
    expect(w.log(3)).toBe(w.log(1));
  });

  it("a rejection that comes late moves nothing back", () => {
    const w = new Scenario(make(), { nodes: 3 });
    w.elect(1);
    w.propose(1, "a");
    w.deliverAll();
    w.inject(encodeAppendReply(from(2, 1, 1), { rejected: 1, hintIndex: 0, hintTerm: 0 }));
    w.drop();
    w.propose(1, "b");
    expect(w.underWay(1, 2)).toEqual(["1 -> 2 APPEND t1 prev=2/1 entries=3:1 commit=2"]);
  });

  // The echoed clock and the log bound what a correct follower can say.
  it("an acknowledgement of what was never sent is refused", () => {
    const w = new Scenario(make(), { nodes: 3 });
    w.elect(1);
    expect(w.inject(encodeAppendReply(from(2, 1, 1), { match: 9 }))).toBe("CONTRADICTION");
    expect(w.inject(encodeAppendReply(from(2, 1, 1), { sent: 1e9 }))).toBe("CONTRADICTION");
    expect(w.describe(1)).toBe("LEADER t1 commit=1");
  });

  it("a second leader of a term, and a change of what is committed, are refused", () => {
    const w = new Scenario(make(), { nodes: 3 });
    w.elect(1);
    w.propose(1, "a");
    w.deliverAll();
    expect(w.inject(encodeAppend(from(3, 2, 1), {}))).toBe("CONTRADICTION");
    const entries = entriesOf([2]);
    expect(w.inject(encodeAppend(from(3, 2, 2), { prevIndex: 1, prevTerm: 1, entries }))).toBe("CONTRADICTION");
    expect(w.describe(2)).toBe("FOLLOWER t1 commit=2");
  });

  // Paper figure 2: min(leaderCommit, index of last new entry): what lies behind that may not be the leader's.
  it("a commit index is believed only as far as the follower's log is known to be the leader's", () => {
    const w = new Scenario(make(), { nodes: [{ terms: [1, 2, 2] }, { terms: [1, 2, 2] }, { terms: [1, 1, 1] }] });
    w.isolate(3);
    w.elect(1);
    w.inject(encodeAppend(from(1, 3, 3), { prevIndex: 1, prevTerm: 1, commit: 3 }));
    expect(w.describe(3)).toBe("FOLLOWER t3 commit=1");
    expect(w.applied(3)).toBe("1:1/1");
    w.heal();
    w.heartbeat(1);
    w.deliverAll();
    expect(w.log(3)).toBe("1:1 2:2 3:2 4:3");
    expect(w.applied(3)).toBe("1:1/1 2:2/2 3:3/2");
  });

  it("followers learn of a commit at once, by a quiet message that they do not answer", () => {
    const w = new Scenario(make(), { nodes: 3 });
    w.elect(1);
    w.isolate(3);
    w.propose(1, "x");
    w.deliver(1, 2);
    w.deliver(2, 1);
    expect(w.underWay()).toEqual(["1 -> 2 APPEND t1 prev=2/1 commit=2 quiet"]);
    w.deliver(1, 2);
    expect(w.underWay()).toEqual([]);
    expect(w.applied(2)).toBe("2:x");
  });

  it("a follower with less room takes what fits, acknowledges that, and gets the rest later", () => {
    const w = new Scenario(make(), { nodes: [{}, {}, { capacity: { windowEntries: 16, windowBytes: 768 } }] });
    w.elect(1);
    w.isolate(3);
    for (let i = 0; i < 7; i++) w.propose(1, "x".repeat(100));
    w.deliverAll();
    w.heal();
    w.heartbeat(1);
    w.deliverAll();
    expect(w.log(3)).toBe(w.log(1));
    expect(w.applied(3)).toBe(w.applied(1));
  });

  it("an unreachable follower is probed again by the next heartbeat, and loses nothing", () => {
    const w = new Scenario(make(), { nodes: 3 });
    w.elect(1);
    w.propose(1, "a");
    w.drop(1, 3);
    w.world.unreachable(w.node(1), 3);
    w.propose(1, "b");
    expect(w.underWay(1, 3)).toEqual([]);
    w.deliverAll();
    w.heartbeat(1);
    w.deliverAll();
    expect(w.applied(3)).toBe("2:a 3:b");
  });
});
