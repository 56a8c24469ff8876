/**
 * The log of many groups: under crashes each group finds a prefix of its writes with all in it that was reported durable,
 * one sync serves all, and no group keeps the log from being cut off.
 */

import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { Replay } from "../../host/groups/wal/replay.js";
import { SharedLog } from "../../host/groups/wal/shared-log.js";
import { GroupWal } from "../../host/groups/wal/wal.js";
import { MemoryStorage, type Storage, StorageError, WalStorage } from "../../host/index.js";
import { type Draw, drawFrom, FaultyDisk } from "./storage/faulty-disk.js";
import {
  after,
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
} from "./storage/log-model.js";

const FOLDER = "/groups";
/** More turns of the microtask queue than any of the log's promises needs to move on by one call of the disk. */
const TURNS = 40;

async function turns(): Promise<void> {
  for (let i = 0; i < TURNS; i++) await Promise.resolve();
}

function make(disk: FaultyDisk, options: { segmentBytes?: number; garbageBytes?: number; random?: () => number } = {}) {
  return new GroupWal({ folder: FOLDER, fileSystem: disk.mount(), schedule: queueMicrotask, ...options });
}

/** One group through the lives of its host. */
class Group {
  storage: Storage | undefined;
  reports = new Reports();
  /** All states of its log since its host began, in order. */
  history: LogModel[] = [EMPTY];
  /** Which of them was the newest when the storage was opened, and which is known to be durable. */
  base = 0;
  durable = 0;

  constructor(readonly id: number) {}

  get model(): LogModel {
    return this.history.at(-1) ?? EMPTY;
  }

  /** Takes note of what was reported. */
  settle(): void {
    const sequence = this.reports.sequences.at(-1);
    if (sequence !== undefined) this.durable = this.base + sequence;
  }

  async open(wal: GroupWal): Promise<void> {
    this.storage = wal.storage(this.id);
    this.reports = new Reports();
    this.base = this.history.length - 1;
    expect(describeRecovered(await this.storage.open(this.reports))).toBe(describeModel(this.model));
  }

  /** Finds out which state a crash has left. */
  async recover(wal: GroupWal): Promise<void> {
    this.storage = wal.storage(this.id);
    this.reports = new Reports();
    const recovered = await this.storage.open(this.reports);
    const found = `${describeRecovered(recovered)} behind ${recovered.compacted}`;
    const possible = this.history.slice(this.durable);
    const model = possible.findLast((each) => `${describeModel(each)} behind ${each.compacted}` === found);
    if (model === undefined) expect(`group ${this.id}: ${found}`).toBe(possible.map(describeModel).join("\n or\n"));
    this.history = [model ?? EMPTY];
    this.base = 0;
    this.durable = 0;
  }
}

type Step =
  | { readonly do: "write"; readonly group: number; readonly kind: number; readonly size: number }
  | { readonly do: "sync"; readonly group: number }
  | { readonly do: "reopen" | "remove"; readonly group: number }
  | { readonly do: "progress"; readonly calls: number; readonly order: number }
  | { readonly do: "stop"; readonly how: "crash" | "kill"; readonly seed: number };

const GROUPS = 3;
const group = fc.nat(GROUPS - 1);

const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 16, arbitrary: fc.record({ do: fc.constant("write"), group, kind: fc.nat(11), size: fc.nat(60) }) },
  { weight: 5, arbitrary: fc.record({ do: fc.constant("sync"), group }) },
  {
    weight: 6,
    arbitrary: fc.record({ do: fc.constant("progress"), calls: fc.integer({ min: 1, max: 6 }), order: fc.nat() }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constantFrom("reopen", "remove"), group }) },
  {
    weight: 2,
    arbitrary: fc.record({ do: fc.constant("stop"), how: fc.constantFrom("crash", "kill"), seed: fc.nat() }),
  },
);

class World {
  private readonly disk = new FaultyDisk();
  private readonly salt: Draw = drawFrom(4711);
  private readonly groups = Array.from({ length: GROUPS }, (_, i) => new Group(i * 1000));
  private wal = this.next();

