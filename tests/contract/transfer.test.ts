/** Leadership transfer (thesis 3.10): to a named member or the best one, which catches up first, campaigns at once, and wins. */

import { describe, expect, it } from "vitest";
import { ConfigurationFlag, MemberRole } from "../../host/core/abi.js";
import { encodeVoteRequest } from "../../sim/messages.js";
import { cores } from "./cores.js";
import { CAPACITY, from, OK, Scenario, type ScenarioOptions, text } from "./scenario.js";

const { VOTER, OUTGOING, LEARNER, WITNESS } = MemberRole;
/** Heartbeats after which a transfer's time is over. */
const TIME_LIMIT = CAPACITY.electionTimeout / CAPACITY.heartbeat + 1;

describe.each(cores)("transfer on $name", ({ make }) => {
  /** Node 1 leads and everybody knows what is committed. */
  function led(options: Partial<ScenarioOptions> = {}): Scenario {
    const w = new Scenario(make(), { nodes: 3, ...options });
    w.elect(1);
    w.rounds(1);
    w.transcript();
    return w;
  }

  /** Whether a message to campaign is under way to a node. */
  function isAsked(w: Scenario, target: number): boolean {
    return w.underWay(1, target).some((line) => line.includes("TIMEOUT NOW"));
  }

  /** The leader's message to campaign is slow, and whatever else it sends to the target is lost: it resumes. */
  function giveUpOn(w: Scenario, target: number): void {
    w.mute(1, target);
    for (let i = 0; i < TIME_LIMIT; i++) {
      w.heartbeat(1);
      w.deliverAmong(...w.world.nodes.map(({ id }) => id).filter((id) => id !== target));
    }
    expect(w.state(1).transferTarget).toBe(0);
    expect(w.underWay(1, target)).toEqual([`1 -> ${target} TIMEOUT NOW t1`]);
  }

  describe("that succeeds", () => {
    it("a target that has the whole log is asked at once, and elected without anybody's timer", () => {
      const w = led();
      expect(w.transfer(1, 2)).toBe(OK);
      w.deliverAll();
      expect(w.transcript()).toBe(
        text(`
          1 -> 2 TIMEOUT NOW t1
             2: CANDIDATE t2
          2 -> 1 VOTE? t2 last=1/1 transfer
             1: FOLLOWER t2
          2 -> 3 VOTE? t2 last=1/1 transfer
             3: FOLLOWER t2
          1 -> 2 VOTE t2 granted
             2: LEADER t2
          3 -> 2 VOTE t2 granted
          2 -> 1 APPEND t2 prev=1/1 entries=2:2(NOOP) commit=1
          2 -> 3 APPEND t2 prev=1/1 entries=2:2(NOOP) commit=1
          1 -> 2 APPENDED t2 match=2
             2: commit 2
          3 -> 2 APPENDED t2 match=2
          2 -> 1 APPEND t2 prev=2/2 commit=2 quiet
             1: commit 2
          2 -> 3 APPEND t2 prev=2/2 commit=2 quiet
             3: commit 2
        `),
      );
    });

    // Scenario 30.
    it("a target that lags catches up first, and is asked when it has everything", () => {
      const w = led();
      w.isolate(2);
      w.commit(1, "a", "b", "c");
      w.heal();
      w.transcript();
      expect(w.transfer(1, 2)).toBe(OK);
      expect(isAsked(w, 2)).toBe(false);
      w.rounds(1);
      const lines = w.transcript().split("\n");
      const asked = lines.indexOf("1 -> 2 TIMEOUT NOW t1");
      expect(lines.slice(0, asked)).toContain("2 -> 1 APPENDED t1 match=4");
      expect(w.describe(2)).toBe("LEADER t2 commit=5");
      expect(w.applied(2)).toBe("2:a 3:b 4:c");
    });

    it("what was proposed before is under way, and is committed by the new leader", () => {
      const w = led();
      w.propose(1, "a");
      w.propose(1, "b");
      expect(w.transfer(1, 2)).toBe(OK);
      w.deliverAll();
      w.rounds(2);
      expect(w.node(2).leads).toBe(true);
      expect(w.applied(2)).toBe("2:a 3:b");
      expect(w.applied(3)).toBe("2:a 3:b");
    });

    it("the new leader takes commands, and the old one follows and names it", () => {
      const w = led();
      w.transfer(1, 3);
      w.deliverAll();
      expect(w.propose(1, "x")).toBe("NOT_LEADER");
      expect(w.state(1).leader).toBe(3);
      w.commit(3, "x");
      expect(w.applied(1)).toBe("3:x");
    });

    it("leadership goes back and forth, a term each time, and loses nothing", () => {
      const w = led();
      for (const [leader, next] of [
        [1, 2],
        [2, 3],
        [3, 1],
        [1, 3],
      ] as const) {
        w.commit(leader, `by ${leader}`);
        w.rounds(leader);
        expect(w.transfer(leader, next)).toBe(OK);
        w.deliverAll();
        expect(w.node(next).leads).toBe(true);
      }
      w.rounds(3);
      expect(w.describe(3)).toBe("LEADER t5 commit=9");
      expect(w.applied(2)).toBe("2:by 1 4:by 2 6:by 3 8:by 1");
    });

    it("without a target the member with the longest log is asked", () => {
      const w = led({ nodes: 5 });
      w.mute(1, 4, 5);
      w.propose(1, "a");
      w.deliver(1, 3);
      w.deliver(3, 1);
      w.drop();
      w.heal();
      expect(w.state(1).commit).toBe(1);
      w.transfer(1);
      expect([2, 3, 4, 5].filter((id) => isAsked(w, id))).toEqual([3]);
    });

    it("without a target nobody is asked who lacks what is committed, and a leader that is alone is refused", () => {
      const w = led();
      w.isolate(2);
      w.commit(1, "x");
      w.transfer(1);
      expect([2, 3].filter((id) => isAsked(w, id))).toEqual([3]);
      const alone = led({ nodes: 1 });
      expect(alone.transfer(1)).toBe("UNKNOWN_NODE");
      expect(alone.propose(1, "x")).toBe(OK);
    });

    it("the target's vote for itself is durable before it asks, as any candidate's", () => {
      const w = led({ nodes: [{}, { synchronous: false }, {}] });
      w.transfer(1, 2);
      w.deliver(1, 2);
      expect(w.underWay(2)).toEqual([]);
      expect(w.held(2)).toHaveLength(2);
      w.durable(2);
      expect(w.underWay(2)).toHaveLength(2);
      w.deliverAll();
      expect(w.node(2).leads).toBe(true);
    });

    it("the target needs a majority like anybody: with only the old leader's vote of five it waits", () => {
      const w = led({ nodes: 5 });
      w.isolate(3, 4);
      w.mute(2, 5);
      w.transfer(1, 2);
      w.deliverAll();
      expect(w.describe(2)).toBe("CANDIDATE t2 commit=1");
      w.heal();
      w.live(10 * CAPACITY.electionTimeout);
      expect([1, 2, 3, 4, 5].filter((id) => w.node(id).leads)).toHaveLength(1);
    });
  });

  describe("meanwhile", () => {
    // Scenario 30.
    it("commands are refused as long as the transfer goes on", () => {
      const w = led();
      w.isolate(2);
      w.commit(1, "a");
      w.transfer(1, 2);
      expect(w.propose(1, "x")).toBe("TRANSFERRING");
      w.rounds(1, 3);
      expect(w.propose(1, "x")).toBe("TRANSFERRING");
      expect(w.log(1)).toBe("1:1 2:1");
    });

    // Scenario 30.
    it("a target that is down costs an election timeout, and then the leader resumes, in its term", () => {
      const w = led();
      w.crash(2);
      const began = w.node(1).clock;
      expect(w.transfer(1, 2)).toBe(OK);
      while (w.state(1).transferTarget !== 0) {
        expect(w.propose(1, "x")).toBe("TRANSFERRING");
        w.rounds(1);
        expect(w.node(1).clock - began).toBeLessThanOrEqual(CAPACITY.electionTimeout + CAPACITY.heartbeat);
      }
      expect(w.node(1).clock - began).toBeGreaterThanOrEqual(CAPACITY.electionTimeout);
      expect(w.propose(1, "x")).toBe(OK);
      w.deliverAll();
      expect(w.describe(1)).toBe("LEADER t1 commit=2");
    });

    it("what the followers still lacked is committed while the leader waits for its target", () => {
      const w = led();
      w.crash(2);
      w.propose(1, "a");
      w.transfer(1, 2);
      w.deliverAll();
      expect(w.describe(1)).toBe("LEADER t1 commit=2");
    });

    it("a target that came back too late follows the leader that resumed", () => {
      const w = led();
      w.crash(2);
      w.transfer(1, 2);
      w.rounds(1, TIME_LIMIT);
      w.restart(2);
      w.commit(1, "x");
      w.rounds(1);
      expect(w.describe(2)).toBe("FOLLOWER t1 commit=2");
    });

    it("a target that comes back in time is handed the leadership", () => {
      const w = led();
      w.crash(2);
      w.transfer(1, 2);
      w.rounds(1, 3);
      w.restart(2);
      w.rounds(1, 3);
      expect(w.node(2).leads).toBe(true);
    });

    it("a message to campaign that is lost is sent again with the next heartbeat", () => {
      const w = led();
      w.transfer(1, 2);
      w.drop();
      w.heartbeat(1);
      expect(isAsked(w, 2)).toBe(true);
      w.deliverAll();
      expect(w.node(2).leads).toBe(true);
    });

    it("a leader that hears no majority gives up its office and the transfer with it", () => {
      const w = led();
      w.transfer(1, 2);
      w.drop();
      w.isolate(1);
      w.live(2 * CAPACITY.electionTimeout, 2, 3);
      expect(w.describe(1)).toMatch(/^(PRE_CANDIDATE|FOLLOWER) t1/);
      w.heal();
      w.drop();
      w.elect(1);
      expect(w.state(1).transferTarget).toBe(0);
      expect(w.propose(1, "x")).toBe(OK);
    });

    it("a second transfer takes the place of the first, and its time begins anew", () => {
      const w = led({ nodes: 5 });
      w.crash(2);
      w.transfer(1, 2);
      w.rounds(1, TIME_LIMIT - 3);
      expect(w.transfer(1, 4)).toBe(OK);
      expect(w.state(1).transferTarget).toBe(4);
      w.drop();
      w.rounds(1, 5);
      expect(w.node(4).leads).toBe(true);
    });

    it("two targets that were both asked campaign in one term, and at most one of them wins it", () => {
      const w = led({ nodes: 5 });
      w.transfer(1, 2);
      w.transfer(1, 3);
      w.deliver(1, 2);
      w.deliver(1, 3);
      expect([w.describe(2), w.describe(3)]).toEqual(["CANDIDATE t2 commit=1", "CANDIDATE t2 commit=1"]);
      w.deliverAll();
      expect([2, 3].filter((id) => w.node(id).leads)).toHaveLength(1);
      const leader = w.node(2).leads ? 2 : 3;
      w.commit(leader, "x");
    });
  });

  describe("that is refused", () => {
    it.each([
      ["a learner", 3],
      ["a witness", 4],
      ["a voter of the outgoing set only", 5],
      ["a node that is no member", 7],
      ["the leader itself", 1],
    ])("%s is not handed the leadership, and the leader goes on as if nobody had asked", (_, target) => {
      const w = led({
        nodes: [{}, {}, {}, { isWitness: true }, {}],
        members: [
          { id: 1, roles: VOTER | OUTGOING },
          { id: 2, roles: VOTER | OUTGOING },
          { id: 3, roles: LEARNER },
          { id: 4, roles: VOTER | WITNESS },
          { id: 5, roles: OUTGOING },
        ],
        flags: ConfigurationFlag.JOINT,
      });
      expect(w.transfer(1, target)).toBe("UNKNOWN_NODE");
      expect(w.underWay()).toEqual([]);
      expect(w.state(1).transferTarget).toBe(0);
      expect(w.propose(1, "x")).toBe(OK);
    });

    it("only a leader hands over", () => {
      const w = led();
      expect(w.transfer(2, 3)).toBe("NOT_LEADER");
      w.forgetLeaders();
      w.expire(3);
      expect(w.transfer(3, 2)).toBe("NOT_LEADER");
    });

    it("a refused transfer does not end the one that goes on", () => {
      const w = led();
      w.transfer(1, 2);
      expect(w.transfer(1, 7)).toBe("UNKNOWN_NODE");
      expect(w.state(1).transferTarget).toBe(2);
    });
  });

  describe("and loyalty", () => {
    it("who has just heard from the leader votes for whom the leader asked, and for nobody else", () => {
      const w = led();
      w.heartbeat(1);
      w.deliverAll();
      // Node 2 on its own: node 3 neither grants the pre-vote nor a vote, nor takes over the term.
      w.inject(encodeVoteRequest(from(2, 3, 2), { lastIndex: 1, lastTerm: 1, pre: true }));
      w.inject(encodeVoteRequest(from(2, 3, 2), { lastIndex: 1, lastTerm: 1 }));
      expect(w.underWay(3, 2)).toEqual(["3 -> 2 PRE-VOTE t1 denied"]);
      expect(w.state(3).term).toBe(1);
      w.drop();
      w.isolate(1);
      w.heal();
      w.transfer(1, 2);
      w.deliver(1, 2);
      w.deliver(2, 3);
      expect(w.underWay(3, 2)).toEqual(["3 -> 2 VOTE t2 granted"]);
    });

    it("a target whose log is not up to date is not elected, whoever asked it, and nothing committed is lost", () => {
      const w = led();
      w.transfer(1, 2);
      // The message to campaign is slow; the leader gave up long ago, and has committed with node 3.
      giveUpOn(w, 2);
      w.propose(1, "x");
      w.deliverAmong(1, 3);
      expect(w.describe(1)).toBe("LEADER t1 commit=2");
      w.deliverOnly(1, 2, "TIMEOUT NOW");
      w.heal();
      w.deliverAll();
      expect(w.transcript()).toContain("3 -> 2 VOTE t2 denied");
      expect(w.node(2).leads).toBe(false);
      // The term rose, so there is an election; only who has the entry wins it.
      w.live(10 * CAPACITY.electionTimeout);
      const leader = [1, 3].find((id) => w.node(id).leads) ?? 2;
      expect(leader).not.toBe(2);
      expect(w.applied(2)).toBe("2:x");
    });

    it("a node votes once a term, also for those whom a leader asked", () => {
      const w = led();
      w.transfer(1, 2);
      w.transfer(1, 3);
      w.deliver(1, 2);
      w.deliver(1, 3);
      w.deliver(2, 1);
      w.deliver(3, 1);
      expect([...w.underWay(1, 2), ...w.underWay(1, 3)]).toEqual(["1 -> 2 VOTE t2 granted", "1 -> 3 VOTE t2 denied"]);
    });

    it("a message to campaign from an earlier term is ignored", () => {
      const w = led();
      w.transfer(1, 2);
      w.duplicate(1, 2, "TIMEOUT NOW");
      w.deliver(1, 2);
      w.deliverAmong(2, 3);
      expect(w.describe(2)).toBe("LEADER t2 commit=2");
      expect(w.deliverOnly(1, 2, "TIMEOUT NOW")).toBe("STALE");
      expect(w.describe(2)).toBe("LEADER t2 commit=2");
      w.deliverAll();
      w.transfer(2, 3);
      w.duplicate(2, 3, "TIMEOUT NOW");
      w.deliverOnly(2, 3, "TIMEOUT NOW");
      w.deliverAmong(1, 3);
      expect(w.node(3).leads).toBe(true);
      w.transfer(3, 1);
      w.deliverAmong(1, 3);
      expect(w.node(1).leads).toBe(true);
      expect(w.describe(3)).toMatch(/^FOLLOWER t4/);
      expect(w.deliverOnly(2, 3, "TIMEOUT NOW")).toBe("STALE");
      expect(w.describe(3)).toMatch(/^FOLLOWER t4/);
    });

    it("nor does it count when the same leader leads again in a later term", () => {
      const w = led();
      w.transfer(1, 2);
      giveUpOn(w, 2);
      w.heal();
      w.forgetLeaders();
      w.heartbeat(1);
      expect(w.describe(1)).toBe("FOLLOWER t1 commit=1");
      w.forgetLeaders();
      w.expire(1);
      w.deliverAmong(1, 3);
      expect(w.describe(1)).toBe("LEADER t2 commit=2");
      w.deliverOnly(1, 2, "APPEND t2");
      expect(w.state(2).leader).toBe(1);
      expect(w.deliverOnly(1, 2, "TIMEOUT NOW t1")).toBe("STALE");
      expect(w.describe(2)).toMatch(/^FOLLOWER t2/);
    });

    it("a node that was restarted and does not know its leader ignores the message, and takes the repetition", () => {
      const w = led();
      w.transfer(1, 2);
      w.crash(2);
      w.restart(2);
      expect(w.deliver(1, 2)).toBe("STALE");
      expect(w.describe(2)).toBe("FOLLOWER t1 commit=0");
      w.rounds(1);
      expect(w.node(2).leads).toBe(true);
    });

    it("a target that is becoming a learner may still win, and hands on when that is committed", () => {
      const w = led();
      w.transfer(1, 2);
      giveUpOn(w, 2);
      w.heal();
      expect(w.reconfigure(1, [{ id: 1 }, { id: 2, roles: LEARNER }, { id: 3 }])).toBe(OK);
      w.deliverOnly(1, 2, "CONFIGURATION");
      expect(w.members(2)).toBe("1 2L 3");
      expect(w.deliverOnly(1, 2, "TIMEOUT NOW")).toBe(OK);
      w.deliverAll();
      expect([w.node(1).leads || w.node(3).leads, w.node(2).leads]).toEqual([true, false]);
      expect([1, 2, 3].map((id) => w.members(id))).toEqual(["1 2L 3", "1 2L 3", "1 2L 3"]);
    });
  });

  describe("and failures", () => {
    it("a target that crashes as soon as it has won is followed by another leader that has everything", () => {
      const w = led();
      w.commit(1, "x");
      w.transfer(1, 2);
      w.deliverUntil(() => w.node(2).leads);
      w.crash(2);
      w.deliverAll();
      w.elect(3);
      w.commit(3, "y");
      w.restart(2);
      w.rounds(3, 2);
      expect(w.applied(2)).toBe("2:x 5:y");
    });

    it("a leader that crashes while it hands over leaves an ordinary election", () => {
      const w = led();
      w.isolate(2);
      w.commit(1, "x");
      w.transfer(1, 2);
      w.crash(1);
      w.heal();
      w.elect(3);
      w.rounds(3);
      expect(w.applied(2)).toBe("2:x");
    });

    it("a target whose requests are lost makes the group elect anew, and it goes on", () => {
      const w = led();
      w.transfer(1, 2);
      w.deliver(1, 2);
      w.drop();
      expect(w.describe(2)).toBe("CANDIDATE t2 commit=1");
      w.live(10 * CAPACITY.electionTimeout);
      const leader = [1, 2, 3].find((id) => w.node(id).leads) ?? 0;
      w.commit(leader, "x");
      expect([1, 2, 3].map((id) => w.applied(id).endsWith(":x"))).toEqual([true, true, true]);
    });

    it("the target asks without pre-vote only this once: after a lost election it asks for pre-votes like anybody", () => {
      const w = led();
      w.transfer(1, 2);
      w.deliver(1, 2);
      w.drop();
      w.forgetLeaders();
      w.expire(2);
      expect(w.underWay(2)).toEqual(["2 -> 1 PRE-VOTE? t3 last=1/1", "2 -> 3 PRE-VOTE? t3 last=1/1"]);
      w.drop();
      w.expire(2);
      w.drop();
      w.expire(2);
      w.deliver(2, 3);
      w.deliver(3, 2);
      expect(w.underWay(2, 1).at(-1)).toBe("2 -> 1 VOTE? t3 last=1/1");
    });
  });

  it("during a joint change leadership goes to a member of the new set, which leaves the joint configuration", () => {
    const members = [...[1, 2, 3].map((id) => ({ id, roles: VOTER })), ...[4, 5].map((id) => ({ id, roles: LEARNER }))];
    const w = led({ nodes: 5, members });
    const between = [1, 2, 3, 4, 5].map((id) => ({
      id,
      roles: (id <= 3 ? OUTGOING : 0) | (id === 1 || id > 3 ? VOTER : 0),
    }));
    const { JOINT, AUTO_LEAVE } = ConfigurationFlag;
    w.reconfigure(1, between, JOINT | AUTO_LEAVE);
    // All have the joint configuration, and nobody has answered yet.
    for (const id of [2, 3, 4, 5]) w.deliver(1, id);
    w.deliver(4, 1);
    expect(w.state(1).commit).toBe(1);
    expect(w.transfer(1, 4)).toBe(OK);
    w.deliverOnly(1, 4, "TIMEOUT NOW");
    // The votes of the new set alone do not elect it.
    w.drop(1);
    w.drop(2);
    w.drop(3);
    w.deliverOnly(4, 5, "VOTE?");
    w.deliverOnly(5, 4, "VOTE t2");
    expect(w.describe(4)).toBe("CANDIDATE t2 commit=1");
    w.deliverAll();
    w.rounds(4);
    expect(w.node(4).leads).toBe(true);
    expect(w.members(4)).toBe("1 4 5");
    w.commit(4, "x");
    expect(w.applied(1)).toContain(":x");
  });
});
