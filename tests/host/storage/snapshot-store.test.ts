/** The snapshot store: what every realization owes its caller, and what the one on disk does under damage and crashes. */

import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { DiskSnapshotStore } from "../../../host/storage/snapshot/disk.js";
import { BLOCK_BYTES } from "../../../host/storage/snapshot/format.js";
import { MemorySnapshotStore } from "../../../host/storage/snapshot/memory.js";
import type { SnapshotStore } from "../../../host/storage/snapshot/store.js";
import { StorageError } from "../../../host/storage/storage.js";
import { drawFrom, FaultyDisk } from "./faulty-disk.js";

/** Sizes around the borders of blocks, and of what is written at a time. */
const SIZES = [8, BLOCK_BYTES - 1, BLOCK_BYTES, BLOCK_BYTES + 1, 16 * BLOCK_BYTES, 17 * BLOCK_BYTES + 5];
const FOLDER = "/node";
/** More turns of the microtask queue than any of the store's promises needs to move on by one call of the disk. */
const TURNS = 40;

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "metalraft-snapshot-"));
});

afterEach(() => {
  rmSync(folder, { recursive: true });
});

function imageOf(bytes: number, seed = 1): Uint8Array {
  return Uint8Array.from({ length: bytes }, (_, i) => i * 7 + (i >> 8) * 13 + seed);
}

async function keep(store: SnapshotStore, index: number, term: number, image: Uint8Array, piece = 100_000) {
  const writer = store.begin({ index, term });
  for (let at = 0; at < image.length; at += piece) await writer.write(image.subarray(at, at + piece));
  return writer.commit();
}

async function turns(): Promise<void> {
  for (let i = 0; i < TURNS; i++) await Promise.resolve();
}

describe.each([
  ["MemorySnapshotStore", (): SnapshotStore => new MemorySnapshotStore()],
  ["DiskSnapshotStore", (): SnapshotStore => new DiskSnapshotStore({ folder: join(folder, "a", "b") })],
])("%s", (_name, make) => {
  test.each(SIZES)("keeps an image of %d bytes, whole and in pieces", async (bytes) => {
    const store = make();
    await store.open();
    const image = imageOf(bytes);
    expect(await keep(store, 7, 3, image)).toEqual({ index: 7, term: 3, bytes });
    expect(await store.open()).toEqual([7]);
    const loaded = await store.load(7);
    expect(loaded).toMatchObject({ index: 7, term: 3, bytes });
    expect(Buffer.compare(loaded.image, image)).toBe(0);
    const read = new Uint8Array(bytes);
    const piece = new Uint8Array(70_001);
    for (let at = 0; at < bytes; at += piece.length) {
      const length = store.read(7, at, piece);
      expect(length).toBe(Math.min(piece.length, bytes - at));
      read.set(piece.subarray(0, length), at);
    }
    expect(Buffer.compare(read, image)).toBe(0);
    expect(store.read(7, bytes, piece)).toBe(0);
    await store.close();
  });

  test("lists the newest first, replaces one of the same index, and forgets what is removed", async () => {
    const store = make();
    await store.open();
    for (const index of [5, 300, 20]) await keep(store, index, 1, imageOf(20, index));
    expect(await store.open()).toEqual([300, 20, 5]);
    expect(store.read(20, 0, new Uint8Array(8))).toBe(8);
    await keep(store, 20, 2, imageOf(30, 99));
    const { image, term } = await store.load(20);
    expect([term, image]).toEqual([2, imageOf(30, 99)]);
    const first = new Uint8Array(4);
    store.read(20, 0, first);
    expect(first).toEqual(imageOf(4, 99));
    await store.remove(20);
    await store.remove(20);
    expect(await store.open()).toEqual([300, 5]);
    await expect(store.load(20)).rejects.toBeInstanceOf(StorageError);
    expect(() => store.read(20, 0, first)).toThrow(StorageError);
    await store.close();
  });

  test("keeps nothing of what was given up, and bytes as they were when they were written", async () => {
    const store = make();
    await store.open();
    const writer = store.begin({ index: 1, term: 1 });
    await writer.write(imageOf(200_000));
    await writer.abort();
    const other = store.begin({ index: 2, term: 1 });
    const bytes = imageOf(16);
    const writing = other.write(bytes);
    bytes.fill(0);
    await writing;
    await other.commit();
    expect(await store.open()).toEqual([2]);
    expect((await store.load(2)).image).toEqual(imageOf(16));
    await store.close();
  });
});

