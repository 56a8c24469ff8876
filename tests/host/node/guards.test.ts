/** Rules of the running node that show only when two things happen at the same moment. */

import { describe, expect, it } from "vitest";
import { StatusCode } from "../../../host/core/abi.js";
import { encodeConfiguration } from "../../../host/core/configuration.js";
import type { CoreNode } from "../../../host/core/node.js";
import { LostError } from "../../../host/errors.js";
import {
  ManualTimers,
  MemoryNetwork,
  MemorySnapshotStore,
  MemoryStorage,
  MemoryTransport,
  RaftNode,
} from "../../../host/index.js";
import type { NodeContext } from "../../../host/node/context.js";
import { Incoming } from "../../../host/node/incoming.js";
import { Reads } from "../../../host/node/reads.js";
import { PendingProposals } from "../../../host/pending.js";
import { Recorder } from "../memory-cluster.js";

/** Longer than the test takes, in ms. */
const LONG = 60_000;

describe("a lease", () => {
  it("that held a moment ago is asked for again after an input, in the same ms too", async () => {
    const answers: number[] = [StatusCode.READY, StatusCode.NOT_LEADER];
    const core = { read: () => answers.shift() ?? StatusCode.STOPPED, leader: 0, term: 2 } as unknown as CoreNode;
    const context = { id: 1, core, running: true, now: () => 5, input: (take: () => number) => take() };
    const reads = new Reads(context as unknown as NodeContext);
    await expect(reads.read("lease")).resolves.toBeUndefined();
    await expect(reads.read("lease")).resolves.toBeUndefined();
    expect(answers).toHaveLength(1);
    // A message deposed the leader.
    reads.disturb();
    await expect(reads.read("lease")).rejects.toThrow();
    expect(answers).toHaveLength(0);
  });
});

describe("a proposal", () => {
  it("is lost when an entry of a later term, or of an earlier one, is applied in its place", async () => {
    for (const term of [4, 2]) {
      const pending = new PendingProposals<string>();
      const outcome = pending.add(7, 3, LONG);
      pending.applied(7, term, "another's result");
      await expect(outcome).rejects.toBeInstanceOf(LostError);
      expect(pending.size).toBe(0);
    }
  });
});

describe("chunks of a leader's snapshot", () => {
  it("are taken only behind each other, of one snapshot, and from the beginning again after that", () => {
    let lost = 0;
    const core = { snapshotFailed: () => ++lost } as unknown as CoreNode;
    const context = { core, running: true, input: (take: () => number) => take(), notice: () => {} };
    const keeper = { install: () => StatusCode.OK, discard: () => Promise.resolve() };
    const incoming = new Incoming(context as unknown as NodeContext, new MemorySnapshotStore(), keeper);
    const write = (index: number, offset: number) => incoming.write(index, 1, offset, new Uint8Array(8), false);
    for (const [index, offset] of [
      [5, 16],
      [6, 8],
      [5, 4],
    ] as const) {
      expect(write(5, 0)).toBe(0);
      expect(write(index, offset)).not.toBe(0);
      incoming.settle();
    }
    expect(lost).toBe(3);
    expect([write(5, 0), write(5, 8), write(5, 16)]).toEqual([0, 0, 0]);
  });
});

describe("a node that lost power after a snapshot of a later term, and before that term, was durable", () => {
  it("has voted for nobody in that term", async () => {
    const members = [{ id: 1 }, { id: 2 }, { id: 3 }];
    const storage = new MemoryStorage();
    await storage.open({ durable: () => {}, failed: () => {} });
    storage.writeHardState({ term: 1, vote: 2 });
    await storage.close();
    const snapshots = new MemorySnapshotStore();
    const writer = snapshots.begin({ index: 5, term: 3 });
    await writer.write(encodeConfiguration(members));
    await writer.commit();
    const transport = new MemoryTransport(new MemoryNetwork(), 1);
    const parts = { storage, snapshots, transport, timers: new ManualTimers(), machine: new Recorder() };
    const node = new RaftNode({ cluster: 1n, id: 1, members, ...parts });
    await node.start();
    await node.stop();
    const { hardState } = await storage.open({ durable: () => {}, failed: () => {} });
    expect(hardState).toEqual({ term: 3, vote: 0 });
  });
});
