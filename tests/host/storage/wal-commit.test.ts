/**
 * The write-ahead log at work: group commit, what is reported durable when, and how segments come and go.
 */

import { describe, expect, test } from "vitest";
import { StorageError } from "../../../host/storage/storage.js";
import { MAX_SEGMENT_BYTES, MIN_SEGMENT_BYTES, WalStorage } from "../../../host/storage/wal/wal.js";
import { drawFrom, FaultyDisk } from "./faulty-disk.js";
import { describeRecovered, entry, Reports, split } from "./log-model.js";

const FOLDER = "/log";

function makeWal(disk: FaultyDisk, segmentBytes = 1024 * 1024): WalStorage {
  return new WalStorage({ folder: FOLDER, segmentBytes, fileSystem: disk.mount(), random: () => 5 });
}

async function opened(segmentBytes?: number) {
  const disk = new FaultyDisk();
  const storage = makeWal(disk, segmentBytes);
  const reports = new Reports();
  await storage.open(reports);
  storage.writeHardState({ term: 1, vote: 1 });
  storage.sync();
  await reports.settled(storage);
  return { disk, storage, reports };
}

/** Lets everything go on that does not wait for the disk. */
async function turns(): Promise<void> {
  for (let i = 0; i < 30; i++) await Promise.resolve();
}

function segments(disk: FaultyDisk): number[] {
  const names = [...disk.contents().keys()].map((name) => /wal-(\d+)\.log$/.exec(name)?.[1]);
  return names.map(Number).sort((a, b) => a - b);
}

