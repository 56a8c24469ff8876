/**
 * What every realization of the storage trait owes its caller.
 */

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { MemoryStorage } from "../../../host/storage/memory.js";
import { READ_COMPACTED, type Storage } from "../../../host/storage/storage.js";
import { WalStorage } from "../../../host/storage/wal/wal.js";
import {
  after as afterWrite,
  concat,
  describeModel,
  describeRecovered,
  EMPTY,
  entry,
  type LogModel,
  lastOf,
  perform,
  Reports,
  split,
  type Write,
} from "./log-model.js";

interface Realization {
  readonly name: string;
  /** @returns a function that gives the storage of the next life. */
  make(folder: string): () => Storage;
}

const REALIZATIONS: Realization[] = [
  {
    name: "MemoryStorage",
    make: () => {
      const storage = new MemoryStorage();
      return () => storage;
    },
  },
  { name: "WalStorage", make: (folder) => () => new WalStorage({ folder: join(folder, "a", "log") }) },
  {
    name: "WalStorage with small segments",
    make: (folder) => () => new WalStorage({ folder, segmentBytes: 256 }),
  },
];

describe.each(REALIZATIONS)("$name", ({ make }) => {
  let folder: string;
  let storage: Storage;
  let next: () => Storage;
  let reports: Reports;

  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), "metalraft-storage-"));
    next = make(folder);
    storage = next();
    reports = new Reports();
  });

  afterEach(async () => {
    await storage.close();
    rmSync(folder, { recursive: true });
  });

  async function reopen(): Promise<string> {
    await storage.close();
    storage = next();
    reports = new Reports();
    return describeRecovered(await storage.open(reports));
  }

  function write(model: LogModel, writes: Write[]): LogModel {
    let result = model;
    for (const each of writes) {
      perform(storage, result, each);
      result = afterWrite(result, each);
    }
    return result;
  }

  function readAll(index: number, count: number, bytes = 4096): Uint8Array[] {
    const into = new Uint8Array(bytes);
    return split(into.subarray(0, storage.read(index, count, into)));
  }

  const five = [1, 2, 3, 4, 5].map((i) => entry(1, 10 * i, i));

  test("is empty at first", async () => {
    expect(describeRecovered(await storage.open(reports))).toBe(describeModel(EMPTY));
    expect([storage.written, storage.durable]).toEqual([0, 0]);
  });

  test("finds again what was written before it was closed", async () => {
    await storage.open(reports);
    const model = write(EMPTY, [
      { kind: "hardState", term: 3, vote: 2 },
      { kind: "append", entries: five },
      { kind: "append", entries: [entry(2, 0, 0)] },
    ]);
    expect(await reopen()).toBe(describeModel(model));
    expect(await reopen()).toBe(describeModel(model));
  });

  test("goes on in a second life where the first one ended", async () => {
    await storage.open(reports);
    let model = write(EMPTY, [
      { kind: "hardState", term: 1, vote: 1 },
      { kind: "append", entries: five },
    ]);
    await reopen();
    model = write(model, [
      { kind: "truncate", from: 4 },
      { kind: "hardState", term: 2, vote: 0 },
      { kind: "append", entries: [entry(2, 5, 9)] },
    ]);
    expect(await reopen()).toBe(describeModel(model));
  });

  test("hard state with the largest term and vote", async () => {
    await storage.open(reports);
    const model = write(EMPTY, [{ kind: "hardState", term: Number.MAX_SAFE_INTEGER, vote: 4294967295 }]);
    expect(await reopen()).toBe(describeModel(model));
  });

  test("counts writes, and all of them become durable", async () => {
    await storage.open(reports);
    write(EMPTY, [
      { kind: "hardState", term: 1, vote: 1 },
      { kind: "append", entries: five },
      { kind: "truncate", from: 3 },
      { kind: "compact", index: 1 },
    ]);
    expect(storage.written).toBe(4);
    storage.sync();
    await reports.settled(storage);
    expect(storage.durable).toBe(4);
  });

  test("reads entries back, as many as fit and are there", async () => {
    await storage.open(reports);
    write(EMPTY, [
      { kind: "hardState", term: 1, vote: 1 },
      { kind: "append", entries: five.slice(0, 2) },
      { kind: "append", entries: five.slice(2) },
    ]);
    for (const synced of [false, true]) {
      if (synced) {
        storage.sync();
        await reports.settled(storage);
      }
      expect(readAll(1, 5)).toEqual(five);
      expect(readAll(2, 3)).toEqual(five.slice(1, 4));
      expect(readAll(4, 100)).toEqual(five.slice(3));
      const room = concat(five.slice(1, 4)).length + 8;
      expect(readAll(2, 4, room)).toEqual(five.slice(1, 4));
    }
  });

  test("reads what replaced a truncated suffix", async () => {
    await storage.open(reports);
    let model = write(EMPTY, [
      { kind: "hardState", term: 1, vote: 1 },
      { kind: "append", entries: five },
    ]);
    storage.sync();
    await reports.settled(storage);
    const replacement = [entry(2, 33, 7), entry(2, 1, 8)];
    model = write(model, [
      { kind: "truncate", from: 3 },
      { kind: "append", entries: replacement },
    ]);
    expect(readAll(1, 9)).toEqual([...five.slice(0, 2), ...replacement]);
    storage.sync();
    await reports.settled(storage);
    expect(readAll(2, 2)).toEqual([five[1], replacement[0]]);
    expect(await reopen()).toBe(describeModel(model));
  });

  test("does not keep a reference to the caller's bytes", async () => {
    await storage.open(reports);
    storage.writeHardState({ term: 1, vote: 0 });
    const bytes = entry(1, 8, 1);
    storage.append(1, bytes);
    bytes.fill(255);
    expect(readAll(1, 1)).toEqual([entry(1, 8, 1)]);
  });

  test("compacted entries are gone, the others remain", async () => {
    await storage.open(reports);
    const model = write(EMPTY, [
      { kind: "hardState", term: 1, vote: 1 },
      { kind: "append", entries: five },
      { kind: "compact", index: 3 },
    ]);
    expect(storage.read(3, 1, new Uint8Array(100))).toBe(READ_COMPACTED);
    expect(readAll(4, 9)).toEqual(five.slice(3));
    storage.compact(2);
    expect(storage.written).toBe(3);
    expect(await reopen()).toBe(describeModel(model));
    expect(storage.read(3, 1, new Uint8Array(100))).toBe(READ_COMPACTED);
    expect(readAll(4, 9)).toEqual(five.slice(3));
  });

  test("compaction above the last index, as after a snapshot, empties the log and moves its end", async () => {
    await storage.open(reports);
    let model = write(EMPTY, [
      { kind: "hardState", term: 4, vote: 1 },
      { kind: "append", entries: [...five, entry(4, 3, 3)] },
      { kind: "compact", index: 2 ** 40 },
    ]);
    expect(() => storage.append(7, entry(1, 1, 1))).toThrow("after last index");
    // The term may be lower than that of an entry which the snapshot replaced.
    model = write(model, [{ kind: "append", entries: [entry(3, 4, 5)] }]);
    expect(readAll(2 ** 40 + 1, 1)).toEqual([entry(3, 4, 5)]);
    expect(await reopen()).toBe(describeModel(model));
    expect(readAll(2 ** 40 + 1, 1)).toEqual([entry(3, 4, 5)]);
  });

  test("truncation never reaches below the compaction point", async () => {
    await storage.open(reports);
    const model = write(EMPTY, [
      { kind: "hardState", term: 1, vote: 1 },
      { kind: "append", entries: five },
      { kind: "compact", index: 2 },
      { kind: "truncate", from: 1 },
      { kind: "append", entries: five.slice(2, 3) },
    ]);
    expect(await reopen()).toBe(describeModel(model));
    expect(readAll(3, 1)).toEqual(five.slice(2, 3));
  });

  test("many entries, larger and smaller than any buffer", async () => {
    await storage.open(reports);
    let model = write(EMPTY, [{ kind: "hardState", term: 1, vote: 1 }]);
    for (let i = 1; i <= 60; i++) {
      const entries = Array.from({ length: i % 7 === 0 ? 800 : 1 }, (_, k) => entry(1, (i * k) % 50, i + k));
      if (i % 20 === 0) entries.push(entry(1, 300_000, i));
      model = write(model, [{ kind: "append", entries }]);
      if (i % 3 === 0) storage.sync();
      if (i % 9 === 0) await reports.settled(storage);
      if (i === 30) model = write(model, [{ kind: "compact", index: 810 }]);
    }
    expect(await reopen()).toBe(describeModel(model));
    for (const index of [811, 2999, lastOf(model)]) {
      const [found] = readAll(index, 1, 500_000);
      expect(
        Buffer.compare(found ?? new Uint8Array(1), model.entries[index - model.compacted - 1] ?? new Uint8Array()),
      ).toBe(0);
    }
  });

  test("refuses what only a mistake of its caller can bring about", async () => {
    expect(() => storage.append(1, entry(1, 1, 1))).toThrow("not open");
    await storage.open(reports);
    expect(() => storage.append(1, entry(1, 1, 1))).toThrow("before the first hard state");
    storage.writeHardState({ term: 1, vote: 0 });
    expect(() => storage.append(2, entry(1, 1, 1))).toThrow("from index 2 on, after last index 0");
    storage.append(1, entry(1, 1, 1));
    expect(() => storage.append(1, entry(1, 1, 1))).toThrow("from index 1 on, after last index 1");
    for (const length of [0, 8, 23, 25]) {
      expect(() => storage.append(2, new Uint8Array(32).subarray(0, length)), `${length}`).toThrow("whole entries");
    }
    expect(() => storage.append(2, entry(1, 100, 1).subarray(0, 64))).toThrow("whole entries");
    expect(() => storage.read(2, 1, new Uint8Array(100))).toThrow("after last index 1");
    expect(() => storage.read(1, 1, new Uint8Array(16))).toThrow("does not fit");
    expect(await reopen()).toBe(describeModel({ ...EMPTY, term: 1, entries: [entry(1, 1, 1)] }));
    expect(reports.failures).toEqual([]);
  });

  test("accepts nothing after it was closed", async () => {
    await storage.open(reports);
    await storage.close();
    expect(() => storage.writeHardState({ term: 1, vote: 0 })).toThrow("not open");
    expect(() => storage.sync()).toThrow("not open");
  });
});
