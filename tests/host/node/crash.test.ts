/** A node with its log and snapshots on one disk that loses power: whatever was acknowledged is there after a restart. */

import { afterEach, describe, expect, it } from "vitest";
import {
  DiskSnapshotStore,
  type EntryPosition,
  ManualTimers,
  MemoryNetwork,
  MemoryTransport,
  RaftNode,
  WalStorage,
} from "../../../host/index.js";
import { QUICK, Recorder, text, until } from "../memory-cluster.js";
import { type Draw, drawFrom, FaultyDisk } from "../storage/faulty-disk.js";

const FOLDER = "/node";
const CAPACITY = {
  ...QUICK,
  windowEntries: 64,
  windowBytes: 16384,
  maxMessage: 2048,
  inflightBytes: 4096,
  uncommittedBytes: 8192,
  keepEntries: 5,
};

/** A node on a disk, in one of its lives, alone in its cluster. */
class Life {
  readonly machine = new Recorder();
  readonly failures: Error[] = [];
  readonly node: RaftNode<EntryPosition>;
  readonly #timers = new ManualTimers();
  #ended = false;

  constructor(disk: FaultyDisk, salt: Draw, entries: number) {
    const fileSystem = disk.mount();
    this.node = new RaftNode({
      cluster: 1n,
      id: 1,
      members: [{ id: 1 }],
      transport: new MemoryTransport(new MemoryNetwork(), 1),
      storage: new WalStorage({ folder: FOLDER, fileSystem, segmentBytes: 512, random: () => salt(2 ** 31) }),
      snapshots: new DiskSnapshotStore({ folder: FOLDER, fileSystem }),
      snapshot: { entries },
      timers: this.#timers,
      machine: this.machine,
      capacity: CAPACITY,
      onFailure: (error) => this.failures.push(error),
    });
  }

  async start(): Promise<void> {
    await this.node.start();
    this.#tick();
    await until(() => this.node.isLeader);
  }

  /** Nobody hears of this life any more. */
  end(): void {
    this.#ended = true;
  }

  #tick(): void {
    if (this.#ended) return;
    this.#timers.advance(1);
    setImmediate(() => this.#tick());
  }
}

async function turn(): Promise<void> {
  await new Promise((resolve) => setImmediate(resolve));
}

let lives: Life[] = [];

afterEach(() => {
  for (const life of lives) life.end();
  lives = [];
});

async function live(disk: FaultyDisk, salt: Draw, entries = 10): Promise<Life> {
  const life = new Life(disk, salt, entries);
  lives.push(life);
  await life.start();
  return life;
}

describe("a node that loses power", () => {
  it("has all that was acknowledged when it comes back, in order, whenever that happens", async () => {
    let restored = 0;
    for (let seed = 1; seed <= 60; seed++) {
      const disk = new FaultyDisk();
      const draw = drawFrom(seed);
      const salt = drawFrom(seed + 1000);
      const proposed: string[] = [];
      let acknowledged = 0;
      for (let round = 0; round < 4; round++) {
        const life = await live(disk, salt);
        restored += life.machine.restored;
        const before = proposed.length;
        await until(() => life.node.status.applied === life.node.status.lastIndex);
        const { applied } = life.machine;
        // What was under way may have been kept, or lost.
        expect(applied).toEqual(proposed.slice(0, applied.length));
        expect(applied.length).toBeGreaterThanOrEqual(acknowledged);
        proposed.length = applied.length;
        acknowledged = applied.length;
        disk.hold();
        const turns = 10 + draw(80);
        for (let i = 0; i < turns; i++) {
          const command = `command ${seed} ${round} ${before} ${i}`;
          const done = life.node.propose(text(command)).then(
            () => true,
            () => false,
          );
          proposed.push(command);
          const at = proposed.length;
          void done.then((isDone) => {
            if (isDone) acknowledged = Math.max(acknowledged, at);
          });
          for (let calls = draw(4); calls > 0; calls--) {
            disk.releaseOne(draw(8));
            await turn();
          }
        }
        const reached = acknowledged;
        disk.crash(draw);
        life.end();
        acknowledged = reached;
      }
    }
    // The snapshots were of use.
    expect(restored).toBeGreaterThan(20);
  });

  it("holds on disk and in memory what its thresholds say, however long it runs", async () => {
    const disk = new FaultyDisk();
    const life = await live(disk, drawFrom(7), 50);
    let most = 0;
    for (let i = 0; i < 2000; i++) {
      await life.node.propose(text(`c${i % 10}`));
      if (life.machine.applied.length > 10) life.machine.applied.length = 0;
      if (i > 500) most = Math.max(most, bytesOf(disk));
    }
    // Two snapshots, the log back to the older one and by a threshold beyond the newer, in segments of 512 bytes, each with
    // one record an entry: 24 bytes of it and 32 of header. A log kept whole would have more than 100,000 bytes.
    expect(most).toBeLessThan(4 * 50 * (24 + 32) + 4096);
    expect(life.failures).toEqual([]);
    await life.node.stop();
  });
});

function bytesOf(disk: FaultyDisk): number {
  let sum = 0;
  for (const bytes of disk.contents().values()) sum += bytes.length;
  return sum;
}