describe("group commit", () => {
  test("100 appends in one turn take one fdatasync and one write", async () => {
    const { disk, storage, reports } = await opened();
    await turns();
    const { syncs, bytes } = storage.stats;
    const calls = disk.calls.length;
    let size = 0;
    for (let index = 1; index <= 100; index++) {
      const run = entry(1, 40, index);
      size += run.length;
      storage.append(index, run);
      storage.sync();
    }
    await reports.settled(storage);
    await turns();
    expect(storage.stats.syncs - syncs).toBe(1);
    expect(disk.calls.slice(calls)).toEqual(["write", "sync", "write"]);
    // The entries share a record, so there is one header for all of them; another one is the mark behind it.
    expect(storage.stats.bytes - bytes).toBe(32 + size + 32);
    expect(reports.sequences).toEqual([1, 101]);
    await storage.close();
  });

  test("what is written while a sync is under way goes into the next one", async () => {
    const { disk, storage, reports } = await opened();
    await turns();
    disk.hold();
    const { syncs } = storage.stats;
    storage.append(1, entry(1, 1, 1));
    storage.sync();
    await turns();
    for (let index = 2; index <= 50; index++) {
      storage.append(index, entry(1, 1, index));
      storage.sync();
    }
    expect(storage.durable).toBe(1);
    disk.release();
    await reports.settled(storage);
    expect(reports.sequences).toEqual([1, 2, 51]);
    expect(storage.stats.syncs - syncs).toBe(2);
    await storage.close();
  });

  test("runs of entries share a record only up to a moderate size", async () => {
    const { storage, reports } = await opened();
    await turns();
    const { bytes } = storage.stats;
    const run = entry(1, 1000, 1);
    const runs = 200;
    for (let index = 1; index <= runs; index++) storage.append(index, run);
    storage.sync();
    await reports.settled(storage);
    await turns();
    const headers = (storage.stats.bytes - bytes - runs * run.length) / 32 - 1;
    expect(headers).toBe(Math.ceil(runs / Math.floor((65536 - 32) / run.length)));
    await storage.close();
  });

  test("what is written while a sync is under way stays where it is until it is asked for", async () => {
    const { disk, storage, reports } = await opened();
    await turns();
    disk.hold();
    storage.append(1, entry(1, 1, 1));
    storage.sync();
    await turns();
    storage.append(2, entry(1, 1, 2));
    disk.release();
    await turns();
    expect(reports.sequences).toEqual([1, 2]);
    await storage.close();
    expect(reports.sequences).toEqual([1, 2, 3]);
  });

  test("nothing is synced that nobody asked for", async () => {
    const { disk, storage, reports } = await opened();
    await turns();
    const calls = disk.calls.length;
    storage.append(1, entry(1, 1, 1));
    await turns();
    expect(disk.calls).toHaveLength(calls);
    storage.sync();
    await reports.settled(storage);
    storage.sync();
    await turns();
    expect(reports.sequences).toEqual([1, 2]);
    await storage.close();
  });

  test("is reported from the completion, never from inside a call", async () => {
    const { storage, reports } = await opened();
    storage.append(1, entry(1, 1, 1));
    storage.sync();
    expect(reports.sequences).toEqual([1]);
    await reports.settled(storage);
    expect(reports.sequences).toEqual([1, 2]);
    await storage.close();
  });

  test("is not reported before the sync has returned", async () => {
    const { disk, storage, reports } = await opened();
    await turns();
    disk.hold();
    storage.append(1, entry(1, 1, 1));
    storage.sync();
    for (const call of ["write", "sync"]) {
      await turns();
      expect(reports.sequences, call).toEqual([1]);
      disk.releaseOne();
      await turns();
      expect(disk.calls.at(-1)).toBe(call);
    }
    expect(reports.sequences).toEqual([1, 2]);
    disk.release();
    await storage.close();
  });

  test("a receiver may write and sync from within a report", async () => {
    const disk = new FaultyDisk();
    const storage = makeWal(disk);
    const sequences: number[] = [];
    await new Promise<void>((resolve, reject) => {
      const durable = (sequence: number) => {
        sequences.push(sequence);
        if (sequence === 5) return resolve();
        storage.append(sequence, entry(1, 1, sequence));
        storage.sync();
      };
      const start = async () => {
        await storage.open({ durable, failed: reject });
        storage.writeHardState({ term: 1, vote: 0 });
        storage.sync();
      };
      start().catch(reject);
    });
    expect(sequences).toEqual([1, 2, 3, 4, 5]);
    await storage.close();
  });

  test("entries can be read while they are on their way to the disk", async () => {
    const { disk, storage, reports } = await opened();
    await turns();
    disk.hold();
    const entries = [1, 2, 3, 4].map((index) => entry(1, 30 * index, index));
    storage.append(1, Buffer.concat(entries.slice(0, 2)));
    storage.sync();
    await turns();
    storage.append(3, Buffer.concat(entries.slice(2)));
    const into = new Uint8Array(1000);
    const read = () => split(into.subarray(0, storage.read(1, 4, into)));
    expect(read()).toEqual(entries);
    storage.truncate(2);
    expect(split(into.subarray(0, storage.read(1, 4, into)))).toEqual(entries.slice(0, 1));
    storage.append(2, Buffer.concat(entries.slice(1)));
    expect(read()).toEqual(entries);
    storage.sync();
    disk.release();
    await reports.settled(storage);
    expect(read()).toEqual(entries);
    await storage.close();
  });

  test("close makes durable what is pending", async () => {
    const { disk, storage, reports } = await opened();
    storage.append(1, entry(1, 1, 1));
    await storage.close();
    expect(reports.sequences).toEqual([1, 2]);
    disk.crash(drawFrom(1));
    const next = makeWal(disk);
    expect((await next.open(new Reports())).lastIndex).toBe(1);
    await next.close();
  });
});

