/**
 * The write-ahead log under crashes: whatever a crash leaves of what was not synced, recovery finds the effect of a
 * prefix of the writes, and all that was reported durable is in it.
 */

import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { WalStorage } from "../../../host/storage/wal/wal.js";
import { type Draw, drawFrom, FaultyDisk } from "./faulty-disk.js";
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
} from "./log-model.js";

const FOLDER = "/log";
/** More turns of the microtask queue than any of the log's promises needs to move on by one call of the disk. */
const TURNS = 30;

type Step =
  | { readonly do: "write"; readonly kind: number; readonly size: number }
  | { readonly do: "sync" }
  | { readonly do: "close" | "failSync" }
  | { readonly do: "progress"; readonly calls: number; readonly order: number }
  | {
      readonly do: "stop";
      readonly how: "crash" | "kill";
      readonly seed: number;
      /** After how many calls of the disk it is stopped again, while it opens. */
      readonly again: readonly number[];
    };

const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 12, arbitrary: fc.record({ do: fc.constant("write"), kind: fc.nat(11), size: fc.nat(60) }) },
  { weight: 5, arbitrary: fc.record({ do: fc.constant("sync") }) },
  {
    weight: 5,
    arbitrary: fc.record({ do: fc.constant("progress"), calls: fc.integer({ min: 1, max: 6 }), order: fc.nat() }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constantFrom("close", "failSync") }) },
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constant("stop"),
      how: fc.constantFrom("crash", "kill"),
      seed: fc.nat(),
      again: fc.array(fc.nat(12), { maxLength: 2 }),
    }),
  },
);

async function turns(): Promise<void> {
  for (let i = 0; i < TURNS; i++) await Promise.resolve();
}

/** A node's storage through its lives, and what it should hold. */
class World {
  private readonly disk = new FaultyDisk();
  /** Up to which write what was written in this life is durable, when it has ended. */
  private durable = 0;
  /** Whether a call was made to fail in this life. */
  private disturbed = false;
  private readonly salt: Draw = drawFrom(12345);
  private storage = this.make();
  private reports = new Reports();
  /** history[s] is the log after the write with sequence number s of this life. */
  private history: LogModel[] = [EMPTY];

  constructor(private readonly segmentBytes: number) {}

  async run(steps: readonly Step[]): Promise<void> {
    await this.open();
    for (const each of steps) await this.take(each);
    await this.stop("crash", drawFrom(1), []);
  }

  private get model(): LogModel {
    return this.history.at(-1) ?? EMPTY;
  }

  private make(): WalStorage {
    const random = () => this.salt(2 ** 32);
    return new WalStorage({ folder: FOLDER, segmentBytes: this.segmentBytes, fileSystem: this.disk.mount(), random });
  }

  private async take(each: Step): Promise<void> {
    if (each.do === "stop") return this.stop(each.how, drawFrom(each.seed), each.again);
    if (each.do === "close") return this.close();
    if (each.do === "progress") return this.progress(each.calls, drawFrom(each.order));
    if (each.do === "sync") return this.storage.sync();
    if (each.do === "write") return this.write(each.kind, each.size);
    this.failNextSync();
  }

  private async progress(calls: number, draw: Draw): Promise<void> {
    for (let i = 0; i < calls; i++) {
      await turns();
      this.disk.releaseOne(draw(4));
    }
    await turns();
  }

  private failNextSync(): void {
    this.disturbed = true;
    this.disk.fault = (call) => {
      if (call !== "sync") return undefined;
      this.disk.fault = () => undefined;
      return "EIO";
    };
  }

  private write(kind: number, size: number): void {
    if (this.reports.failures.length > 0) return;
    const { model } = this;
    const write = this.chooseWrite(kind, size);
    perform(this.storage, model, write);
    if (this.storage.written >= this.history.length) this.history.push(after(model, write));
    expect(this.storage.written).toBe(this.history.length - 1);
    this.checkRead(size);
  }

