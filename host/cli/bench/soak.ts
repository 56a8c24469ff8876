/**
 * Endless load: three durable nodes in one process commit without a pause, and what they hold in memory and on disk is
 * looked at all along. Bounded means: what is held at the end is what was held early on.
 */

import { mkdtempSync, readdirSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { StateMachine } from "../../machine/machine.js";
import { RaftNode } from "../../node.js";
import { DiskSnapshotStore } from "../../storage/snapshot/disk.js";
import { WalStorage } from "../../storage/wal/wal.js";
import { RealTimers } from "../../timer/real.js";
import { MemoryNetwork, MemoryTransport } from "../../transport/memory.js";
import { type BenchResult, timed } from "./result.js";

const NODES = 3;
const SEGMENT_BYTES = 8 << 20;
const SNAPSHOT = { entries: 100_000, bytes: 16 << 20 };
const KEEP_ENTRIES = 10_000;
/** Proposals under way at once. */
const UNDER_WAY = 2048;
/** How often memory and disk are looked at. */
const LOOKS = 100;
/** Numbers that the machine keeps: each command adds to one of them. */
const SLOTS = 4096;
const MIB = 1 << 20;

/** State of a fixed size, so that whatever grows is the node's. */
class Sums implements StateMachine<number> {
  private sums = new Float64Array(SLOTS);

  apply(command: Uint8Array): number {
    const slot = ((command[0] ?? 0) | ((command[1] ?? 0) << 8)) % SLOTS;
    const sum = (this.sums[slot] ?? 0) + 1;
    this.sums[slot] = sum;
    return sum;
  }

  snapshot(): Uint8Array {
    return new Uint8Array(this.sums.slice().buffer);
  }

  restore(snapshot: Uint8Array): void {
    this.sums = new Float64Array(snapshot.slice().buffer);
  }
}

/** What was held at one moment. */
interface Look {
  /** Bytes in the three folders. */
  readonly disk: number;
  /** Bytes of the process in RAM. */
  readonly memory: number;
}

/** Commits `commits` commands of `payload` bytes. */
export async function runSoak(commits: number, payload: number): Promise<BenchResult> {
  const folder = mkdtempSync(join(tmpdir(), "metalraft-soak-"));
  const nodes = makeNodes(folder);
  try {
    for (const node of nodes) await node.start();
    const leader = await leaderOf(nodes);
    const looks: Look[] = [];
    const begun = process.hrtime.bigint();
    for (let i = 0; i < LOOKS; i++) {
      await commit(leader, Math.ceil(commits / LOOKS), payload);
      looks.push({ disk: bytesIn(folder), memory: process.memoryUsage().rss });
    }
    const nanoseconds = Number(process.hrtime.bigint() - begun);
    const row = {
      name: "endless load, 3 durable nodes in one process",
      payload,
      batch: UNDER_WAY,
      crossingsPerOp: null,
      bytesCopiedPerOp: null,
      extra: { ...summary(looks), snapshotIndex: leader.status.snapshotIndex, commit: leader.status.commit },
    };
    return timed(row, Math.ceil(commits / LOOKS) * LOOKS, nanoseconds);
  } finally {
    await Promise.all(nodes.map((node) => node.stop()));
    rmSync(folder, { recursive: true, force: true });
  }
}

function makeNodes(folder: string): RaftNode<number>[] {
  const network = new MemoryNetwork();
  const members = Array.from({ length: NODES }, (_, i) => ({ id: i + 1, address: `memory:${i + 1}` }));
  return members.map(({ id }) => {
    const own = join(folder, String(id));
    return new RaftNode({
      cluster: 1n,
      id,
      members,
      transport: new MemoryTransport(network, id),
      storage: new WalStorage({ folder: own, segmentBytes: SEGMENT_BYTES }),
      snapshots: new DiskSnapshotStore({ folder: own }),
      snapshot: SNAPSHOT,
      timers: new RealTimers(),
      machine: new Sums(),
      capacity: { keepEntries: KEEP_ENTRIES },
    });
  });
}

async function leaderOf(nodes: readonly RaftNode<number>[]): Promise<RaftNode<number>> {
  for (;;) {
    const leader = nodes.find((node) => node.isLeader);
    if (leader !== undefined) return leader;
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

/** Commits `count` commands, `UNDER_WAY` of them at a time. */
async function commit(leader: RaftNode<number>, count: number, payload: number): Promise<void> {
  const command = new Uint8Array(payload);
  const view = new DataView(command.buffer);
  for (let done = 0; done < count; done += UNDER_WAY) {
    const proposals: Promise<number>[] = [];
    for (let i = done; i < Math.min(count, done + UNDER_WAY); i++) {
      view.setUint16(0, i % 65536, true);
      proposals.push(leader.propose(command));
    }
    await Promise.all(proposals);
  }
}

function bytesIn(folder: string): number {
  let sum = 0;
  for (const node of readdirSync(folder)) {
    for (const name of readdirSync(join(folder, node))) {
      // A file may go between the listing and the look.
      sum += statSync(join(folder, node, name), { throwIfNoEntry: false })?.size ?? 0;
    }
  }
  return sum;
}

/** The most that was held in the second fifth, when everything is in place, and in the last. */
function summary(looks: readonly Look[]): Record<string, number> {
  const fifth = looks.length / 5;
  const early = looks.slice(fifth, 2 * fifth);
  const late = looks.slice(-fifth);
  const most = (some: readonly Look[], of: keyof Look) => Math.round(Math.max(...some.map((look) => look[of])) / MIB);
  return {
    diskMiBEarly: most(early, "disk"),
    diskMiBLate: most(late, "disk"),
    memoryMiBEarly: most(early, "memory"),
    memoryMiBLate: most(late, "memory"),
  };
}
