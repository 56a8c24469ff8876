/**
 * Witnesses: voters that keep terms and no payloads, and never lead. Two full nodes and a witness survive the failure of
 * any one of them. For that the witness may not get ahead of the full node that is left: while full nodes in contact are
 * a quorum without it, it is sent only what is committed.
 */

import { describe, expect, it } from "vitest";
import { ConfigurationFlag, EntryKind, MemberRole, PlanLimit } from "../../host/core/abi.js";
import { configurationLength, encodeConfiguration } from "../../host/core/configuration.js";
import { encodeVoteRequest } from "../../sim/messages.js";
import { cores } from "./cores.js";
import { CAPACITY, from, OK, Scenario, type ScenarioOptions } from "./scenario.js";

const { VOTER, OUTGOING, LEARNER, WITNESS } = MemberRole;

describe.each(cores)("witnesses on $name", ({ make }) => {
  /** Nodes 1 and 2 are full, node 3 is a witness; node 1 leads. */
  function led(options: Partial<ScenarioOptions> = {}): Scenario {
    const w = new Scenario(make(), {
      nodes: [{}, {}, { isWitness: true }],
      members: [{ id: 1 }, { id: 2 }, { id: 3, roles: VOTER | WITNESS }],
      ...options,
    });
    w.elect(1);
    w.rounds(1);
    w.transcript();
    return w;
  }

  /** So long that nobody counts on whom the leader no longer hears. */
  function aTimeout(w: Scenario, leader: number): void {
    w.rounds(leader, CAPACITY.electionTimeout / CAPACITY.heartbeat + 1);
  }

  it("a witness holds the terms of all entries and the payload of none, and applies nothing", () => {
    const w = led();
    w.commit(1, "secret");
    w.rounds(1);
    expect(w.transcript()).toContain("1 -> 3 APPEND t1 prev=1/1 entries=2:1(HOLLOW) commit=2");
    expect(w.log(3)).toBe("1:1 2:1");
    expect(w.describe(3)).toBe("FOLLOWER t1 commit=2");
    expect([w.applied(1), w.applied(2), w.applied(3)]).toEqual(["2:secret", "2:secret", ""]);
  });

  it("a witness votes, and its vote makes a majority", () => {
    const w = led();
    w.crash(1);
    w.forgetLeaders();
    w.expire(2);
    w.deliver(2, 3);
    expect(w.underWay(3, 2)).toEqual(["3 -> 2 PRE-VOTE t2 granted"]);
    w.deliverAll();
    expect(w.describe(2)).toBe("LEADER t2 commit=1");
    // The first entry of the term goes to the witness once the leader knows that it has nobody else.
    aTimeout(w, 2);
    expect(w.describe(2)).toBe("LEADER t2 commit=2");
  });

  it("a witness never campaigns, however long it hears of nobody", () => {
    const w = led();
    w.isolate(3);
    for (let i = 0; i < 5; i++) {
      w.advance(3, 2 * CAPACITY.electionTimeout);
      w.expire(3);
    }
    expect(w.describe(3)).toBe("FOLLOWER t1 commit=1");
    expect(w.underWay(3)).toEqual([]);
  });

  it("leadership is never handed to a witness", () => {
    const w = led();
    expect(w.transfer(1, 3)).toBe("UNKNOWN_NODE");
    // Not even if it is the only one that holds what is committed.
    w.crash(2);
    aTimeout(w, 1);
    w.commit(1, "x");
    expect(w.transfer(1)).toBe("UNKNOWN_NODE");
  });

  it("a leader that was removed does not ask a witness to follow it", () => {
    const w = led();
    w.reconfigure(1, [{ id: 2 }, { id: 3, roles: VOTER | WITNESS }]);
    w.deliverAll();
    w.rounds(1);
    expect(w.transcript()).not.toContain("1 -> 3 TIMEOUT NOW");
    expect(w.node(2).leads).toBe(true);
  });

  it("while both full nodes are in contact the witness is sent only what is committed", () => {
    const w = led();
    w.propose(1, "x");
    expect(w.underWay(1)).toEqual(["1 -> 2 APPEND t1 prev=1/1 entries=2:1 commit=1"]);
    w.deliver(1, 2);
    expect(w.underWay(1, 3)).toEqual([]);
    w.deliver(2, 1);
    expect(w.underWay(1, 3)).toEqual(["1 -> 3 APPEND t1 prev=1/1 entries=2:1(HOLLOW) commit=2"]);
  });

  it("if the leader crashes with what only it has, the other full node wins, as the witness is not ahead of it", () => {
    const w = led();
    w.propose(1, "lost");
    // Whatever the leader sent to the witness arrives, and nothing else.
    while (w.underWay(1, 3).length > 0) w.deliver(1, 3);
    w.crash(1);
    w.drop();
    w.elect(2);
    w.propose(2, "x");
    aTimeout(w, 2);
    expect(w.applied(2)).toBe("3:x");
    expect(w.log(3)).toBe(w.log(2));
    w.restart(1);
    w.rounds(2, 2);
    expect(w.applied(1)).toBe("3:x");
  });

  it("when the other full node is gone the witness is sent everything, and the leader goes on committing with it", () => {
    const w = led();
    w.crash(2);
    w.propose(1, "x");
    expect(w.underWay(1, 3)).toEqual([]);
    aTimeout(w, 1);
    expect(w.describe(1)).toBe("LEADER t1 commit=2");
    w.propose(1, "y");
    expect(w.underWay(1, 3)).toEqual(["1 -> 3 APPEND t1 prev=2/1 entries=3:1(HOLLOW) commit=2"]);
    w.deliverAll();
    expect(w.applied(1)).toBe("2:x 3:y");
  });

  it("when the other full node is back the witness follows behind again", () => {
    const w = led();
    w.crash(2);
    aTimeout(w, 1);
    w.commit(1, "x");
    w.restart(2);
    w.rounds(1, 2);
    expect(w.applied(2)).toBe("2:x");
    w.propose(1, "y");
    expect(w.underWay(1).map((line) => line.slice(0, 6))).toEqual(["1 -> 2"]);
  });

  it("what was committed with the witness alone is not lost: it denies the full node that lacks it", () => {
    const w = led();
    w.crash(2);
    aTimeout(w, 1);
    w.commit(1, "kept");
    w.crash(1);
    w.restart(2);
    for (let i = 0; i < 3; i++) {
      w.forgetLeaders();
      w.expire(2);
      w.deliverAll();
    }
    expect(w.describe(2)).toBe("PRE_CANDIDATE t1 commit=0");
    w.restart(1);
    w.elect(1);
    w.rounds(1);
    expect([w.applied(1), w.applied(2)]).toEqual(["2:kept", "2:kept"]);
  });

  it("a witness that crashes restarts with its terms, and denies whoever lacks what it acknowledged", () => {
    const w = led();
    w.crash(2);
    aTimeout(w, 1);
    w.commit(1, "x", "y");
    w.crash(3);
    w.restart(3);
    expect(w.log(3)).toBe("1:1 2:1 3:1");
    w.forgetLeaders();
    w.inject(encodeVoteRequest(from(2, 3, 5), { lastIndex: 2, lastTerm: 1 }));
    w.inject(encodeVoteRequest(from(2, 3, 6), { lastIndex: 3, lastTerm: 1 }));
    expect(w.underWay(3, 2)).toEqual(["3 -> 2 VOTE t5 denied", "3 -> 2 VOTE t6 granted"]);
  });

  it("without the witness both full nodes are a majority, and it catches up when it is back", () => {
    const w = led();
    w.crash(3);
    w.commit(1, "x", "y");
    aTimeout(w, 1);
    expect(w.describe(1)).toBe("LEADER t1 commit=3");
    w.restart(3);
    w.rounds(1, 2);
    expect(w.describe(3)).toBe("FOLLOWER t1 commit=3");
  });

  it("a witness that diverged is put right like any other follower", () => {
    const diverged = [
      { term: 1, payload: "1/1" },
      { term: 2, kind: EntryKind.NOOP },
    ];
    const w = new Scenario(make(), {
      nodes: [{ terms: [1, 3] }, { terms: [1, 3] }, { log: diverged, isWitness: true }],
      members: [{ id: 1 }, { id: 2 }, { id: 3, roles: VOTER | WITNESS }],
    });
    w.elect(1);
    w.rounds(1, 3);
    expect(w.log(3)).toBe("1:1 2:3 3:4");
  });

  it("a witness behind the leader's window is served from storage, without payloads", () => {
    const w = led({ capacity: { windowEntries: 16 } });
    w.crash(3);
    w.commitMany(1, 40);
    w.restart(3);
    w.rounds(1, 2);
    expect(w.node(1).counts.reads).toBeGreaterThan(0);
    expect(w.log(3)).toBe(w.log(1));
    expect(w.applied(3)).toBe("");
  });

  it("a snapshot for a witness is the configuration alone, in one chunk however large the state is", () => {
    const w = led({ capacity: { windowEntries: 16 } });
    w.crash(3);
    w.commitMany(1, 40);
    w.snapshot(1);
    expect(w.node(1).disk.snapshot?.image.length).toBeGreaterThan(4 * CAPACITY.maxMessage);
    w.restart(3);
    w.transcript();
    w.rounds(1, 2);
    const configuration = encodeConfiguration([{ id: 1 }, { id: 2 }, { id: 3, roles: VOTER | WITNESS }]);
    expect(w.transcript()).toContain(`1 -> 3 CHUNK t1 snapshot=41/1 bytes=0..${configuration.length} last`);
    expect(w.node(3).disk.snapshot?.image).toEqual(configuration);
    expect(w.describe(3)).toBe("FOLLOWER t1 commit=41");
    w.crash(1);
    w.elect(2);
    aTimeout(w, 2);
    expect(w.log(3)).toBe(w.log(2));
  });

  it("a witness compacts its log by itself, and restarts from the configuration and the terms behind it", () => {
    const w = led();
    w.commit(1, "a", "b");
    w.rounds(1);
    expect(w.snapshot(3)).toBe(OK);
    const image = w.node(3).disk.snapshot?.image ?? new Uint8Array();
    expect(configurationLength(new DataView(image.buffer, image.byteOffset), 0)).toBe(image.length);
    w.commit(1, "c");
    w.rounds(1);
    w.crash(3);
    w.restart(3);
    expect(w.state(3).snapshotIndex).toBe(3);
    expect([w.members(3), w.state(3).last]).toEqual(["1 2 3W", 4]);
    w.crash(1);
    w.elect(2);
    w.commit(2, "d");
  });

  it("a member does not turn into a witness, nor a witness into a full member, while it stays", () => {
    const w = led();
    expect(w.reconfigure(1, [{ id: 1 }, { id: 2, roles: VOTER | WITNESS }, { id: 3, roles: VOTER | WITNESS }])).toBe(
      "BAD_CHANGE",
    );
    expect(w.reconfigure(1, [{ id: 1 }, { id: 2 }, { id: 3 }])).toBe("BAD_CHANGE");
    expect(w.members(1)).toBe("1 2 3W");
  });

  it("a witness joins as one that learns, becomes a voter when it has caught up, and can be removed", () => {
    const w = new Scenario(make(), {
      nodes: [{}, {}, { isWitness: true, isStranger: true }],
      members: [{ id: 1 }, { id: 2 }],
    });
    w.elect(1);
    w.commit(1, "x");
    expect(w.reconfigure(1, [{ id: 1 }, { id: 2 }, { id: 3, roles: VOTER | WITNESS }])).toBe("NOT_CAUGHT_UP");
    w.reconfigure(1, [{ id: 1 }, { id: 2 }, { id: 3, roles: LEARNER | WITNESS }]);
    w.deliverAll();
    w.rounds(1, 2);
    expect(w.reconfigure(1, [{ id: 1 }, { id: 2 }, { id: 3, roles: VOTER | WITNESS }])).toBe(OK);
    w.deliverAll();
    w.rounds(1);
    expect(w.members(3)).toBe("1 2 3W");
    w.crash(2);
    aTimeout(w, 1);
    w.commit(1, "y");
    expect(w.reconfigure(1, [{ id: 1 }, { id: 3, roles: VOTER | WITNESS }])).toBe(OK);
    w.deliverAll();
    expect(w.members(1)).toBe("1 3W");
    w.commit(1, "z");
  });

  it("two of four full nodes and a witness go on: it decides between the halves", () => {
    const members = [{ id: 1 }, { id: 2 }, { id: 3 }, { id: 4 }, { id: 5, roles: VOTER | WITNESS }];
    const w = new Scenario(make(), { nodes: [{}, {}, {}, {}, { isWitness: true }], members });
    w.elect(1);
    w.rounds(1);
    w.isolate(1, 2, 5);
    aTimeout(w, 1);
    w.commit(1, "x");
    expect(w.applied(2)).toBe("2:x");
    w.forgetLeaders();
    w.expire(3);
    w.deliverAll();
    expect(w.node(3).leads).toBe(false);
    w.crash(1);
    w.heal();
    w.elect(2);
    w.rounds(2);
    expect(w.applied(3)).toBe("2:x");
  });

  it.each([
    ["demoted", [{ id: 1, roles: LEARNER }]],
    ["removed", []],
  ])("a leader that is %s with entries which nobody else has leaves a full node that can be elected", (_, itself) => {
    const w = led();
    expect(w.reconfigure(1, [...itself, { id: 2 }, { id: 3, roles: VOTER | WITNESS }])).toBe(OK);
    w.deliver(1, 2);
    // What is behind the change never reaches node 2; the change itself does, and commits.
    w.propose(1, "lost");
    w.drop(1, 2);
    w.mute(1, 2);
    w.deliverAll();
    w.rounds(1);
    w.heal();
    expect(w.node(1).leads).toBe(false);
    if (!w.node(2).leads) w.elect(2);
    w.commit(2, "x");
    w.rounds(2);
    expect(w.applied(2)).toBe("4:x");
    expect(w.log(3)).toBe(w.log(2));
  });

  it("a witness is replaced by another in a joint change", () => {
    const w = new Scenario(make(), {
      nodes: [{}, {}, { isWitness: true }, { isWitness: true, isStranger: true }],
      members: [{ id: 1 }, { id: 2 }, { id: 3, roles: VOTER | WITNESS }],
    });
    w.elect(1);
    w.crash(3);
    w.reconfigure(1, [{ id: 1 }, { id: 2 }, { id: 3, roles: VOTER | WITNESS }, { id: 4, roles: LEARNER | WITNESS }]);
    w.deliverAll();
    w.rounds(1, 2);
    const both = OUTGOING | VOTER;
    const between = [
      { id: 1, roles: both },
      { id: 2, roles: both },
      { id: 3, roles: OUTGOING | WITNESS },
      { id: 4, roles: VOTER | WITNESS },
    ];
    expect(w.reconfigure(1, between, ConfigurationFlag.JOINT | ConfigurationFlag.AUTO_LEAVE)).toBe(OK);
    w.deliverAll();
    w.rounds(1);
    expect(w.members(4)).toBe("1 2 4W");
    w.crash(2);
    aTimeout(w, 1);
    w.commit(1, "x");
  });

  it("a witness remembers the terms of a log of many leaders", () => {
    const terms = Array.from({ length: PlanLimit.TERMS }, (_, i) => i + 1);
    const w = new Scenario(make(), {
      nodes: [{ terms }, { terms }, { isWitness: true }],
      members: [{ id: 1 }, { id: 2 }, { id: 3, roles: VOTER | WITNESS }],
      capacity: { windowEntries: 16 },
    });
    w.elect(1);
    w.rounds(1, 3);
    expect(w.log(3)).toBe(w.log(1));
    w.crash(3);
    w.restart(3);
    expect(w.log(3)).toBe(w.log(1));
  });
});