  private chooseWrite(kind: number, size: number): Write {
    const { model } = this;
    const last = lastOf(model);
    if (model.term === 0 || kind < 2) return { kind: "hardState", term: model.term + 1 + (size % 2), vote: size };
    if (kind === 2) return { kind: "truncate", from: Math.max(1, last - (size % 6)) };
    if (kind === 3) return { kind: "compact", index: model.compacted + Math.floor((size * model.entries.length) / 60) };
    if (kind === 4 && size > 50) return { kind: "compact", index: last + size };
    const count = 1 + (size % 3);
    const entries = Array.from({ length: count }, (_, i) => entry(model.term, (size * (i + 1)) % 90, last + i));
    return { kind: "append", entries };
  }

  /** Reads somewhere in the log, be it in files or in batches. */
  private checkRead(somewhere: number): void {
    const { model } = this;
    if (model.entries.length === 0) return;
    const skip = somewhere % model.entries.length;
    const wanted = model.entries.slice(skip, skip + 4);
    const into = new Uint8Array(concat(wanted).length);
    const length = this.storage.read(model.compacted + 1 + skip, 4, into);
    expect(split(into.subarray(0, length))).toEqual(wanted);
  }

  private async close(): Promise<void> {
    this.disk.release();
    await this.storage.close();
    if (this.reports.failures.length === 0) this.reports.durable(this.history.length - 1);
    this.endReports();
    this.storage = this.make();
    await this.open();
  }

  private async stop(how: "crash" | "kill", draw: Draw, again: readonly number[]): Promise<void> {
    this.stopNow(how, draw);
    for (const calls of again) {
      this.disk.hold();
      // It never gets that far; what it holds on to is of no use after the crash.
      void this.storage.open(new Reports()).catch(() => undefined);
      await this.progress(calls, draw);
      this.stopNow(how, draw);
    }
    await this.open();
    const found = describeModel(this.model);
    // What was found is durable, whatever it was read from.
    this.stopNow("crash", draw);
    await this.open();
    expect(describeModel(this.model)).toBe(found);
  }

  private stopNow(how: "crash" | "kill", draw: Draw): void {
    this.endReports();
    if (how === "crash") this.disk.crash(draw);
    else this.disk.kill();
    this.storage = this.make();
  }

  /** Takes note of what was reported; what a storage reports after its life has ended does not count. */
  private endReports(): void {
    if (!this.disturbed) expect(this.reports.failures).toEqual([]);
    this.durable = Math.max(this.durable, this.reports.sequences.at(-1) ?? 0);
    this.reports = new Reports();
  }

  private async open(): Promise<void> {
    this.disturbed = false;
    this.disk.fault = () => undefined;
    this.disk.release();
    this.reports = new Reports();
    const found = describeRecovered(await this.storage.open(this.reports));
    const last = this.lastIndex();
    const possible = this.history.slice(this.durable);
    const model = possible.find((each) => describeModel(each) === found && lastOf(each) === last);
    if (model === undefined) expect(`${found}\nends at ${last}`).toBe(possible.map(describeModel).join("\n or\n"));
    this.history = [model ?? EMPTY];
    this.durable = 0;
    this.disk.hold();
  }

  /** Where the log ends, which cannot be seen from the entries when there are none. */
  private lastIndex(): number {
    let message = "";
    try {
      this.storage.read(Number.MAX_SAFE_INTEGER, 1, new Uint8Array(0));
    } catch (error) {
      message = String(error);
    }
    return Number(/after last index (\d+)/.exec(message)?.[1]);
  }
}

describe("crashes", () => {
  test("recovery finds a prefix of the writes with all durable ones in it", { timeout: 120_000 }, async () => {
    const steps = fc.array(step, { minLength: 10, maxLength: 60, size: "max" });
    const property = fc.asyncProperty(steps, fc.integer({ min: 256, max: 900 }), async (chosen, segmentBytes) => {
      await new World(segmentBytes).run(chosen);
    });
    await fc.assert(property, { numRuns: 400, seed: 20261123 });
  });
});
