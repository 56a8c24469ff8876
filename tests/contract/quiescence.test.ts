/**
 * Rest: an idle group stops its heartbeats and its timers, and any input wakes it. A node that wakes is in the state of one
 * that has just heard from its leader: nothing relies on the rest.
 */

import { describe, expect, it } from "vitest";
import { MemberRole, ReadKind } from "../../host/core/abi.js";
import { UNARMED } from "../../sim/core-world/sim-node.js";
import { cores } from "./cores.js";
import { CAPACITY, OK, Scenario, type ScenarioOptions } from "./scenario.js";

const { LEARNER } = MemberRole;
/** Idle rounds before the rest. */
const ROUNDS = 3;
/** Longer than anybody waits for anything. */
const LONG = 10 * CAPACITY.electionTimeout;

describe.each(cores)("rest on $name", ({ make }) => {
  /** Node 1 leads, and everybody knows what is committed. */
  function led(options: Partial<ScenarioOptions> = {}): Scenario {
    const w = new Scenario(make(), { nodes: 3, ...options, capacity: { quiesceRounds: ROUNDS, ...options.capacity } });
    w.elect(1);
    w.transcript();
    return w;
  }

  /** So many rounds that the group rests if it can. */
  function idle(w: Scenario, leader = 1): void {
    for (let i = 0; i < ROUNDS + 3 && w.node(leader).leads && !w.rests(leader); i++) w.rounds(leader);
  }

  /** Everybody rests. */
  function resting(options: Partial<ScenarioOptions> = {}): Scenario {
    const w = led(options);
    idle(w);
    expect(resters(w)).toEqual(w.world.nodes.map(({ id }) => id));
    w.transcript();
    return w;
  }

  function resters(w: Scenario): number[] {
    return w.world.nodes.filter(({ id, isUp }) => isUp && w.rests(id)).map(({ id }) => id);
  }

  function leaderOf(w: Scenario): number {
    return w.world.nodes.find(({ leads }) => leads)?.id ?? 0;
  }

  describe("begins", () => {
    it("an idle leader says so in its last heartbeat, and no timer runs any more anywhere", () => {
      const w = led();
      w.rounds(1, ROUNDS);
      expect(resters(w)).toEqual([]);
      w.transcript();
      idle(w);
      expect(w.transcript().split("\n").slice(-2)).toEqual([
        "1 -> 2 APPEND t1 prev=1/1 commit=1 rest",
        "1 -> 3 APPEND t1 prev=1/1 commit=1 rest",
      ]);
      expect(resters(w)).toEqual([1, 2, 3]);
      expect(w.world.nodes.flatMap(({ deadlines }) => deadlines).every((deadline) => deadline === UNARMED)).toBe(true);
    });

    it("a group that was not told to rest does not", () => {
      const w = led({ capacity: { quiesceRounds: 0 } });
      w.rounds(1, 50);
      expect(resters(w)).toEqual([]);
    });

    it("a group at rest sends nothing, however long, and elects nobody", () => {
      const w = resting();
      w.live(LONG);
      expect(w.transcript()).toBe("");
      expect(w.describe(1)).toBe("LEADER t1 commit=1");
    });

    it("every write puts the rest off by as many rounds as were asked for", () => {
      const w = led();
      for (let i = 0; i < 5; i++) {
        w.rounds(1, ROUNDS);
        w.commit(1, "x");
        expect(resters(w)).toEqual([]);
      }
      idle(w);
      expect(resters(w)).toEqual([1, 2, 3]);
    });

    it("a single node rests too", () => {
      const w = resting({ nodes: 1 });
      w.live(LONG);
      w.commit(1, "x");
      expect(w.applied(1)).toBe("2:x");
    });

    it("a member that cannot be reached keeps the group awake, and it rests when that one is back", () => {
      const w = led();
      w.isolate(3);
      w.live(LONG);
      expect(resters(w)).toEqual([]);
      w.heal();
      w.live(LONG);
      expect(w.world.nodes.map(({ id }) => w.rests(id))).toEqual([true, true, true]);
    });

    it("a learner that cannot be reached keeps it awake as well: it would not catch up", () => {
      const w = led({ members: [{ id: 1 }, { id: 2 }, { id: 3, roles: LEARNER }] });
      w.crash(3);
      w.rounds(1, 4 * ROUNDS);
      expect(resters(w)).toEqual([]);
      w.restart(3);
      idle(w);
      expect(resters(w)).toEqual([1, 2, 3]);
    });

    it("what is not committed keeps it awake", () => {
      const w = led();
      w.isolate(2, 3);
      w.propose(1, "x");
      w.rounds(1, ROUNDS + 2);
      expect(resters(w)).toEqual([]);
      expect(w.describe(1)).toBe("LEADER t1 commit=1");
    });

    it("a follower whose disk is not done does not rest, and keeps its leader awake", () => {
      const w = led({ nodes: [{}, {}, { synchronous: false }] });
      w.propose(1, "x");
      for (let i = 0; i < 3 * ROUNDS; i++) {
        w.deliverAmong(1, 2, 3);
        w.heartbeat(1);
      }
      expect(resters(w)).toEqual([]);
      w.deliverAll();
      idle(w);
      expect(resters(w)).toEqual([1, 2, 3]);
    });

    it("a leader whose own disk is not done stays awake, though the others have committed", () => {
      const w = led({ nodes: [{ synchronous: false }, {}, {}] });
      w.propose(1, "x");
      for (let i = 0; i < 3 * ROUNDS; i++) {
        w.deliverAmong(1, 2, 3);
        w.heartbeat(1);
      }
      expect(w.describe(1)).toBe("LEADER t1 commit=2");
      expect(w.applied(1)).toBe("");
      expect(resters(w)).toEqual([]);
      w.deliverAll();
      idle(w);
      expect(resters(w)).toEqual([1, 2, 3]);
    });

    it("a late last heartbeat does not put a follower to rest that has more by now", () => {
      const w = led();
      while (!w.rests(1)) {
        w.deliverAll();
        w.heartbeat(1);
      }
      w.duplicate(1, 3, "rest");
      w.deliverOnly(1, 3, "rest");
      w.deliver(1, 2);
      expect(resters(w)).toEqual([1, 2, 3]);
      w.propose(1, "x");
      w.deliverOnly(1, 3, "entries=2:1");
      expect(w.rests(3)).toBe(false);
      w.deliverOnly(1, 3, "rest");
      expect(w.rests(3)).toBe(false);
      w.deliverAll();
      expect(w.applied(3)).toBe("2:x");
    });

    it("a late last heartbeat of an earlier term puts nobody to rest", () => {
      const w = led();
      while (!w.rests(1)) {
        w.deliverAll();
        w.heartbeat(1);
      }
      w.duplicate(1, 3, "rest");
      w.deliverOnly(1, 3, "rest");
      w.drop(1, 2);
      w.isolate(1);
      // Node 3 wakes, and denies the first time.
      for (let i = 0; i < 2; i++) {
        w.forgetLeaders();
        w.expire(2);
        w.deliverAmong(2, 3);
      }
      expect(w.describe(2)).toBe("LEADER t2 commit=2");
      expect(w.deliverOnly(1, 3, "rest")).toBe("STALE");
      expect(w.rests(3)).toBe(false);
    });

    it("a follower that waits for a read does not rest before it is answered", () => {
      const w = led();
      w.rounds(1, ROUNDS);
      const read = w.read(3);
      w.drop(3, 1);
      w.heartbeat(1);
      expect(w.underWay(1, 3)[0]).toContain("rest");
      w.deliver(1, 3);
      expect(w.rests(3)).toBe(false);
      w.deliverAll();
      expect(read.state).toBe("answered");
    });
  });

  describe("ends with", () => {
    it("a write: it wakes everybody and is committed at once, without any timer", () => {
      const w = resting();
      expect(w.propose(1, "x")).toBe(OK);
      w.deliverAll();
      expect(w.world.nodes.map(({ id }) => w.applied(id))).toEqual(["2:x", "2:x", "2:x"]);
      expect(resters(w)).toEqual([]);
      w.crash(1);
      w.live(LONG);
      expect(leaderOf(w)).toBeGreaterThan(1);
      idle(w, leaderOf(w));
    });

    it("a read on the leader, which takes a round as ever", () => {
      const w = resting();
      const read = w.read(1);
      expect(read).toEqual({ status: OK, state: "waiting" });
      w.deliverAll();
      expect(read.state).toBe("answered");
      expect(resters(w)).toEqual([]);
    });

    it("a read on a follower", () => {
      const w = resting();
      const read = w.read(3);
      w.deliverAll();
      expect(read.state).toBe("answered");
      idle(w);
      expect(resters(w)).toEqual([1, 2, 3]);
    });

    it("a transfer, which is done at once", () => {
      const w = resting();
      expect(w.transfer(1, 3)).toBe(OK);
      w.deliverAll();
      expect(w.node(3).leads).toBe(true);
      idle(w, 3);
      expect(resters(w)).toEqual([1, 2, 3]);
    });

    it("nothing that is refused", () => {
      const w = resting();
      expect(w.propose(2, "x")).toBe("NOT_LEADER");
      expect(w.transfer(2, 3)).toBe("NOT_LEADER");
      expect(w.transfer(1, 7)).toBe("UNKNOWN_NODE");
      expect(w.reconfigure(1, [{ id: 1 }])).toBe("BAD_CHANGE");
      expect(resters(w)).toEqual([1, 2, 3]);
    });

    it("a change of members, and the new one rests with the others", () => {
      const w = led({ nodes: [{}, {}, {}, { isStranger: true }], members: [{ id: 1 }, { id: 2 }, { id: 3 }] });
      idle(w);
      expect(resters(w)).toEqual([1, 2, 3]);
      const all = [{ id: 1 }, { id: 2 }, { id: 3 }, { id: 4, roles: LEARNER }];
      expect(w.reconfigure(1, all)).toBe(OK);
      w.deliverAll();
      expect(resters(w)).toEqual([]);
      idle(w);
      expect(w.members(4)).toBe("1 2 3 4L");
      expect(resters(w)).toEqual([1, 2, 3, 4]);
    });

    it("a write or a change of members whose messages are all lost: the timers run, and it is sent again", () => {
      const w = resting();
      w.propose(1, "x");
      w.drop();
      w.live(LONG);
      expect(w.applied(3)).toBe("2:x");
      expect(resters(w)).toEqual([1, 2, 3]);
      w.reconfigure(1, [{ id: 1 }, { id: 2 }, { id: 3, roles: LEARNER }]);
      w.drop();
      w.live(LONG);
      expect(w.members(3)).toBe("1 2 3L");
    });
  });

  describe("and failures", () => {
    it("a follower that did not get the last heartbeat asks for pre-votes, is denied, and wakes the others", () => {
      const w = led();
      w.rounds(1, ROUNDS);
      w.mute(1, 3);
      idle(w);
      expect(resters(w)).toEqual([1, 2]);
      w.heal();
      w.transcript();
      w.live(3 * CAPACITY.electionTimeout);
      const lines = w.transcript();
      expect(lines).toContain("3 -> 1 PRE-VOTE? t2");
      expect(lines).toContain("1 -> 3 PRE-VOTE t1 denied");
      expect(w.describe(1)).toBe("LEADER t1 commit=1");
      expect(w.state(3).term).toBe(1);
      w.live(LONG);
      expect(resters(w)).toEqual([1, 2, 3]);
    });

    it("a follower that restarts while the others rest finds its leader, and the group rests again", () => {
      const w = resting();
      w.crash(3);
      w.restart(3);
      expect(w.rests(3)).toBe(false);
      w.live(LONG);
      expect(w.describe(1)).toBe("LEADER t1 commit=1");
      expect(resters(w)).toEqual([1, 2, 3]);
      expect(w.describe(3)).toBe("FOLLOWER t1 commit=1");
    });

    it("a leader that restarts while the others rest is followed by a new one, and nothing is lost", () => {
      const w = led();
      w.commit(1, "x");
      idle(w);
      w.crash(1);
      w.live(LONG);
      expect(resters(w)).toEqual([2, 3]);
      w.restart(1);
      w.live(LONG);
      expect(leaderOf(w)).toBeGreaterThan(0);
      expect(w.applied(1)).toBe("2:x");
      expect(resters(w)).toEqual([1, 2, 3]);
    });

    it("a leader that dies at rest is missed as soon as a host reports that it cannot be reached", () => {
      const w = resting();
      w.crash(1);
      w.live(LONG);
      expect(resters(w)).toEqual([2, 3]);
      w.unreachable(2, 1);
      expect(resters(w)).toEqual([3]);
      w.live(LONG);
      expect(leaderOf(w)).toBeGreaterThan(1);
      w.commit(leaderOf(w), "x");
    });

    it("a leader that dies at rest is missed as soon as somebody reads: the read is refused, and the next one answered", () => {
      const w = resting();
      w.crash(1);
      const read = w.read(2);
      expect(read).toEqual({ status: OK, state: "waiting" });
      w.live(LONG);
      expect(read.state).toBe("refused");
      expect(leaderOf(w)).toBeGreaterThan(1);
      const next = w.read(2);
      w.deliverAll();
      expect(next.state).toBe("answered");
    });

    it("a node at rest that is asked for its vote wakes, denies it as if it had just heard from the leader, and gives it later", () => {
      const w = resting();
      w.crash(1);
      w.unreachable(2, 1);
      w.world.advanceAll(2 * CAPACITY.electionTimeout);
      w.expire(2);
      w.deliver(2, 3);
      expect(w.underWay(3, 2)).toEqual(["3 -> 2 PRE-VOTE t1 denied"]);
      expect(w.rests(3)).toBe(false);
      w.live(LONG);
      expect(leaderOf(w)).toBeGreaterThan(1);
    });

    it("a leader that was cut off at rest is deposed without knowing, and answers no read", () => {
      const w = resting();
      w.isolate(1);
      w.unreachable(2, 1);
      w.live(LONG, 1);
      const next = w.node(2).leads ? 2 : 3;
      w.commit(next, "x");
      expect(w.describe(1)).toBe("LEADER t1 commit=1");
      expect(w.rests(1)).toBe(true);
      const read = w.read(1);
      expect(read.state).toBe("waiting");
      w.live(LONG);
      expect(read.state).toBe("refused");
      expect(w.describe(1)).toMatch(/^(FOLLOWER|PRE_CANDIDATE) t1/);
      w.heal();
      w.live(LONG);
      expect(w.applied(1)).toBe(w.applied(next));
    });

    it("a leader that wakes without a majority steps down an election timeout later, not at once", () => {
      const w = resting();
      w.live(LONG);
      w.isolate(1);
      w.propose(1, "x");
      w.live(CAPACITY.electionTimeout / 2);
      expect(w.describe(1)).toBe("LEADER t1 commit=1");
      w.live(CAPACITY.electionTimeout);
      expect(w.node(1).leads).toBe(false);
    });

    it("no lease is left after a rest: the first read takes a round, and may be the one that finds another leader", () => {
      const w = resting({ capacity: { quiesceRounds: ROUNDS, leaseDrift: 200 } });
      w.isolate(1);
      w.unreachable(2, 1);
      w.live(LONG, 1);
      const next = w.node(2).leads ? 2 : 3;
      w.commit(next, "x");
      expect(w.rests(1)).toBe(true);
      const read = w.read(1, ReadKind.LEASE);
      expect(read).toEqual({ status: OK, state: "waiting" });
      w.heal();
      w.live(LONG);
      expect(read.state).toBe("refused");
    });

    it("a lease that has not run out is still there when the group has just gone to rest", () => {
      const w = resting({ capacity: { quiesceRounds: ROUNDS, leaseDrift: 200 } });
      expect(w.read(1, ReadKind.LEASE).status).toBe("READY");
      w.deliverAll();
      expect(w.describe(1)).toBe("LEADER t1 commit=1");
    });

    it("a write while a follower is cut off wakes the others, commits, and reaches it when it is back", () => {
      const w = resting();
      w.isolate(3);
      w.commit(1, "x");
      expect(w.rests(3)).toBe(true);
      expect(w.describe(2)).toBe("FOLLOWER t1 commit=2");
      w.heal();
      w.live(LONG);
      expect(w.applied(3)).toBe("2:x");
      expect(resters(w)).toEqual([1, 2, 3]);
    });

    it("a snapshot that a resting node takes wakes nobody, and the log is compacted", () => {
      const w = led();
      w.commit(1, "x");
      idle(w);
      expect([1, 2, 3].map((id) => w.snapshot(id))).toEqual([OK, OK, OK]);
      expect(w.world.nodes.map(({ counts }) => counts.compactions)).toEqual([1, 1, 1]);
      expect(resters(w)).toEqual([1, 2, 3]);
    });
  });
});
