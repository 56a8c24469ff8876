/** Snapshots of a running node: taken, sent, installed, recovered from, and what they allow to forget. */

import { afterEach, describe, expect, it } from "vitest";
import { decodeConfiguration, type NodeNotice, SnapshotError, StorageError } from "../../../host/index.js";
import { MemoryCluster, QUICK, text, until } from "../memory-cluster.js";

/** A small window and no entries kept behind a snapshot: a follower that was away needs the snapshot. */
const SMALL = {
  ...QUICK,
  windowEntries: 64,
  windowBytes: 16384,
  maxMessage: 2048,
  inflightBytes: 4096,
  uncommittedBytes: 8192,
  keepEntries: 0,
};

let cluster: MemoryCluster | undefined;

function made(size: number, options: MemoryCluster["options"] = {}): MemoryCluster {
  cluster = new MemoryCluster(size, { capacity: SMALL, ...options });
  return cluster;
}

async function started(size: number, options: MemoryCluster["options"] = {}): Promise<MemoryCluster> {
  const it = made(size, options);
  await it.startAll();
  return it;
}

/** Proposes commands one after the other, and answers all that were ever proposed by it. */
async function propose(it: MemoryCluster, count: number, prefix: string): Promise<string[]> {
  const { node } = await it.leader();
  const commands = Array.from({ length: count }, (_, i) => `${prefix} ${i}`);
  for (const command of commands) await node.propose(text(command));
  return commands;
}

afterEach(async () => {
  await cluster?.stopAll();
  cluster = undefined;
});

