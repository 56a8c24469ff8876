/** Changes of the members one at a time (thesis 4.1, 4.2, 4.4): what is refused, what is in force when, and who leads. */

import { describe, expect, it } from "vitest";
import { EntryKind, MemberRole } from "../../host/core/abi.js";
import { encodeConfiguration, type MemberInfo } from "../../host/core/configuration.js";
import { encodeAppend, encodeVoteRequest, membersOf } from "../../sim/messages.js";
import { cores } from "./cores.js";
import { CAPACITY, from, OK, Scenario, type ScenarioOptions } from "./scenario.js";

const { VOTER, LEARNER, WITNESS, PROMOTE } = MemberRole;

/** Voters. */
function voters(...ids: readonly number[]): MemberInfo[] {
  return ids.map((id) => ({ id }));
}
function learner(id: number, roles = 0): MemberInfo {
  return { id, roles: LEARNER | roles };
}

describe.each(cores)("membership on $name", ({ make }) => {
  /** Nodes 1 to `members` are voters, the others know of nothing yet; node 1 leads. */
  function led(members: number, nodes = members, options: Partial<ScenarioOptions> = {}): Scenario {
    const w = new Scenario(make(), {
      nodes: Array.from({ length: nodes }, (_, i) => ({ isStranger: i >= members })),
      members: Array.from({ length: members }, (_, i) => ({ id: i + 1 })),
      ...options,
    });
    w.elect(1);
    return w;
  }

  /** Changes the members, and everything that follows. */
  function change(w: Scenario, leader: number, members: readonly MemberInfo[]): void {
    expect(w.reconfigure(leader, members)).toBe(OK);
    w.deliverAll();
    w.rounds(leader);
  }

  /** An election timeout's worth of heartbeats, and one more. */
  function aTimeout(w: Scenario, leader: number): void {
    w.rounds(leader, CAPACITY.electionTimeout / CAPACITY.heartbeat + 1);
  }

  it("a node is added as a learner, gets the log, and counts once it is a voter", () => {
    const w = led(3, 4);
    w.commit(1, "x");
    change(w, 1, [...voters(1, 2, 3), learner(4)]);
    expect(w.applied(4)).toBe("2:x");
    expect(w.members(4)).toBe("1 2 3 4L");
    change(w, 1, voters(1, 2, 3, 4));
    expect([1, 2, 3, 4].map((id) => w.members(id))).toEqual(new Array(4).fill("1 2 3 4"));
    // Three of four are needed now: two of the old three are not enough.
    w.isolate(3, 4);
    w.propose(1, "y");
    w.deliverAll();
    expect(w.state(1).commit).toBe(w.state(1).last - 1);
    w.heal();
    w.isolate(3);
    w.rounds(1);
    expect(w.state(1).commit).toBe(w.state(1).last);
  });

  // Thesis 4.1.
  it("a configuration is in force from the moment it is appended, on the leader and on each follower", () => {
    const w = led(4);
    w.isolate(3, 4);
    expect(w.reconfigure(1, voters(1, 2, 3))).toBe(OK);
    expect(w.members(1)).toBe("1 2 3");
    expect(w.members(2)).toBe("1 2 3 4");
    w.deliver(1, 2);
    expect(w.members(2)).toBe("1 2 3");
    // Two of three commit it, though they are not a majority of the four that were.
    w.deliverAll();
    expect(w.state(1).commit).toBe(2);
    expect(w.members(3)).toBe("1 2 3 4");
  });

  it("only a leader changes members", () => {
    const w = led(3);
    expect(w.reconfigure(2, voters(1, 2))).toBe("NOT_LEADER");
    expect(w.log(2)).toBe("1:1");
  });

  it("what is no configuration is refused: no voter, a member that is two things at once, more members than planned", () => {
    const w = led(3);
    expect(w.reconfigure(1, [learner(1), learner(2)])).toBe("BAD_CONFIGURATION");
    expect(w.reconfigure(1, [...voters(1, 2), { id: 3, roles: VOTER | LEARNER }])).toBe("BAD_CONFIGURATION");
    expect(w.reconfigure(1, [...voters(1, 2), { id: 3, roles: PROMOTE | VOTER }])).toBe("BAD_CONFIGURATION");
    expect(w.reconfigure(1, [...voters(1, 2), { id: 2 }])).toBe("BAD_CONFIGURATION");
    const tooMany = Array.from({ length: CAPACITY.nodes + 1 }, (_, i) => learner(i + 1));
    expect(w.reconfigure(1, [{ id: 1 }, ...tooMany.slice(1)])).toBe("BAD_CONFIGURATION");
    expect([w.log(1), w.members(1)]).toEqual(["1:1", "1 2 3"]);
  });

  it("two voters fewer, or one for another, are refused: old and new majorities might not meet", () => {
    const w = led(4, 5);
    change(w, 1, [...voters(1, 2, 3, 4), learner(5)]);
    expect(w.reconfigure(1, [...voters(1, 2), learner(5)])).toBe("BAD_CHANGE");
    expect(w.reconfigure(1, voters(1, 2, 3, 5))).toBe("BAD_CHANGE");
    expect(w.reconfigure(1, [...voters(1, 2), learner(3), learner(4)])).toBe("BAD_CHANGE");
    expect(w.members(1)).toBe("1 2 3 4 5L");
  });

  it("a change that leaves no voter that can lead is refused", () => {
    const w = new Scenario(make(), {
      nodes: [{}, { isWitness: true }],
      members: [{ id: 1 }, { id: 2, roles: VOTER | WITNESS }],
    });
    w.elect(1);
    expect(w.reconfigure(1, [learner(1), { id: 2, roles: VOTER | WITNESS }])).toBe("NO_VOTER");
    expect(w.reconfigure(1, [{ id: 2, roles: VOTER | WITNESS }])).toBe("NO_VOTER");
    expect(w.members(1)).toBe("1 2W");
  });

  // Scenario 27.
  it("a voter that is no member yet, or a learner that has not caught up, is refused; a learner that has is taken", () => {
    const w = led(3, 4);
    expect(w.reconfigure(1, voters(1, 2, 3, 4))).toBe("NOT_CAUGHT_UP");
    w.isolate(4);
    change(w, 1, [...voters(1, 2, 3), learner(4)]);
    w.commit(1, "x");
    expect(w.reconfigure(1, voters(1, 2, 3, 4))).toBe("NOT_CAUGHT_UP");
    expect(w.members(1)).toBe("1 2 3 4L");
    w.heal();
    w.rounds(1);
    expect(w.reconfigure(1, voters(1, 2, 3, 4))).toBe(OK);
  });

  // Scenario 24.
  it("a change while one is pending is refused, and taken once that is committed", () => {
    const w = led(4);
    w.isolate(1);
    expect(w.reconfigure(1, voters(1, 2, 3))).toBe(OK);
    expect(w.reconfigure(1, voters(1, 2))).toBe("CHANGE_PENDING");
    expect(w.members(1)).toBe("1 2 3");
    w.heal();
    w.rounds(1, 2);
    expect(w.reconfigure(1, voters(1, 2))).toBe(OK);
  });

  it("a change that was inherited from an earlier leader is pending too", () => {
    const w = led(4);
    w.isolate(3, 4);
    w.reconfigure(1, voters(1, 2, 3));
    w.deliver(1, 2);
    w.crash(1);
    w.drop();
    w.heal();
    // Node 2 leads by the configuration that it inherited, and has committed nothing yet.
    w.forgetLeaders();
    w.expire(2);
    w.deliverUntil(() => w.node(2).leads);
    w.drop();
    expect(w.members(2)).toBe("1 2 3");
    expect(w.describe(2)).toBe("LEADER t2 commit=1");
    expect(w.reconfigure(2, voters(2, 3))).toBe("NOT_READY");
    w.rounds(2, 2);
    expect(w.describe(2)).toBe("LEADER t2 commit=3");
    expect(w.reconfigure(2, voters(2, 3))).toBe(OK);
  });

  it("a change while the leader hands over is refused", () => {
    const w = led(3);
    w.isolate(2);
    expect(w.transfer(1, 2)).toBe(OK);
    expect(w.reconfigure(1, voters(1, 2))).toBe("TRANSFERRING");
  });

  // Scenario 23: the bug of 2015 in single-server changes (thesis 4.1 as published allows it).
  it("2015: no change before the leader has committed an entry of its own term, and so no two majorities that do not meet", () => {
    const w = led(4, 5);
    change(w, 1, [...voters(1, 2, 3, 4), learner(5)]);
    w.drop();
    // Leader 1 adds node 5, and only node 5 hears of it.
    w.isolate(1, 5);
    expect(w.reconfigure(1, voters(1, 2, 3, 4, 5))).toBe(OK);
    w.deliverAll();
    expect(w.members(5)).toBe("1 2 3 4 5");
    // Leader 2 would take node 1 out with nodes 3 and 4 as they are.
    w.forgetLeaders();
    w.expire(2);
    w.deliverUntil(() => w.node(2).leads);
    w.drop();
    expect(w.members(2)).toBe("1 2 3 4 5L");
    expect(w.reconfigure(2, [...voters(2, 3, 4), learner(5)])).toBe("NOT_READY");
    // Committing {2,3,4}'s first entry takes three of the four, one of which node 1 will have to ask.
    w.isolate(4);
    w.rounds(2, 2);
    expect(w.reconfigure(2, [...voters(2, 3, 4), learner(5)])).toBe("NOT_READY");
    w.heal();
    w.isolate(1, 5);
    w.rounds(2, 2);
    expect(w.reconfigure(2, [...voters(2, 3, 4), learner(5)])).toBe(OK);
    w.deliverAll();
    const committed = w.state(2).commit;
    // Node 1 cannot be elected by {1, 4, 5} any more: node 4 holds a later term.
    w.heal();
    w.isolate(2, 3);
    w.drop();
    aTimeout(w, 1);
    for (let i = 0; i < 3; i++) {
      w.forgetLeaders();
      w.expire(1);
      w.deliverAll();
    }
    expect(w.node(1).leads).toBe(false);
    w.heal();
    aTimeout(w, 2);
    w.elect(2);
    w.rounds(2, 2);
    expect(w.log(5)).toBe(w.log(2));
    expect(w.state(2).commit).toBeGreaterThan(committed);
  });

  it("a leader that cannot commit cannot change members either: an old one in a minority does no harm", () => {
    const w = led(5);
    w.isolate(1, 2);
    w.reconfigure(1, voters(1, 2, 3, 4));
    w.deliverAll();
    expect(w.state(1).commit).toBe(1);
    w.elect(3);
    w.commit(3, "x");
    w.heal();
    w.rounds(3, 2);
    expect([w.members(1), w.members(2)]).toEqual(["1 2 3 4 5", "1 2 3 4 5"]);
    expect(w.log(1)).toBe(w.log(3));
  });

  // Scenario 12.
  it("a configuration whose entry is truncated goes out of force, on its leader and on who followed it", () => {
    const w = led(5);
    w.isolate(1, 2);
    w.reconfigure(1, voters(1, 2, 3, 4));
    w.deliverAll();
    expect([w.members(1), w.members(2)]).toEqual(["1 2 3 4", "1 2 3 4"]);
    w.elect(3);
    w.heal();
    w.transcript();
    w.rounds(3, 2);
    expect(w.transcript()).toContain("2: truncate 2..2");
    expect([w.members(1), w.members(2)]).toEqual(["1 2 3 4 5", "1 2 3 4 5"]);
  });

  it("of several configurations in a log that is cut the newest one that stays is in force", () => {
    const w = led(3, 4);
    change(w, 1, [...voters(1, 2, 3), learner(4)]);
    change(w, 1, voters(1, 2, 3, 4));
    w.isolate(1);
    w.reconfigure(1, voters(1, 2, 4));
    w.elect(2);
    w.heal();
    w.rounds(2, 2);
    expect(w.members(1)).toBe("1 2 3 4");
    w.crash(1);
    w.restart(1);
    expect(w.members(1)).toBe("1 2 3 4");
  });

  it("a follower restarts with the configuration that its log ends with, committed or not", () => {
    const w = led(4);
    w.isolate(3, 4);
    w.reconfigure(1, voters(1, 2, 3));
    w.deliver(1, 2);
    w.drop();
    w.crash(2);
    w.restart(2);
    expect(w.members(2)).toBe("1 2 3");
    expect(w.describe(2)).toBe("FOLLOWER t1 commit=0");
  });

  it("a configuration that was not durable is gone after a crash", () => {
    const w = new Scenario(make(), { nodes: 4, slowDisks: true });
    w.elect(1);
    w.reconfigure(1, voters(1, 2, 3));
    w.deliver(1, 2);
    expect(w.members(2)).toBe("1 2 3");
    w.crash(2);
    w.restart(2);
    expect(w.members(2)).toBe("1 2 3 4");
  });

  it("a configuration outlives its place in the window", () => {
    const w = led(4, 4, { capacity: { windowEntries: 16 } });
    change(w, 1, voters(1, 2, 3));
    w.commitMany(1, 40);
    expect(w.state(1).first).toBeGreaterThan(w.state(1).configurationIndex);
    expect([w.members(1), w.members(2)]).toEqual(["1 2 3", "1 2 3"]);
    w.elect(2);
    expect(w.members(2)).toBe("1 2 3");
    w.crash(3);
    w.restart(3);
    expect(w.members(3)).toBe("1 2 3");
  });

  // Scenario 26; thesis 4.2.2.
  it("a leader that is removed is not counted, leads until that is committed, and then steps down", () => {
    const w = led(3);
    w.isolate(3);
    expect(w.reconfigure(1, voters(2, 3))).toBe(OK);
    w.deliver(1, 2);
    w.deliver(2, 1);
    // Nodes 1 and 2 hold it: of those that count, one of two.
    expect(w.describe(1)).toBe("LEADER t1 commit=1");
    expect(w.propose(1, "still led")).toBe(OK);
    w.deliverAll();
    expect(w.describe(1)).toBe("LEADER t1 commit=1");
    w.heal();
    w.heartbeat(1);
    w.deliverUntil(() => !w.node(1).leads);
    expect(w.state(1).commit).toBe(3);
    expect(w.propose(1, "x")).toBe("NOT_LEADER");
  });

  it("a leader that was removed asks the best of the others to follow it at once, and never campaigns again", () => {
    const w = led(3);
    w.commit(1, "x");
    w.reconfigure(1, voters(2, 3));
    w.transcript();
    w.deliverAll();
    expect(w.transcript()).toMatch(/1 -> [23] TIMEOUT NOW t1/);
    const next = w.node(2).leads ? 2 : 3;
    expect(w.describe(next)).toBe("LEADER t2 commit=4");
    w.forgetLeaders();
    for (let i = 0; i < 3; i++) w.expire(1);
    expect(w.describe(1)).toMatch(/^FOLLOWER t[12] /);
    expect(w.underWay(1)).toEqual([]);
    expect(w.state(next).term).toBe(2);
  });

  it("a leader that becomes a learner steps down too, and goes on as one", () => {
    const w = led(3);
    w.reconfigure(1, [learner(1), ...voters(2, 3)]);
    expect(w.node(1).leads).toBe(true);
    w.deliverAll();
    const next = w.node(2).leads ? 2 : 3;
    expect(w.describe(next)).toBe("LEADER t2 commit=3");
    w.commit(next, "x");
    w.rounds(next);
    expect(w.applied(1)).toBe("4:x");
    w.forgetLeaders();
    w.expire(1);
    expect(w.describe(1)).toBe("FOLLOWER t2 commit=4");
  });

  it("a leader that crashes while it is being removed may be elected until that is committed; the next one ends what it began", () => {
    const w = led(4);
    w.isolate(3, 4);
    w.reconfigure(1, voters(2, 3, 4));
    w.deliver(1, 2);
    w.crash(1);
    w.restart(1);
    expect(w.members(1)).toBe("2 3 4");
    w.heal();
    w.drop();
    w.forgetLeaders();
    w.expire(1);
    expect(w.underWay(1)).toHaveLength(3);
    w.drop();
    w.elect(2);
    expect(w.describe(2)).toBe("LEADER t2 commit=3");
    expect([2, 3, 4].map((id) => w.members(id))).toEqual(["2 3 4", "2 3 4", "2 3 4"]);
  });

  it("a removal of the leader that is lost with it leaves it a member like the others", () => {
    const w = led(4);
    w.isolate(1);
    w.reconfigure(1, voters(2, 3, 4));
    w.crash(1);
    w.elect(2);
    w.heal();
    w.restart(1);
    w.rounds(2, 2);
    expect(w.members(1)).toBe("1 2 3 4");
    w.crash(2);
    w.elect(1);
    expect(w.describe(1)).toBe("LEADER t3 commit=3");
  });

  // Thesis 4.2.3.
  it("a node that was removed and does not know is harmless: nobody's term rises, and nobody votes for it", () => {
    const w = led(4);
    w.isolate(4);
    change(w, 1, voters(1, 2, 3));
    w.heal();
    w.drop();
    for (let i = 0; i < 3; i++) {
      w.advance(4, 2 * CAPACITY.electionTimeout);
      w.expire(4);
      w.deliverAll();
      w.rounds(1);
    }
    // Nor in the moment in which nobody hears from the leader.
    w.forgetLeaders();
    w.expire(4);
    w.deliverAll();
    expect([1, 2, 3].map((id) => w.state(id).term)).toEqual([1, 1, 1]);
    expect(w.describe(1)).toBe("LEADER t1 commit=2");
    expect(w.state(4).term).toBe(1);
  });

  it("a removed node whose log is complete is denied as long as the leader lives", () => {
    const w = led(4);
    change(w, 1, voters(1, 2, 3));
    const payload = encodeConfiguration(voters(1, 2, 3));
    const entries = [{ term: 1, kind: EntryKind.CONFIGURATION, payload }];
    w.inject(encodeAppend(from(1, 4, 1), { prevIndex: 1, prevTerm: 1, entries }));
    expect(w.members(4)).toBe("1 2 3");
    w.drop();
    w.inject(encodeVoteRequest(from(4, 2, 7), { lastIndex: 9, lastTerm: 6 }));
    w.inject(encodeVoteRequest(from(4, 3, 7), { lastIndex: 9, lastTerm: 6, pre: true }));
    w.deliverAll();
    expect([1, 2, 3].map((id) => w.state(id).term)).toEqual([1, 1, 1]);
    // It knows that it is no member; once it knows that this is committed it keeps quiet by itself.
    w.inject(encodeAppend(from(1, 4, 7), { prevIndex: 2, prevTerm: 1, commit: 2 }));
    w.drop();
    w.forgetLeaders();
    w.expire(4);
    expect(w.underWay(4)).toEqual([]);
  });

  // Thesis 4.1: a server takes messages from whoever, also from those that its configuration lacks.
  it("a new voter that does not know it yet votes, and a candidate that it does not know is elected", () => {
    const w = led(3, 4);
    change(w, 1, [...voters(1, 2, 3), learner(4)]);
    w.isolate(4);
    change(w, 1, [...voters(1, 2, 3), learner(4)]);
    expect(w.reconfigure(1, voters(1, 2, 3, 4))).toBe("NOT_CAUGHT_UP");
    w.heal();
    w.rounds(1);
    w.mute(1, 4);
    expect(w.reconfigure(1, voters(1, 2, 3, 4))).toBe(OK);
    w.deliverAll();
    expect([w.members(2), w.members(4)]).toEqual(["1 2 3 4", "1 2 3 4L"]);
    w.crash(1);
    w.crash(3);
    w.forgetLeaders();
    w.drop();
    w.expire(2);
    w.deliver(2, 4);
    expect(w.underWay(4, 2)).toEqual(["4 -> 2 PRE-VOTE t2 granted"]);
    w.restart(3);
    w.advance(3, 2 * CAPACITY.electionTimeout);
    w.expire(2);
    w.deliverAll();
    expect(w.node(2).leads).toBe(true);
    expect(w.members(4)).toBe("1 2 3 4");
  });

  // Scenario 27.
  it("a learner that is dead blocks nothing: commits, changes and elections go on", () => {
    const w = led(3, 4);
    w.crash(4);
    change(w, 1, [...voters(1, 2, 3), learner(4, PROMOTE)]);
    w.commit(1, "x");
    aTimeout(w, 1);
    expect(w.describe(1)).toBe("LEADER t1 commit=3");
    w.elect(2);
    change(w, 2, [...voters(1, 2), learner(4, PROMOTE)]);
    change(w, 2, voters(1, 2));
    expect(w.members(1)).toBe("1 2");
  });

  it("a learner that is to be promoted becomes a voter by itself as soon as it has caught up", () => {
    const w = led(3, 4);
    w.commitMany(1, 10);
    w.isolate(4);
    change(w, 1, [...voters(1, 2, 3), learner(4, PROMOTE)]);
    w.commit(1, "x");
    expect(w.members(1)).toBe("1 2 3 4LP");
    w.heal();
    w.heartbeat(1);
    w.deliver(1, 4);
    w.deliver(4, 1);
    // It answers, and lags.
    w.deliver(1, 4);
    w.deliver(4, 1);
    expect(w.members(1)).toBe("1 2 3 4LP");
    w.rounds(1, 3);
    expect(w.members(1)).toBe("1 2 3 4");
    expect(w.members(4)).toBe("1 2 3 4");
    expect(w.state(1).commit).toBe(w.state(1).last);
  });

  it("a learner is promoted by the next leader if the one that added it is gone", () => {
    const w = led(3, 4);
    w.isolate(4);
    change(w, 1, [...voters(1, 2, 3), learner(4, PROMOTE)]);
    w.crash(1);
    w.heal();
    w.elect(2);
    w.rounds(2, 3);
    expect(w.members(4)).toBe("1 2 3 4");
    w.restart(1);
    w.rounds(2, 2);
    expect(w.members(1)).toBe("1 2 3 4");
  });

  it("a promotion that was lost with its leader is made again", () => {
    const w = led(3, 4);
    w.isolate(4);
    change(w, 1, [...voters(1, 2, 3), learner(4, PROMOTE)]);
    w.heal();
    w.heartbeat(1);
    w.deliverUntil(() => w.members(1) === "1 2 3 4");
    w.crash(1);
    w.drop();
    expect(w.members(2)).toBe("1 2 3 4LP");
    w.elect(2);
    w.rounds(2, 3);
    expect(w.members(2)).toBe("1 2 3 4");
    w.restart(1);
    w.rounds(2, 2);
    expect([w.members(1), w.log(1)]).toEqual(["1 2 3 4", w.log(2)]);
  });

  it("learners are promoted one at a time, each when the one before it is committed", () => {
    const w = led(3, 5);
    expect(w.reconfigure(1, [...voters(1, 2, 3), learner(4, PROMOTE), learner(5, PROMOTE)])).toBe(OK);
    const seen = [w.members(1)];
    for (let i = 0; i < 100 && seen.length < 3; i++) {
      if (w.underWay().length === 0) w.heartbeat(1);
      const before = w.world.network.underWay().length;
      w.deliverUntil(() => w.world.network.underWay().length !== before || w.members(1) !== seen.at(-1));
      if (w.members(1) !== seen.at(-1)) seen.push(w.members(1));
    }
    expect(seen).toEqual(["1 2 3 4LP 5LP", expect.stringMatching(/^1 2 3 (4 5LP|4LP 5)$/), "1 2 3 4 5"]);
  });

  it("learners' votes count for nothing, even if they are given", () => {
    const w = led(3, 5);
    change(w, 1, [...voters(1, 2, 3), learner(4), learner(5)]);
    w.crash(1);
    w.crash(3);
    w.drop();
    w.forgetLeaders();
    w.expire(2);
    for (const id of [4, 5]) {
      w.deliver(2, id);
      expect(w.underWay(id, 2)).toEqual([`${id} -> 2 PRE-VOTE t2 granted`]);
    }
    w.deliverAll();
    expect(w.describe(2)).toBe("PRE_CANDIDATE t1 commit=2");
  });

  it("a voter becomes a learner, and is not counted any more", () => {
    const w = led(3);
    change(w, 1, [...voters(1, 2), learner(3)]);
    w.isolate(2);
    w.propose(1, "x");
    w.deliverAll();
    expect(w.state(3).last).toBe(3);
    expect(w.state(1).commit).toBe(2);
    w.forgetLeaders();
    w.expire(3);
    expect(w.describe(3)).toBe("FOLLOWER t1 commit=2");
  });

  it("a dead node is replaced: the new one is added and promoted, the dead one removed", () => {
    const w = led(3, 4);
    w.commit(1, "x");
    w.crash(3);
    change(w, 1, [...voters(1, 2, 3), learner(4, PROMOTE)]);
    w.rounds(1, 3);
    expect(w.members(1)).toBe("1 2 3 4");
    change(w, 1, voters(1, 2, 4));
    // From here on the new one carries its share.
    w.crash(2);
    w.commit(1, "y");
    w.rounds(1);
    expect(w.applied(4)).toBe(w.applied(1));
    expect(w.applied(4)).toContain("y");
  });

  it("of three with one dead the dead one can be removed; of two with one dead it cannot", () => {
    const w = led(3);
    w.crash(3);
    change(w, 1, voters(1, 2));
    expect(w.state(1).commit).toBe(2);
    w.crash(2);
    expect(w.reconfigure(1, voters(1))).toBe(OK);
    // The removal needs a majority of {1} alone: it is committed by the one who stays.
    w.deliverAll();
    expect(w.describe(1)).toBe("LEADER t1 commit=3");
    w.commit(1, "alone");
    expect(w.applied(1)).toBe("4:alone");
  });

  it("a cluster grows from one node to three and to five, and each size survives what it should", () => {
    const w = led(1, 5);
    w.commit(1, "one");
    for (const id of [2, 3]) {
      const before = Array.from({ length: id - 1 }, (_, i) => i + 1);
      change(w, 1, [...voters(...before), learner(id, PROMOTE)]);
      w.rounds(1, 3);
    }
    expect(w.members(3)).toBe("1 2 3");
    w.commit(1, "three");
    for (const id of [4, 5]) {
      const before = Array.from({ length: id - 1 }, (_, i) => i + 1);
      change(w, 1, [...voters(...before), learner(id, PROMOTE)]);
      w.rounds(1, 3);
    }
    expect([1, 2, 3, 4, 5].map((id) => w.members(id))).toEqual(new Array(5).fill("1 2 3 4 5"));
    w.crash(1);
    w.crash(2);
    w.elect(5);
    w.commit(5, "five");
    w.rounds(5);
    expect(w.applied(4)).toMatch(/one .*three .*five/);
  });

  it("a cluster shrinks from five to one, also away from its leader", () => {
    const w = led(5);
    change(w, 1, voters(1, 2, 3, 4));
    change(w, 1, voters(1, 2, 3));
    w.reconfigure(1, voters(2, 3));
    w.deliverAll();
    const leader = w.node(2).leads ? 2 : 3;
    w.rounds(leader, 2);
    change(w, leader, voters(leader));
    w.commit(leader, "alone");
    expect(w.applied(leader)).toContain("alone");
    w.forgetLeaders();
    for (const id of [1, 4, 5].filter((id) => w.state(id).leader === 0)) w.expire(id);
    w.deliverAll();
    expect(w.node(leader).leads).toBe(true);
  });

  it("addresses and priorities change without any voter changing, and reach everybody", () => {
    const w = led(3, 3, { capacity: { addressBytes: 16, maxMessage: 512, inflightBytes: 512 } });
    const members = [{ id: 1, address: "a:1" }, { id: 2, address: "b:2", priority: 7 }, { id: 3 }];
    change(w, 1, members);
    const expected = [
      { id: 1, roles: VOTER, priority: 0, address: "a:1" },
      { id: 2, roles: VOTER, priority: 7, address: "b:2" },
      { id: 3, roles: VOTER, priority: 0, address: "" },
    ];
    for (const id of [1, 2, 3]) expect(membersOf(w.node(id).core.configuration())).toEqual(expected);
    w.crash(2);
    w.restart(2);
    expect(membersOf(w.node(2).core.configuration())).toEqual(expected);
    expect(w.reconfigure(1, [{ id: 1, address: "x".repeat(17) }, { id: 2 }, { id: 3 }])).toBe("BAD_CONFIGURATION");
  });

  // Scenario 17.
  it("a configuration passes the bound that refuses commands", () => {
    const w = led(3);
    w.isolate(1);
    while (w.propose(1, "x".repeat(100)) === OK);
    expect(w.reconfigure(1, voters(1, 2))).toBe(OK);
    w.heal();
    w.rounds(1, 4);
    expect(w.members(2)).toBe("1 2");
    expect(w.applied(2)).toBe(w.applied(1));
  });

  it("a configuration that finds no room is refused, and nothing of it is in force", () => {
    const w = led(3, 3, { capacity: { windowEntries: 16, uncommittedBytes: 4096 }, slowDisks: true });
    let taken = 0;
    while (w.propose(1, "u") === OK) taken++;
    expect(w.reconfigure(1, voters(1, 2))).toBe("BUSY");
    expect(w.members(1)).toBe("1 2 3");
    w.deliverAll();
    change(w, 1, voters(1, 2));
    expect(w.state(2).commit).toBe(taken + 2);
  });

  it("what a removed node answers late is not counted", () => {
    const w = led(4);
    w.isolate(3);
    change(w, 1, voters(1, 2, 3));
    w.isolate(2);
    w.propose(1, "x");
    w.heal();
    w.isolate(2, 3);
    w.inject(
      encodeAppend(from(1, 4, 1), {
        prevIndex: 1,
        prevTerm: 1,
        entries: [
          { term: 1, kind: EntryKind.CONFIGURATION, payload: encodeConfiguration(voters(1, 2, 3)) },
          { term: 1, payload: "x" },
        ],
      }),
    );
    w.deliverAll();
    expect(w.describe(1)).toBe("LEADER t1 commit=2");
  });

  it("a removed member is sent nothing more, and the members that stay lose nothing by the change", () => {
    const w = led(4);
    w.propose(1, "x");
    w.reconfigure(1, voters(1, 3, 4));
    w.propose(1, "y");
    w.drop(1, 4);
    w.deliverAll();
    w.rounds(1, 2);
    w.heartbeat(1);
    expect(w.underWay(1, 2)).toEqual([]);
    expect([w.applied(3), w.applied(4)]).toEqual(["2:x 4:y", "2:x 4:y"]);
  });

  it("a member that one leader removes and adds again gets what it missed, and everything after it", () => {
    const w = led(3);
    w.commitMany(1, 10);
    change(w, 1, voters(1, 2));
    w.commitMany(1, 5);
    change(w, 1, [...voters(1, 2), learner(3)]);
    w.commitMany(1, 5);
    w.rounds(1);
    expect([w.log(3), w.applied(3)]).toEqual([w.log(1), w.applied(1)]);
  });

  it("a member that is added in front of others leaves the leader's view of them as it was", () => {
    const w = new Scenario(make(), { nodes: [{ isStranger: true }, {}, {}, {}], members: voters(2, 3, 4) });
    w.elect(3);
    w.commit(3, "x");
    w.isolate(4);
    w.propose(3, "y");
    w.reconfigure(3, [learner(1), ...voters(2, 3, 4)]);
    w.deliverAll();
    // Nobody's acknowledgements are taken for another's: {2,3} commit, and node 4 does not count as if it held them.
    expect(w.state(3).commit).toBe(4);
    w.isolate(2);
    w.propose(3, "z");
    w.deliverAll();
    expect(w.state(3).commit).toBe(4);
    w.heal();
    w.rounds(3, 2);
    expect([1, 2, 4].map((id) => w.applied(id))).toEqual(new Array(3).fill("2:x 3:y 5:z"));
  });
});
