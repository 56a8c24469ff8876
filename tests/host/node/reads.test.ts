/** Linearizable reads through the running node, on the leader and on followers. */

import { afterEach, describe, expect, it } from "vitest";
import { NotLeaderError, ReadRefusedError, StoppedError } from "../../../host/index.js";
import { MemoryCluster, QUICK, text, until } from "../memory-cluster.js";

const LEASES = { ...QUICK, electionTimeout: 500, electionJitter: 10, leaseDrift: 100 };

let cluster: MemoryCluster | undefined;

async function started(size: number, options: MemoryCluster["options"] = {}): Promise<MemoryCluster> {
  cluster = new MemoryCluster(size, options);
  await cluster.startAll();
  const { node } = await cluster.leader();
  await node.propose(text("first"));
  return cluster;
}

afterEach(async () => {
  await cluster?.stopAll();
  cluster = undefined;
});

describe("reads", () => {
  it.each(["index", "lease"] as const)("see on every node what was committed before: %s", async (kind) => {
    const three = await started(3, { capacity: LEASES });
    const leader = await three.leader();
    await three.follower();
    for (let i = 0; i < 20; i++) {
      await leader.node.propose(text(`command ${i}`));
      for (const { machine, node } of three.parts.values()) {
        if (node.status.leader === 0) continue;
        await node.read(kind);
        expect(machine.applied.at(-1)).toBe(`command ${i}`);
      }
    }
  });

  it("of one turn share a promise, and those of the next do not", async () => {
    const one = await started(1);
    const { node } = one.part(1);
    const first = node.read("index");
    expect(node.read("index")).toBe(first);
    await first;
    const second = node.read("index");
    expect(second).not.toBe(first);
    await second;
  });

  it("are refused where no leader is known, and when the node stops", async () => {
    const three = await started(3);
    const { node } = await three.leader();
    for (const [id, part] of three.parts) if (part.node !== node) await three.stop(id);
    const waiting = node.read("index").catch((error: unknown) => error);
    expect(await waiting).toBeInstanceOf(ReadRefusedError);
    await until(() => node.status.leader === 0);
    const refusal = await node.read("index").catch((error: unknown) => error);
    expect(refusal).toBeInstanceOf(NotLeaderError);
    expect(refusal).toMatchObject({ leader: 0 });
    await node.stop();
    await expect(node.read("index")).rejects.toBeInstanceOf(StoppedError);
  });

  it("that wait when the node stops are refused", async () => {
    const three = await started(3, { capacity: { ...QUICK, electionTimeout: 3000 } });
    const { node } = await three.leader();
    for (const [id, part] of three.parts) if (part.node !== node) await three.stop(id);
    const waiting = node.read("index").catch((error: unknown) => error);
    await node.stop();
    expect(await waiting).toBeInstanceOf(StoppedError);
  });
});

describe("leases", () => {
  it("answer at once on the leader, as long as one holds", async () => {
    const three = await started(3, { capacity: LEASES });
    const { node } = await three.leader();
    await until(() => node.tryRead("lease"));
    // Whether a round of heartbeats is acknowledged cannot be known without one.
    expect(node.tryRead("index")).toBe(false);
    expect((await three.follower()).node.tryRead("lease")).toBe(false);
    for (const [id, part] of three.parts) if (part.node !== node) await three.stop(id);
    await until(() => !node.tryRead("lease"));
    await node.stop();
    expect(node.tryRead("lease")).toBe(false);
  });

  it("are off unless the plan has them", async () => {
    const one = await started(1);
    const { node } = one.part(1);
    expect(node.tryRead("lease")).toBe(false);
    await node.read("lease");
  });
});

describe("staleness", () => {
  it("is the time since the last contact", async () => {
    const three = await started(3);
    const { node } = await three.leader();
    const follower = (await three.follower()).node;
    expect(node.staleness()).toBeLessThan(1000);
    expect(follower.staleness()).toBeLessThan(1000);
    three.network.filter = () => false;
    await until(() => follower.staleness() > 300);
  });

  it("is not known before the first contact, and nothing in a cluster of one", async () => {
    cluster = new MemoryCluster(3);
    const { node } = await cluster.start(1);
    expect(node.staleness()).toBe(Number.POSITIVE_INFINITY);
    await cluster.stopAll();
    const one = await started(1);
    expect(one.part(1).node.staleness()).toBe(0);
  });
});