describe("taking snapshots", () => {
  it("takes one on demand, of all that is applied, and a restart goes on from it", async () => {
    const one = await started(1);
    const before = await propose(one, 20, "before");
    const { node } = await one.leader();
    const { applied, term } = node.status;
    const info = await node.snapshot();
    expect(info).toMatchObject({ index: applied, term });
    expect(node.status.snapshotIndex).toBe(applied);
    expect(await node.snapshot()).toEqual(info);
    const after = await propose(one, 5, "after");
    await one.stop(1);
    const { machine } = await one.start(1);
    await until(() => machine.applied.length === 25);
    expect(machine.applied).toEqual([...before, ...after]);
    expect(machine.restored).toBe(1);
  });

  it("takes one by itself whenever so many entries were applied, keeps two, and the log back to the older", async () => {
    const one = await started(1, { snapshot: { entries: 50 } });
    await propose(one, 400, "command");
    const { node, snapshots, storage } = one.part(1);
    await until(() => node.status.applied - node.status.snapshotIndex <= 50);
    const kept = await snapshots.open();
    expect(kept).toHaveLength(2);
    expect(kept[0]).toBe(node.status.snapshotIndex);
    await one.stop(1);
    const { compacted } = await storage.open({ durable: () => undefined, failed: () => undefined });
    expect(compacted).toBe(kept[1]);
  });

  it("waits for twice as much while a follower is being sent the one before", async () => {
    const three = await started(3, { snapshot: { entries: 50 } });
    const taken = new Set<number>();
    const { machine, node } = await three.leader();
    // In one piece, so that it is done before the next command is.
    machine.snapshot = () => [new Uint8Array(8)];
    const run = async (count: number) => {
      taken.clear();
      for (let i = 0; i < count; i++) {
        await node.propose(text(`command ${i}`));
        taken.add(node.status.snapshotIndex);
      }
      const indexes = [...taken].slice(1);
      return indexes.slice(1).map((index, i) => index - (indexes[i] ?? 0));
    };
    for (const distance of await run(400)) expect(distance).toBeLessThan(100);
    await three.stop((await three.follower()).node.status.id);
    // Until the log is compacted beyond what it has.
    await run(300);
    for (const distance of await run(600)) expect(distance).toBeGreaterThanOrEqual(100);
    expect(taken.size).toBeGreaterThan(3);
  });

  it("waits while the newest configuration is not committed: the image begins with the one as of its index", async () => {
    const three = await started(3);
    const leader = await three.leader();
    const { node } = leader;
    await propose(three, 5, "command");
    const outsiders = [...three.parts.values()].filter((part) => part !== leader);
    three.network.filter = (from) => !outsiders.some((part) => part.node.status.id === from);
    const change = node.addMember({ id: 9 });
    const { index: changed } = node.configuration();
    const snapshot = node.snapshot();
    await new Promise((resolve) => setImmediate(resolve));
    await new Promise((resolve) => setImmediate(resolve));
    expect(node.status.snapshotIndex).toBe(0);
    three.network.filter = undefined;
    await change;
    const { index } = await snapshot;
    expect(index).toBeGreaterThanOrEqual(changed);
    const { image } = await leader.snapshots.load(index);
    expect(decodeConfiguration(image).members).toHaveLength(4);
  });

  it("takes one by itself whenever so many bytes were appended", async () => {
    const one = await started(1, { snapshot: { entries: 0, bytes: 4000 } });
    await propose(one, 10, "short");
    const { node } = one.part(1);
    expect(node.status.snapshotIndex).toBe(0);
    for (let i = 0; i < 4; i++) await node.propose(new Uint8Array(1000).fill(97));
    await until(() => node.status.snapshotIndex > 0);
  });

  it("takes none by itself where both thresholds are off", async () => {
    const one = await started(1, { snapshot: { entries: 0, bytes: 0 } });
    await propose(one, 300, "command");
    expect(one.part(1).node.status.snapshotIndex).toBe(0);
  });

  it("refuses where there is nothing to take one of, or no way to", async () => {
    const one = made(1);
    await one.start(1, { capacity: { ...SMALL, electionTimeout: 3_000_000 } });
    await expect(one.part(1).node.snapshot()).rejects.toThrow("nothing has been applied yet");
    await one.stop(1);
    await expect(one.part(1).node.snapshot()).rejects.toBeInstanceOf(SnapshotError);
    const { node } = await one.start(1, { machine: { apply: (_command, position) => position } });
    await expect(node.snapshot()).rejects.toThrow("the state machine does not support it");
  });

  it("takes none while it has not been told who the members are: it joins, and has a part of the log", async () => {
    const one = await started(1, { snapshot: { entries: 0, bytes: 0 } });
    await propose(one, 300, "command");
    const notices: NodeNotice[] = [];
    const joining = await one.join(2, { snapshot: { entries: 10 }, onNotice: (notice) => notices.push(notice) });
    const refused = joining.node.snapshot();
    await expect(refused).rejects.toThrow("the node does not know any members yet");
    await (await one.leader()).node.addMember({ id: 2, address: "memory:2" }, { promote: true });
    await propose(one, 20, "more");
    await until(() => joining.node.status.snapshotIndex > 300);
    expect(notices).toEqual([]);
    for (const index of await joining.snapshots.open()) {
      const { image } = await joining.snapshots.load(index);
      expect(decodeConfiguration(image).members.map(({ id }) => id)).toContain(2);
    }
  });

  it("goes on when a snapshot cannot be taken, tells why, and tries again later", async () => {
    const notices: NodeNotice[] = [];
    const one = await started(1, { snapshot: { entries: 50 }, onNotice: (notice) => notices.push(notice) });
    const { machine, node } = one.part(1);
    const { snapshot } = machine;
    machine.snapshot = () => {
      throw new Error("out of paper");
    };
    await expect(propose(one, 60, "command")).resolves.toHaveLength(60);
    await until(() => notices.length > 0);
    expect(notices[0]).toMatchObject({ kind: "snapshot-failed" });
    expect(notices[0]?.message).toContain("out of paper");
    await expect(node.snapshot()).rejects.toThrow("out of paper");
    machine.snapshot = snapshot;
    await propose(one, 60, "more");
    await until(() => node.status.snapshotIndex > 0);
  });

  it("the state is that of the call, whatever is applied while the pieces are written", async () => {
    const one = await started(1);
    const before = await propose(one, 30, "before");
    const { node, snapshots } = one.part(1);
    const taking = node.snapshot();
    // Each piece takes a turn, and so does a commit on one node.
    const meanwhile = propose(one, 30, "meanwhile");
    const { index } = await taking;
    await meanwhile;
    const { image } = await snapshots.load(index);
    expect(new TextDecoder().decode(image)).toContain(before.at(-1));
    expect(new TextDecoder().decode(image)).not.toContain("meanwhile 29");
  });
});

