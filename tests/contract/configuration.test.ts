/** Who counts (thesis chapter 4): voters, learners, joint configurations, and nodes that are not members. */

import { describe, expect, it } from "vitest";
import { ConfigurationFlag, EntryKind, MemberRole } from "../../host/core/abi.js";
import { encodeConfiguration } from "../../host/core/configuration.js";
import { encodeAppend, encodeVoteRequest } from "../../sim/messages.js";
import { cores } from "./cores.js";
import { from, Scenario } from "./scenario.js";

const { VOTER, OUTGOING, LEARNER } = MemberRole;

describe.each(cores)("configurations on $name", ({ make }) => {
  it("a single voter elects itself and commits alone", () => {
    const w = new Scenario(make(), { nodes: 1 });
    w.elect(1);
    w.propose(1, "x");
    expect(w.applied(1)).toBe("2:x");
  });

  it("a learner gets the log, is never counted, and never campaigns", () => {
    const members = [{ id: 1 }, { id: 2 }, { id: 3, roles: LEARNER }];
    const w = new Scenario(make(), { nodes: 3, members });
    w.elect(1);
    w.isolate(2);
    w.propose(1, "x");
    w.deliverAll();
    expect(w.log(3)).toBe("1:1 2:1");
    expect(w.describe(1)).toBe("LEADER t1 commit=1");
    w.forgetLeaders();
    w.expire(3);
    expect(w.describe(3)).toBe("FOLLOWER t1 commit=1");
    expect(w.underWay(3)).toEqual([]);
  });

  it("a learner's answers do not keep a leader in office, and its absence does not depose one", () => {
    const members = [{ id: 1 }, { id: 2 }, { id: 3, roles: LEARNER }];
    const w = new Scenario(make(), { nodes: 3, members });
    w.elect(1);
    w.isolate(3);
    for (let i = 0; i < 15; i++) {
      w.heartbeat(1);
      w.deliverAll();
    }
    expect(w.describe(1)).toBe("LEADER t1 commit=1");
    w.heal();
    w.isolate(2);
    for (let i = 0; i < 15 && w.node(1).leads; i++) {
      w.heartbeat(1);
      w.deliverAll();
    }
    expect(w.describe(1)).toBe("FOLLOWER t1 commit=1");
  });

  // Thesis 4.3: {1,2,3} goes out, {3,4,5} comes in.
  const JOINT = [
    { id: 1, roles: OUTGOING },
    { id: 2, roles: OUTGOING },
    { id: 3, roles: OUTGOING | VOTER },
    { id: 4, roles: VOTER },
    { id: 5, roles: VOTER },
  ];

  it.each([
    ["of the old set only", [4, 5]],
    ["of the new set only", [1, 2]],
  ] as const)("a majority %s elects nobody in a joint configuration", (_, cut) => {
    const w = new Scenario(make(), { nodes: 5, members: JOINT, flags: ConfigurationFlag.JOINT });
    w.isolate(...cut);
    w.forgetLeaders();
    w.expire(3);
    w.deliverAll();
    expect(w.describe(3)).toBe("PRE_CANDIDATE t0 commit=0");
    w.heal();
    w.elect(3);
    expect(w.describe(3)).toBe("LEADER t1 commit=1");
  });

  it.each([
    ["of the old set only", [4, 5]],
    ["of the new set only", [1, 2]],
  ] as const)("a majority %s commits nothing in a joint configuration, and keeps no leader", (_, cut) => {
    const w = new Scenario(make(), { nodes: 5, members: JOINT, flags: ConfigurationFlag.JOINT });
    w.elect(3);
    w.isolate(...cut);
    w.propose(3, "x");
    w.deliverAll();
    expect(w.describe(3)).toBe("LEADER t1 commit=1");
    for (let i = 0; i < 12 && w.node(3).leads; i++) {
      w.heartbeat(3);
      w.deliverAll();
    }
    expect(w.describe(3)).toBe("FOLLOWER t1 commit=1");
    w.heal();
    w.elect(3);
    expect(w.applied(3)).toBe("2:x");
  });

  // Thesis 4.1: in force when appended, out of force when truncated.
  it("a truncated configuration puts the one before it in force again", () => {
    const two = { term: 1, kind: EntryKind.CONFIGURATION, payload: encodeConfiguration([{ id: 1 }, { id: 2 }]) };
    const w = new Scenario(make(), { nodes: 3 });
    w.inject(encodeAppend(from(1, 3, 1), { entries: [{ term: 1, kind: EntryKind.NOOP }, two] }));
    expect(w.state(3).members).toBe(2);
    w.inject(encodeAppend(from(2, 3, 2), { prevIndex: 1, prevTerm: 1, entries: [{ term: 2, kind: EntryKind.NOOP }] }));
    expect(w.log(3)).toBe("1:1 2:2");
    expect(w.state(3).members).toBe(3);
  });

  it("a configuration deeper in the log comes back too, also after a restart", () => {
    const of = (...ids: number[]) => ({
      term: 1,
      kind: EntryKind.CONFIGURATION,
      payload: encodeConfiguration(ids.map((id) => ({ id }))),
    });
    const w = new Scenario(make(), { nodes: [{}, {}, {}, { log: [of(1, 2), { term: 1, payload: "x" }, of(4)] }] });
    expect(w.state(4).members).toBe(1);
    w.crash(4);
    w.restart(4);
    w.inject(encodeAppend(from(2, 4, 2), { prevIndex: 2, prevTerm: 1, entries: [{ term: 2, kind: EntryKind.NOOP }] }));
    expect(w.log(4)).toBe("1:1 2:1 3:2");
    expect(w.state(4).members).toBe(2);
  });

  it("a node without a configuration follows, answers, and never campaigns", () => {
    const w = new Scenario(make(), {
      nodes: [{}, {}, {}, { isStranger: true }],
      members: [{ id: 1 }, { id: 2 }, { id: 3 }],
    });
    w.forgetLeaders();
    w.expire(4);
    expect(w.describe(4)).toBe("FOLLOWER t0 commit=0");
    w.inject(encodeAppend(from(1, 4, 1), { entries: [{ term: 1, payload: "x" }] }));
    expect(w.underWay(4)).toEqual(["4 -> 1 APPENDED t1 match=1"]);
    w.forgetLeaders();
    w.inject(encodeVoteRequest(from(2, 4, 2), { lastIndex: 1, lastTerm: 1 }));
    expect(w.underWay(4, 2)).toEqual(["4 -> 2 VOTE t2 granted"]);
  });

  it("of two strangers that ask before a flush one is answered, the other asks again", () => {
    const w = new Scenario(make(), { nodes: 4, members: [{ id: 1 }, { id: 2 }] });
    w.forgetLeaders();
    w.world.autoFlush = false;
    for (const id of [3, 4]) w.inject(encodeVoteRequest(from(id, 1, 1), { lastIndex: 0, lastTerm: 0, pre: true }));
    w.world.autoFlush = true;
    w.world.flush(w.node(1));
    expect(w.underWay()).toEqual(["1 -> 4 PRE-VOTE t1 granted"]);
    w.inject(encodeVoteRequest(from(3, 1, 1), { lastIndex: 0, lastTerm: 0, pre: true }));
    expect(w.underWay(1, 3)).toEqual(["1 -> 3 PRE-VOTE t1 granted"]);
  });
});
