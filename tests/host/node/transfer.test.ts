/** Leadership transfer through the running node. */

import { afterEach, describe, expect, it } from "vitest";
import {
  NotLeaderError,
  StoppedError,
  TransferFailedError,
  TransferringError,
  UnknownNodeError,
} from "../../../host/index.js";
import { MemoryCluster, QUICK, text, until } from "../memory-cluster.js";

/** Patient enough that nobody campaigns by itself within a test, once somebody leads. */
const PATIENT = { ...QUICK, electionTimeout: 20_000, electionJitter: 2000 };

let cluster: MemoryCluster | undefined;

/** A cluster, its leader, and who follows. */
async function led(capacity: Partial<typeof PATIENT> = {}) {
  cluster = new MemoryCluster(3, { capacity: { ...QUICK, ...capacity } });
  await cluster.startAll();
  const { node } = await cluster.leader();
  await node.propose(text("first"));
  const [one = 0, other = 0] = [1, 2, 3].filter((id) => id !== node.status.id);
  return { three: cluster, node, one, other };
}

afterEach(async () => {
  await cluster?.stopAll();
  cluster = undefined;
});

describe("a transfer", () => {
  it("hands over to the node that is named", async () => {
    const { node, other, three } = await led(PATIENT);
    expect(await node.transfer(other)).toBe(other);
    expect(node.isLeader).toBe(false);
    await until(() => three.part(other).node.isLeader);
  });

  it("finds the one most fit by itself, and takes no proposals meanwhile", async () => {
    const { node, one, other } = await led(PATIENT);
    const handingOver = node.transfer();
    expect(node.status.transferTarget).not.toBe(0);
    await expect(node.propose(text("too late"))).rejects.toBeInstanceOf(TransferringError);
    expect([one, other]).toContain(await handingOver);
  });

  it("is for the leader to make, and to a member that can lead", async () => {
    const { node, one, other, three } = await led(PATIENT);
    await expect(three.part(one).node.transfer(other)).rejects.toBeInstanceOf(NotLeaderError);
    await expect(node.transfer(9)).rejects.toBeInstanceOf(UnknownNodeError);
    await three.stopAll();
    await expect(node.transfer(one)).rejects.toBeInstanceOf(StoppedError);
    cluster = new MemoryCluster(1);
    await cluster.startAll();
    await expect((await cluster.leader()).node.transfer()).rejects.toBeInstanceOf(UnknownNodeError);
  });

  it("that comes to nothing is told, and the leader resumes", async () => {
    const { node, other, three } = await led(PATIENT);
    await three.stop(other);
    await expect(node.transfer(other)).rejects.toThrow(TransferFailedError);
    expect(node.isLeader).toBe(true);
    await node.propose(text("goes on"));
  });

  it("that the node does not see the end of is refused when it stops", async () => {
    const { node, other, three } = await led(PATIENT);
    await three.stop(other);
    const waiting = node.transfer(other).catch((error: unknown) => error);
    await node.stop();
    expect(await waiting).toBeInstanceOf(StoppedError);
  });
});

describe("closing", () => {
  it("hands over first where that was asked for", async () => {
    const { node, one, other, three } = await led(PATIENT);
    await node.close({ handOver: true });
    const followers = [one, other].map((id) => three.part(id).node);
    const next = await until(() => followers.find((each) => each.isLeader));
    await next.propose(text("goes on"));
  });

  it("works where there is nobody to hand over to, and on a follower", async () => {
    const { node, one } = await led(PATIENT);
    await cluster?.part(one).node.close({ handOver: true });
    expect(node.isLeader).toBe(true);
    await cluster?.stopAll();
    cluster = new MemoryCluster(1);
    await cluster.startAll();
    await cluster.leader();
    await cluster.part(1).node.close({ handOver: true });
  });
});
