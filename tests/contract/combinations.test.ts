/** What happens when several parts of Raft are at work at once: each one is held by its own file, their meetings here. */

import { describe, expect, it } from "vitest";
import { ConfigurationFlag, MemberRole, ReadKind } from "../../host/core/abi.js";
import type { MemberInfo } from "../../host/core/configuration.js";
import { cores } from "./cores.js";
import { CAPACITY, OK, type Read, Scenario, type ScenarioOptions } from "./scenario.js";

const { VOTER, OUTGOING, LEARNER, WITNESS, PROMOTE } = MemberRole;
const { JOINT, AUTO_LEAVE } = ConfigurationFlag;

/** A window that old entries leave soon, and messages that hold a snapshot of a few commands. */
const SMALL = { windowEntries: 16, windowBytes: 8192, maxMessage: 1024, inflightBytes: 1024, uncommittedBytes: 1024 };
/** Commands that do not fit such a window. */
const MANY = 40;
const LONG = 10 * CAPACITY.electionTimeout;

function voters(...ids: readonly number[]): MemberInfo[] {
  return ids.map((id) => ({ id }));
}
function learners(...ids: readonly number[]): MemberInfo[] {
  return ids.map((id) => ({ id, roles: LEARNER }));
}
/** The joint configuration between two sets of voters. */
function between(outgoing: readonly number[], incoming: readonly number[]): MemberInfo[] {
  return [...new Set([...outgoing, ...incoming])].map((id) => ({
    id,
    roles: (outgoing.includes(id) ? OUTGOING : 0) | (incoming.includes(id) ? VOTER : 0),
  }));
}