  constructor(
    private readonly segmentBytes: number,
    private readonly garbageBytes: number,
  ) {
    this.wal = this.next();
  }

  async run(steps: readonly Step[]): Promise<void> {
    await this.open();
    for (const each of steps) await this.take(each);
    await this.stop("crash", drawFrom(1));
  }

  private next(): GroupWal {
    const { garbageBytes, segmentBytes } = this;
    return make(this.disk, { segmentBytes, garbageBytes, random: () => this.salt(2 ** 32) });
  }

  private async take(each: Step): Promise<void> {
    if (each.do === "stop") return this.stop(each.how, drawFrom(each.seed));
    if (each.do === "progress") return this.progress(each.calls, drawFrom(each.order));
    const chosen = this.groups[each.group];
    if (chosen === undefined) throw new RangeError("no such group");
    if (each.do === "write") write(chosen, each.kind, each.size);
    else if (each.do === "sync") chosen.storage?.sync();
    else await this.reopen(chosen, each.do === "remove");
  }

  private async progress(calls: number, draw: Draw): Promise<void> {
    for (let i = 0; i < calls; i++) {
      await turns();
      this.disk.releaseOne(draw(4));
    }
    await turns();
  }

  private async reopen(chosen: Group, forget: boolean): Promise<void> {
    this.disk.release();
    await chosen.storage?.close();
    chosen.settle();
    expect(chosen.storage?.durable).toBe(chosen.storage?.written);
    if (forget) {
      this.wal.remove(chosen.id);
      chosen.history.push(EMPTY);
    }
    await chosen.open(this.wal);
    this.disk.hold();
  }

  private async stop(how: "crash" | "kill", draw: Draw): Promise<void> {
    // What the disk has answered is heard of before the end.
    await turns();
    for (const each of this.groups) {
      expect(each.reports.failures).toEqual([]);
      each.settle();
    }
    if (how === "crash") this.disk.crash(draw);
    else this.disk.kill();
    this.wal = this.next();
    await this.open();
  }

  private async open(): Promise<void> {
    this.disk.release();
    await this.wal.open();
    for (const each of this.groups) await each.recover(this.wal);
    this.disk.hold();
  }
}

function write(chosen: Group, kind: number, size: number): void {
  const { model, storage } = chosen;
  if (storage === undefined) throw new Error("the storage is not open");
  const chosenWrite = chooseWrite(model, kind, size);
  perform(storage, model, chosenWrite);
  if (storage.written > chosen.history.length - 1 - chosen.base) chosen.history.push(after(model, chosenWrite));
  expect(storage.written).toBe(chosen.history.length - 1 - chosen.base);
  const now = chosen.model;
  if (now.entries.length === 0) return;
  const skip = size % now.entries.length;
  const wanted = now.entries.slice(skip, skip + 4);
  const into = new Uint8Array(concat(wanted).length);
  const length = storage.read(now.compacted + 1 + skip, 4, into);
  expect(split(into.subarray(0, length))).toEqual(wanted);
}

function chooseWrite(model: LogModel, kind: number, size: number): Write {
  const last = lastOf(model);
  if (model.term === 0 || kind < 2) return { kind: "hardState", term: model.term + 1 + (size % 2), vote: size };
  if (kind === 2) return { kind: "truncate", from: Math.max(1, last - (size % 6)) };
  if (kind === 3) return { kind: "compact", index: model.compacted + Math.floor((size * model.entries.length) / 60) };
  if (kind === 4 && size > 50) return { kind: "compact", index: last + size };
  const entries = Array.from({ length: 1 + (size % 3) }, (_, i) => entry(model.term, (size * (i + 1)) % 90, last + i));
  return { kind: "append", entries };
}

