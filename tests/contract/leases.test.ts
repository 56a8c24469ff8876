/**
 * Leader leases (thesis 6.4.1): reads without a round of messages, for as long as nobody can have elected another leader.
 * They assume that clocks differ in their rates by no more than the plan's `leaseDrift`, and are off unless it is set.
 */

import { describe, expect, it } from "vitest";
import { ConfigurationFlag, MemberRole, ReadKind } from "../../host/core/abi.js";
import { cores } from "./cores.js";
import { CAPACITY, OK, Scenario, type ScenarioOptions } from "./scenario.js";

const { VOTER, OUTGOING, LEARNER, WITNESS } = MemberRole;

/** In thousandths. */
const DRIFT = 200;
/** How long a lease holds by the leader's clock, in ms: times are cut to whole ones. */
const LEASE = (CAPACITY.electionTimeout * (1000 - DRIFT)) / 1000 - 1;
/** The fastest clock within the bound, where the slowest one goes at 1. */
const FASTEST = 1000 / (1000 - DRIFT);
/** Elections begin as soon as they may, */
const EAGER = { leaseDrift: DRIFT, electionJitter: 1 };
/** and node 3 leaves them to the others, so that votes are not split. */
const PATIENT = { electionJitter: 50 };

describe.each(cores)("leases on $name", ({ make }) => {
  /** Node 1 has just become the leader; everybody knows what is committed. */
  function led(options: Partial<ScenarioOptions> = {}): Scenario {
    const nodes = [{}, {}, { capacity: PATIENT }];
    const w = new Scenario(make(), { nodes, ...options, capacity: { ...EAGER, ...options.capacity } });
    w.elect(1);
    w.rounds(1);
    w.transcript();
    return w;
  }

  /** Whether a read is answered without asking anybody. */
  function holds(w: Scenario, id = 1): boolean {
    const { status, state } = w.read(id, ReadKind.LEASE);
    if (status === "READY") expect(state).toBe("answered");
    return status === "READY";
  }

  it("without a bound on clocks there are no leases: every read takes a round", () => {
    const w = led({ capacity: { leaseDrift: 0 } });
    const read = w.read(1, ReadKind.LEASE);
    expect(read).toEqual({ status: OK, state: "waiting" });
    expect(w.underWay()).toHaveLength(2);
    w.deliverAll();
    expect(read.state).toBe("answered");
    expect(w.read(1, ReadKind.LEASE).status).toBe(OK);
  });

  it.each([
    [LEASE, true],
    [LEASE + 1, false],
  ])("%d ms after the round that a majority acknowledged was sent, a lease holds: %j", (ms, expected) => {
    const w = led();
    w.advance(1, ms);
    expect(holds(w)).toBe(expected);
  });

  it("a read by lease sends nothing", () => {
    const w = led();
    expect(holds(w)).toBe(true);
    expect(w.underWay()).toEqual([]);
  });

  it("a read that asks for a round gets one, lease or not", () => {
    const w = led();
    expect(w.read(1, ReadKind.INDEX)).toEqual({ status: OK, state: "waiting" });
    expect(w.underWay()).toHaveLength(2);
  });

  it("when the lease has run out a read falls back to a round, which gives a new lease", () => {
    const w = led();
    w.advance(1, LEASE + 1);
    const read = w.read(1, ReadKind.LEASE);
    expect(read).toEqual({ status: OK, state: "waiting" });
    w.deliverAll();
    expect(read.state).toBe("answered");
    expect(holds(w)).toBe(true);
  });

  it("heartbeats renew the lease as long as a majority answers", () => {
    const w = led();
    w.isolate(3);
    for (let i = 0; i < 50; i++) {
      w.live(CAPACITY.heartbeat);
      expect(holds(w)).toBe(true);
    }
    expect(w.describe(1)).toBe("LEADER t1 commit=1");
  });

  it("a lease counts from when the round was sent, and not from when its answer came", () => {
    const w = led();
    w.heartbeat(1);
    w.deliver(1, 2);
    w.drop(1, 3);
    w.advance(1, LEASE - 1);
    w.deliver(2, 1);
    expect(holds(w)).toBe(true);
    w.advance(1, 2);
    expect(holds(w)).toBe(false);
  });

  it("a majority is what a lease needs: of five nodes one answer is not enough", () => {
    const w = led({ nodes: 5 });
    w.advance(1, LEASE);
    w.heartbeat(1);
    w.deliver(1, 2);
    w.deliver(2, 1);
    w.advance(1, CAPACITY.heartbeat);
    expect(holds(w)).toBe(false);
    w.deliver(1, 3);
    w.deliver(3, 1);
    expect(holds(w)).toBe(true);
  });

  it("a new leader has no lease before it has committed an entry of its own term", () => {
    const w = new Scenario(make(), { nodes: 3, capacity: EAGER });
    w.forgetLeaders();
    w.expire(1);
    w.deliverUntil(() => w.node(1).leads);
    expect(w.read(1, ReadKind.LEASE)).toEqual({ status: "NOT_READY", state: "refused" });
    w.deliverAll();
    expect(holds(w)).toBe(true);
  });

  it("a leader that has not yet applied what is committed does not answer by lease", () => {
    const w = led({ nodes: [{ synchronous: false }, {}, {}] });
    w.propose(1, "x");
    w.deliverAmong(1, 2, 3);
    expect(w.describe(1)).toBe("LEADER t1 commit=2");
    const read = w.read(1, ReadKind.LEASE);
    expect(read).toEqual({ status: OK, state: "waiting" });
    w.deliverAll();
    w.rounds(1);
    expect(read.state).toBe("answered");
    expect(w.applied(1)).toBe("2:x");
  });

  it("a single voter always has its lease", () => {
    const w = led({ nodes: 1 });
    w.advance(1, 10 * CAPACITY.electionTimeout);
    expect(holds(w)).toBe(true);
  });

  it("learners do not hold a lease, a witness does", () => {
    const w = led({
      nodes: [{}, {}, {}, { isWitness: true }],
      members: [{ id: 1 }, { id: 2 }, { id: 3, roles: LEARNER }, { id: 4, roles: VOTER | WITNESS }],
    });
    w.isolate(2, 4);
    w.advance(1, LEASE + 1);
    w.rounds(1);
    expect(holds(w)).toBe(false);
    w.drop();
    w.heal();
    w.isolate(2);
    w.rounds(1);
    expect(holds(w)).toBe(true);
  });

  it("in a joint configuration a lease needs a majority of both sets", () => {
    const outgoing = [1, 2, 3].map((id) => ({ id, roles: OUTGOING | (id === 1 ? VOTER : 0) }));
    const incoming = [4, 5].map((id) => ({ id, roles: VOTER }));
    const w = led({ nodes: 5, members: [...outgoing, ...incoming], flags: ConfigurationFlag.JOINT });
    w.isolate(4, 5);
    w.advance(1, LEASE + 1);
    w.rounds(1);
    expect(holds(w)).toBe(false);
    w.heal();
    w.isolate(2, 3);
    w.advance(1, 1);
    w.rounds(1);
    expect(holds(w)).toBe(true);
    w.advance(1, LEASE);
    w.rounds(1);
    expect(holds(w)).toBe(false);
  });

  describe("and clocks", () => {
    // Scenario 29. Each ms of true time the old leader is asked, and the others elect as soon as they may.
    it.each([
      ["all clocks go alike", 1, 1],
      ["the leader's clock is slow, the others' fast", 1, FASTEST],
      ["the leader's clock is fast, the others' slow", FASTEST, 1],
      ["the leader's clock is slow, the others' a little fast", 1, 1.1],
    ])("%s, within the bound: the lease ends before another can lead", (_, leader, others) => {
      const w = led();
      w.heartbeat(1);
      w.deliverAll();
      w.node(1).rate = leader;
      w.node(2).rate = others;
      w.node(3).rate = others;
      w.isolate(1);
      let lastLease = 0;
      let firstLeader = 0;
      for (let ms = 1; ms <= 2 * CAPACITY.electionTimeout; ms++) {
        w.live(1, 1);
        const next = [2, 3].find((id) => w.node(id).leads);
        if (next !== undefined && firstLeader === 0) {
          firstLeader = ms;
          w.commit(next, "x");
        }
        if (holds(w)) lastLease = ms;
      }
      expect(lastLease).toBeGreaterThan(0);
      expect(firstLeader).toBeGreaterThan(lastLease);
    });

    it("one voter whose clock runs away cannot be elected: the others are loyal as long as the lease holds", () => {
      const w = led();
      w.isolate(1);
      for (let ms = 0; ms < LEASE; ms += 10) {
        w.expire(2);
        w.deliverAll();
        expect(w.node(2).leads).toBe(false);
        expect(holds(w)).toBe(true);
        w.world.advanceAll(10);
      }
      expect(w.state(3).term).toBe(1);
    });

    it("a voter that restarts within a lease is still loyal, though it forgot whom it heard from", () => {
      const w = led();
      // Node 2 has not heard from the leader for long; node 3 has, and holds the lease.
      w.mute(1, 2);
      w.mute(2, 1);
      w.live(2 * CAPACITY.electionTimeout);
      expect(w.describe(2)).toMatch(/^(PRE_CANDIDATE|FOLLOWER) t1/);
      expect(holds(w)).toBe(true);
      w.isolate(1);
      w.crash(3);
      w.restart(3);
      w.heal();
      w.isolate(1);
      for (let ms = 0; ms < LEASE; ms += 10) {
        w.expire(2);
        w.deliverAll();
        expect(w.node(2).leads).toBe(false);
        w.world.advanceAll(10);
      }
      w.live(2 * CAPACITY.electionTimeout, 1);
      expect(w.node(2).leads || w.node(3).leads).toBe(true);
      expect(holds(w)).toBe(false);
    });

    // Scenario 29.
    it("a process that was paused for longer than its lease does not answer by it, and finds that it was deposed", () => {
      const w = led();
      w.isolate(1);
      w.live(3 * CAPACITY.electionTimeout, 1);
      const next = w.node(2).leads ? 2 : 3;
      w.commit(next, "x");
      expect(w.describe(1)).toBe("LEADER t1 commit=1");
      const read = w.read(1, ReadKind.LEASE);
      expect(read).toEqual({ status: OK, state: "waiting" });
      w.heal();
      w.live(CAPACITY.heartbeat);
      expect(read.state).toBe("refused");
      expect(w.describe(1)).toBe(`FOLLOWER t${w.state(next).term} commit=3`);
    });

    it("a process that was paused for less answers by lease at once", () => {
      const w = led();
      w.live(LEASE - CAPACITY.heartbeat, 1);
      expect(holds(w)).toBe(true);
    });
  });

  describe("and their end", () => {
    it("a leader that hears no majority loses the lease first, and its office then", () => {
      const w = led();
      w.isolate(1);
      w.live(LEASE + 1);
      expect(w.describe(1)).toBe("LEADER t1 commit=1");
      const read = w.read(1, ReadKind.LEASE);
      expect(read).toEqual({ status: OK, state: "waiting" });
      w.live(CAPACITY.electionTimeout);
      expect(w.describe(1)).toBe("FOLLOWER t1 commit=1");
      expect(read.state).toBe("refused");
      expect(w.read(1, ReadKind.LEASE)).toEqual({ status: "NOT_LEADER", state: "refused" });
    });

    it("whoever was asked to campaign is bound by no loyalty: the lease ends when it is asked", () => {
      const w = led();
      expect(holds(w)).toBe(true);
      w.transfer(1, 2);
      expect(w.underWay(1, 2)).toEqual(["1 -> 2 TIMEOUT NOW t1"]);
      expect(holds(w)).toBe(false);
    });

    it("a request to campaign that arrives late finds no lease, though the transfer was given up long ago", () => {
      const w = led();
      w.transfer(1, 2);
      w.duplicate(1, 2, "TIMEOUT NOW");
      w.drop(1, 2);
      w.transfer(1, 2);
      // The one that stays is slow. The leader goes on meanwhile: rounds are acknowledged, commands are taken.
      for (let i = 0; i < 12; i++) {
        w.heartbeat(1);
        w.deliverAmong(1, 3);
      }
      expect(w.state(1).transferTarget).toBe(0);
      w.propose(1, "before");
      w.deliverAmong(1, 3);
      expect(holds(w)).toBe(false);
      w.drop(1, 3);
      w.heartbeat(1);
      w.deliverAmong(1, 3);
      // Node 2 has the entry; it campaigns, and is elected by node 3, which has just heard from the leader.
      while (w.underWay(1, 2).some((line) => line.includes("entries"))) w.deliverOnly(1, 2, "entries");
      w.isolate(1);
      w.deliverOnly(1, 2, "TIMEOUT NOW");
      w.deliverAmong(2, 3);
      expect(w.node(2).leads).toBe(true);
      w.propose(2, "after");
      w.deliverAmong(2, 3);
      expect(w.world.committed).toBeGreaterThan(w.state(1).commit);
      expect(w.node(1).leads).toBe(true);
      expect(holds(w)).toBe(false);
    });

    it("a transfer that failed leaves no lease for the rest of the term, and reads take rounds", () => {
      const w = led();
      w.transfer(1, 2);
      w.drop();
      w.mute(1, 2);
      w.rounds(1, CAPACITY.electionTimeout / CAPACITY.heartbeat + 1);
      w.heal();
      w.rounds(1, 2);
      expect(w.describe(1)).toBe("LEADER t1 commit=1");
      expect(w.propose(1, "x")).toBe(OK);
      w.deliverAll();
      const read = w.read(1, ReadKind.LEASE);
      expect(read.status).toBe(OK);
      w.deliverAll();
      expect(read.state).toBe("answered");
    });

    it("the next term has leases again, for whoever leads in it", () => {
      const w = led();
      w.transfer(1, 2);
      w.deliverAll();
      expect(holds(w, 2)).toBe(true);
      w.transfer(2, 1);
      w.deliverAll();
      expect(holds(w, 1)).toBe(true);
    });

    it("a transfer whose target is still catching up has asked nobody to campaign: the lease goes on", () => {
      const w = led();
      w.isolate(2);
      w.commit(1, "x");
      expect(w.transfer(1, 2)).toBe(OK);
      expect(holds(w)).toBe(true);
    });

    it("a leader that is removed has no lease after it stepped down", () => {
      const w = led();
      w.reconfigure(1, [{ id: 2 }, { id: 3 }]);
      w.deliverUntil(() => !w.node(1).leads);
      expect(w.read(1, ReadKind.LEASE).status).not.toBe("READY");
      w.deliverAll();
      const next = w.node(2).leads ? 2 : 3;
      expect(holds(w, next)).toBe(true);
    });
  });

  describe("for followers", () => {
    it("a follower's read by lease costs one question and one answer", () => {
      const w = led();
      const read = w.read(3, ReadKind.LEASE);
      w.deliverAll();
      expect(read.state).toBe("answered");
      expect(w.transcript()).toBe("3 -> 1 READ? t1 ticket=1 by lease\n1 -> 3 READ t1 ticket=1 index=1");
    });

    it("without a lease the leader confirms itself by a round for the follower too", () => {
      const w = led();
      w.advance(1, LEASE + 1);
      const read = w.read(3, ReadKind.LEASE);
      w.deliver(3, 1);
      expect(w.underWay(1, 2)).toEqual(["1 -> 2 APPEND t1 prev=1/1 commit=1"]);
      expect(w.underWay(1, 3).filter((line) => line.includes("READ"))).toEqual([]);
      w.deliverAll();
      expect(read.state).toBe("answered");
    });

    it("a follower still applies up to where its leader said before it answers", () => {
      const w = led();
      w.propose(1, "x");
      w.deliverAmong(1, 2);
      const read = w.read(3, ReadKind.LEASE);
      w.deliver(3, 1);
      w.deliverOnly(1, 3, "READ t1 ticket=1 index=2");
      expect(read.state).toBe("waiting");
      w.deliverAll();
      expect(read.state).toBe("answered");
      expect(w.applied(3)).toBe("2:x");
    });

    it("one read among a follower's that asks for a round makes it one for all of them", () => {
      const w = led();
      const reads = [w.read(3, ReadKind.LEASE), w.read(3, ReadKind.INDEX)];
      w.drop(3, 1);
      w.heartbeat(1);
      w.deliver(1, 3);
      expect(w.underWay(3, 1)).toContain("3 -> 1 READ? t1 ticket=2");
      w.deliverAll();
      expect(reads.map(({ state }) => state)).toEqual(["answered", "answered"]);
      const next = w.read(3, ReadKind.LEASE);
      expect(w.underWay(3, 1)).toEqual(["3 -> 1 READ? t1 ticket=3 by lease"]);
      w.deliverAll();
      expect(next.state).toBe("answered");
    });
  });
});