describe("a follower that needs what is compacted", () => {
  it("is sent the snapshot in chunks, and goes on from there with the log", async () => {
    const three = await started(3);
    const early = await propose(three, 300, "early");
    const away = (await three.follower()).node.status.id;
    await three.stop(away);
    const late = await propose(three, 300, "late");
    const { node } = await three.leader();
    // Two: the log is kept back to the older one.
    await node.snapshot();
    const last = await propose(three, 20, "last");
    await node.snapshot();
    const { machine } = await three.start(away);
    await until(() => machine.applied.length === 620);
    expect(machine.applied).toEqual([...early, ...late, ...last]);
    expect(machine.restored).toBe(1);
    const more = await propose(three, 5, "more");
    await until(() => machine.applied.at(-1) === more.at(-1));
    expect(three.failures).toEqual([]);
  });

  it("keeps what it applied when its disk is done with a snapshot that its log has passed meanwhile", async () => {
    const three = await started(3);
    const away = (await three.follower()).node.status.id;
    await three.stop(away);
    const commands = await propose(three, 200, "command");
    const first = await three.leader();
    await first.node.snapshot();
    commands.push(...(await propose(three, 5, "more")));
    const { index } = await first.node.snapshot();
    // The disk takes its time over the last step.
    let isWaiting = false;
    let release: () => void = () => undefined;
    const released = new Promise<void>((resolve) => {
      release = resolve;
    });
    const { snapshots } = three.part(away);
    const { begin } = snapshots;
    snapshots.begin = (position) => {
      const writer = begin.call(snapshots, position);
      const { commit } = writer;
      writer.commit = async () => {
        isWaiting = true;
        await released;
        return commit.call(writer);
      };
      return writer;
    };
    const { machine, node } = await three.start(away);
    await until(() => isWaiting);
    // The next leader has compacted nothing, and sends the log.
    const next = [1, 2, 3].find((id) => id !== away && id !== first.node.status.id) ?? 0;
    await first.node.transfer(next);
    commands.push(...(await propose(three, 20, "late")));
    await until(() => machine.applied.length === commands.length);
    release();
    await until(() => node.status.snapshotIndex === index);
    expect(machine.restored).toBe(0);
    commands.push(...(await propose(three, 5, "last")));
    await until(() => machine.applied.at(-1) === commands.at(-1));
    expect(machine.applied).toEqual(commands);
    expect(await snapshots.open()).toEqual([index]);
    expect(three.failures).toEqual([]);
  });

  it("meets damage in what it is sent: the sender stops, and says what helps", async () => {
    const three = await started(3);
    const away = (await three.follower()).node.status.id;
    await three.stop(away);
    await propose(three, 300, "missed");
    const leader = await three.leader();
    await leader.node.snapshot();
    leader.snapshots.read = () => {
      throw new StorageError("/data/1/snapshot-301.snap is damaged at byte 40: the checksum of a block is wrong");
    };
    await three.start(away);
    await until(() => three.failures.length > 0);
    expect(three.failures[0]?.message).toMatch(/the checksum of a block is wrong\. Start the node again: .+\.$/);
    expect(three.failures[0]?.cause).toBeInstanceOf(StorageError);
  });

  it("restarts from a snapshot that was sent to it", async () => {
    const three = await started(3);
    const away = (await three.follower()).node.status.id;
    await three.stop(away);
    const commands = await propose(three, 200, "command");
    const { node } = await three.leader();
    await node.snapshot();
    await propose(three, 5, "more");
    await node.snapshot();
    const first = await three.start(away);
    await until(() => first.machine.applied.length === 205);
    await three.stop(away);
    const { machine } = await three.start(away);
    await until(() => machine.applied.length === 205);
    expect(machine.applied.slice(0, 200)).toEqual(commands);
  });

  it("is told of in a notice where it has nowhere to put it", async () => {
    const three = await started(3);
    const away = (await three.follower()).node.status.id;
    await three.stop(away);
    await propose(three, 200, "command");
    const { node } = await three.leader();
    await node.snapshot();
    await propose(three, 5, "more");
    await node.snapshot();
    const notices: string[] = [];
    const machine = { apply: (_command: Uint8Array, position: { index: number; term: number }) => position };
    await three.start(away, { machine, onNotice: ({ message }) => notices.push(message) });
    await until(() => notices.length > 0);
    expect(notices).toEqual([expect.stringContaining("the state machine cannot be restored")]);
  });
});

