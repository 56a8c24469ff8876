/**
 * The write-ahead log on a disk that fails: every call in turn, with what each kind of failure must lead to.
 */

import { describe, expect, test } from "vitest";
import { READ_FAILED, StorageError } from "../../../host/storage/storage.js";
import { WalStorage } from "../../../host/storage/wal/wal.js";
import { drawFrom, FaultyDisk } from "./faulty-disk.js";
import {
  after,
  describeModel,
  describeRecovered,
  EMPTY,
  entry,
  type LogModel,
  perform,
  Reports,
  type Write,
} from "./log-model.js";

const FOLDER = "/log";
const FIRST_SEGMENT = `${FOLDER}/wal-0000000001.log`;

function makeWal(disk: FaultyDisk, segmentBytes = 4096): WalStorage {
  return new WalStorage({ folder: FOLDER, segmentBytes, fileSystem: disk.mount(), random: () => 99 });
}

/** Batches of writes that fill some segments and let the first ones go. */
const BATCHES: Write[][] = [
  [
    { kind: "hardState", term: 1, vote: 2 },
    { kind: "append", entries: [entry(1, 90, 1), entry(1, 60, 2)] },
  ],
  [{ kind: "append", entries: [entry(1, 100, 3)] }],
  [{ kind: "compact", index: 2 }],
  [
    { kind: "truncate", from: 3 },
    { kind: "append", entries: [entry(1, 200, 4)] },
  ],
  [{ kind: "hardState", term: 2, vote: 1 }],
];

/** Runs a node's storage through two lives until something fails.
 * @returns the log after each write, how many of them were durable, and what failed. */
async function live(disk: FaultyDisk): Promise<{ history: LogModel[]; durable: number; error: Error | undefined }> {
  let history = [EMPTY];
  let durable = 0;
  for (const batches of [BATCHES.slice(0, 3), BATCHES.slice(3)]) {
    const storage = makeWal(disk, 300);
    const reports = new Reports();
    try {
      await storage.open(reports);
    } catch (error) {
      if (!(error instanceof StorageError)) throw error;
      return { history, durable, error };
    }
    history = history.slice(-1);
    durable = 0;
    let error: Error | undefined;
    for (const batch of batches) {
      for (const write of batch) {
        const model = history.at(-1) ?? EMPTY;
        try {
          perform(storage, model, write);
        } catch (refusal) {
          error ??= refusal instanceof Error ? refusal : undefined;
          break;
        }
        history.push(after(model, write));
      }
      if (error !== undefined) break;
      storage.sync();
      await reports.settled(storage);
      // Leaves the file of the oldest entry open, which the next batch may let go.
      const { compacted, entries } = history.at(-1) ?? EMPTY;
      if (entries.length > 0) storage.read(compacted + 1, 1, new Uint8Array(256));
    }
    // A failure may show only now, as may the error of closing a file.
    await storage.close().catch((failure: StorageError) => {
      error ??= failure;
    });
    durable = reports.sequences.at(-1) ?? 0;
    if (reports.failures.length > 0) {
      expect(reports.failures).toHaveLength(1);
      error = reports.failures[0];
    }
    if (error !== undefined) return { history, durable, error };
  }
  return { history, durable, error: undefined };
}

describe.each(["EIO", "ENOSPC"])("%s", (code) => {
  test("at every call is reported once, and nothing durable is lost", async () => {
    const undisturbed = new FaultyDisk();
    expect((await live(undisturbed)).error).toBeUndefined();
    for (let failing = 0; failing < undisturbed.calls.length; failing++) {
      const disk = new FaultyDisk();
      disk.fault = () => (disk.calls.length === failing + 1 ? code : undefined);
      const { history, durable, error } = await live(disk);
      const call = `call ${failing}, ${disk.calls[failing]}`;
      expect(error, call).toBeInstanceOf(StorageError);
      expect(error?.message, call).toContain(code);
      expect(error?.message, call).toContain(FOLDER);
      expect(disk.openFiles, call).toBe(0);

      disk.crash(drawFrom(failing + 1));
      const storage = makeWal(disk);
      const found = describeRecovered(await storage.open(new Reports()));
      expect(history.slice(durable).map(describeModel), call).toContain(found);
      await storage.close();
    }
  });
});

/** An open storage with three entries in it, all durable. */
async function openWithEntries(): Promise<{ disk: FaultyDisk; storage: WalStorage; reports: Reports }> {
  const disk = new FaultyDisk();
  const storage = makeWal(disk);
  const reports = new Reports();
  await storage.open(reports);
  storage.writeHardState({ term: 1, vote: 1 });
  for (const index of [1, 2, 3]) storage.append(index, entry(1, 10, index));
  storage.sync();
  await reports.settled(storage);
  return { disk, storage, reports };
}

