/** Elections (paper 5.2, 5.4.1; thesis 4.2.3, 6.2, 9.6): who gets a vote, who keeps quiet, who steps down. */

import { describe, expect, it } from "vitest";
import { Role } from "../../host/core/abi.js";
import { FailingEffect } from "../../sim/core-world/sim-node.js";
import { encodeAppend, encodeVoteReply, encodeVoteRequest } from "../../sim/messages.js";
import { cores } from "./cores.js";
import { CAPACITY, from, OK, Scenario, text } from "./scenario.js";

/** The logs of the paper's figure 7: the leader's, then (a) to (f). */
const FIGURE_7 = [
  [1, 1, 1, 4, 4, 5, 5, 6, 6, 6],
  [1, 1, 1, 4, 4, 5, 5, 6, 6],
  [1, 1, 1, 4],
  [1, 1, 1, 4, 4, 5, 5, 6, 6, 6, 6],
  [1, 1, 1, 4, 4, 5, 5, 6, 6, 6, 7, 7],
  [1, 1, 1, 4, 4, 4, 4],
  [1, 1, 1, 2, 2, 2, 3, 3, 3, 3, 3],
];

describe.each(cores)("elections on $name", ({ make }) => {
  // Paper 5.4.1. Who is at least as up to date as whom is written out, not computed.
  it.each([
    [1, [2, 3, 6, 7]],
    [2, [3, 6, 7]],
    [3, [7]],
    [4, [1, 2, 3, 6, 7]],
    [5, [1, 2, 3, 4, 6, 7]],
    [6, [3, 7]],
    [7, []],
  ] as const)("figure 7: node %i gets the votes of %j, whose logs are not ahead of its own", (asker, granting) => {
    const w = new Scenario(make(), { nodes: FIGURE_7.map((terms) => ({ terms, term: 7 })) });
    const log = FIGURE_7[asker - 1] ?? [];
    w.forgetLeaders();
    for (let id = 1; id <= 7; id++) {
      if (id === asker) continue;
      w.inject(encodeVoteRequest(from(asker, id, 8), { lastIndex: log.length, lastTerm: log.at(-1) ?? 0 }));
    }
    const granted = w.underWay().filter((line) => line.endsWith("granted"));
    expect(granted).toEqual(granting.map((id) => `${id} -> ${asker} VOTE t8 granted`));
  });

  // Paper 5.4.1: the last term decides, the length only among equals.
  it("a short log of a later term is ahead of a long one of an earlier term", () => {
    const w = new Scenario(make(), { nodes: [{ terms: [1, 1, 1, 1, 3] }, { terms: new Array(9).fill(2) }] });
    w.forgetLeaders();
    w.inject(encodeVoteRequest(from(1, 2, 4), { lastIndex: 5, lastTerm: 3 }));
    w.inject(encodeVoteRequest(from(2, 1, 4), { lastIndex: 9, lastTerm: 2 }));
    expect(w.underWay()).toEqual(["2 -> 1 VOTE t4 granted", "1 -> 2 VOTE t4 denied"]);
  });

  it("of two candidates that return from a partition the one with the short log follows; nothing committed is lost", () => {
    const w = new Scenario(make(), { nodes: 5 });
    w.elect(1);
    w.isolate(5);
    w.propose(1, "kept");
    w.deliverAll();
    w.crash(1);
    w.heal();
    w.forgetLeaders();
    w.expire(5);
    w.expire(4);
    w.deliverAll();
    expect(w.describe(4)).toBe("LEADER t2 commit=3");
    expect(w.describe(5)).toBe("FOLLOWER t2 commit=3");
    expect(w.applied(5)).toBe("2:kept");
  });

  // Paper 5.2: at most one vote a term, first come first served; the vote is part of the hard state.
  it("a vote is given once a term: again to the same candidate, to a rival never, not after a restart either", () => {
    const w = new Scenario(make(), { nodes: 3 });
    w.forgetLeaders();
    const ask = (candidate: number) => {
      w.inject(encodeVoteRequest(from(candidate, 3, 1), { lastIndex: 0, lastTerm: 0 }));
      const reply = w.underWay(3, candidate);
      w.drop();
      return reply;
    };
    expect(ask(1)).toEqual(["3 -> 1 VOTE t1 granted"]);
    expect(ask(1)).toEqual(["3 -> 1 VOTE t1 granted"]);
    expect(ask(2)).toEqual(["3 -> 2 VOTE t1 denied"]);
    w.crash(3);
    w.restart(3);
    w.forgetLeaders();
    expect(ask(2)).toEqual(["3 -> 2 VOTE t1 denied"]);
    expect(ask(1)).toEqual(["3 -> 1 VOTE t1 granted"]);
  });

  it("a node that cannot save its vote gives none, and asks for none", () => {
    const w = new Scenario(make(), { nodes: 3 });
    w.forgetLeaders();
    w.fail(3, FailingEffect.HARD_STATE);
    w.inject(encodeVoteRequest(from(1, 3, 1), { lastIndex: 0, lastTerm: 0 }));
    expect(w.describe(3)).toBe("FOLLOWER t1 commit=0 stopped by STORAGE_FAILED");
    w.fail(2, FailingEffect.HARD_STATE);
    w.expire(2);
    w.inject(encodeVoteReply(from(1, 2, 1), true, true));
    expect(w.describe(2)).toBe("CANDIDATE t1 commit=0 stopped by STORAGE_FAILED");
    expect(w.underWay().filter((line) => !line.includes("PRE-"))).toEqual([]);
  });

  // The term and the vote are one record: no crash comes between them.
  it("a crash while a vote is written leaves both or neither of term and vote", () => {
    for (const keep of [0, 1]) {
      const w = new Scenario(make(), { nodes: 3, slowDisks: true });
      w.forgetLeaders();
      w.inject(encodeVoteRequest(from(1, 3, 4), { lastIndex: 0, lastTerm: 0 }));
      expect(w.held(3)).toEqual(["3 -> 1 VOTE t4 granted"]);
      w.crash(3, keep);
      w.restart(3);
      expect([w.state(3).term, w.state(3).vote]).toEqual(keep === 0 ? [0, 0] : [4, 1]);
      w.forgetLeaders();
      w.inject(encodeVoteRequest(from(2, 3, 4), { lastIndex: 0, lastTerm: 0 }));
      w.durable(3);
      expect(w.underWay()).toEqual([`3 -> 2 VOTE t4 ${keep === 0 ? "granted" : "denied"}`]);
    }
  });

  // Thesis 9.6.
  it("a node cut off for many election timeouts returns without changing the cluster's term", () => {
    const w = new Scenario(make(), { nodes: 3 });
    w.elect(1);
    w.isolate(3);
    for (let i = 0; i < 5; i++) {
      w.advance(3, CAPACITY.electionTimeout);
      w.expire(3);
    }
    expect(w.describe(3)).toBe("PRE_CANDIDATE t1 commit=1");
    w.heal();
    w.propose(1, "x");
    w.expire(3);
    w.deliverAll();
    expect([1, 2, 3].map((id) => w.describe(id))).toEqual([
      "LEADER t1 commit=2",
      "FOLLOWER t1 commit=2",
      "FOLLOWER t1 commit=2",
    ]);
  });

  it("an unreachable member counts neither as a pre-vote nor as a vote", () => {
    const w = new Scenario(make(), { nodes: 3 });
    w.isolate(1);
    w.forgetLeaders();
    w.expire(1);
    for (const peer of [2, 3]) w.world.unreachable(w.node(1), peer);
    expect(w.describe(1)).toBe("PRE_CANDIDATE t0 commit=0");
    w.inject(encodeVoteReply(from(2, 1, 1), true, true));
    for (const peer of [2, 3]) w.world.unreachable(w.node(1), peer);
    expect(w.describe(1)).toBe("CANDIDATE t1 commit=0");
  });

  // Thesis 6.2 (check-quorum).
  it("a leader that hears no quorum for an election timeout steps down within its term", () => {
    const w = new Scenario(make(), { nodes: 3 });
    w.elect(1);
    w.isolate(1);
    for (let i = 0; i < CAPACITY.electionTimeout / CAPACITY.heartbeat; i++) w.heartbeat(1);
    expect(w.describe(1)).toBe("LEADER t1 commit=1");
    w.heartbeat(1);
    expect(w.describe(1)).toBe("FOLLOWER t1 commit=1");
    expect(w.propose(1, "x")).toBe("NOT_LEADER");
  });

  it("a leader counts contact from when it sent what is answered, not from when the answer comes", () => {
    const w = new Scenario(make(), { nodes: 3 });
    w.elect(1);
    w.isolate(3);
    for (let i = 0; i < 10; i++) w.heartbeat(1);
    w.deliver(1, 2);
    w.deliver(2, 1);
    // The answer is to the oldest heartbeat, 10 ms after the election.
    w.heartbeat(1);
    expect(w.describe(1)).toBe("LEADER t1 commit=1");
    w.heartbeat(1);
    expect(w.describe(1)).toBe("FOLLOWER t1 commit=1");
  });

  it("a node that can only receive never disturbs; a leader that can only send steps down", () => {
    const w = new Scenario(make(), { nodes: 3 });
    w.elect(1);
    w.mute(3);
    for (let i = 0; i < 3; i++) {
      w.advance(3, 2 * CAPACITY.electionTimeout);
      w.expire(3);
      w.heartbeat(1);
      w.deliverAll();
    }
    expect(w.describe(1)).toBe("LEADER t1 commit=1");
    expect(w.describe(3)).toBe("FOLLOWER t1 commit=1");
    w.heal();
    w.mute(2);
    w.mute(3);
    for (let i = 0; i < 11; i++) {
      w.heartbeat(1);
      w.deliverAll();
    }
    expect(w.describe(1)).toBe("FOLLOWER t1 commit=1");
  });

  // Thesis 4.2.3: whoever heard from a leader within an election timeout neither votes nor takes over the term.
  it("a follower that hears from its leader denies votes of any term, and keeps its own", () => {
    const w = new Scenario(make(), { nodes: 3 });
    w.elect(1);
    w.inject(encodeVoteRequest(from(3, 2, 9), { lastIndex: 9, lastTerm: 8, pre: true }));
    w.inject(encodeVoteRequest(from(3, 2, 9), { lastIndex: 9, lastTerm: 8 }));
    expect(w.underWay(2, 3)).toEqual(["2 -> 3 PRE-VOTE t8 denied"]);
    expect(w.describe(2)).toBe("FOLLOWER t1 commit=1");
    w.advance(2, CAPACITY.electionTimeout);
    w.drop();
    w.inject(encodeVoteRequest(from(3, 2, 9), { lastIndex: 9, lastTerm: 8 }));
    expect(w.underWay(2, 3)).toEqual(["2 -> 3 VOTE t9 granted"]);
  });

  it("a leader is loyal to itself: it keeps its term whoever asks", () => {
    const w = new Scenario(make(), { nodes: 3 });
    w.elect(1);
    w.forgetLeaders();
    w.inject(encodeVoteRequest(from(3, 1, 9), { lastIndex: 9, lastTerm: 8 }));
    expect(w.describe(1)).toBe("LEADER t1 commit=1");
    expect(w.underWay(1, 3)).toEqual([]);
  });

  it("a node that has just started is loyal too: it may have acknowledged a leader before", () => {
    const w = new Scenario(make(), { nodes: 3 });
    w.forgetLeaders();
    w.crash(2);
    w.restart(2);
    w.inject(encodeVoteRequest(from(3, 2, 9), { lastIndex: 0, lastTerm: 0 }));
    expect(w.describe(2)).toBe("FOLLOWER t0 commit=0");
    w.advance(2, CAPACITY.electionTimeout);
    w.inject(encodeVoteRequest(from(3, 2, 9), { lastIndex: 0, lastTerm: 0 }));
    expect(w.describe(2)).toBe("FOLLOWER t9 commit=0");
  });

  it("granting a pre-vote changes nothing: two candidates may get one in the same term", () => {
    const w = new Scenario(make(), { nodes: 3 });
    w.forgetLeaders();
    w.inject(encodeVoteRequest(from(1, 3, 1), { lastIndex: 0, lastTerm: 0, pre: true }));
    w.inject(encodeVoteRequest(from(2, 3, 1), { lastIndex: 0, lastTerm: 0, pre: true }));
    expect(w.underWay()).toEqual(["3 -> 1 PRE-VOTE t1 granted", "3 -> 2 PRE-VOTE t1 granted"]);
    expect([w.state(3).term, w.state(3).vote]).toEqual([0, 0]);
  });

  it("a vote counts once, however often it arrives, and a pre-vote is no vote", () => {
    const w = new Scenario(make(), { nodes: 5 });
    w.forgetLeaders();
    w.expire(1);
    w.drop();
    for (const sender of [2, 2, 2]) w.inject(encodeVoteReply(from(sender, 1, 1), true, true));
    expect(w.describe(1)).toBe("PRE_CANDIDATE t0 commit=0");
    w.inject(encodeVoteReply(from(3, 1, 1), true, true));
    expect(w.describe(1)).toBe("CANDIDATE t1 commit=0");
    expect([2, 2, 2].map((sender) => w.inject(encodeVoteReply(from(sender, 1, 1), true)))).toEqual([
      OK,
      "STALE",
      "STALE",
    ]);
    expect(w.inject(encodeVoteReply(from(3, 1, 1), true, true))).toBe("STALE");
    expect(w.describe(1)).toBe("CANDIDATE t1 commit=0");
    w.inject(encodeVoteReply(from(3, 1, 1), true));
    expect(w.state(1).role).toBe(Role.LEADER);
  });

  it("a candidate that hears from the leader of its term follows it", () => {
    const w = new Scenario(make(), { nodes: 3 });
    w.forgetLeaders();
    w.expire(1);
    w.drop();
    w.inject(encodeVoteReply(from(2, 1, 1), true, true));
    w.drop();
    w.inject(encodeAppend(from(3, 1, 1), {}));
    expect(w.describe(1)).toBe("FOLLOWER t1 commit=0");
    expect(w.state(1).leader).toBe(3);
  });

  it("a leader that was overtaken is told the term, and steps down", () => {
    const w = new Scenario(make(), { nodes: 3 });
    w.elect(1);
    w.isolate(1);
    for (const id of [2, 3]) w.advance(id, 2 * CAPACITY.electionTimeout);
    w.expire(2);
    w.deliverAll();
    w.heal();
    w.transcript();
    w.heartbeat(1);
    w.drop(1, 2);
    w.deliver(1, 3);
    w.deliver(3, 1);
    expect(w.transcript()).toBe(
      text(`
        1 -> 3 APPEND t1 prev=1/1 commit=1
        3 -> 1 APPENDED t2 match=0
           1: FOLLOWER t2
      `),
    );
    expect(w.describe(1)).toBe("FOLLOWER t2 commit=1");
  });

  it("a member in a later term tells it, and the next election goes above it", () => {
    const w = new Scenario(make(), { nodes: [{}, {}, { term: 7 }] });
    w.forgetLeaders();
    w.expire(1);
    w.deliverAll();
    expect(w.describe(1)).toBe("FOLLOWER t7 commit=0");
    w.elect(1);
    expect([1, 2, 3].map((id) => w.describe(id))).toEqual([
      "LEADER t8 commit=1",
      "FOLLOWER t8 commit=1",
      "FOLLOWER t8 commit=1",
    ]);
  });
});