describe("crashes", () => {
  test("each group finds a prefix of its writes with all durable ones in it", { timeout: 120_000 }, async () => {
    const steps = fc.array(step, { minLength: 10, maxLength: 80, size: "max" });
    const sizes = [fc.integer({ min: 256, max: 900 }), fc.integer({ min: 1, max: 1500 })] as const;
    const property = fc.asyncProperty(steps, ...sizes, async (chosen, segmentBytes, garbageBytes) => {
      await new World(segmentBytes, garbageBytes).run(chosen);
    });
    await fc.assert(property, { numRuns: 200, seed: 20261123 });
  });
});

/** A storage that keeps what could be cut off. */
class Uncut extends MemoryStorage {
  override compact(): void {}

  /** The entry at an index. */
  at(index: number): Uint8Array {
    const into = new Uint8Array(1024);
    return into.slice(0, this.read(index, 1, into));
  }
}

/** Makes all that is written durable. */
async function settled(storage: Storage, reports: Reports): Promise<void> {
  storage.sync();
  await reports.settled(storage);
}

describe("the log of many groups", () => {
  test("one sync makes the writes of all groups of a turn durable", async () => {
    const wal = make(new FaultyDisk());
    await wal.open();
    const reports = Array.from({ length: 100 }, () => new Reports());
    const storages = reports.map((_, i) => wal.storage(i));
    for (const [i, storage] of storages.entries()) await storage.open(reports[i] ?? new Reports());
    const { syncs } = wal.stats;
    for (const storage of storages) {
      storage.writeHardState({ term: 1, vote: 1 });
      storage.append(1, entry(1, 8, 1));
      storage.sync();
    }
    for (const [i, storage] of storages.entries()) await reports[i]?.settled(storage);
    expect(wal.stats.syncs - syncs).toBe(1);
    expect(storages.every(({ durable, written }) => durable === 2 && written === 2)).toBe(true);
  });

  test("an idle group does not keep the log of a busy one from being cut off", async () => {
    const disk = new FaultyDisk();
    const wal = make(disk, { segmentBytes: 4096 });
    await wal.open();
    const [idle, busy] = [wal.storage(1), wal.storage(2)];
    const [idleReports, busyReports] = [new Reports(), new Reports()];
    await idle.open(idleReports);
    await busy.open(busyReports);
    idle.writeHardState({ term: 3, vote: 2 });
    idle.append(1, concat([entry(1, 40, 1), entry(3, 40, 2)]));
    busy.writeHardState({ term: 1, vote: 1 });
    for (let index = 1; index <= 2000; index++) {
      busy.append(index, entry(1, 40, index));
      if (index > 10) busy.compact(index - 10);
      if (index % 10 === 0) await settled(busy, busyReports);
    }
    await turns();
    const bytes = [...disk.contents().values()].reduce((sum, file) => sum + file.length, 0);
    expect(bytes).toBeLessThan(5 * 4096);
    await wal.close();
    const next = make(disk);
    await next.open();
    const found = describeRecovered(await next.storage(1).open(new Reports()));
    expect(found).toBe(describeModel({ term: 3, vote: 2, compacted: 0, entries: [entry(1, 40, 1), entry(3, 40, 2)] }));
    const { compacted, lastIndex } = await next.storage(2).open(new Reports());
    expect([compacted, lastIndex]).toEqual([1990, 2000]);
  });

  test("a removed group is forgotten, and others are not", async () => {
    const disk = new FaultyDisk();
    const wal = make(disk);
    await wal.open();
    for (const id of [1, 2]) {
      const reports = new Reports();
      const storage = wal.storage(id);
      await storage.open(reports);
      storage.writeHardState({ term: id, vote: id });
      expect(() => wal.remove(id)).toThrow("still open");
      await storage.close();
    }
    wal.remove(1);
    await wal.close();
    const next = make(disk);
    await next.open();
    expect(next.groups).toEqual([2]);
    expect((await next.storage(1).open(new Reports())).hardState.term).toBe(0);
  });

  test("groups are written again a few at a time, and the log is cut off as far as that reaches", async () => {
    const underneath = new MemoryStorage();
    await underneath.open(new Reports());
    const log = new SharedLog(underneath, new Replay(FOLDER), 1);
    for (let id = 1; id <= 20; id++) log.hardState(id, 1, 1);
    for (let term = 2; term < 200; term++) log.hardState(21, term, 1);
    const before = log.bytes;
    expect(log.clean(before, 1)).toBe(false);
    expect(log.clean(1, 1)).toBe(true);
    // One group of two records was written again as one.
    expect(log.bytes).toBe(before - 48);
    let calls = 1;
    while (log.clean(1, 100)) calls++;
    expect(calls).toBeGreaterThan(5);
    expect(log.bytes).toBeLessThanOrEqual(2 * log.liveBytes);
    expect(log.state(21).term).toBe(199);
  });

  test("wherever a crash cuts off what is written again of a group, the group is whole", async () => {
    const underneath = new Uncut();
    await underneath.open(new Reports());
    const log = new SharedLog(underneath, new Replay(FOLDER), 1);
    const entries = [entry(2, 20, 1), entry(2, 50, 2), entry(3, 8, 3), entry(3, 8, 4)];
    log.hardState(1, 3, 2);
    for (const [i, each] of entries.entries()) log.append(1, i + 1, each);
    log.compact(1, 1);
    log.truncate(1, 4);
    const model = describeModel({ term: 3, vote: 2, compacted: 1, entries: entries.slice(1, 3) });
    for (let term = 1; term < 100; term++) log.hardState(2, term, 1);
    const before = underneath.written - 1;
    expect(log.clean(1, 1000)).toBe(true);
    const after = underneath.written - 1;
    // A checkpoint and two copies of the one, a checkpoint of the other.
    expect(after - before).toBe(4);
    for (let last = before; last <= after; last++) {
      const replay = new Replay(FOLDER);
      for (let index = 1; index <= last; index++) replay.apply({ first: index, bytes: underneath.at(index) });
      replay.finish();
      const found = new SharedLog(underneath, replay, last + 1);
      const { compacted, hardState, lastIndex } = found.state(1);
      const recovered = { hardState, compacted, lastIndex, entries: found.runs(1) };
      expect(describeRecovered(recovered)).toBe(model);
    }
    // With what lies before them cut off, the copies alone do; without them all, it is told.
    for (let last = before + 1; last <= after; last++) {
      const replay = new Replay(FOLDER);
      for (let index = before + 1; index <= last; index++) replay.apply({ first: index, bytes: underneath.at(index) });
      expect(replay.groups.has(1)).toBe(last >= before + 3);
    }
    const headless = new Replay(FOLDER);
    headless.apply({ first: 3, bytes: underneath.at(3) });
    expect(() => headless.finish()).toThrow("lacks the beginning of group 1");
  });

  test("a failed sync is told to every group, and nothing is written after it", async () => {
    const disk = new FaultyDisk();
    const wal = make(disk);
    await wal.open();
    const reports = [new Reports(), new Reports()];
    for (const [i, each] of reports.entries()) await wal.storage(i).open(each);
    wal.storage(0).writeHardState({ term: 1, vote: 1 });
    disk.fault = (call) => (call === "sync" ? "EIO" : undefined);
    wal.storage(0).sync();
    await reports[0]?.settled(wal.storage(0));
    expect(reports.map(({ failures }) => failures.length)).toEqual([1, 1]);
    expect(() => wal.storage(1).writeHardState({ term: 1, vote: 1 })).toThrow(StorageError);
    disk.fault = () => undefined;
    await wal.close();
  });

  test("the log of a single node is refused, and left as it is", async () => {
    const disk = new FaultyDisk();
    const single = new WalStorage({ folder: FOLDER, fileSystem: disk.mount() });
    await single.open(new Reports());
    single.writeHardState({ term: 1, vote: 1 });
    single.append(1, entry(1, 8, 1));
    await single.close();
    await expect(make(disk).open()).rejects.toThrow("not the log of a host of groups");
    const { lastIndex } = await new WalStorage({ folder: FOLDER, fileSystem: disk.mount() }).open(new Reports());
    expect(lastIndex).toBe(1);
  });
});