describe.each(cores)("combinations on $name", ({ make }) => {
  /** Node 1 leads and everybody knows what is committed. */
  function led(options: Partial<ScenarioOptions> = {}): Scenario {
    const w = new Scenario(make(), { nodes: 3, ...options });
    w.elect(1);
    w.rounds(1);
    w.transcript();
    return w;
  }

  /** Node 3 needs the leader's snapshot. */
  function ledWithSnapshot(options: Partial<ScenarioOptions> = {}): Scenario {
    const w = led({ ...options, capacity: { ...SMALL, ...options.capacity } });
    w.isolate(3);
    w.commitMany(1, MANY);
    w.snapshot(1);
    w.heal();
    w.transcript();
    return w;
  }

  function leaderOf(w: Scenario): number {
    const leaders = w.world.nodes.filter(({ leads }) => leads);
    return leaders.sort((a, b) => b.core.state.term - a.core.state.term)[0]?.id ?? 0;
  }

  describe("snapshots and", () => {
    it("a transfer: a target that needs the snapshot gets it first, then what is behind it, and then leads", () => {
      const w = ledWithSnapshot();
      w.commit(1, "behind");
      expect(w.transfer(1, 3)).toBe(OK);
      expect(w.propose(1, "x")).toBe("TRANSFERRING");
      w.rounds(1, 2);
      expect(w.node(3).counts.installs).toBe(1);
      expect(w.node(3).leads).toBe(true);
      expect(w.applied(3)).toBe(w.applied(1));
      w.commit(3, "x");
    });

    it("a transfer: a target that takes too long over the snapshot is given up, and gets it all the same", () => {
      const w = ledWithSnapshot();
      w.node(3).snapshots.busy = true;
      w.transfer(1, 3);
      for (let i = 0; i < 12; i++) {
        w.heartbeat(1);
        w.deliverAmong(1, 2, 3);
      }
      expect(w.state(1).transferTarget).toBe(0);
      w.node(3).snapshots.busy = false;
      w.commit(1, "x");
      w.rounds(1, 3);
      expect(w.describe(1)).toMatch(/^LEADER t1/);
      expect(w.applied(3)).toBe(w.applied(1));
    });

    it("a joint change: a new voter that falls behind the log while it is entered gets a snapshot with both sets", () => {
      const members = [...voters(1, 2, 3), ...learners(4, 5)];
      const w = led({ nodes: 5, members, capacity: SMALL });
      w.reconfigure(1, between([1, 2, 3], [1, 4, 5]), JOINT);
      w.isolate(5);
      w.deliverAll();
      w.commitMany(1, MANY);
      w.snapshot(1);
      w.heal();
      w.rounds(1, 3);
      expect(w.node(5).counts.installs).toBe(1);
      expect(w.members(5)).toBe("1B 2O 3O 4 5");
      // It votes in the new set.
      w.crash(4);
      w.commit(1, "x");
      expect(w.applied(5)).toBe(w.applied(1));
    });

    it("a read: a follower that installs a snapshot answers with what is in it, and not before", () => {
      const w = ledWithSnapshot();
      w.heartbeat(1);
      w.deliverUntil(() => w.node(3).snapshots.isComplete);
      const read = w.read(3);
      w.deliverAmong(1, 2, 3);
      expect(read.state).toBe("waiting");
      expect(w.applied(3)).toBe("");
      w.rounds(1, 2);
      expect(read.state).toBe("answered");
      expect(w.applied(3)).toBe(w.applied(1));
    });

    it("a lease: followers that only take chunks hold it as well as any", () => {
      const w = ledWithSnapshot({ capacity: { leaseDrift: 200 } });
      w.crash(2);
      w.live(CAPACITY.electionTimeout);
      expect(w.describe(1)).toMatch(/^LEADER t1/);
      expect(w.read(1, ReadKind.LEASE).status).toBe("READY");
    });

    it("rest: a node that was down while the others compacted and rested is brought up to date, and all rest again", () => {
      const w = led({ capacity: { ...SMALL, quiesceRounds: 2 } });
      w.isolate(3);
      w.commitMany(1, MANY);
      w.snapshot(1);
      w.snapshot(2);
      w.live(LONG);
      expect([w.rests(1), w.rests(2)]).toEqual([false, false]);
      w.heal();
      w.live(LONG);
      expect(w.applied(3)).toBe(w.applied(leaderOf(w)));
      expect([1, 2, 3].map((id) => w.rests(id))).toEqual([true, true, true]);
      expect([1, 2, 3].map((id) => w.state(id).failure)).toEqual([0, 0, 0]);
    });

    it("a change of leader in the middle of the chunks: the new leader begins its own, and the transfer goes on to it", () => {
      const w = ledWithSnapshot();
      w.snapshot(2);
      w.heartbeat(1);
      w.deliverOnly(1, 3, "CHUNK");
      w.transfer(1, 2);
      w.rounds(1, 2);
      expect(w.node(2).leads).toBe(true);
      w.rounds(2, 3);
      expect(w.applied(3)).toBe(w.applied(2));
      expect(w.transfer(2, 3)).toBe(OK);
      w.deliverAll();
      expect(w.node(3).leads).toBe(true);
    });

    it("a full window: a leader whose window is full of what is not committed compacts, and loses none of it", () => {
      const w = led({ capacity: SMALL });
      w.commitMany(1, 10);
      w.isolate(1);
      let taken = 0;
      while (taken < MANY && w.propose(1, `u${taken + 1}`) === OK) taken++;
      expect(taken).toBeLessThan(MANY);
      expect(w.snapshot(1)).toBe(OK);
      const read = w.read(1);
      w.heal();
      w.rounds(1, 3);
      expect(read.state).toBe("answered");
      expect(w.applied(3)).toBe(w.applied(1));
      expect(w.applied(1).split(" ")).toHaveLength(10 + taken);
      expect(w.transfer(1, 3)).toBe(OK);
      w.deliverAll();
      expect(w.node(3).leads).toBe(true);
    });
  });

  describe("changes of members and", () => {
    it("a transfer: a learner is refused as a target, is promoted by itself, and then leads", () => {
      const w = led({ nodes: [{}, {}, {}, { isStranger: true }], members: voters(1, 2, 3) });
      w.commit(1, "x");
      w.isolate(4);
      expect(w.reconfigure(1, [...voters(1, 2, 3), { id: 4, roles: LEARNER | PROMOTE }])).toBe(OK);
      w.deliverAll();
      expect(w.transfer(1, 4)).toBe("UNKNOWN_NODE");
      w.heal();
      w.rounds(1, 2);
      expect(w.members(1)).toBe("1 2 3 4");
      expect(w.transfer(1, 4)).toBe(OK);
      w.deliverAll();
      expect(w.describe(4)).toMatch(/^LEADER t2/);
      expect(w.applied(4)).toBe("2:x");
    });

    it("a transfer: a leader that hands over promotes nobody meanwhile whom the target would not know of", () => {
      const w = led({ nodes: [{}, {}, {}, { isStranger: true }], members: voters(1, 2, 3) });
      w.reconfigure(1, [...voters(1, 2, 3), { id: 4, roles: LEARNER | PROMOTE }]);
      w.isolate(4);
      w.deliverAll();
      w.transfer(1, 2);
      w.heal();
      w.heartbeat(1);
      w.deliverAll();
      const leader = leaderOf(w);
      w.rounds(leader, 3);
      expect(leader).toBe(2);
      expect([1, 2, 3, 4].map((id) => w.members(id))).toEqual(new Array(4).fill("1 2 3 4"));
    });

    it("a read: what waits across the leader's removal is answered or refused, and the next leader answers", () => {
      const w = led();
      w.commit(1, "x");
      w.reconfigure(1, voters(2, 3));
      const reads: Read[] = [w.read(1), w.read(2), w.read(3)];
      w.deliverAll();
      w.live(LONG);
      expect(reads.map(({ state }) => state)).not.toContain("waiting");
      const next = leaderOf(w);
      expect([2, 3]).toContain(next);
      const read = w.read(5 - next);
      w.deliverAll();
      expect(read.state).toBe("answered");
      const removed = w.read(1);
      w.live(LONG);
      expect(removed.state).toBe("refused");
    });

    it("a read: a leader that is no voter any more answers by the others' acknowledgements alone", () => {
      const w = led({ nodes: 5 });
      w.isolate(4, 5);
      w.reconfigure(1, voters(2, 3, 4, 5));
      const read = w.read(1);
      w.deliverAll();
      // Nodes 2 and 3 are not a majority of four.
      expect(w.state(1).commit).toBe(1);
      expect(read.state).toBe("waiting");
      w.heal();
      w.heartbeat(1);
      w.deliverAll();
      expect(read.state).not.toBe("waiting");
    });

    it("a lease: adding voters does not stretch a lease that the old ones gave", () => {
      const w = led({ nodes: 5, members: [...voters(1, 2, 3), ...learners(4, 5)], capacity: { leaseDrift: 200 } });
      w.rounds(1);
      // The new voters do answer, and a majority of the old set does not.
      w.isolate(2, 3);
      w.advance(1, CAPACITY.electionTimeout - 2 * CAPACITY.heartbeat);
      w.reconfigure(1, between([1, 2, 3], [1, 4, 5]), JOINT | AUTO_LEAVE);
      w.deliverAll();
      expect(w.state(1).commit).toBe(1);
      expect(w.read(1, ReadKind.LEASE).status).toBe(OK);
    });

    it("rest: a leader that is removed from a group at rest is followed by another, and the group rests again", () => {
      const w = led({ capacity: { quiesceRounds: 2 } });
      w.live(LONG);
      expect(w.rests(1)).toBe(true);
      expect(w.reconfigure(1, voters(2, 3))).toBe(OK);
      w.deliverAll();
      const next = leaderOf(w);
      expect(next).toBeGreaterThan(1);
      w.live(LONG);
      w.commit(leaderOf(w), "x");
      w.live(LONG);
      expect([2, 3].map((id) => w.rests(id))).toEqual([true, true]);
      expect(w.members(2)).toBe("2 3");
    });

    it("rest: a learner that waits for its promotion is promoted before the group rests", () => {
      const w = led({
        nodes: [{}, {}, {}, { isStranger: true }],
        members: voters(1, 2, 3),
        capacity: { quiesceRounds: 2 },
      });
      w.live(LONG);
      w.reconfigure(1, [...voters(1, 2, 3), { id: 4, roles: LEARNER | PROMOTE }]);
      w.live(LONG);
      expect([1, 2, 3, 4].map((id) => [w.members(id), w.rests(id)])).toEqual(new Array(4).fill(["1 2 3 4", true]));
    });

    it("a rollback: a change of a leader that is cut off while it hands over goes out of force, and a read of it is refused", () => {
      const w = led();
      w.isolate(1);
      expect(w.reconfigure(1, voters(1, 2))).toBe(OK);
      expect(w.transfer(1, 2)).toBe(OK);
      const read = w.read(1);
      w.elect(3);
      w.commit(3, "x");
      w.heal();
      w.rounds(3, 2);
      expect(read.state).toBe("refused");
      expect(w.members(1)).toBe("1 2 3");
      expect(w.applied(1)).toBe("3:x");
      expect(w.transfer(3, 1)).toBe(OK);
      w.deliverAll();
      expect(w.node(1).leads).toBe(true);
      expect(w.propose(1, "y")).toBe(OK);
    });

    it("a joint change and priorities: a leader that leaves hands over to the highest priority of the new set", () => {
      const w = led({ nodes: 5, members: [...voters(1, 2, 3), ...learners(4, 5)] });
      const members = between([1, 2, 3], [3, 4, 5]).map((member) => ({ ...member, priority: member.id === 5 ? 9 : 0 }));
      expect(w.reconfigure(1, members, JOINT | AUTO_LEAVE)).toBe(OK);
      w.deliverUntil(() => w.members(1) === "3 4 5");
      // Node 5 has it before it is committed: who has not is not asked.
      w.deliverAmong(1, 5);
      expect(w.node(1).leads).toBe(true);
      w.deliverAll();
      expect(w.members(5)).toBe("3 4 5");
      expect(w.node(5).leads).toBe(true);
      w.commit(5, "x");
    });
  });

  describe("witnesses and", () => {
    function ledWithWitness(options: Partial<ScenarioOptions> = {}): Scenario {
      return led({
        nodes: [{}, {}, { isWitness: true }],
        members: [{ id: 1 }, { id: 2 }, { id: 3, roles: VOTER | WITNESS }],
        ...options,
      });
    }

    it("a transfer: of two full nodes and a witness the other full node is the best, and its vote and the witness's elect it", () => {
      const w = ledWithWitness();
      w.commit(1, "x");
      expect(w.transfer(1)).toBe(OK);
      w.deliverOnly(1, 2, "TIMEOUT NOW");
      w.crash(1);
      w.deliverAll();
      expect(w.describe(2)).toMatch(/^LEADER t2/);
      expect(w.applied(2)).toBe("2:x");
    });

    it("a transfer: with the other full node down there is nobody to hand over to who could take it", () => {
      const w = ledWithWitness();
      w.crash(2);
      w.live(2 * CAPACITY.electionTimeout);
      w.commit(1, "x");
      w.live(2 * CAPACITY.electionTimeout);
      w.commit(1, "y");
      // Node 2 lacks what is committed.
      expect(w.transfer(1)).toBe("UNKNOWN_NODE");
      expect(w.propose(1, "z")).toBe(OK);
    });

    it("reads: with one full node down the leader confirms itself by the witness", () => {
      const w = ledWithWitness({ capacity: { leaseDrift: 200 } });
      w.crash(2);
      const read = w.read(1);
      w.deliverAll();
      expect(read.state).toBe("answered");
      expect(w.read(1, ReadKind.LEASE).status).toBe("READY");
    });

    it("rest: a witness rests with the others, and a leader's death at rest is survived with its vote", () => {
      const w = ledWithWitness({ capacity: { quiesceRounds: 2 } });
      w.commit(1, "x");
      w.live(LONG);
      expect([1, 2, 3].map((id) => w.rests(id))).toEqual([true, true, true]);
      w.crash(1);
      w.unreachable(2, 1);
      w.live(LONG);
      expect(w.node(2).leads).toBe(true);
      w.live(LONG);
      w.commit(2, "y");
      expect(w.applied(2)).toContain("2:x");
      expect(w.applied(2)).toContain(":y");
    });

    it("a snapshot and a crash: a witness that was sent a snapshot is the tie-breaker afterwards", () => {
      const w = ledWithWitness({ capacity: SMALL });
      w.isolate(3);
      w.commitMany(1, MANY);
      w.snapshot(1);
      w.heal();
      w.rounds(1, 3);
      expect(w.state(3).snapshotIndex).toBeGreaterThan(0);
      expect(w.applied(3)).toBe("");
      w.crash(3);
      w.restart(3);
      w.crash(1);
      w.elect(2);
      w.propose(2, "x");
      // The witness is sent it once node 1 is known to be gone.
      w.live(2 * CAPACITY.electionTimeout);
      expect(w.node(2).leads).toBe(true);
      expect(w.applied(2)).toContain(":x");
    });
  });

  describe("leadership, reads and clocks:", () => {
    it("reads that wait on a leader that hands over are answered or refused, and asked again they are answered", () => {
      const w = led();
      const reads = [w.read(1), w.read(2), w.read(3)];
      w.transfer(1, 2);
      w.deliverAll();
      w.rounds(2);
      expect(reads.map(({ state }) => state)).not.toContain("waiting");
      const again = [w.read(1), w.read(2), w.read(3)];
      w.deliverAll();
      w.rounds(2);
      expect(again.map(({ state }) => state)).toEqual(["answered", "answered", "answered"]);
    });

    it("a leader that hands over goes on to answer reads until another leads", () => {
      const w = led();
      w.isolate(2);
      w.commit(1, "x");
      w.transfer(1, 2);
      const read = w.read(1);
      w.deliverAll();
      expect(read.state).toBe("answered");
    });

    it("a new leader by transfer takes reads as soon as its first entry is committed, and sees all that came before", () => {
      const w = led();
      w.commit(1, "x");
      w.transfer(1, 2);
      w.deliverUntil(() => w.node(2).leads);
      expect(w.read(2)).toEqual({ status: "NOT_READY", state: "refused" });
      w.deliverAll();
      const read = w.read(2);
      w.deliverAll();
      expect(read.state).toBe("answered");
      expect(w.applied(2)).toBe("2:x");
    });

    it("a lease that a transfer ended does not come back with a rest in the same term", () => {
      const w = led({ capacity: { quiesceRounds: 2, leaseDrift: 200 } });
      w.transfer(1, 2);
      w.drop();
      w.mute(1, 2);
      w.live(CAPACITY.electionTimeout + 2 * CAPACITY.heartbeat, 2, 3);
      w.heal();
      w.live(2 * CAPACITY.heartbeat);
      if (!w.node(1).leads) throw new Error(`node 1 is to lead on: ${w.describe(1)}`);
      w.live(LONG);
      expect(w.rests(1)).toBe(true);
      expect(w.read(1, ReadKind.LEASE).status).toBe(OK);
    });

    it("a leader at rest that is asked to hand over to a member that fell behind wakes it and brings it up to date", () => {
      const w = led({ capacity: { quiesceRounds: 2 } });
      w.live(LONG);
      w.isolate(3);
      w.commit(1, "x");
      expect(w.rests(3)).toBe(true);
      w.heal();
      expect(w.transfer(1, 3)).toBe(OK);
      w.rounds(1, 3);
      expect(w.node(3).leads).toBe(true);
      expect(w.applied(3)).toBe("2:x");
    });
  });

  describe("everything at once:", () => {
    /** A joint change is under way, node 6 is sent a snapshot, a transfer goes on, and reads wait. */
    function inTheMiddle(): { w: Scenario; reads: Read[] } {
      const members = [...voters(1, 2, 3), ...learners(4, 5, 6)];
      const w = led({ nodes: 6, members, capacity: { ...SMALL, leaseDrift: 200, quiesceRounds: 5 } });
      w.isolate(6);
      w.commitMany(1, MANY);
      w.snapshot(1);
      w.heal();
      w.heartbeat(1);
      w.deliverOnly(1, 6, "CHUNK");
      w.drop(1, 5);
      expect(w.reconfigure(1, between([1, 2, 3], [3, 4]), JOINT | AUTO_LEAVE)).toBe(OK);
      const reads = [w.read(1), w.read(3), w.read(4, ReadKind.LEASE)];
      w.propose(1, "last");
      expect(w.transfer(1, 3)).toBe(OK);
      return { w, reads };
    }

    it("left alone, it all comes to its end: the change, the transfer and the reads", () => {
      const { w, reads } = inTheMiddle();
      w.live(LONG);
      expect(reads.map(({ state }) => state)).not.toContain("waiting");
      const leader = leaderOf(w);
      expect([3, 4]).toContain(leader);
      expect(w.members(leader)).toBe("3 4");
      expect(w.applied(leader)).toContain(":last");
      w.commit(leader, "x");
      expect(w.applied(3)).toBe(w.applied(4));
    });

    it.each([1, 2, 3, 4])(
      "after %d deliveries all nodes crash: they come back, end the change, and lose nothing",
      (n) => {
        const { w, reads } = inTheMiddle();
        for (let i = 0; i < 3 * n; i++) {
          const [oldest] = w.world.network.underWay();
          if (oldest !== undefined) w.deliver(oldest.from, oldest.to);
        }
        const committed = w.world.committed;
        expect(committed).toBeGreaterThanOrEqual(MANY + 1);
        for (let id = 1; id <= 6; id++) w.crash(id);
        w.drop();
        expect(reads.map(({ state }) => state)).not.toContain("waiting");
        for (let id = 1; id <= 6; id++) w.restart(id);
        w.live(LONG);
        const leader = leaderOf(w);
        expect(leader).toBeGreaterThan(0);
        expect(w.state(leader).commit).toBeGreaterThanOrEqual(committed);
        w.commit(leader, "x");
        w.live(LONG);
        expect(["3 4", "1 2 3 4L 5L 6L"]).toContain(w.members(leader));
        expect(w.applied(leader)).toContain(`${MANY + 1}:c${MANY}`);
      },
    );

    it.each([1, 2, 3, 4, 5, 6])(
      "node %d crashes in the middle of it, and comes back: the others did not wait for it",
      (id) => {
        const { w, reads } = inTheMiddle();
        w.crash(id);
        w.live(LONG);
        const leader = leaderOf(w);
        // Without node 3 or 4 the new set has no majority, and so the joint one neither commits nor elects.
        if (id !== 3 && id !== 4) {
          expect(w.members(leader)).toBe("3 4");
          w.commit(leader, "x");
        }
        w.restart(id);
        w.live(LONG);
        expect(reads.map(({ state }) => state)).not.toContain("waiting");
        const last = leaderOf(w);
        w.commit(last, "y");
        w.live(LONG);
        expect(["3 4", "1 2 3 4L 5L 6L"]).toContain(w.members(last));
        expect(w.applied(last)).toContain(":y");
        expect(w.applied(last)).toContain(`${MANY + 1}:c${MANY}`);
      },
    );

    it("a whole group at rest that is restarted node by node keeps its leader or finds one, and its log", () => {
      const w = led({ capacity: { quiesceRounds: 2 } });
      w.commit(1, "a", "b");
      w.live(LONG);
      for (const id of [3, 2, 1]) {
        w.crash(id);
        w.live(CAPACITY.electionTimeout);
        w.restart(id);
        w.live(LONG);
        expect(leaderOf(w)).toBeGreaterThan(0);
      }
      w.commit(leaderOf(w), "c");
      w.live(LONG);
      const applied = [1, 2, 3].map((id) => w.applied(id));
      expect(new Set(applied).size).toBe(1);
      expect(applied[0]).toMatch(/^2:a 3:b \d+:c$/);
    });
  });
});