describe("a sync that failed", () => {
  async function failSync() {
    const { disk, storage, reports } = await openWithEntries();
    disk.fault = (call) => (call === "sync" ? "EIO" : undefined);
    storage.append(4, entry(1, 20, 4));
    storage.sync();
    storage.append(5, entry(1, 20, 5));
    storage.sync();
    await reports.settled(storage);
    disk.fault = () => undefined;
    return { disk, storage, reports };
  }

  test("is reported with the file, the error and the way out", async () => {
    const { reports } = await failSync();
    expect(reports.failures[0]).toMatchObject({ file: FIRST_SEGMENT });
    expect(reports.failures[0]?.message).toMatch(/cannot sync .*wal-0000000001\.log: EIO .* start the node again/);
  });

  test("is never tried again, and nothing is reported durable after it", async () => {
    const { disk, storage, reports } = await failSync();
    const calls = disk.calls.length;
    storage.sync();
    expect(() => storage.append(6, entry(1, 1, 1))).toThrow("accepts no writes after a failure");
    expect(() => storage.writeHardState({ term: 2, vote: 0 })).toThrow("accepts no writes after a failure");
    expect(storage.read(1, 1, new Uint8Array(100))).toBe(READ_FAILED);
    await storage.close();
    expect(disk.calls.slice(calls).filter((call) => call !== "close")).toEqual([]);
    expect(reports.sequences).toEqual([4]);
    expect(reports.failures).toHaveLength(1);
  });

  test("does not deceive the next life, which finds in the system's cache what is not on the disk", async () => {
    const { disk } = await failSync();
    disk.kill();
    const storage = makeWal(disk);
    const found = describeRecovered(await storage.open(new Reports()));
    disk.crash(drawFrom(7));
    const next = makeWal(disk);
    expect(describeRecovered(await next.open(new Reports()))).toBe(found);
    await next.close();
  });

  test("leaves the folder unlocked once the storage is closed", async () => {
    const { disk, storage } = await failSync();
    await storage.close();
    const next = makeWal(disk);
    await next.open(new Reports());
    await next.close();
  });
});

test("of several failures the first is reported", async () => {
  const { disk, storage, reports } = await openWithEntries();
  disk.hold();
  storage.append(4, entry(1, 1, 4));
  storage.sync();
  for (let i = 0; i < 20; i++) await Promise.resolve();
  disk.fault = (call) => (call === "read" || call === "write" ? "EIO" : undefined);
  expect(storage.read(1, 1, new Uint8Array(100))).toBe(READ_FAILED);
  disk.release();
  await storage.close();
  expect(reports.failures.map((error) => error.message)).toEqual([expect.stringContaining("cannot read")]);
  expect(reports.sequences).toEqual([4]);
});

describe("a full disk", () => {
  test("is reported with the way out, and what was durable is found when there is room again", async () => {
    const { disk, storage, reports } = await openWithEntries();
    const before = describeModel({ ...EMPTY, term: 1, vote: 1, entries: [1, 2, 3].map((i) => entry(1, 10, i)) });
    disk.fault = (call) => (call === "write" ? "ENOSPC" : undefined);
    storage.append(4, entry(1, 2000, 4));
    storage.sync();
    await reports.settled(storage);
    await storage.close();
    expect(reports.failures[0]?.message).toContain("ENOSPC");
    expect(reports.failures[0]?.message).toContain("Free space on this disk, then start the node again");
    disk.fault = () => undefined;
    disk.crash(drawFrom(3));
    const next = makeWal(disk);
    expect(describeRecovered(await next.open(new Reports()))).toBe(before);
    await next.close();
  });

  test("is found out when the storage is opened", async () => {
    const disk = new FaultyDisk();
    disk.fault = (call) => (call === "write" ? "ENOSPC" : undefined);
    await expect(makeWal(disk).open(new Reports())).rejects.toThrow("Free space on this disk");
    disk.fault = () => undefined;
    const storage = makeWal(disk);
    expect(describeRecovered(await storage.open(new Reports()))).toBe(describeModel(EMPTY));
    await storage.close();
  });
});

describe("a read", () => {
  test("that fails is reported once", async () => {
    const { disk, storage, reports } = await openWithEntries();
    disk.fault = (call) => (call === "read" ? "EIO" : undefined);
    expect(storage.read(1, 1, new Uint8Array(100))).toBe(READ_FAILED);
    expect(storage.read(1, 1, new Uint8Array(100))).toBe(READ_FAILED);
    expect(reports.failures).toHaveLength(1);
    expect(reports.failures[0]?.message).toContain(`of ${FIRST_SEGMENT}: EIO`);
    await storage.close();
  });

  test("of a record that is no longer as it was written fails", async () => {
    for (const at of [64 + 48 + 4, 64 + 48 + 12, 64 + 48 + 32 + 8, 64 + 48 + 32 + 20]) {
      const { disk, storage, reports } = await openWithEntries();
      const bytes = disk.names.get(FIRST_SEGMENT)?.cached ?? new Uint8Array();
      bytes[at] = (bytes[at] ?? 0) ^ 1;
      expect(storage.read(1, 1, new Uint8Array(100)), `${at}`).toBe(READ_FAILED);
      expect(reports.failures[0], `${at}`).toMatchObject({ file: FIRST_SEGMENT, offset: 64 + 48 });
      await storage.close();
    }
  });

  test("that fails while the recovered log is read throws", async () => {
    const { disk, storage } = await openWithEntries();
    await storage.close();
    const next = makeWal(disk);
    const recovered = await next.open(new Reports());
    disk.fault = (call) => (call === "read" ? "EIO" : undefined);
    expect(() => describeRecovered(recovered)).toThrow(StorageError);
    await next.close();
  });
});
