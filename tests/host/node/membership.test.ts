/** Changes of membership through the running node: what each does, and what it can run into. */

import { afterEach, describe, expect, it } from "vitest";
import {
  abi,
  BadChangeError,
  BadConfigurationError,
  ChangePendingError,
  type ConfigurationInfo,
  LostError,
  NotCaughtUpError,
  NotLeaderError,
  NoVoterError,
  OutcomeUnknownError,
  UnknownNodeError,
} from "../../../host/index.js";
import { MemoryCluster, QUICK, text, until } from "../memory-cluster.js";

const { MemberRole } = abi;

let cluster: MemoryCluster | undefined;

async function started(size: number, options: MemoryCluster["options"] = {}): Promise<MemoryCluster> {
  cluster = new MemoryCluster(size, options);
  await cluster.startAll();
  await propose(cluster, "first");
  return cluster;
}

/** Proposes a command at whoever leads, until it is committed. */
async function propose(it: MemoryCluster, command: string): Promise<void> {
  for (;;) {
    const { node } = await it.leader();
    const done = await node.propose(text(command)).then(
      () => true,
      () => false,
    );
    if (done) return;
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

function voters(configuration: Pick<ConfigurationInfo, "members">): number[] {
  return configuration.members.filter(({ roles }) => (roles & MemberRole.VOTER) !== 0).map(({ id }) => id);
}

/** What a promise was rejected with. */
async function refusalOf(promise: Promise<unknown>): Promise<unknown> {
  return promise.then(
    () => undefined,
    (error: unknown) => error,
  );
}

afterEach(async () => {
  await cluster?.stopAll();
  cluster = undefined;
});

describe("changes", () => {
  it("a cluster grows from one node to three, each with the whole log", async () => {
    const it = await started(1);
    const { node } = it.part(1);
    for (const id of [2, 3]) {
      const { machine } = await it.join(id);
      await node.addMember({ id, address: `memory:${id}` }, { promote: true });
      await until(() => machine.applied.includes("first"));
    }
    expect(voters(node.configuration())).toEqual([1, 2, 3]);
    expect(node.configuration()).toMatchObject({ joint: false, pending: false });
    // Two of three are enough now.
    await it.stop(2);
    await propose(it, "second");
    await until(() => it.part(3).machine.applied.includes("second"));
  });

  it("a learner has the log and no vote, until it is promoted", async () => {
    const it = await started(1);
    const { node } = it.part(1);
    const { machine } = await it.join(2);
    const learner = { id: 2, priority: 7, address: "memory:2" };
    await node.addMember(learner);
    expect(node.members()).toMatchObject([{ id: 1 }, { ...learner, roles: MemberRole.LEARNER }]);
    await until(() => machine.applied.includes("first"));
    await until(() => node.report().members[1]?.progress?.match === node.status.lastIndex);
    await it.stop(2);
    await propose(it, "second");
    await it.join(2);
    const target = node.members().map((member) => ({ ...member, roles: MemberRole.VOTER }));
    await node.reconfigure(target, { catchUp: 1e6 });
    expect(voters(node.configuration())).toEqual([1, 2]);
    expect(node.members()[1]).toMatchObject(learner);
  });

  it("promotes a learner at once, or when it is ready", async () => {
    const it = await started(1);
    const { node } = it.part(1);
    await node.addMember({ id: 2, address: "memory:2" });
    // Nobody is there yet.
    expect(await refusalOf(node.promoteMember(2))).toBeInstanceOf(NotCaughtUpError);
    const promotion = node.promoteMember(2, { wait: true });
    await it.join(2);
    await promotion;
    expect(voters(node.configuration())).toEqual([1, 2]);
    expect(await refusalOf(node.promoteMember(2))).toBeInstanceOf(BadChangeError);
  });

  it("replaces a dead node by a new one", async () => {
    const it = await started(3);
    const { node } = await it.leader();
    const dead = (await it.follower()).node.status.id;
    await it.stop(dead);
    const { machine } = await it.join(4);
    await node.replaceMember(dead, { id: 4, address: "memory:4" });
    expect(voters(node.configuration())).toEqual([1, 2, 3, 4].filter((id) => id !== dead));
    await until(() => machine.applied.includes("first"));
  });

  it("goes from any set to any other, by way of a joint configuration that is left by itself", async () => {
    const it = await started(3);
    for (const id of [4, 5]) await it.join(id);
    const { node } = await it.leader();
    const target = [3, 4, 5].map((id) => ({ id, address: `memory:${id}` }));
    await node.reconfigure(target, { catchUp: 1e6 });
    const all = [...it.parts.values()];
    const successor = await until(() =>
      all.map(({ node: each }) => each).find((each) => each.isLeader && each.status.id >= 3),
    );
    expect(successor.configuration()).toMatchObject({ joint: false, members: target });
    for (const id of [1, 2]) await it.stop(id);
    await propose(it, "last");
    await until(() => it.part(5).machine.applied.includes("last"));
  });

  it("a joint configuration may be asked for where none is needed", async () => {
    const seen: boolean[] = [];
    const it = await started(1, { onConfiguration: ({ joint }) => seen.push(joint) });
    const { node } = it.part(1);
    await node.reconfigure(node.members(), { joint: "always" });
    expect(node.configuration()).toMatchObject({ joint: false, pending: false });
    await until(() => seen.length === 3);
    expect(seen).toEqual([false, true, false]);
  });

  it("a leader that is removed leads until that is committed, and another follows it", async () => {
    const it = await started(3);
    const { node } = await it.leader();
    const { id } = node.status;
    await node.removeMember(id);
    const next = await until(() => [...it.parts.values()].find((part) => part.node.isLeader && part.node !== node));
    expect(voters(next.node.configuration())).toEqual([1, 2, 3].filter((each) => each !== id));
    await propose(it, "without it");
    expect(node.isLeader).toBe(false);
  });

  it("survives a restart, from the log and from a snapshot", async () => {
    const it = await started(1);
    await it.join(2);
    await it.part(1).node.addMember({ id: 2, address: "memory:2" }, { promote: true });
    const leader = await it.leader();
    const members = leader.node.members();
    await leader.node.snapshot();
    await it.stopAll();
    await it.start(1);
    await it.join(2);
    await propose(it, "again");
    for (const id of [1, 2]) expect(it.part(id).node.members()).toEqual(members);
  });

  it("changes an address, which the others then dial", async () => {
    const it = await started(3);
    const { node } = await it.leader();
    const other = await it.follower();
    await node.updateMember(other.node.status.id, { address: "memory:moved" });
    await until(() => other.node.members().some(({ address }) => address === "memory:moved"));
  });
});

describe("refusals", () => {
  it("only the leader changes members, and it says who that is", async () => {
    const it = await started(3);
    const { node } = await it.follower();
    const refusal = await refusalOf(node.addMember({ id: 9 }));
    expect(refusal).toBeInstanceOf(NotLeaderError);
    expect(refusal).toMatchObject({ leader: (await it.leader()).node.status.id, definite: true });
  });

  it("one change at a time", async () => {
    const it = await started(3);
    const { node } = await it.leader();
    const first = node.addMember({ id: 9 });
    expect(await refusalOf(node.addMember({ id: 8 }))).toBeInstanceOf(ChangePendingError);
    await first;
    await node.addMember({ id: 8 });
  });

  it("members that are not there, or are there already", async () => {
    const it = await started(1);
    const { node } = it.part(1);
    expect(await refusalOf(node.removeMember(9))).toBeInstanceOf(UnknownNodeError);
    expect(await refusalOf(node.promoteMember(9))).toBeInstanceOf(UnknownNodeError);
    expect(await refusalOf(node.updateMember(9, { priority: 1 }))).toBeInstanceOf(UnknownNodeError);
    expect(await refusalOf(node.replaceMember(9, { id: 10 }))).toBeInstanceOf(UnknownNodeError);
    expect(await refusalOf(node.replaceMember(1, { id: 1 }))).toBeInstanceOf(BadChangeError);
    expect(await refusalOf(node.addMember({ id: 1 }))).toBeInstanceOf(BadChangeError);
  });

  it("what would leave nobody to lead, or makes no sense", async () => {
    const it = await started(1);
    const { node } = it.part(1);
    expect(await refusalOf(node.removeMember(1))).toBeInstanceOf(BadConfigurationError);
    const witness = MemberRole.VOTER | MemberRole.WITNESS;
    expect(await refusalOf(node.reconfigure([{ id: 1, roles: witness }]))).toBeInstanceOf(BadChangeError);
    await it.join(2);
    await node.addMember({ id: 2, address: "memory:2", witness: true }, { promote: true });
    expect(await refusalOf(node.removeMember(1))).toBeInstanceOf(NoVoterError);
    expect(await refusalOf(node.addMember({ id: 0 }))).toBeInstanceOf(BadConfigurationError);
    expect(await refusalOf(node.addMember({ id: 3, priority: 256 }))).toBeInstanceOf(BadConfigurationError);
    expect(await refusalOf(node.addMember({ id: 3, address: "x".repeat(65) }))).toBeInstanceOf(BadConfigurationError);
    expect(await refusalOf(node.addMember({ id: 3, address: "x".repeat(300) }))).toBeInstanceOf(BadConfigurationError);
    expect(await refusalOf(node.reconfigure([{ id: 1 }, { id: 1 }]))).toBeInstanceOf(BadConfigurationError);
  });

  it("new voters that are given no time to catch up", async () => {
    const it = await started(1);
    const { node } = it.part(1);
    const target = [{ id: 1 }, { id: 2 }];
    expect(await refusalOf(node.reconfigure(target))).toBeInstanceOf(NotCaughtUpError);
    // Nobody starts it, so it never does.
    expect(await refusalOf(node.reconfigure(target, { catchUp: 50 }))).toBeInstanceOf(NotCaughtUpError);
    expect(node.members()).toMatchObject([{ id: 1 }, { id: 2, roles: MemberRole.LEARNER }]);
  });
});

describe("outcomes", () => {
  it("a change that another leader's entry took the place of is lost", async () => {
    const it = await started(3);
    const { node } = await it.leader();
    const { id } = node.status;
    it.network.filter = (from, to) => from !== id && to !== id;
    const outcome = refusalOf(node.addMember({ id: 9 }));
    await until(() => [...it.parts.values()].find((part) => part.node.isLeader && part.node !== node));
    it.network.filter = undefined;
    await propose(it, "elsewhere");
    const error = await outcome;
    expect(error).toBeInstanceOf(LostError);
    expect(error).toMatchObject({ definite: true });
    expect(node.members()).toHaveLength(3);
  });

  it("is unknown after the time limit, and when the node stops", async () => {
    const it = await started(3);
    const { node } = await it.leader();
    for (const id of [1, 2, 3]) if (id !== node.status.id) await it.stop(id);
    const outcome = await refusalOf(node.addMember({ id: 9 }, { timeout: 30 }));
    expect(outcome).toBeInstanceOf(OutcomeUnknownError);
    expect(outcome).toMatchObject({ definite: false });
    cluster = undefined;
    await it.stopAll();
    const other = await started(3, { capacity: { ...QUICK, electionTimeout: 2000 } });
    const leader = (await other.leader()).node;
    for (const id of [1, 2, 3]) if (id !== leader.status.id) await other.stop(id);
    const pending = refusalOf(leader.addMember({ id: 9 }));
    await leader.stop();
    expect(await pending).toBeInstanceOf(OutcomeUnknownError);
  });
});
