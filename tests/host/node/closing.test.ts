/** Nodes whose disks give errors when they start and when they stop: what can be closed is closed, and all is told. */

import { describe, expect, it } from "vitest";
import {
  DiskSnapshotStore,
  type EntryPosition,
  ManualTimers,
  MemoryNetwork,
  MemorySnapshotStore,
  MemoryStorage,
  MemoryTransport,
  RaftNode,
  type RaftNodeOptions,
  type SnapshotStore,
  StoppedError,
  StorageError,
  WalStorage,
} from "../../../host/index.js";
import { QUICK, Recorder, text, until } from "../memory-cluster.js";
import { FaultyDisk } from "../storage/faulty-disk.js";

const FOLDER = "/node";

type Parts = Pick<RaftNodeOptions<EntryPosition>, "storage" | "snapshots">;

/** The only node of its cluster; its time is that of the event loop. */
function makeNode(parts: Parts): RaftNode<EntryPosition> {
  const timers = new ManualTimers();
  const node = new RaftNode({
    cluster: 1n,
    id: 1,
    members: [{ id: 1 }],
    transport: new MemoryTransport(new MemoryNetwork(), 1),
    timers,
    machine: new Recorder(),
    capacity: { ...QUICK, keepEntries: 0 },
    onFailure: () => undefined,
    ...parts,
  });
  let isOver = false;
  void node.stopped.then(() => {
    isOver = true;
  });
  const tick = () => {
    timers.advance(1);
    if (!isOver) setImmediate(tick);
  };
  tick();
  return node;
}

function onDisk(disk: FaultyDisk) {
  const fileSystem = disk.mount();
  return {
    storage: new WalStorage({ folder: FOLDER, fileSystem }),
    snapshots: new DiskSnapshotStore({ folder: FOLDER, fileSystem }),
  };
}

/** A store that cannot be closed. */
function stuck(): SnapshotStore {
  const store = new MemorySnapshotStore();
  store.close = () => Promise.reject(new Error("EIO: it does not close"));
  return store;
}

describe("a node", () => {
  it("whose snapshots cannot be closed closes its storage all the same, and comes to its end", async () => {
    const disk = new FaultyDisk();
    const { storage } = onDisk(disk);
    const node = makeNode({ storage, snapshots: stuck() });
    await node.start();
    await until(() => node.isLeader);
    await expect(node.stop()).rejects.toThrow("it does not close");
    await node.stopped;
    expect(disk.openFiles).toBe(0);
    // Nobody holds the lock any more.
    const again = makeNode(onDisk(disk));
    await again.start();
    await again.stop();
  });

  it("that fails to start closes its storage although the snapshots cannot be closed, and tells why it failed", async () => {
    const disk = new FaultyDisk();
    const store = stuck();
    store.open = () => Promise.reject(new StorageError("there is no reading it"));
    const node = makeNode({ storage: onDisk(disk).storage, snapshots: store });
    await expect(node.start()).rejects.toThrow("there is no reading it");
    expect(disk.openFiles).toBe(0);
    const again = makeNode(onDisk(disk));
    await again.start();
    await again.stop();
  });

  it("whose storage cannot be opened is stopped", async () => {
    const storage = new MemoryStorage();
    storage.open = () => Promise.reject(new StorageError("it does not open"));
    const node = makeNode({ storage });
    await expect(node.start()).rejects.toThrow("it does not open");
    await node.stopped;
    expect(node.isLeader).toBe(false);
    await expect(node.propose(text("a"))).rejects.toBeInstanceOf(StoppedError);
    await node.stop();
  });

  it("whose log gives an error when its file is closed has stopped: nothing is lost by that", async () => {
    const disk = new FaultyDisk();
    const node = makeNode(onDisk(disk));
    await node.start();
    await until(() => node.isLeader);
    await node.propose(text("kept"));
    disk.fault = (call) => (call === "close" ? "EIO" : undefined);
    await node.stop();
    disk.fault = () => undefined;
    const again = makeNode(onDisk(disk));
    await again.start();
    await until(() => again.status.applied === again.status.lastIndex && again.isLeader);
    expect(again.status.lastIndex).toBeGreaterThanOrEqual(2);
    await again.stop();
  });

  it("that cannot read its only snapshot says what helps against that, and starts when it can", async () => {
    const disk = new FaultyDisk();
    const first = makeNode(onDisk(disk));
    await first.start();
    await until(() => first.isLeader);
    // The log is kept back to the older of two.
    for (const command of ["a", "b"]) {
      await first.propose(text(command));
      await first.snapshot();
    }
    await until(() => first.status.snapshotIndex === first.status.applied);
    await first.propose(text("c"));
    await first.stop();

    let opened = 0;
    // The first opening of a file is the log's; once it has been read, the snapshots follow.
    disk.fault = (call) => {
      if (call !== "open") return undefined;
      opened++;
      return opened > 5 ? "EIO" : undefined;
    };
    const error = await makeNode(onDisk(disk))
      .start()
      .then(
        () => undefined,
        (reason: unknown) => reason,
      );
    expect(error).toBeInstanceOf(StorageError);
    expect((error as StorageError).message).toContain("snapshot-");
    expect((error as StorageError).message).toContain("EIO");
    expect((error as StorageError).message).toContain("look at the system's log");
    expect((error as StorageError).message).not.toContain("remove the member");
    disk.fault = () => undefined;
    const again = makeNode(onDisk(disk));
    await again.start();
    await again.stop();
  });
});