describe("recovery", () => {
  /** A node that has taken two snapshots, stopped. */
  async function withTwoSnapshots(options: MemoryCluster["options"] = {}) {
    const one = await started(1, options);
    const commands = await propose(one, 30, "first");
    const { node } = one.part(1);
    const older = await node.snapshot();
    commands.push(...(await propose(one, 30, "second")));
    const newer = await node.snapshot();
    commands.push(...(await propose(one, 10, "third")));
    await one.stop(1);
    return { one, commands, older, newer };
  }

  it("falls back to the snapshot before, with its log, when the newest is damaged", async () => {
    const { commands, newer, older, one } = await withTwoSnapshots();
    const { snapshots } = one.part(1);
    const { load } = snapshots;
    snapshots.load = (index) =>
      index === newer.index ? Promise.reject(new StorageError("it is damaged")) : load.call(snapshots, index);
    const notices: NodeNotice[] = [];
    const { machine, node } = await one.start(1, { onNotice: (notice) => notices.push(notice) });
    await until(() => machine.applied.length === commands.length);
    expect(machine.applied).toEqual(commands);
    expect(notices).toEqual([{ kind: "snapshot-damaged", message: expect.stringContaining(`index ${older.index}`) }]);
    // The damaged one goes when there is another to take its place.
    snapshots.load = load;
    await propose(one, 1, "again");
    const { index } = await node.snapshot();
    let kept = await snapshots.open();
    while (kept.includes(newer.index)) kept = await snapshots.open();
    expect(kept).toEqual([index, older.index]);
  });

  it("refuses to start where the log does not reach back to a sound snapshot, and changes nothing", async () => {
    const { newer, older, one } = await withTwoSnapshots();
    const { snapshots, storage } = one.part(1);
    const damaged = new StorageError("it is damaged");
    snapshots.load = () => Promise.reject(damaged);
    // The log still reaches back to its beginning, as no third snapshot was taken: make it begin behind the first.
    await storage.open({ durable: () => undefined, failed: () => undefined });
    storage.compact(older.index);
    await storage.close();
    const refusal = await one.start(1).catch((error: unknown) => error);
    expect(refusal).toBeInstanceOf(StorageError);
    expect((refusal as StorageError).message).toMatch(
      /no snapshot in memory reaches that far: it is damaged; it is damaged/,
    );
    expect(await snapshots.open()).toEqual([newer.index, older.index]);
    for (const { index } of [newer, older]) await snapshots.remove(index);
    await expect(one.start(1)).rejects.toThrow("there is none");
  });

  it("a log that ends before the newest snapshot is given up for it", async () => {
    const { newer, one } = await withTwoSnapshots();
    const { storage } = one.part(1);
    await storage.open({ durable: () => undefined, failed: () => undefined });
    storage.truncate(newer.index - 5);
    await storage.close();
    const notices: NodeNotice[] = [];
    const { machine } = await one.start(1, { onNotice: (notice) => notices.push(notice) });
    expect(notices.map(({ kind }) => kind)).toEqual(["log-superseded"]);
    expect(machine.applied).toHaveLength(60);
    const more = await propose(one, 3, "more");
    await one.stop(1);
    const again = await one.start(1);
    await until(() => again.machine.applied.length === 63);
    expect(again.machine.applied.slice(-3)).toEqual(more);
  });

  it("a log that holds another entry where the newest snapshot ends is given up for it", async () => {
    const { newer, one } = await withTwoSnapshots();
    const { snapshots } = one.part(1);
    // The same image, as a leader of a later term would have sent it.
    const { image } = await snapshots.load(newer.index);
    const writer = snapshots.begin({ index: newer.index, term: newer.term + 7 });
    await writer.write(image);
    await writer.commit();
    const { machine, node } = await one.start(1);
    expect(node.status).toMatchObject({ lastIndex: newer.index, term: newer.term + 7 });
    expect(machine.applied).toHaveLength(60);
    await propose(one, 3, "more");
    expect(node.status.term).toBeGreaterThan(newer.term + 7);
  });
});
