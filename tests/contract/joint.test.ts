/** Joint consensus (thesis 4.3): from one set of voters to any other in two steps, of which each needs what came before. */

import { describe, expect, it } from "vitest";
import { ConfigurationFlag, MemberRole } from "../../host/core/abi.js";
import type { MemberInfo } from "../../host/core/configuration.js";
import { cores } from "./cores.js";
import { CAPACITY, OK, Scenario, type ScenarioOptions } from "./scenario.js";

const { VOTER, OUTGOING, LEARNER, WITNESS, PROMOTE } = MemberRole;
const { JOINT, AUTO_LEAVE } = ConfigurationFlag;
const BY_ITSELF = JOINT | AUTO_LEAVE;

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

describe.each(cores)("joint consensus on $name", ({ make }) => {
  /** Nodes 1 to 3 vote and nodes 4 to 6 learn, all with the same log; node 1 leads. */
  function led(options: Partial<ScenarioOptions> = {}): Scenario {
    const members = [...voters(1, 2, 3), ...learners(4, 5, 6)];
    const w = new Scenario(make(), { nodes: 6, members, ...options });
    w.elect(1);
    w.rounds(1);
    return w;
  }

  const OLD = [1, 2, 3];
  const NEW = [1, 4, 5];

  it("any set of voters follows any other: the leader leaves the joint configuration by itself once it is committed", () => {
    const w = led();
    expect(w.reconfigure(1, between(OLD, NEW), BY_ITSELF)).toBe(OK);
    expect(w.members(1)).toBe("1B 2O 3O 4 5");
    w.deliverAll();
    w.rounds(1);
    expect([1, 4, 5].map((id) => w.members(id))).toEqual(["1 4 5", "1 4 5", "1 4 5"]);
    expect(w.state(1).configurationFlags).toBe(0);
    // From here on the new voters are enough.
    w.isolate(2, 3, 5);
    w.commit(1, "x");
    expect(w.applied(1)).toContain("x");
  });

  // Scenario 25.
  it.each([
    ["the old set alone", [2, 3], false],
    ["the new set alone", [4, 5], false],
    ["a majority of each", [2, 4], true],
  ] as const)("in a joint configuration %s, with the leader, commits: %j", (_, reached, commits) => {
    const w = led();
    // Nodes 1 to 3 go out altogether, 4 to 6 come in, and the leader is in the old set only.
    w.isolate(...[2, 3, 4, 5, 6].filter((id) => !(reached as readonly number[]).includes(id)));
    expect(w.reconfigure(1, between([1, 2, 3], [1, 4, 5]), JOINT)).toBe(OK);
    w.deliverAll();
    w.propose(1, "x");
    w.deliverAll();
    expect(w.state(1).commit).toBe(commits ? 3 : 1);
  });

  it.each([
    ["the old set alone", [2, 3], false],
    ["the new set alone", [4, 5, 6], false],
    ["a majority of each", [2, 3, 4, 5], true],
    ["one less than a majority of the new", [2, 3, 4], false],
  ] as const)("in a joint configuration %s elects: %j", (_, alive, elects) => {
    const w = led();
    w.reconfigure(1, between([1, 2, 3], [4, 5, 6]), JOINT);
    w.deliverAll();
    w.rounds(1);
    expect(w.members(6)).toBe("1O 2O 3O 4 5 6");
    for (const id of [1, 2, 3, 4, 5, 6]) if (!(alive as readonly number[]).includes(id)) w.crash(id);
    w.forgetLeaders();
    w.expire(alive[0]);
    w.deliverAll();
    expect(w.node(alive[0]).leads).toBe(elects);
  });

  it("a leader that hears only one of the two sets steps down", () => {
    const w = led();
    w.reconfigure(1, between([1, 2, 3], [4, 5, 6]), JOINT);
    w.deliverAll();
    w.isolate(4, 5);
    w.rounds(1, CAPACITY.electionTimeout / CAPACITY.heartbeat + 1);
    expect(w.describe(1)).toBe("FOLLOWER t1 commit=2");
  });

  it("both sets count at once: the old one cannot decide without the new from the moment of the append", () => {
    const w = led();
    w.isolate(4, 5, 6);
    w.reconfigure(1, between([1, 2, 3], [4, 5, 6]), BY_ITSELF);
    w.deliverAll();
    expect(w.state(2).last).toBe(2);
    expect(w.describe(1)).toBe("LEADER t1 commit=1");
    w.heal();
    w.rounds(1);
    expect(w.members(4)).toBe("4 5 6");
  });

  it("until the joint configuration is committed the old set elects by it, and who does not have it by its own", () => {
    const w = led();
    w.isolate(1);
    w.reconfigure(1, between(OLD, NEW), BY_ITSELF);
    w.elect(2);
    w.commit(2, "x");
    w.heal();
    w.rounds(2, 2);
    expect(w.members(1)).toBe("1 2 3 4L 5L 6L");
    expect(w.log(1)).toBe(w.log(2));
  });

  it("a new leader leaves the joint configuration that it inherited", () => {
    const w = led();
    w.reconfigure(1, between(OLD, NEW), BY_ITSELF);
    w.deliverUntil(() => w.members(2) !== w.members(6) && [2, 3, 4, 5].every((id) => w.state(id).last === 2));
    w.crash(1);
    w.drop();
    expect(w.members(2)).toBe("1B 2O 3O 4 5");
    w.elect(4);
    w.rounds(4);
    expect([4, 5].map((id) => w.members(id))).toEqual(["1 4 5", "1 4 5"]);
    w.commit(4, "x");
    w.restart(1);
    w.rounds(4, 2);
    expect(w.members(1)).toBe("1 4 5");
  });

  it("a new leader that is only in the outgoing set leaves it too, and then steps down", () => {
    const w = led();
    w.reconfigure(1, between(OLD, NEW), BY_ITSELF);
    w.deliverUntil(() => [2, 3, 4, 5].every((id) => w.state(id).last === 2));
    w.crash(1);
    w.drop();
    w.forgetLeaders();
    w.expire(2);
    w.deliverUntil(() => w.node(2).leads);
    w.deliverAll();
    expect(w.node(2).leads).toBe(false);
    const next = w.node(4).leads ? 4 : 5;
    expect(w.node(next).leads).toBe(true);
    expect(w.members(next)).toBe("1 4 5");
    w.commit(next, "x");
  });

  it("a leave that was lost with its leader is made again by the next", () => {
    const w = led();
    w.reconfigure(1, between(OLD, NEW), BY_ITSELF);
    w.deliverUntil(() => w.members(1) === "1 4 5");
    w.crash(1);
    w.drop();
    w.elect(5);
    w.rounds(5);
    expect(w.members(4)).toBe("1 4 5");
    expect(w.members(5)).toBe("1 4 5");
  });

  it("without automatic leave the group stays in both sets until it is told, and goes on working", () => {
    const w = led();
    w.reconfigure(1, between(OLD, NEW), JOINT);
    w.deliverAll();
    w.rounds(1, 3);
    w.commit(1, "x");
    expect(w.members(4)).toBe("1B 2O 3O 4 5");
    expect(w.reconfigure(1, voters(...NEW))).toBe(OK);
    w.deliverAll();
    w.rounds(1);
    expect(w.members(4)).toBe("1 4 5");
  });

  it("a joint configuration is left for what it says, and for nothing else", () => {
    const w = led();
    w.reconfigure(1, between(OLD, NEW), JOINT);
    w.deliverAll();
    expect(w.reconfigure(1, voters(...OLD))).toBe("BAD_CHANGE");
    expect(w.reconfigure(1, voters(1, 4))).toBe("BAD_CHANGE");
    expect(w.reconfigure(1, between(NEW, OLD), JOINT)).toBe("BAD_CHANGE");
    expect(w.reconfigure(1, between(OLD, NEW), BY_ITSELF)).toBe("BAD_CHANGE");
    expect(w.members(1)).toBe("1B 2O 3O 4 5");
    expect(w.reconfigure(1, [...voters(...NEW), ...learners(2)])).toBe(OK);
  });

  it("a leave while the joint configuration is not committed is refused", () => {
    const w = led();
    w.isolate(1);
    w.reconfigure(1, between(OLD, NEW), JOINT);
    expect(w.reconfigure(1, voters(...NEW))).toBe("CHANGE_PENDING");
  });

  it("a joint configuration begins with the voters in force, all of them and no others", () => {
    const w = led();
    expect(w.reconfigure(1, between([1, 2], NEW), JOINT)).toBe("BAD_CHANGE");
    expect(w.reconfigure(1, between([1, 2, 3, 4], NEW), JOINT)).toBe("BAD_CHANGE");
    expect(w.reconfigure(1, between([2, 3, 4], NEW), JOINT)).toBe("BAD_CHANGE");
    expect(w.reconfigure(1, voters(1, 2, 3), JOINT)).toBe("BAD_CONFIGURATION");
    expect(w.reconfigure(1, voters(1, 2, 3), AUTO_LEAVE)).toBe("BAD_CONFIGURATION");
    expect(w.reconfigure(1, between(OLD, NEW))).toBe("BAD_CONFIGURATION");
    expect(w.members(1)).toBe("1 2 3 4L 5L 6L");
  });

  it("a joint configuration with new voters that have not caught up is refused", () => {
    const w = new Scenario(make(), { nodes: 5, members: voters(1, 2, 3) });
    w.elect(1);
    expect(w.reconfigure(1, between(OLD, NEW), BY_ITSELF)).toBe("NOT_CAUGHT_UP");
    w.isolate(5);
    w.reconfigure(1, [...voters(...OLD), ...learners(4, 5)]);
    w.deliverAll();
    w.rounds(1);
    expect(w.reconfigure(1, between(OLD, NEW), BY_ITSELF)).toBe("NOT_CAUGHT_UP");
    w.heal();
    w.rounds(1);
    expect(w.reconfigure(1, between(OLD, NEW), BY_ITSELF)).toBe(OK);
  });

  it("a joint configuration that leaves nobody who can lead is refused", () => {
    const members = [...voters(1, 2), { id: 3, roles: VOTER | WITNESS }];
    const w = new Scenario(make(), { nodes: [{}, {}, { isWitness: true }], members });
    w.elect(1);
    const out = [
      { id: 1, roles: OUTGOING },
      { id: 2, roles: OUTGOING },
      { id: 3, roles: OUTGOING | VOTER | WITNESS },
    ];
    expect(w.reconfigure(1, out, BY_ITSELF)).toBe("NO_VOTER");
  });

  // Scenario 26.
  it("a leader that is not in the new set leads through both steps, steps down after the second, and does not campaign", () => {
    const w = led();
    w.reconfigure(1, between([1, 2, 3], [4, 5, 6]), BY_ITSELF);
    w.transcript();
    w.deliverUntil(() => w.members(1) === "4 5 6");
    expect(w.node(1).leads).toBe(true);
    // The second step needs two of the three new ones; the leader is not counted.
    w.isolate(5, 6);
    w.deliverAll();
    expect(w.describe(1)).toBe("LEADER t1 commit=2");
    w.heal();
    w.heartbeat(1);
    w.deliverAll();
    const next = [4, 5, 6].find((id) => w.node(id).leads);
    expect(next).toBeDefined();
    expect(w.transcript()).toContain(`1 -> ${next} TIMEOUT NOW t1`);
    expect(w.describe(1)).toMatch(/^FOLLOWER/);
    w.forgetLeaders();
    w.expire(1);
    expect(w.underWay(1)).toEqual([]);
  });

  it("voters of the old set become learners of the new one when it is entered for good", () => {
    const w = led();
    const members = [
      { id: 1, roles: OUTGOING | VOTER },
      { id: 2, roles: OUTGOING | LEARNER },
      { id: 3, roles: OUTGOING },
      ...voters(4, 5),
      ...learners(6),
    ];
    expect(w.reconfigure(1, members, BY_ITSELF)).toBe(OK);
    w.deliverAll();
    w.rounds(1);
    expect(w.members(1)).toBe("1 2L 4 5 6L");
    w.commit(1, "x");
    w.rounds(1);
    expect(w.applied(2)).toBe(w.applied(1));
  });

  it("a learner that is to be promoted waits until the joint configuration is left", () => {
    const w = led();
    const members = [...between([1, 2, 3], [1, 2, 4]), { id: 5, roles: LEARNER | PROMOTE }];
    expect(w.reconfigure(1, members, JOINT)).toBe(OK);
    w.deliverAll();
    w.rounds(1, 3);
    expect(w.members(1)).toBe("1B 2B 3O 4 5LP");
    w.reconfigure(1, [...voters(1, 2, 4), { id: 5, roles: LEARNER | PROMOTE }]);
    w.deliverAll();
    w.rounds(1, 3);
    expect(w.members(1)).toBe("1 2 4 5");
  });

  it("a dead node is replaced in one joint change", () => {
    const w = led();
    w.crash(3);
    expect(w.reconfigure(1, between([1, 2, 3], [1, 2, 4]), BY_ITSELF)).toBe(OK);
    w.deliverAll();
    w.rounds(1);
    expect(w.members(4)).toBe("1 2 4");
    w.crash(1);
    w.elect(4);
    w.commit(4, "x");
  });

  it("a change that began by joint consensus rolls back with its entry, and both sets are forgotten", () => {
    const w = led();
    w.isolate(1, 4, 5);
    w.reconfigure(1, between(OLD, NEW), BY_ITSELF);
    w.deliverAll();
    expect(w.members(4)).toBe("1B 2O 3O 4 5");
    expect(w.state(1).commit).toBe(1);
    w.elect(2);
    w.heal();
    w.rounds(2, 2);
    expect([1, 4, 5].map((id) => w.members(id))).toEqual(new Array(3).fill("1 2 3 4L 5L 6L"));
  });

  it("an odd set and an even one, a single node and five: the sizes of the two sets do not matter", () => {
    const members = [{ id: 1 }, ...learners(2, 3, 4, 5)];
    const w = new Scenario(make(), { nodes: 5, members });
    w.elect(1);
    w.rounds(1);
    for (const [outgoing, incoming] of [
      [[1], [1, 2, 3, 4, 5]],
      [
        [1, 2, 3, 4, 5],
        [1, 2],
      ],
    ] as const) {
      expect(w.reconfigure(1, between(outgoing, incoming), BY_ITSELF)).toBe(OK);
      w.deliverAll();
      w.rounds(1);
      expect(w.members(1)).toBe(incoming.join(" "));
    }
    w.isolate(2);
    w.propose(1, "x");
    w.deliverAll();
    expect(w.state(1).commit).toBe(w.state(1).last - 1);
  });

  it("a snapshot during a joint change holds both sets, and a restart from it needs both majorities", () => {
    const w = led();
    w.isolate(4);
    w.reconfigure(1, between([1, 2, 3], [4, 5, 6]), JOINT);
    expect(w.world.takeSnapshot(w.node(1))).toBe(false);
    w.deliverAll();
    w.commit(1, "x");
    for (const id of [1, 2, 3]) {
      w.rounds(1);
      w.snapshot(id);
    }
    w.crash(1);
    w.restart(1);
    expect(w.state(1).snapshotIndex).toBe(3);
    expect(w.members(1)).toBe("1O 2O 3O 4 5 6");
    expect(w.state(1).configurationFlags).toBe(JOINT);
    w.isolate(4, 5);
    w.forgetLeaders();
    w.expire(1);
    w.deliverAll();
    expect(w.node(1).leads).toBe(false);
    w.heal();
    w.elect(1);
    expect(w.state(1).term).toBe(2);
  });

  it("a follower that learns of the joint configuration from a snapshot leaves it with the others", () => {
    const w = led({ capacity: { windowEntries: 16 } });
    w.isolate(5);
    w.reconfigure(1, between([1, 2, 3], [1, 2, 4, 5, 6]), JOINT);
    w.deliverAll();
    w.commitMany(1, 40);
    w.snapshot(1);
    w.heal();
    w.rounds(1, 2);
    expect(w.node(5).counts.installs).toBe(1);
    expect(w.members(5)).toBe("1B 2B 3O 4 5 6");
    w.crash(5);
    w.restart(5);
    expect(w.members(5)).toBe("1B 2B 3O 4 5 6");
    expect(w.reconfigure(1, voters(1, 2, 4, 5, 6))).toBe(OK);
    w.deliverAll();
    w.rounds(1);
    expect(w.members(5)).toBe("1 2 4 5 6");
  });
});