describe("segments", () => {
  test("one that is full is followed by another, whose name and header are durable before its records", async () => {
    const { disk, storage, reports } = await opened(300);
    storage.append(1, entry(1, 150, 1));
    storage.sync();
    await reports.settled(storage);
    await turns();
    const calls = disk.calls.length;
    storage.append(2, entry(1, 150, 2));
    storage.sync();
    await reports.settled(storage);
    const create = ["open", "write", "sync", "close", "rename", "syncFolder", "open", "close"];
    expect(disk.calls.slice(calls, calls + create.length + 2)).toEqual([...create, "write", "sync"]);
    expect(segments(disk)).toEqual([2, 3]);
    await storage.close();
  });

  test("one is not left while its last mark is under way", async () => {
    const { disk, storage, reports } = await opened(400);
    await turns();
    disk.hold();
    storage.append(1, entry(1, 150, 1));
    storage.sync();
    for (const call of ["write", "sync"]) {
      await turns();
      disk.releaseOne();
      await turns();
      expect(disk.calls.at(-1)).toBe(call);
    }
    expect(reports.sequences).toEqual([1, 2]);
    const calls = disk.calls.length;
    storage.append(2, entry(1, 150, 2));
    storage.sync();
    await turns();
    expect(disk.calls.slice(calls)).toEqual([]);
    disk.release();
    await reports.settled(storage);
    expect(disk.calls.slice(calls, calls + 2)).toEqual(["write", "open"]);
    await storage.close();
  });

  test("no segment grows beyond its limit, unless by a batch that is larger", async () => {
    const { disk, storage, reports } = await opened(1000);
    for (let index = 1; index <= 40; index++) {
      storage.append(index, entry(1, index === 20 ? 3000 : index * 7, index));
      storage.sync();
      await reports.settled(storage);
      await turns();
    }
    await storage.close();
    const sizes = [...disk.contents().values()].map((bytes) => bytes.length);
    const mark = 32;
    expect(sizes.filter((size) => size > 1000 + mark)).toEqual([64 + 32 + 16 + 3000 + mark]);
    const next = makeWal(disk, 1000);
    expect((await next.open(new Reports())).lastIndex).toBe(40);
    await next.close();
  });

  test("are removed once all their entries are compacted away, oldest first", async () => {
    const { disk, storage, reports } = await opened(300);
    for (let index = 1; index <= 6; index++) {
      storage.append(index, entry(1, 150, index));
      storage.sync();
      await reports.settled(storage);
    }
    const before = segments(disk);
    expect(before.length).toBeGreaterThanOrEqual(6);
    expect(storage.read(1, 1, new Uint8Array(300))).toBeGreaterThan(0);
    expect(disk.openFiles).toBe(2);
    storage.compact(4);
    await turns();
    expect(segments(disk), "not before the compaction is durable").toEqual(before);
    const calls = disk.calls.length;
    storage.sync();
    await reports.settled(storage);
    await turns();
    // The file of the removed segment is open no longer, else its room would not be free.
    expect(disk.openFiles).toBe(1);
    await storage.close();
    expect(disk.openFiles).toBe(0);
    const durable = disk.calls.indexOf("sync", disk.calls.indexOf("syncFolder", calls));
    const removals = disk.calls.slice(durable).filter((call) => call === "remove" || call === "syncFolder");
    expect(removals).toEqual(Array(4).fill(["remove", "syncFolder"]).flat());
    // The first segment held the hard state alone, so entry 5 is in the sixth.
    expect(segments(disk)[0]).toBe(6);
    const next = makeWal(disk, 300);
    expect(describeRecovered(await next.open(new Reports()))).toMatch(/^term 1 vote 1 last 6\n5 .*\n6 /);
    await next.close();
  });

  test("are kept while a truncation that empties them is not durable", async () => {
    const { disk, storage, reports } = await opened(300);
    for (let index = 1; index <= 4; index++) {
      storage.append(index, entry(1, 150, index));
      storage.sync();
      await reports.settled(storage);
    }
    storage.compact(1);
    storage.sync();
    await turns();
    disk.hold();
    storage.truncate(2);
    storage.sync();
    await turns();
    disk.crash(drawFrom(11));
    const next = makeWal(disk, 300);
    const found = describeRecovered(await next.open(new Reports()));
    expect(found).toMatch(/^term 1 vote 1 last (4\n2 .*\n3 .*\n4 .*|0)$/);
    await next.close();
    expect(reports.failures).toEqual([]);
  });

  test("do not pile up when a node is started over and over", async () => {
    const disk = new FaultyDisk();
    for (let i = 0; i < 5; i++) {
      const storage = makeWal(disk);
      await storage.open(new Reports());
      disk.kill();
    }
    expect(segments(disk)).toEqual([1]);
    for (let i = 1; i <= 5; i++) {
      const storage = makeWal(disk);
      await storage.open(new Reports());
      storage.writeHardState({ term: i, vote: 0 });
      await storage.close();
    }
    // All but the newest hold nothing that is needed, since each header repeats the hard state.
    expect(segments(disk)).toEqual([5]);
    const storage = makeWal(disk);
    expect((await storage.open(new Reports())).hardState).toEqual({ term: 5, vote: 0 });
    await storage.close();
  });

  test("a size that is not possible is refused", () => {
    for (const segmentBytes of [0, MIN_SEGMENT_BYTES - 1, MAX_SEGMENT_BYTES + 1, 1000.5, Number.NaN]) {
      expect(() => makeWal(new FaultyDisk(), segmentBytes)).toThrow(StorageError);
    }
  });
});
