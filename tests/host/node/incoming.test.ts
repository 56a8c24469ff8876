/** Snapshots that get their name and cannot be kept, while another one of the same index comes by the other way. */

import { describe, expect, it } from "vitest";
import { Role, StatusCode } from "../../../host/core/abi.js";
import { encodeConfiguration } from "../../../host/core/configuration.js";
import type { NodeContext } from "../../../host/node/context.js";
import { EVENT_LOOP } from "../../../host/node/runtime.js";
import { Snapshots } from "../../../host/node/snapshots.js";
import { MemorySnapshotStore } from "../../../host/storage/snapshot/memory.js";
import { Recorder, until } from "../memory-cluster.js";

const TERM = 1;
const CONFIGURATION = encodeConfiguration([{ id: 1 }]);

/** Ends the last step of a commit, after which the image has its name; with an error or well. */
type End = (error?: Error) => void;

/** Images in memory, whose commits end when the test says so. */
class SlowStore extends MemorySnapshotStore {
  readonly ends: End[] = [];

  override begin(position: { readonly index: number; readonly term: number }) {
    const writer = super.begin(position);
    const commit = writer.commit.bind(writer);
    writer.commit = async () => {
      const info = await commit();
      await new Promise<void>((resolve, reject) => {
        this.ends.push((error) => (error === undefined ? resolve() : reject(error)));
      });
      return info;
    };
    return writer;
  }
}

/** The snapshots of a node that has applied 5 entries. */
function made() {
  const store = new SlowStore();
  const notices: unknown[] = [];
  const core = {
    applied: 5,
    snapshotIndex: 0,
    configurationIndex: 0,
    configuration: CONFIGURATION,
    members: 1,
    role: Role.FOLLOWER,
    snapshot: (index: number) => {
      if (index <= core.snapshotIndex) return StatusCode.STALE;
      core.snapshotIndex = index;
      return StatusCode.OK;
    },
    snapshotFailed: () => StatusCode.OK,
  };
  const context = {
    id: 1,
    core,
    running: true,
    input: (take: () => number) => take(),
    notice: (what: unknown) => notices.push(what),
  };
  const snapshots = new Snapshots(context as unknown as NodeContext, {
    store,
    machine: new Recorder(),
    thresholds: { entries: 0, bytes: 0 },
    termAt: () => TERM,
    onInstalled: () => undefined,
    runtime: EVENT_LOOP,
  });
  /** Begins a snapshot of all that is applied, up to the last step of its commit. */
  const begin = {
    own: async (): Promise<End> => {
      const others = store.ends.length;
      // Whether it fails is told in a notice.
      snapshots.demand().catch(() => undefined);
      snapshots.settle();
      return until(() => store.ends[others]);
    },
    arrival: async (): Promise<End> => {
      const others = store.ends.length;
      expect(snapshots.writeChunk(core.applied, TERM, 0, CONFIGURATION, true)).toBe(0);
      return until(() => store.ends[others]);
    },
  };
  return { begin, core, notices, store };
}

describe.each([
  ["own", "arrival"],
  ["arrival", "own"],
] as const)("of a snapshot that fails at the last step (%s)", (failing, other) => {
  const fail = async (end: End, notices: unknown[]) => {
    end(new Error("the folder cannot be synced"));
    await until(() => notices.length > 0);
    await new Promise((resolve) => setImmediate(resolve));
  };

  it("nothing is left", async () => {
    const { begin, notices, store } = made();
    const end = await begin[failing]();
    expect(await store.open()).toEqual([5]);
    await fail(end, notices);
    expect(await store.open()).toEqual([]);
    expect(notices).toHaveLength(1);
  });

  it(`the ${other} of the same index stays: the log relies on it, as the newest and as the one before`, async () => {
    for (const newer of [undefined, 9]) {
      const { begin, core, notices, store } = made();
      const end = await begin[failing]();
      (await begin[other]())();
      await until(() => core.snapshotIndex === 5);
      if (newer !== undefined) {
        core.applied = newer;
        (await begin[other]())();
        await until(() => core.snapshotIndex === newer);
      }
      await fail(end, notices);
      expect(await store.open()).toEqual(newer === undefined ? [5] : [newer, 5]);
    }
  });
});

it("what could not be removed goes with the next that is not needed, once", async () => {
  const { begin, core, notices, store } = made();
  const remove = store.remove.bind(store);
  store.remove = () => Promise.reject(new Error("the disk is busy"));
  const end = await begin.arrival();
  end(new Error("the folder cannot be synced"));
  await until(() => notices.length === 2);
  expect(notices[1]).toMatchObject({ message: "a snapshot could not be removed: the disk is busy" });
  const removed: number[] = [];
  store.remove = (index) => {
    removed.push(index);
    return remove(index);
  };
  for (const index of [7, 9]) {
    core.applied = index;
    (await begin.own())();
    await until(() => core.snapshotIndex === index);
    await new Promise((resolve) => setImmediate(resolve));
    expect(removed).toEqual([5]);
  }
  expect(await store.open()).toEqual([9, 7]);
});
