/**
 * ReadIndex (thesis 6.4): linearizable reads without log entries. A round of heartbeats that was sent after a read confirms
 * that its leader still leads; a follower asks its leader. Every read is answered or refused, and none is stale: the rule
 * of that name is judged at each answer.
 */

import { describe, expect, it } from "vitest";
import { ConfigurationFlag, MemberRole, ReadKind } from "../../host/core/abi.js";
import { encodeAppendReply } from "../../sim/messages.js";
import { cores } from "./cores.js";
import { CAPACITY, from, OK, Scenario, type ScenarioOptions, text } from "./scenario.js";

const { VOTER, OUTGOING, LEARNER, WITNESS } = MemberRole;

describe.each(cores)("reads on $name", ({ make }) => {
  /** Node 1 leads and everybody knows what is committed. */
  function led(options: Partial<ScenarioOptions> = {}): Scenario {
    const w = new Scenario(make(), { nodes: 3, ...options });
    w.elect(1);
    w.rounds(1);
    w.transcript();
    return w;
  }

  /** The message goes, and its answer. */
  function exchange(w: Scenario, leader: number, follower: number): void {
    w.deliver(leader, follower);
    w.deliver(follower, leader);
  }

  describe("on the leader", () => {
    it("a read is answered when a majority has acknowledged a round of heartbeats that was sent after it", () => {
      const w = led();
      const read = w.read(1);
      expect(read).toEqual({ status: OK, state: "waiting" });
      expect(w.underWay()).toEqual(["1 -> 2 APPEND t1 prev=1/1 commit=1", "1 -> 3 APPEND t1 prev=1/1 commit=1"]);
      w.deliver(1, 2);
      expect(read.state).toBe("waiting");
      w.deliver(2, 1);
      expect(read.state).toBe("answered");
    });

    it("an acknowledgement of a round that was sent before the read does not count", () => {
      const w = led();
      w.heartbeat(1);
      w.deliver(1, 2);
      const read = w.read(1);
      w.deliver(2, 1);
      expect(read.state).toBe("waiting");
      exchange(w, 1, 2);
      expect(read.state).toBe("answered");
    });

    it("of five nodes two acknowledgements are needed, and the same node twice is one", () => {
      const w = led({ nodes: 5 });
      const read = w.read(1);
      w.deliver(1, 2);
      w.duplicate(2, 1, "APPENDED");
      w.deliver(2, 1);
      w.deliver(2, 1);
      expect(read.state).toBe("waiting");
      exchange(w, 1, 4);
      expect(read.state).toBe("answered");
    });

    it("reads that come together share one round", () => {
      const w = led();
      const reads: { state: string }[] = [];
      w.batch(1, () => {
        for (let i = 0; i < 100; i++) reads.push(w.read(1));
      });
      expect(w.underWay(1, 2)).toHaveLength(1);
      exchange(w, 1, 2);
      expect(reads.filter(({ state }) => state === "answered")).toHaveLength(100);
    });

    it("a read that comes while a round is under way waits for the next one", () => {
      const w = led();
      const first = w.read(1);
      w.deliver(1, 2);
      const second = w.read(1);
      w.deliver(2, 1);
      expect([first.state, second.state]).toEqual(["answered", "waiting"]);
      exchange(w, 1, 2);
      expect(second.state).toBe("answered");
    });

    it("an acknowledgement of a later round answers all reads before it, though theirs were lost", () => {
      const w = led();
      const first = w.read(1);
      w.drop();
      const second = w.read(1);
      exchange(w, 1, 3);
      expect([first.state, second.state]).toEqual(["answered", "answered"]);
    });

    it("a round that is lost is made up for by the next heartbeat", () => {
      const w = led();
      const read = w.read(1);
      w.drop();
      w.rounds(1);
      expect(read.state).toBe("answered");
    });

    it("a read that waits for a round is answered when the quorum shrinks to its leader", () => {
      const w = led({ nodes: 2 });
      const read = w.read(1);
      w.drop();
      expect(w.reconfigure(1, [{ id: 1 }])).toBe(OK);
      w.rounds(1);
      expect(read.state).toBe("answered");
    });

    it("an entry's acknowledgement confirms the round as well as a heartbeat's", () => {
      const w = led();
      const read = w.read(1);
      w.drop();
      w.propose(1, "x");
      exchange(w, 1, 2);
      expect(read.state).toBe("answered");
    });

    it("a read writes nothing: no entry, no term, no disk", () => {
      const w = led();
      const before = w.world.nodes.map(({ counts }) => [counts.appends, counts.hardStates, counts.truncations]);
      const reads = [w.read(1), w.read(2), w.read(3)];
      w.deliverAll();
      expect(reads.map(({ state }) => state)).toEqual(["answered", "answered", "answered"]);
      expect(w.log(1)).toBe("1:1");
      expect(w.world.nodes.map(({ counts }) => [counts.appends, counts.hardStates, counts.truncations])).toEqual(
        before,
      );
    });

    // Scenario 28.
    it("a leader without a committed entry of its own term refuses, and takes reads as soon as it has one", () => {
      const w = new Scenario(make(), { nodes: 3 });
      w.forgetLeaders();
      w.expire(1);
      w.deliverUntil(() => w.node(1).leads);
      expect(w.read(1)).toEqual({ status: "NOT_READY", state: "refused" });
      w.deliverAll();
      expect(w.read(1).status).toBe(OK);
    });

    // Scenario 28. The follower's rejection acknowledges the round before anything of the term is committed.
    it("a leader that does not know yet that an earlier leader's entry is committed does not answer without it", () => {
      const w = led();
      w.isolate(3);
      w.propose(1, "x");
      exchange(w, 1, 2);
      expect(w.describe(1)).toBe("LEADER t1 commit=2");
      w.drop();
      w.crash(1);
      w.heal();
      w.forgetLeaders();
      w.expire(2);
      w.deliverUntil(() => w.node(2).leads);
      expect(w.describe(2)).toBe("LEADER t2 commit=1");
      const read = w.read(2);
      expect(read).toEqual({ status: "NOT_READY", state: "refused" });
      w.heartbeat(2);
      w.deliver(2, 3);
      w.deliver(2, 3);
      expect(w.underWay(3, 2)).toHaveLength(2);
      expect(w.underWay(3, 2)[1]).toContain("REJECTED");
      w.deliver(3, 2);
      w.deliver(3, 2);
      expect(w.state(2).commit).toBe(1);
      w.deliverAll();
      expect(w.describe(2)).toBe("LEADER t2 commit=3");
    });

    it("nor does it answer a follower's read without it, though a majority acknowledges its rounds", () => {
      const w = led();
      w.isolate(3);
      w.propose(1, "x");
      exchange(w, 1, 2);
      w.drop();
      w.crash(1);
      w.heal();
      w.forgetLeaders();
      w.expire(2);
      w.deliverUntil(() => w.node(2).leads);
      exchange(w, 2, 3);
      // What node 3 lacks is lost on its way. It asks, and acknowledges what comes without entries.
      w.drop(2, 3);
      const read = w.read(3);
      expect(w.deliver(3, 2)).toBe("STALE");
      w.heartbeat(2);
      exchange(w, 2, 3);
      expect(w.describe(2)).toBe("LEADER t2 commit=1");
      expect(w.underWay(2, 3).filter((line) => line.includes("READ"))).toEqual([]);
      expect(read.state).toBe("waiting");
      w.deliverAll();
      w.rounds(2);
      expect(read.state).toBe("answered");
      expect(w.applied(3)).toBe("2:x");
    });

    it("a single voter answers at once", () => {
      const w = led({ nodes: 1 });
      expect(w.read(1)).toEqual({ status: OK, state: "answered" });
      expect(w.underWay()).toEqual([]);
    });

    it("a single voter answers at once whatever its learners do", () => {
      const w = led({ nodes: 2, members: [{ id: 1 }, { id: 2, roles: LEARNER }] });
      w.crash(2);
      expect(w.read(1).state).toBe("answered");
    });

    it("a learner's acknowledgement does not count, a witness's does", () => {
      const w = led({
        nodes: [{}, {}, {}, { isWitness: true }],
        members: [{ id: 1 }, { id: 2 }, { id: 3, roles: LEARNER }, { id: 4, roles: VOTER | WITNESS }],
      });
      w.crash(2);
      const read = w.read(1);
      exchange(w, 1, 3);
      expect(read.state).toBe("waiting");
      exchange(w, 1, 4);
      expect(read.state).toBe("answered");
    });

    it("in a joint configuration a read needs a majority of both sets", () => {
      const members = [1, 2, 3].map((id) => ({ id, roles: OUTGOING | (id === 1 ? VOTER : 0) }));
      const incoming = [4, 5].map((id) => ({ id, roles: VOTER }));
      const w = led({ nodes: 5, members: [...members, ...incoming], flags: ConfigurationFlag.JOINT });
      const read = w.read(1);
      exchange(w, 1, 2);
      exchange(w, 1, 3);
      expect(read.state).toBe("waiting");
      exchange(w, 1, 5);
      expect(read.state).toBe("answered");
      const other = w.read(1);
      w.drop(1, 2);
      w.drop(1, 3);
      w.deliverAll();
      expect(other.state).toBe("waiting");
      w.rounds(1);
      expect(other.state).toBe("answered");
    });

    it("a leader that is being removed does not count itself", () => {
      const w = led();
      w.isolate(1);
      expect(w.reconfigure(1, [{ id: 2 }, { id: 3 }])).toBe(OK);
      w.heal();
      const read = w.read(1);
      w.deliverOnly(1, 2, "APPEND");
      w.deliver(2, 1);
      expect(w.state(1).commit).toBe(1);
      expect(read.state).toBe("waiting");
      // The configuration is committed together with the second acknowledgement: then it does not lead any more.
      w.deliverAll();
      expect(read.state).not.toBe("waiting");
    });

    // The leader's own disk is slow: it applies long after the others have committed.
    it("a read is answered only when the leader has applied what was committed", () => {
      const w = led({ nodes: [{ synchronous: false }, {}, {}] });
      w.propose(1, "x");
      exchange(w, 1, 2);
      exchange(w, 1, 3);
      expect(w.describe(1)).toBe("LEADER t1 commit=2");
      const read = w.read(1);
      w.deliverAmong(1, 2, 3);
      expect(read.state).toBe("waiting");
      expect(w.applied(1)).toBe("");
      w.durable(1);
      expect(read.state).toBe("answered");
      expect(w.applied(1)).toBe("2:x");
    });

    it("a stream of writes and reads does not put a read off for ever", () => {
      const w = led({ nodes: [{ synchronous: false }, {}, {}] });
      const reads: { state: string }[] = [];
      for (let i = 0; i < 5; i++) {
        w.propose(1, `c${i}`);
        w.deliverAmong(1, 2, 3);
        reads.push(w.read(1));
        w.deliverAmong(1, 2, 3);
        // The disk is always one entry behind.
        if (i > 0) w.durable(1, 1);
      }
      expect([w.state(1).applied, w.state(1).commit]).toEqual([5, 6]);
      // The first one waited for entry 2, and not for whatever was committed since.
      expect(reads[0]?.state).toBe("answered");
    });
  });

  describe("and a leader that is overtaken", () => {
    it("a leader that was deposed without knowing never answers, and refuses when it hears of it", () => {
      const w = led();
      w.isolate(1);
      w.elect(2);
      w.commit(2, "x");
      const read = w.read(1);
      expect(w.describe(1)).toBe("LEADER t1 commit=1");
      expect(read).toEqual({ status: OK, state: "waiting" });
      w.heal();
      w.heartbeat(2);
      w.deliver(2, 1);
      expect(read.state).toBe("refused");
      w.deliverAll();
      const again = w.read(1);
      w.deliverAll();
      expect(again.state).toBe("answered");
      expect(w.applied(1)).toBe("3:x");
    });

    it("what was acknowledged before another was elected answers the reads before, and none after", () => {
      const w = led();
      const before = w.read(1);
      w.deliver(1, 2);
      w.deliver(1, 3);
      // Nodes 2 and 3 elect and commit, while all that they sent to node 1 is still under way.
      w.forgetLeaders();
      w.expire(2);
      w.deliverAmong(2, 3);
      expect(w.describe(2)).toBe("LEADER t2 commit=2");
      w.propose(2, "x");
      w.deliverAmong(2, 3);
      expect(w.world.committed).toBe(3);
      const after = w.read(1);
      w.deliverOnly(2, 1, "APPENDED");
      w.deliverOnly(3, 1, "APPENDED");
      expect([before.state, after.state]).toEqual(["answered", "waiting"]);
      w.deliverAll();
      expect(after.state).toBe("refused");
    });

    it("reads are refused when the leader hears no quorum and steps down", () => {
      const w = led();
      w.isolate(1);
      const read = w.read(1);
      w.rounds(1, CAPACITY.electionTimeout / CAPACITY.heartbeat + 1);
      expect(w.describe(1)).toBe("FOLLOWER t1 commit=1");
      expect(read.state).toBe("refused");
      expect(w.read(1)).toEqual({ status: "NOT_LEADER", state: "refused" });
    });

    it("reads are refused when the leader hears of a higher term, though nobody leads in it", () => {
      const w = led();
      const read = w.read(1);
      w.drop();
      // Node 2 is elected by node 3, and crashes before anybody hears from it.
      w.isolate(1);
      w.forgetLeaders();
      w.expire(2);
      w.deliverUntil(() => w.node(2).leads);
      w.crash(2);
      w.drop();
      w.heal();
      w.inject(encodeAppendReply(from(3, 1, 2), {}));
      expect(w.describe(1)).toBe("FOLLOWER t2 commit=1");
      expect(read.state).toBe("refused");
    });

    it("a leader that is elected again does not answer what it was asked in its earlier term", () => {
      const w = led();
      w.isolate(1);
      const read = w.read(1);
      w.rounds(1, CAPACITY.electionTimeout / CAPACITY.heartbeat + 1);
      w.heal();
      w.elect(1);
      expect(w.describe(1)).toBe("LEADER t2 commit=2");
      expect(read.state).toBe("refused");
      const next = w.read(1);
      expect(next.state).toBe("waiting");
      w.deliverAll();
      expect(next.state).toBe("answered");
    });

    it("a short cut between leader and followers only delays a read", () => {
      const w = led();
      w.isolate(1);
      const read = w.read(1);
      w.rounds(1, 3);
      expect(read.state).toBe("waiting");
      w.heal();
      w.rounds(1);
      expect(read.state).toBe("answered");
    });
  });

  describe("on a follower", () => {
    it("a follower asks its leader, which confirms itself first and then tells up to where to apply", () => {
      const w = led();
      const read = w.read(3);
      w.deliverUntil(() => read.state !== "waiting");
      expect(read.state).toBe("answered");
      expect(w.transcript()).toBe(
        text(`
          3 -> 1 READ? t1 ticket=1
          1 -> 2 APPEND t1 prev=1/1 commit=1
          1 -> 3 APPEND t1 prev=1/1 commit=1
          2 -> 1 APPENDED t1 match=1
          3 -> 1 APPENDED t1 match=1
          3 -> 1 READ? t1 ticket=1
          1 -> 3 READ t1 ticket=1 index=1
        `),
      );
    });

    it("a follower answers only when it has applied up to where its leader said", () => {
      const w = led();
      w.propose(1, "x");
      exchange(w, 1, 2);
      const read = w.read(3);
      w.deliver(3, 1);
      w.deliverAmong(1, 2);
      // The answer overtakes the entry.
      w.deliverOnly(1, 3, "READ t1 ticket=1 index=2");
      expect(w.state(3).applied).toBe(1);
      expect(read.state).toBe("waiting");
      w.deliverAll();
      expect(read.state).toBe("answered");
      expect(w.applied(3)).toBe("2:x");
    });

    it("many reads of a follower are one request, and those that come meanwhile are the next one", () => {
      const w = led();
      const first = [w.read(3), w.read(3), w.read(3)];
      expect(w.underWay(3, 1)).toEqual(["3 -> 1 READ? t1 ticket=1"]);
      w.deliverUntil(() => first[0]?.state === "answered");
      expect(first.map(({ state }) => state)).toEqual(["answered", "waiting", "waiting"]);
      expect(w.underWay(3, 1)).toContain("3 -> 1 READ? t1 ticket=3");
      w.deliverAll();
      expect(first.map(({ state }) => state)).toEqual(["answered", "answered", "answered"]);
    });

    it("followers' reads and the leader's own share a round", () => {
      const w = led();
      const reads = [w.read(2), w.read(3)];
      w.batch(1, () => {
        w.deliver(2, 1);
        w.deliver(3, 1);
        reads.push(w.read(1));
      });
      expect(w.underWay(1)).toHaveLength(2);
      w.deliverAll();
      expect(reads.map(({ state }) => state)).toEqual(["answered", "answered", "answered"]);
    });

    it("a request that is lost is made again on the next heartbeat", () => {
      const w = led();
      const read = w.read(3);
      w.drop(3, 1);
      w.deliverAll();
      expect(read.state).toBe("waiting");
      w.rounds(1);
      expect(read.state).toBe("answered");
    });

    it("an answer that is lost is asked for again on the next heartbeat", () => {
      const w = led();
      const read = w.read(3);
      w.deliverUntil(() => w.underWay(1, 3).some((line) => line.includes("READ")));
      w.drop();
      w.deliverAll();
      expect(read.state).toBe("waiting");
      w.rounds(1);
      expect(read.state).toBe("answered");
    });

    it("a request that is repeated while its round is under way does not begin another one", () => {
      const w = led();
      const read = w.read(3);
      w.deliver(3, 1);
      // The round that the request began is on its way. Heartbeats make the follower ask again.
      w.deliver(1, 2);
      for (let i = 0; i < 3; i++) {
        w.heartbeat(1);
        w.drop(1, 2);
        w.deliver(1, 3);
        while (w.underWay(3, 1).length > 1) w.deliverOnly(3, 1, "READ?");
        w.drop(3, 1);
      }
      w.deliver(2, 1);
      expect(w.underWay(1, 3).at(-1)).toBe("1 -> 3 READ t1 ticket=1 index=1");
      w.deliverOnly(1, 3, "READ t1");
      expect(read.state).toBe("answered");
    });

    it("an answer that arrives twice, or out of order, answers nothing that was asked later", () => {
      const w = led();
      const first = w.read(3);
      w.deliverUntil(() => w.underWay(1, 3).some((line) => line.includes("READ")));
      w.duplicate(1, 3, "READ t1");
      w.deliverOnly(1, 3, "READ t1");
      expect(first.state).toBe("answered");
      w.commit(1);
      w.drop(3, 1);
      const second = w.read(3);
      w.drop(3, 1);
      expect(w.deliverOnly(1, 3, "READ t1")).toBe("STALE");
      expect(second.state).toBe("waiting");
      w.rounds(1);
      expect(second.state).toBe("answered");
    });

    // Two inputs in one flush: the first ends a round, the second asks for more than that round confirms.
    it("an answer that is due does not take along a read that was asked after its round", () => {
      const w = led({ nodes: 5 });
      const first = w.read(2);
      w.deliver(2, 1);
      // Nodes 3 and 4 acknowledge the round; then they elect node 5, which commits.
      w.deliver(1, 3);
      w.deliver(1, 4);
      w.forgetLeaders();
      w.expire(5);
      w.deliverAmong(3, 4, 5);
      w.propose(5, "x");
      w.deliverAmong(3, 4, 5);
      expect(w.world.committed).toBe(3);
      const second = w.read(2);
      // The late heartbeat of the round makes node 2 ask again, for both reads.
      w.deliverOnly(1, 2, "APPEND");
      w.batch(1, () => {
        w.deliverOnly(3, 1, "APPENDED");
        w.deliverOnly(4, 1, "APPENDED");
        w.deliverOnly(2, 1, "READ? t1 ticket=2");
      });
      w.deliverOnly(1, 2, "READ t1");
      expect([first.state, second.state]).toEqual(["answered", "waiting"]);
    });

    // Two inputs in one flush: the answer to the first would be given in the term of the second.
    it("what is owed to a leader's earlier life does not confirm a read of its next one", () => {
      const w = led();
      w.rounds(1, 5);
      w.heartbeat(1);
      w.drop(1, 3);
      w.crash(1);
      w.restart(1);
      w.forgetLeaders();
      w.expire(1);
      w.deliverOnly(1, 3, "PRE-VOTE?");
      w.deliver(3, 1);
      w.batch(2, () => {
        w.deliverOnly(1, 2, "APPEND t1");
        w.advance(2, 2 * CAPACITY.electionTimeout);
        w.deliverOnly(1, 2, " VOTE? t2");
      });
      w.deliverOnly(1, 3, " VOTE? t2");
      w.deliverAmong(1, 3);
      expect(w.describe(1)).toMatch(/^LEADER t2/);
      expect(w.underWay(2, 1)).toEqual(["2 -> 1 VOTE t2 granted"]);
      const read = w.read(1);
      w.deliver(2, 1);
      expect(read.state).toBe("waiting");
    });

    it("a follower that crashed does not take the answer to a read of its earlier life", () => {
      const w = led();
      const lost = w.read(3);
      w.deliverUntil(() => w.underWay(1, 3).some((line) => line.includes("READ")));
      w.crash(3);
      w.restart(3);
      expect(lost.state).toBe("refused");
      w.heartbeat(1);
      w.deliverOnly(1, 3, "APPEND");
      w.propose(1, "x");
      w.deliverAmong(1, 2);
      expect(w.world.committed).toBe(2);
      const read = w.read(3);
      w.deliverOnly(1, 3, "READ t1 ticket=1");
      expect(read.state).toBe("waiting");
      w.rounds(1);
      expect(read.state).toBe("answered");
      expect(w.applied(3)).toBe("2:x");
    });

    it("a node that knows no leader refuses at once", () => {
      const w = new Scenario(make(), { nodes: 3 });
      expect(w.read(2)).toEqual({ status: "NOT_LEADER", state: "refused" });
      w.forgetLeaders();
      w.expire(2);
      expect(w.read(2)).toEqual({ status: "NOT_LEADER", state: "refused" });
    });

    it("a follower refuses what it asked when it gives its leader up", () => {
      const w = led();
      w.crash(1);
      const read = w.read(3);
      w.forgetLeaders();
      expect(read.state).toBe("waiting");
      w.expire(3);
      expect(read.state).toBe("refused");
    });

    it("a learner refuses too when it hears of no leader any more, though it never campaigns", () => {
      const w = led({ nodes: 3, members: [{ id: 1 }, { id: 2 }, { id: 3, roles: LEARNER }] });
      w.crash(1);
      const read = w.read(3);
      w.live(2 * (CAPACITY.electionTimeout + CAPACITY.electionJitter), 2);
      expect(read.state).toBe("refused");
    });

    it("a follower refuses what it asked when another leads, and asks the new one", () => {
      const w = led();
      w.isolate(1);
      const read = w.read(3);
      w.elect(2);
      expect(read.state).toBe("refused");
      const next = w.read(3);
      w.deliverAll();
      expect(next.state).toBe("answered");
    });

    it("an answer of a leader of an earlier term is not taken", () => {
      const w = led();
      const old = w.read(3);
      w.deliverUntil(() => w.underWay(1, 3).some((line) => line.includes("READ")));
      w.mute(1);
      w.forgetLeaders();
      w.expire(2);
      w.deliverAmong(2, 3);
      w.propose(2, "x");
      w.deliverAmong(2, 3);
      expect(old.state).toBe("refused");
      const read = w.read(3);
      expect(w.deliverOnly(1, 3, "READ t1")).toBe("STALE");
      expect(read.state).toBe("waiting");
    });

    it("a leader that stepped down answers nobody", () => {
      const w = led();
      const read = w.read(3);
      w.deliver(3, 1);
      w.drop(1);
      w.isolate(1);
      w.rounds(1, CAPACITY.electionTimeout / CAPACITY.heartbeat + 1);
      w.heal();
      w.deliverAll();
      expect(w.transcript()).not.toContain("1 -> 3 READ");
      expect(read.state).toBe("waiting");
      w.elect(2);
      expect(read.state).toBe("refused");
    });

    it("a learner reads through the leader", () => {
      const w = led({ nodes: 4, members: [{ id: 1 }, { id: 2 }, { id: 3 }, { id: 4, roles: LEARNER }] });
      w.commit(1, "x");
      const read = w.read(4);
      w.deliverAll();
      expect(read.state).toBe("answered");
      expect(w.applied(4)).toBe("2:x");
    });

    it("reads of a learner in a joint configuration need both majorities as well", () => {
      const outgoing = [1, 2].map((id) => ({ id, roles: OUTGOING | (id === 1 ? VOTER : 0) }));
      const members = [...outgoing, { id: 3, roles: VOTER }, { id: 4, roles: LEARNER }];
      const w = led({ nodes: 4, members, flags: ConfigurationFlag.JOINT });
      w.mute(3);
      const read = w.read(4);
      w.deliverAll();
      expect(read.state).toBe("waiting");
      w.heal();
      w.rounds(1);
      expect(read.state).toBe("answered");
    });

    it("a removed follower is not answered, and refuses when it gives up", () => {
      const w = led();
      w.isolate(3);
      w.reconfigure(1, [{ id: 1 }, { id: 2 }]);
      w.deliverAll();
      w.heal();
      const read = w.read(3);
      w.deliverAll();
      expect(w.transcript()).toContain("3 -> 1 READ?");
      expect(read.state).toBe("waiting");
      w.forgetLeaders();
      w.expire(3);
      expect(read.state).toBe("refused");
    });

    it("a read that asks for a round never becomes one by lease, though leases are on and others ask for theirs", () => {
      const w = led({ capacity: { leaseDrift: 200 } });
      const reads = [w.read(3, ReadKind.LEASE), w.read(3, ReadKind.INDEX)];
      expect(w.underWay(3, 1)).toEqual(["3 -> 1 READ? t1 ticket=1 by lease"]);
      // A heartbeat makes the follower ask again, now for both, before the leader has seen the first request.
      w.heartbeat(1);
      w.deliver(1, 3);
      w.drop(1, 2);
      w.batch(1, () => {
        w.deliverOnly(3, 1, "ticket=1 by lease");
        w.deliverOnly(3, 1, "ticket=2");
      });
      while (w.underWay(1, 3).length > 0) w.deliver(1, 3);
      expect(reads[1]?.state).toBe("waiting");
      w.deliverAll();
      w.rounds(1);
      expect(reads.map(({ state }) => state)).toEqual(["answered", "answered"]);
    });
  });
});
