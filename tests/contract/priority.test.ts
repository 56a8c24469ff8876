/**
 * Election priority: members below the highest one leave it the first span of the election timer's jitter. A hint: it
 * decides who asks first, never who may be elected.
 */

import { describe, expect, it } from "vitest";
import { MemberRole, TimerKind } from "../../host/core/abi.js";
import type { MemberInfo } from "../../host/core/configuration.js";
import { UNARMED } from "../../sim/core-world/sim-node.js";
import { cores } from "./cores.js";
import { CAPACITY, OK, Scenario } from "./scenario.js";

const { LEARNER } = MemberRole;

/** Longest that a member of the highest priority waits for a leader. */
const LONGEST = CAPACITY.electionTimeout + CAPACITY.electionJitter;

describe.each(cores)("priority on $name", ({ make }) => {
  /** Members with these priorities, and the same log. */
  function group(...priorities: readonly number[]): Scenario {
    return new Scenario(make(), { nodes: priorities.length, members: membersWith(...priorities) });
  }

  function membersWith(...priorities: readonly number[]): MemberInfo[] {
    return priorities.map((priority, i) => ({ id: i + 1, priority }));
  }

  /** Time passes for all, and each timer fires when it is due and all that follows is delivered; up to the first leader.
   * Answers who that is, and how much time has passed. */
  function firstLeader(w: Scenario): readonly [id: number, time: number] {
    const began = Math.max(...w.world.nodes.map((node) => node.clock));
    for (const node of w.world.nodes) if (node.isUp) w.world.advance(node, began - node.clock);
    for (let firings = 0; firings < 100; firings++) {
      const up = w.world.nodes.filter((node) => node.isUp);
      const due = (node: (typeof up)[number]) => {
        const deadline = node.deadlines[TimerKind.ELECTION] ?? UNARMED;
        return deadline === UNARMED ? Number.POSITIVE_INFINITY : deadline;
      };
      const next = up.reduce((first, node) => (due(node) < due(first) ? node : first));
      const now = Math.max(due(next), next.clock);
      for (const node of up) w.world.advance(node, now - node.clock);
      w.world.fire(next, TimerKind.ELECTION);
      w.deliverAll();
      const leader = up.find((node) => node.leads);
      if (leader !== undefined) return [leader.id, now - began];
    }
    throw new Error("nobody was elected");
  }

  it("the member of the highest priority campaigns first, and wins alone", () => {
    const w = group(1, 5, 3);
    const [leader, time] = firstLeader(w);
    expect(leader).toBe(2);
    expect(time).toBeLessThanOrEqual(LONGEST);
    expect([1, 2, 3].map((id) => w.state(id).term)).toEqual([1, 1, 1]);
  });

  it("however the jitter falls, no member of lower priority asks before the highest one has", () => {
    const w = group(0, 1, 0);
    for (let drawn = 0; drawn < 20; drawn++) {
      for (const id of [1, 2, 3]) {
        w.crash(id);
        w.restart(id);
      }
      const waits = [1, 2, 3].map((id) => (w.node(id).deadlines[TimerKind.ELECTION] ?? UNARMED) - w.node(id).clock);
      expect(waits[0]).toBeGreaterThanOrEqual(LONGEST);
      expect(waits[1]).toBeLessThanOrEqual(LONGEST);
      expect(waits[2]).toBeGreaterThanOrEqual(LONGEST);
    }
  });

  it("without priorities nobody waits for anybody", () => {
    const w = group(0, 0, 0);
    w.world.fire(w.node(3), TimerKind.ELECTION);
    expect(w.describe(3)).toBe("PRE_CANDIDATE t0 commit=0");
    const equal = group(9, 9, 9);
    equal.world.fire(equal.node(1), TimerKind.ELECTION);
    expect(equal.describe(1)).toBe("PRE_CANDIDATE t0 commit=0");
  });

  it("if the member of the highest priority is dead another one is elected, a jitter later at most", () => {
    const w = group(0, 9, 0);
    w.crash(2);
    const [leader, time] = firstLeader(w);
    expect([1, 3]).toContain(leader);
    expect(time).toBeLessThanOrEqual(LONGEST + CAPACITY.electionJitter);
    w.commit(leader, "x");
  });

  it("a member of lower priority with the longer log is elected all the same", () => {
    const w = new Scenario(make(), {
      nodes: [{ terms: [1, 1, 1] }, { terms: [1] }, { terms: [1, 1, 1] }],
      members: membersWith(0, 9, 0),
    });
    const [leader] = firstLeader(w);
    expect([1, 3]).toContain(leader);
    w.rounds(leader);
    expect(w.log(2)).toBe(w.log(leader));
  });

  it("a leader of lower priority is not disturbed when the higher one comes back", () => {
    const w = group(0, 9, 0);
    w.crash(2);
    const [leader] = firstLeader(w);
    w.restart(2);
    for (let i = 0; i < 30; i++) {
      w.advance(2, CAPACITY.heartbeat);
      w.rounds(leader);
    }
    expect(w.node(leader).leads).toBe(true);
    expect(w.state(2).leader).toBe(leader);
  });

  it("a priority takes effect with the configuration that gives it, and goes with it", () => {
    const w = group(0, 0, 0);
    w.elect(1);
    expect(w.reconfigure(1, membersWith(0, 0, 4))).toBe(OK);
    w.deliverAll();
    w.rounds(1);
    w.crash(1);
    expect(firstLeader(w)[0]).toBe(3);
    w.restart(1);
    w.rounds(3, 2);
    expect(w.reconfigure(3, membersWith(0, 7, 0))).toBe(OK);
    w.deliverAll();
    w.rounds(3);
    w.crash(3);
    expect(firstLeader(w)[0]).toBe(2);
  });

  it("nobody waits any more for a member that was removed", () => {
    const w = group(0, 0, 0, 9);
    w.elect(1);
    w.reconfigure(1, membersWith(0, 0, 0));
    w.deliverAll();
    w.rounds(1);
    // Timers that were armed before the change fire once more.
    for (const id of [2, 3]) {
      w.advance(id, (w.node(id).deadlines[TimerKind.ELECTION] ?? UNARMED) - w.node(id).clock);
      w.rounds(1);
      w.world.fire(w.node(id), TimerKind.ELECTION);
    }
    w.crash(1);
    w.crash(4);
    const [, time] = firstLeader(w);
    expect(time).toBeLessThanOrEqual(LONGEST);
  });

  it("a leader that is removed hands over to the highest priority among those that hold what is committed", () => {
    const w = group(0, 2, 8, 5);
    w.elect(1);
    w.commit(1, "x");
    w.reconfigure(1, membersWith(0, 2, 8, 5).slice(1));
    w.deliverAll();
    expect(w.node(3).leads).toBe(true);
  });

  it("a member of the highest priority that lags is not handed what it would first have to fetch", () => {
    const w = group(0, 2, 8, 5);
    w.elect(1);
    w.isolate(3);
    w.commit(1, "x");
    w.reconfigure(1, membersWith(0, 2, 8, 5).slice(1));
    w.deliverAll();
    expect(w.node(4).leads).toBe(true);
  });

  it("a transfer without a target goes to the highest priority", () => {
    const w = group(0, 2, 8, 5);
    w.elect(1);
    w.rounds(1);
    expect(w.transfer(1)).toBe(OK);
    w.deliverAll();
    expect(w.node(3).leads).toBe(true);
  });

  it("the priority of a learner holds nobody up for longer than a jitter, and does not make it a candidate", () => {
    const w = new Scenario(make(), {
      nodes: 3,
      members: [{ id: 1 }, { id: 2 }, { id: 3, roles: LEARNER, priority: 9 }],
    });
    const [leader, time] = firstLeader(w);
    expect([1, 2]).toContain(leader);
    expect(time).toBeLessThanOrEqual(LONGEST + CAPACITY.electionJitter);
  });
});
