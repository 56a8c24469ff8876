/** A node that is still starting: it refuses what it is asked for, and comes up all the same. */

import { expect, onTestFinished, test } from "vitest";
import {
  ManualTimers,
  MemoryNetwork,
  MemoryStorage,
  MemoryTransport,
  RaftNode,
  type Recovered,
  StoppedError,
  type StorageEvents,
} from "../../../host/index.js";
import { Recorder, text, until } from "../memory-cluster.js";

/** A disk that takes its time. */
class SlowStorage extends MemoryStorage {
  override async open(events: StorageEvents): Promise<Recovered> {
    const recovered = await super.open(events);
    for (let turns = 0; turns < 5; turns++) await new Promise((resolve) => setImmediate(resolve));
    return recovered;
  }
}

test("what is asked of a node before it has started is refused, and does it no harm", async () => {
  const failures: Error[] = [];
  const timers = new ManualTimers();
  const node = new RaftNode({
    cluster: 7n,
    id: 1,
    members: [{ id: 1 }],
    transport: new MemoryTransport(new MemoryNetwork(), 1),
    storage: new SlowStorage(),
    timers,
    machine: new Recorder(),
    onFailure: (error) => failures.push(error),
  });
  onTestFinished(() => node.stop());
  const started = node.start();
  for (const asked of [node.read("index"), node.transfer(), node.snapshot(), node.propose(text("early"))]) {
    await expect(asked).rejects.toThrow();
  }
  await expect(node.read("index")).rejects.toThrow(StoppedError);
  await started;
  await until(() => {
    timers.advance(10);
    return node.isLeader || failures.length > 0;
  });
  expect(failures).toEqual([]);
  expect(await node.propose(text("in time"))).toMatchObject({ term: 1 });
});