describe("files", () => {
  test("share a folder with others, and leftovers of a life that ended are removed", async () => {
    writeFileSync(join(folder, "wal-0000000001.log"), "a log");
    const first = new DiskSnapshotStore({ folder });
    await first.open();
    await keep(first, 9, 1, imageOf(10));
    const writer = first.begin({ index: 10, term: 1 });
    await writer.write(imageOf(2_000_000));
    expect(readdirSync(folder)).toHaveLength(3);
    const second = new DiskSnapshotStore({ folder });
    expect(await second.open()).toEqual([9]);
    expect(readdirSync(folder).sort()).toEqual(["snapshot-0000000000000009.snap", "wal-0000000001.log"]);
    await first.close();
  });

  test("are refused when any byte is changed, at any length but the right one, and under another name", async () => {
    const store = new DiskSnapshotStore({ folder });
    await store.open();
    await keep(store, 9, 1, imageOf(50));
    const file = join(folder, "snapshot-0000000000000009.snap");
    const sound = readFileSync(file);
    for (let at = 0; at < sound.length; at++) {
      const bytes = Buffer.from(sound);
      bytes[at] = (bytes[at] ?? 0) ^ 0x10;
      writeFileSync(file, bytes);
      await expect(store.load(9)).rejects.toThrow(/is damaged at byte \d+/);
    }
    for (const length of [0, 10, 39, 40, sound.length - 1, sound.length + 1]) {
      const bytes = Buffer.alloc(length);
      sound.copy(bytes);
      writeFileSync(file, bytes);
      await expect(store.load(9)).rejects.toThrow(`${file} is damaged at byte`);
    }
    writeFileSync(file, sound);
    writeFileSync(join(folder, "snapshot-0000000000000010.snap"), sound);
    await expect(store.load(10)).rejects.toThrow("under a wrong name");
    expect((await store.load(9)).image).toEqual(imageOf(50));
  });

  test("a block that rots is never handed out", async () => {
    const store = new DiskSnapshotStore({ folder });
    await store.open();
    const image = imageOf(3 * BLOCK_BYTES);
    await keep(store, 9, 1, image);
    const file = join(folder, "snapshot-0000000000000009.snap");
    const bytes = readFileSync(file);
    const at = bytes.length - 2 * BLOCK_BYTES;
    bytes[at] = (bytes[at] ?? 0) ^ 1;
    writeFileSync(file, bytes);
    const piece = new Uint8Array(100);
    expect(store.read(9, 0, piece)).toBe(100);
    expect(() => store.read(9, BLOCK_BYTES, piece)).toThrow("the checksum of a block is wrong");
    expect(store.read(9, 2 * BLOCK_BYTES, piece)).toBe(100);
    await store.close();
  });

  test("a disk that fails is told, with the way out, and the snapshot before stays", async () => {
    for (const call of ["open", "write", "sync", "rename", "syncFolder"]) {
      const disk = new FaultyDisk();
      const store = new DiskSnapshotStore({ folder: FOLDER, fileSystem: disk.mount() });
      await store.open();
      await keep(store, 1, 1, imageOf(20));
      disk.fault = (name) => (name === call ? "ENOSPC" : undefined);
      const writer = store.begin({ index: 2, term: 1 });
      await writer.write(imageOf(30)).catch(() => undefined);
      await expect(writer.commit()).rejects.toThrow(/ENOSPC.*Free space on this disk/);
      await expect(writer.write(imageOf(1))).rejects.toThrow("ENOSPC");
      await writer.abort();
      disk.fault = () => undefined;
      expect((await store.load(1)).image).toEqual(imageOf(20));
      await keep(store, 2, 1, imageOf(30));
      expect((await store.load(2)).image).toEqual(imageOf(30));
      await store.close();
      expect(disk.openFiles).toBe(0);
    }
  });
});

describe("crashes", () => {
  /** Keeps a snapshot, and loses power after `calls` calls of the disk, at which anything may be left of what was not
   * synced. */
  async function crashAfter(calls: number, seed: number): Promise<boolean> {
    const disk = new FaultyDisk();
    const store = new DiskSnapshotStore({ folder: FOLDER, fileSystem: disk.mount() });
    await store.open();
    await keep(store, 1, 1, imageOf(100));
    disk.hold();
    let committed = false;
    // After the crash its calls never return.
    void keep(store, 2, 1, imageOf(150, 5)).then(() => {
      committed = true;
      return store.remove(1);
    });
    for (let i = 0; i < calls; i++) {
      await turns();
      disk.releaseOne();
    }
    await turns();
    const ended = committed && !disk.names.has(`${FOLDER}/snapshot-0000000000000001.snap`);
    disk.crash(drawFrom(seed));
    const next = new DiskSnapshotStore({ folder: FOLDER, fileSystem: disk.mount() });
    const found = await next.open();
    if (committed) expect(found).toContain(2);
    else expect(found).toContain(1);
    for (const index of found)
      expect((await next.load(index)).image).toEqual(index === 1 ? imageOf(100) : imageOf(150, 5));
    return ended;
  }

  test("whatever is left when power fails, a snapshot is there as a whole or not at all, and never none", async () => {
    for (let seed = 1; seed <= 40; seed++) {
      let calls = 0;
      while (!(await crashAfter(calls, seed)) && calls < 20) calls++;
      expect(calls).toBeGreaterThan(4);
      expect(calls).toBeLessThan(20);
    }
  });
});
