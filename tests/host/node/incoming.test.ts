/** A snapshot that a leader sends again, after the first copy was installed. */

import { expect, it } from "vitest";
import type { NodeContext } from "../../../host/node/context.js";
import { Incoming } from "../../../host/node/incoming.js";
import { MemorySnapshotStore } from "../../../host/storage/snapshot/memory.js";
import { until } from "../memory-cluster.js";

it.each([
  [5, [5], "is kept, as the log relies on it"],
  [4, [], "is not kept where the log does not rely on it"],
])("with the log behind index %i, what fails to be written again leaves %j: it %s", async (installed, left) => {
  const store = new MemorySnapshotStore();
  const first = store.begin({ index: 5, term: 1 });
  await first.write(new Uint8Array(8));
  await first.commit();
  const { begin } = store;
  store.begin = (position) => {
    const writer = begin.call(store, position);
    writer.commit = () => Promise.reject(new Error("the disk is full"));
    return writer;
  };
  const notices: unknown[] = [];
  const core = { snapshotIndex: installed, snapshotFailed: () => 0 };
  const context = {
    core,
    running: true,
    input: (take: () => number) => take(),
    notice: (what: unknown) => notices.push(what),
  };
  const incoming = new Incoming(context as unknown as NodeContext, store, () => 0);
  expect(incoming.write(5, 1, 0, new Uint8Array(8), true)).toBe(0);
  await until(() => notices.length > 0);
  await new Promise((resolve) => setImmediate(resolve));
  expect(await store.open()).toEqual(left);
});
