/** The folder of a stopped node, read and written as disaster recovery does it. `metalraft recover` is tested on real processes. */

import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { beforeEach, describe, expect, onTestFinished, test } from "vitest";
import { Entry, MemberRole } from "../../host/core/abi.js";
import { encodeConfiguration } from "../../host/core/configuration.js";
import { entrySizeOf } from "../../host/core/entry.js";
import {
  BadConfigurationError,
  DiskSnapshotStore,
  ManualTimers,
  MemoryNetwork,
  MemoryTransport,
  type NodeNotice,
  RaftNode,
  StoppedNode,
  StorageError,
  WalStorage,
} from "../../host/index.js";
import { Recorder, text, until } from "./memory-cluster.js";

const THREE = [{ id: 1 }, { id: 2 }, { id: 3 }];
const LEAP = 1_000_000;

let folder = "";

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "metalraft-stopped-"));
  const made = folder;
  onTestFinished(() => rmSync(made, { recursive: true }));
});

/** Commands of a term, "<term>.<n>". */
function entries(term: number, count: number): Uint8Array {
  const all = Array.from({ length: count }, (_, n) => {
    const payload = text(`${term}.${n}`);
    const bytes = new Uint8Array(entrySizeOf(payload.length));
    const view = new DataView(bytes.buffer);
    view.setBigUint64(Entry.term, BigInt(term), true);
    view.setUint32(Entry.length, payload.length, true);
    bytes.set(payload, Entry.size);
    return bytes;
  });
  return Buffer.concat(all);
}

/** Writes a log of so many commands of term 3 to the folder, durably. */
async function log(count: number, compacted = 0): Promise<void> {
  const storage = new WalStorage({ folder });
  await storage.open({ durable: () => undefined, failed: () => undefined });
  storage.writeHardState({ term: 4, vote: 2 });
  storage.append(1, entries(3, count));
  if (compacted > 0) storage.compact(compacted);
  storage.sync();
  await storage.close();
}

/** Puts a snapshot into the folder, of three members and one command. */
async function save(index: number, term: number, command: string): Promise<void> {
  const store = new DiskSnapshotStore({ folder });
  const writer = store.begin({ index, term });
  await writer.write(Buffer.concat([encodeConfiguration(THREE), text(`${command}\n`)]));
  await writer.commit();
  await store.close();
}

/** Starts the node of the folder, as one of three if nothing there says otherwise. @returns what it applied once it leads */
async function commandsOfLeader() {
  const machine = new Recorder();
  const timers = new ManualTimers();
  const notices: NodeNotice[] = [];
  const node = new RaftNode({
    ...{ cluster: 8n, id: 1, members: THREE, machine, timers },
    transport: new MemoryTransport(new MemoryNetwork(), 1),
    storage: new WalStorage({ folder }),
    snapshots: new DiskSnapshotStore({ folder }),
    onNotice: (notice) => notices.push(notice),
  });
  onTestFinished(() => node.stop());
  await node.start();
  await until(() => {
    timers.advance(10);
    return node.isLeader;
  });
  await node.propose(text("after"));
  return { applied: machine.applied, notices, members: node.configuration().members.map(({ id }) => id) };
}

async function recover(): Promise<{ term: number; index: number }> {
  const node = new StoppedNode({ id: 1, folder });
  try {
    return await node.write([{ id: 1 }]);
  } finally {
    node.release();
  }
}

async function read() {
  const node = new StoppedNode({ id: 1, folder });
  try {
    return await node.read();
  } finally {
    node.release();
  }
}

