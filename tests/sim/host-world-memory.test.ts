/** A campaign runs for hours in one process: what a run leaves behind is let go. */

import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { expect, test } from "vitest";
import { EventQueue } from "../../sim/host-world/event-queue.js";
import { Faults } from "../../sim/host-world/faults.js";
import { Stream } from "../../sim/host-world/stream.js";
import { Volume } from "../../sim/host-world/volume.js";

setFlagsFromString("--expose-gc");
const collectGarbage = runInNewContext("gc") as () => void;

test("nothing holds what waits for the disk of a process that is gone", async () => {
  const queue = new EventQueue();
  const faults = new Faults(new Map(), new Stream(1), queue);
  const volume = new Volume({ node: 1, queue, random: new Stream(2), faults, mayDamage: () => false });
  const gone = { alive: false, later: () => undefined, onCall: () => undefined };
  const disk = volume.mount(gone);
  const waiter = async (held: object) => {
    await disk.syncFolder("/node");
    return held;
  };
  const held = new WeakRef({});
  void waiter(held.deref() ?? {});
  // References are kept until the turn that looked at them is over.
  await new Promise((resolve) => setImmediate(resolve));
  collectGarbage();
  expect(held.deref()).toBeUndefined();
});
