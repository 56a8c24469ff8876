/**
 * What a node says waits for its disk: with disks that stand still, nothing is acknowledged and nobody is elected that
 * would rest on them.
 */

import { afterEach, describe, expect, it } from "vitest";
import { Barrier } from "../../../host/barrier.js";
import { CoreInstance } from "../../../host/core/instance.js";
import { shippedCore } from "../../../host/core/module.js";
import { ManualTimers, MemoryNetwork, MemoryStorage, MemoryTransport, WalStorage } from "../../../host/index.js";
import { makeEffects } from "../../../host/node/effects.js";
import type { Reads } from "../../../host/node/reads.js";
import type { Snapshots } from "../../../host/node/snapshots.js";
import { PendingProposals } from "../../../host/pending.js";
import { MemoryCluster, Recorder, text, until } from "../memory-cluster.js";
import { drawFrom, FaultyDisk } from "../storage/faulty-disk.js";

/** Turns, a millisecond each, in which a cluster of memory transports elects and commits several times over; fewer than
 * make an election timeout, as who cannot answer is given up then. */
const MANY_TURNS = 40;

let cluster: MemoryCluster | undefined;

afterEach(async () => {
  await cluster?.stopAll();
  cluster = undefined;
});

/** Starts three nodes, each with its log on a disk of its own. */
async function startOnDisks(): Promise<{ three: MemoryCluster; disks: Map<number, FaultyDisk> }> {
  const three = new MemoryCluster(3);
  cluster = three;
  const disks = new Map<number, FaultyDisk>();
  for (const id of [1, 2, 3]) {
    const disk = new FaultyDisk();
    const draw = drawFrom(id);
    disks.set(id, disk);
    const fileSystem = disk.mount();
    await three.start(id, { storage: new WalStorage({ folder: "/node", fileSystem, random: () => draw(2 ** 31) }) });
  }
  return { three, disks };
}

/** Takes one write, and makes it durable when the test says so. */
class SlowStorage extends MemoryStorage {
  override get written(): number {
    return 1;
  }
  override get durable(): number {
    return 0;
  }
  override append(): void {}
  override truncate(): void {}
}

async function turns(count: number): Promise<void> {
  for (let i = 0; i < count; i++) await new Promise((resolve) => setImmediate(resolve));
}

describe("nodes whose disks stand still", () => {
  it("acknowledge no entry, so that nothing is committed that a loss of power would take away", async () => {
    const { disks, three } = await startOnDisks();
    const leader = await three.leader();
    const { id } = leader.node.status;
    await leader.node.propose(text("before"));
    for (const [other, disk] of disks) if (other !== id) disk.hold();
    let isDone = false;
    const proposed = leader.node.propose(text("held")).finally(() => {
      isDone = true;
    });
    await turns(MANY_TURNS);
    expect(isDone).toBe(false);
    expect(leader.node.isLeader).toBe(true);
    for (const disk of disks.values()) disk.release();
    await expect(proposed).resolves.toMatchObject({ term: leader.node.status.term });
  });

  it("count their own entries only when those are durable", async () => {
    const { disks, three } = await startOnDisks();
    const leader = await three.leader();
    const { id } = leader.node.status;
    await leader.node.propose(text("before"));
    // One follower is down: the leader's own disk decides.
    const [down] = [1, 2, 3].filter((other) => other !== id);
    await three.stop(down ?? 0);
    disks.get(id)?.hold();
    let isDone = false;
    const proposed = leader.node.propose(text("held")).finally(() => {
      isDone = true;
    });
    await turns(MANY_TURNS);
    expect(isDone).toBe(false);
    disks.get(id)?.release();
    await expect(proposed).resolves.toMatchObject({ term: leader.node.status.term });
  });

  it("give no votes, so that nobody leads by votes that a loss of power would take back", async () => {
    const { disks, three } = await startOnDisks();
    const first = await three.leader();
    await first.node.propose(text("before"));
    const { id, term } = first.node.status;
    for (const [other, disk] of disks) if (other !== id) disk.hold();
    await three.stop(id);
    const others = [...three.parts.values()].filter(({ node }) => node.status.id !== id);
    await until(() => others.some(({ node }) => node.status.term > term));
    await turns(MANY_TURNS);
    expect(others.map(({ node }) => node.isLeader)).toEqual([false, false]);
    for (const disk of disks.values()) disk.release();
    await until(() => others.some(({ node }) => node.isLeader));
  });
});

describe("entries that were removed", () => {
  it("are not reported as durable when their writes are: equal ones that follow later may not be", () => {
    const barrier = new Barrier();
    const instance = new CoreInstance(shippedCore());
    const effects = makeEffects({
      barrier,
      instance,
      storage: new SlowStorage(),
      transport: new MemoryTransport(new MemoryNetwork(), 1),
      timers: new ManualTimers(),
      machine: new Recorder(),
      observer: undefined,
      pending: new PendingProposals(),
      reads: () => ({}) as Reads,
      snapshots: () => ({ appended: () => {} }) as unknown as Snapshots,
      leaderChanged: () => {},
      configurationChanged: () => {},
      failed: () => {},
    });
    const reported: number[] = [];
    effects.append(1, 3, 1, 0, 0);
    effects.truncate(2);
    barrier.durable(
      1,
      (index) => reported.push(index),
      () => {},
    );
    expect(reported).toEqual([]);
  });
});