describe("a cluster goes on from the folder of one of three nodes", () => {
  test("which has a log", async () => {
    await log(5);
    expect(await read()).toEqual({
      ...{ term: 4, lastIndex: 5, lastTerm: 3, snapshotIndex: 0, isLogSuperseded: false },
      ...{ configuration: undefined, damagedSnapshots: undefined },
    });
    expect(await recover()).toEqual({ term: 4 + LEAP, index: 6 });
    const { applied, members } = await commandsOfLeader();
    expect(applied).toEqual(["3.0", "3.1", "3.2", "3.3", "3.4", "after"]);
    expect(members).toEqual([1]);
  });

  test("which has a snapshot and a log behind it", async () => {
    await save(3, 3, "up to 3");
    await log(5, 3);
    expect(await read()).toMatchObject({ lastIndex: 5, lastTerm: 3, snapshotIndex: 3, isLogSuperseded: false });
    expect(await recover()).toMatchObject({ index: 6 });
    const { applied, members } = await commandsOfLeader();
    expect(applied).toEqual(["up to 3", "3.3", "3.4", "after"]);
    expect(members).toEqual([1]);
  });

  // The node's next start would throw away the whole log, and a configuration behind its end with it.
  test.each([
    ["longer than it", 9],
    ["as long as it", 6],
    ["shorter than it", 2],
  ])("which has a leader's snapshot that contradicts the log, %s", async (_, length) => {
    await log(length);
    await save(6, 5, "of the leader");
    expect(await read()).toMatchObject({
      ...{ term: 5, lastIndex: 6, lastTerm: 5, snapshotIndex: 6, isLogSuperseded: true },
      configuration: { members: [{ id: 1 }, { id: 2 }, { id: 3 }] },
    });
    expect(await recover()).toEqual({ term: 5 + LEAP, index: 7 });
    expect(await read()).toMatchObject({ lastIndex: 7, isLogSuperseded: false });
    const { applied, members, notices } = await commandsOfLeader();
    expect(applied).toEqual(["of the leader", "after"]);
    expect(members).toEqual([1]);
    expect(notices).toEqual([]);
  });

  test("and again, when it was recovered before and nobody could use it", async () => {
    await log(2);
    const first = await recover();
    const second = await recover();
    expect(second).toEqual({ term: first.term + LEAP, index: first.index + 1 });
    expect((await commandsOfLeader()).applied).toEqual(["3.0", "3.1", "after"]);
  });
});

describe("a folder", () => {
  test("is not changed by being read", async () => {
    await log(5);
    await save(3, 3, "up to 3");
    const contents = () => readdirSync(folder).map((name) => [name, readFileSync(join(folder, name)).toString("hex")]);
    const before = contents();
    await read();
    expect(contents()).toEqual(before);
  });

  test("of a node that runs is refused, and so is one without a log", async () => {
    await expect(read()).rejects.toThrow(StorageError);
    await expect(read()).rejects.toThrow(/holds no log\. Give/);
    const storage = new WalStorage({ folder });
    await storage.open({ durable: () => undefined, failed: () => undefined });
    onTestFinished(() => storage.close());
    expect(() => new StoppedNode({ id: 1, folder })).toThrow(/in use by this process/);
  });

  test("stays locked while the log is written, until it is released", async () => {
    await log(5);
    const node = new StoppedNode({ id: 1, folder });
    await node.write([{ id: 1 }]);
    expect(() => new StoppedNode({ id: 1, folder })).toThrow(/in use by this process/);
    node.release();
    await read();
  });

  test("that is not there is named", () => {
    expect(() => new StoppedNode({ id: 1, folder: join(folder, "absent") })).toThrow(/absent is no folder\. Give/);
  });

  test.each([
    ["nobody", [], /lack node 1/],
    ["others", [{ id: 2 }], /lack node 1/],
    ["it twice", [{ id: 1 }, { id: 1 }], /named twice/],
    ["it as a learner", [{ id: 1, roles: MemberRole.LEARNER }, { id: 2 }], /has to be a voter/],
    ["it as a witness", [{ id: 1, roles: MemberRole.VOTER | MemberRole.WITNESS }], /no witness/],
  ])("is not changed for a configuration that has %s", async (_, members, message) => {
    await log(5);
    const before = await read();
    const node = new StoppedNode({ id: 1, folder });
    await expect(node.write(members)).rejects.toThrow(BadConfigurationError);
    await expect(node.write(members)).rejects.toThrow(message);
    node.release();
    expect(await read()).toEqual(before);
  });
});
