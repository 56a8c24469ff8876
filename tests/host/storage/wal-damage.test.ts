/**
 * The write-ahead log over damaged files: what was durable is found whole or refused, and only the last batch, which
 * nothing proves to have been durable, may be cut off.
 */

import { crc32c } from "@node-rs/crc32";
import { describe, expect, test } from "vitest";
import { StorageError } from "../../../host/storage/storage.js";
import { Batch } from "../../../host/storage/wal/batch.js";
import {
  beginRecord,
  encodeSegmentHeader,
  HARD_STATE_BYTES,
  RECORD_HEADER_BYTES,
  RecordKind,
  SEGMENT_HEADER_BYTES,
  sealRecord,
} from "../../../host/storage/wal/format.js";
import { LogState } from "../../../host/storage/wal/log-state.js";
import { type TornTail, WalStorage } from "../../../host/storage/wal/wal.js";
import { FaultyDisk } from "./faulty-disk.js";
import {
  after,
  concat,
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
const SEGMENT_BYTES = 600;
/** A fixed salt, other than zero, so that the files of a test are always the same. */
const SALT = 0x5a17;

type Files = Map<string, Uint8Array>;

function file(number: number): string {
  return `${FOLDER}/wal-000000000${number}.log`;
}

function makeWal(disk: FaultyDisk, onNotice: (notice: TornTail) => void, salt = SALT): WalStorage {
  const fileSystem = disk.mount();
  return new WalStorage({ folder: FOLDER, segmentBytes: SEGMENT_BYTES, fileSystem, random: () => salt, onNotice });
}

function ignore(): void {}

/** Batches of writes; the log that they make spans three segments. */
const BATCHES: Write[][] = [
  [
    { kind: "hardState", term: 1, vote: 2 },
    { kind: "append", entries: [entry(1, 20, 1), entry(1, 0, 2)] },
  ],
  [{ kind: "append", entries: [entry(1, 100, 3)] }],
  [
    { kind: "hardState", term: 2, vote: 3 },
    { kind: "truncate", from: 3 },
    { kind: "append", entries: [entry(2, 50, 4), entry(2, 9, 5), entry(2, 3, 6)] },
  ],
  [{ kind: "append", entries: [entry(2, 200, 7)] }],
  [{ kind: "compact", index: 1 }],
  [
    { kind: "hardState", term: 3, vote: 0 },
    { kind: "truncate", from: 6 },
    { kind: "append", entries: [entry(3, 44, 8), entry(3, 7, 9)] },
    { kind: "hardState", term: 4, vote: 1 },
  ],
];

interface Built {
  /** The files after a clean end, with a mark behind the last batch. */
  readonly closed: Files;
  /** The files as they were when the last batch was just durable. */
  readonly unmarked: Files;
  /** The log after each write. */
  readonly history: LogModel[];
  /** The log before the last batch. */
  readonly beforeLast: LogModel;
  /** Offset of the last batch in the last segment. */
  readonly lastBatch: number;
}

async function build(salt = SALT): Promise<Built> {
  const disk = new FaultyDisk();
  const storage = makeWal(disk, ignore, salt);
  const reports = new Reports();
  let unmarked: Files = new Map();
  await storage.open({
    durable: (sequence) => {
      unmarked = disk.contents();
      reports.durable(sequence);
    },
    failed: (error) => reports.failed(error),
  });
  const history = [EMPTY];
  let model = EMPTY;
  let beforeLast = EMPTY;
  let lastBatch = 0;
  for (const batch of BATCHES) {
    beforeLast = model;
    lastBatch = disk.contents().get(file(3))?.length ?? 0;
    for (const write of batch) {
      perform(storage, model, write);
      model = after(model, write);
      history.push(model);
    }
    storage.sync();
    await reports.settled(storage);
    // The mark shall be written before the next batch.
    for (let i = 0; i < 20; i++) await Promise.resolve();
  }
  await storage.close();
  return { closed: disk.contents(), unmarked, history, beforeLast, lastBatch };
}

/** Opens a log of these files. @returns what it holds, or the error it was refused with. */
async function open(files: Files): Promise<{ found?: string; error?: StorageError; notices: TornTail[] }> {
  const notices: TornTail[] = [];
  const disk = FaultyDisk.of(files);
  const storage = makeWal(disk, (notice) => notices.push(notice));
  try {
    const found = describeRecovered(await storage.open(new Reports()));
    await storage.close();
    return { found, notices };
  } catch (error) {
    if (!(error instanceof StorageError)) throw error;
    expect(asText(disk.contents()), "nothing is changed when a log is refused").toBe(asText(files));
    return { error, notices };
  }
}

/** All files as one text: compared far faster than as arrays. */
function asText(files: Files): string {
  return namesOf(files)
    .map((name) => `${name} ${Buffer.from(files.get(name) ?? []).toString("latin1")}`)
    .join("\n");
}

function changed(files: Files, name: string, change: (bytes: Uint8Array) => Uint8Array): Files {
  const bytes = files.get(name);
  if (bytes === undefined) throw new Error(`${name} is not there`);
  return new Map(files).set(name, change(bytes.slice()));
}

function flipped(files: Files, name: string, at: number): Files {
  return changed(files, name, (bytes) => {
    bytes[at] = (bytes[at] ?? 0) ^ 0x40;
    return bytes;
  });
}

function namesOf(files: Files): string[] {
  return [...files.keys()].sort();
}

function lengthOf(files: Files, name: string): number {
  return files.get(name)?.length ?? 0;
}

describe("a log that was closed", () => {
  test("is found whole", async () => {
    const { closed, history } = await build();
    expect(namesOf(closed)).toEqual([file(1), file(2), file(3)]);
    expect(await open(closed)).toEqual({ found: describeModel(history.at(-1) ?? EMPTY), notices: [] });
  });

  test("is refused when any byte is changed, but for the marks, whose loss loses nothing", async () => {
    const { closed, history } = await build();
    const whole = describeModel(history.at(-1) ?? EMPTY);
    for (const name of namesOf(closed)) {
      const length = lengthOf(closed, name);
      for (let at = 0; at < length; at++) {
        const { found, error } = await open(flipped(closed, name, at));
        const isMark = at >= length - RECORD_HEADER_BYTES;
        if (isMark) expect(found, `${name} ${at}`).toBe(whole);
        else expect([error?.file, found], `${name} ${at}`).toEqual([name, undefined]);
      }
    }
  });

  test("is refused when an earlier segment is cut short", async () => {
    const { closed } = await build();
    for (const name of [file(1), file(2)]) {
      // The last record is a mark, and was not durable.
      const end = lengthOf(closed, name) - RECORD_HEADER_BYTES;
      for (let length = 0; length < end; length++) {
        const { error } = await open(changed(closed, name, (bytes) => bytes.subarray(0, length)));
        expect(error?.file, `${length}`).toBe(name);
      }
    }
  });

  test("is found up to some write when the last segment is cut short behind its header", async () => {
    const { closed, history } = await build();
    const possible = history.map(describeModel);
    let furthest = 0;
    for (let length = 0; length <= lengthOf(closed, file(3)); length++) {
      const { found, error } = await open(changed(closed, file(3), (bytes) => bytes.subarray(0, length)));
      if (length < SEGMENT_HEADER_BYTES) {
        expect(error?.message, `${length}`).toContain("ends within the segment header");
      } else {
        const sequence = possible.lastIndexOf(found ?? "");
        expect(sequence, `${length}`).toBeGreaterThanOrEqual(furthest);
        furthest = sequence;
      }
    }
    expect(furthest).toBe(history.length - 1);
  });

  test("names the file, the offset and the way out", async () => {
    const { closed } = await build();
    const { error } = await open(flipped(closed, file(2), 100));
    expect(error).toMatchObject({ file: file(2), offset: SEGMENT_HEADER_BYTES });
    expect(error?.message).toMatch(/wal-0000000002\.log is damaged at byte 64: .* Restore the folder from a copy/);
  });
});

describe("a log without a mark at its end", () => {
  test("loses at most the last batch to a changed byte, and is refused for any before it", async () => {
    const { unmarked, history, beforeLast, lastBatch } = await build();
    const kept = history.slice(history.indexOf(beforeLast)).map(describeModel);
    for (const name of namesOf(unmarked)) {
      for (let at = 0; at < lengthOf(unmarked, name); at++) {
        const { found, error, notices } = await open(flipped(unmarked, name, at));
        const isEarlierMark = name !== file(3) && at >= lengthOf(unmarked, name) - RECORD_HEADER_BYTES;
        // The mark before the last batch is synced together with it.
        if (name === file(3) && at >= lastBatch - RECORD_HEADER_BYTES) {
          expect(kept, `${name} ${at}`).toContain(found);
          expect(notices).toHaveLength(1);
        } else if (!isEarlierMark) {
          expect(error?.file, `${name} ${at}`).toBe(name);
        }
      }
    }
  });

  test("is cut where the last batch is torn, although sound records follow", async () => {
    const { unmarked, beforeLast, lastBatch } = await build();
    const size = lengthOf(unmarked, file(3));
    const disk = FaultyDisk.of(flipped(unmarked, file(3), lastBatch));
    const notices: TornTail[] = [];
    const storage = makeWal(disk, (notice) => notices.push(notice));
    expect(describeRecovered(await storage.open(new Reports()))).toBe(describeModel(beforeLast));
    expect(notices).toEqual([{ file: file(3), offset: lastBatch, bytes: size - lastBatch }]);
    expect(disk.contents().get(file(3))).toHaveLength(lastBatch);
    await storage.close();
  });

  test("is cut before zeroes and before garbage", async () => {
    const { closed, history } = await build();
    const whole = describeModel(history.at(-1) ?? EMPTY);
    for (const byte of [0, 255]) {
      const more = new Uint8Array(1000).fill(byte);
      const { found, notices } = await open(changed(closed, file(3), (bytes) => concat([bytes, more])));
      expect(found).toBe(whole);
      expect(notices).toEqual([{ file: file(3), offset: lengthOf(closed, file(3)), bytes: 1000 }]);
    }
  });

  test("does not take copies of its own records in another place for records", async () => {
    const { closed, history, lastBatch } = await build();
    const copies = closed.get(file(3))?.subarray(lastBatch) ?? new Uint8Array();
    const hardState = copies.subarray(0, RECORD_HEADER_BYTES + HARD_STATE_BYTES);
    for (const tail of [hardState, concat([new Uint8Array(64), copies])]) {
      const { found } = await open(changed(closed, file(3), (bytes) => concat([bytes, tail])));
      expect(found).toBe(describeModel(history.at(-1) ?? EMPTY));
    }
  });

  test("does not take what an earlier file left in the same place for its own records", async () => {
    const { unmarked, beforeLast, lastBatch } = await build();
    const { unmarked: earlier } = await build(SALT + 1);
    const left = earlier.get(file(3))?.subarray(lastBatch) ?? new Uint8Array();
    const files = changed(unmarked, file(3), (bytes) => concat([bytes.subarray(0, lastBatch), left]));
    expect((await open(files)).found).toBe(describeModel(beforeLast));
  });
});

describe("files that do not belong together", () => {
  test("a segment is missing", async () => {
    const { closed } = await build();
    const files = new Map(closed);
    files.delete(file(2));
    const { error } = await open(files);
    expect(error?.file).toBe(file(2));
    expect(error?.message).toContain(`missing, although ${file(3)} follows it`);
  });

  test("the first segment is missing, and its entries are needed", async () => {
    const { closed } = await build();
    const files = new Map(closed);
    files.delete(file(1));
    const { error } = await open(files);
    expect(error?.message).toContain("the log lacks the entries 2 to 2");
  });

  test("a segment has the wrong name", async () => {
    const { closed } = await build();
    const files = new Map(closed).set(file(4), closed.get(file(2)) ?? new Uint8Array());
    expect((await open(files)).error?.message).toContain("it is segment 2 under a wrong name");
  });

  test("a segment from another log", async () => {
    const { closed } = await build();
    const header = { number: 2, salt: SALT, previousLength: lengthOf(closed, file(1)), state: new LogState() };
    const files = new Map([
      [file(1), closed.get(file(1)) ?? new Uint8Array()],
      [file(2), encodeSegmentHeader(header)],
    ]);
    expect((await open(files)).error?.message).toContain("does not continue the segment before it");
  });

  test("a segment that nothing can be read from is never taken for an empty log", async () => {
    for (const bytes of [new Uint8Array(0), new Uint8Array(500), new Uint8Array(500).fill(7)]) {
      expect((await open(new Map([[file(1), bytes]]))).error?.file).toBe(file(1));
    }
  });

  test("a format of another version", async () => {
    const { closed } = await build();
    const files = changed(closed, file(1), (bytes) => {
      const view = new DataView(bytes.buffer);
      view.setUint32(12, 2, true);
      view.setUint32(8, crc32c(bytes.subarray(12, SEGMENT_HEADER_BYTES)), true);
      return bytes;
    });
    const { error } = await open(files);
    expect(error?.message).toMatch(/has format version 2, .* Start the node with the program that wrote it/);
  });

  test("other files in the folder are left alone, and an unfinished segment is removed", async () => {
    const { closed, history } = await build();
    const files = new Map(closed)
      .set(`${FOLDER}/notes.txt`, new Uint8Array(3))
      .set(`${file(9)}.new`, new Uint8Array(9));
    const disk = FaultyDisk.of(files);
    const storage = makeWal(disk, ignore);
    expect(describeRecovered(await storage.open(new Reports()))).toBe(describeModel(history.at(-1) ?? EMPTY));
    await storage.close();
    expect(namesOf(disk.contents())).toEqual([`${FOLDER}/notes.txt`, file(1), file(2), file(3), file(4)]);
  });
});

describe("sound records that do not fit", () => {
  /** A log of one segment with the records that `fill` adds. */
  function logOf(fill: (batch: Batch) => void): Files {
    const batch = new Batch();
    fill(batch);
    batch.seal(SALT, SEGMENT_HEADER_BYTES, SEGMENT_HEADER_BYTES);
    const header = encodeSegmentHeader({ number: 1, salt: SALT, previousLength: 0, state: new LogState() });
    return new Map([[file(1), concat([header, batch.bytes.subarray(0, batch.end)])]]);
  }

  async function refusal(fill: (batch: Batch) => void): Promise<string | undefined> {
    return (await open(logOf(fill))).error?.message;
  }

  test("entries without a hard state", async () => {
    expect(await refusal((batch) => batch.addEntries(1, entry(1, 1, 1)))).toContain("before the first hard state");
  });

  test("a gap between indexes", async () => {
    const message = await refusal((batch) => {
      batch.addHardState(1, 1);
      batch.addEntries(1, entry(1, 1, 1));
      batch.addHardState(1, 1);
      batch.addEntries(3, entry(1, 1, 1));
    });
    expect(message).toContain("entries from index 3 on, after last index 1");
  });

  test("terms that go backwards", async () => {
    const message = await refusal((batch) => {
      batch.addHardState(5, 1);
      batch.addEntries(1, concat([entry(2, 1, 1), entry(4, 1, 1), entry(3, 1, 1)]));
    });
    expect(message).toContain("entry 3 has term 3, after an entry of term 4");
  });

  test("terms that go backwards only from an entry that was truncated", async () => {
    const files = logOf((batch) => {
      batch.addHardState(5, 1);
      batch.addEntries(1, concat([entry(2, 1, 1), entry(4, 1, 1)]));
      batch.addTruncate(2);
      batch.addEntries(2, entry(3, 1, 1));
    });
    const model: LogModel = { term: 5, vote: 1, compacted: 0, entries: [entry(2, 1, 1), entry(3, 1, 1)] };
    expect((await open(files)).found).toBe(describeModel(model));
  });

  test("a kind of record that is not known", async () => {
    const files = logOf((batch) => batch.addHardState(1, 1));
    const bytes = new Uint8Array(RECORD_HEADER_BYTES);
    const view = new DataView(bytes.buffer);
    beginRecord(view, 0, RecordKind.mark + 1, 0, 0);
    const offset = lengthOf(files, file(1));
    sealRecord(bytes, view, 0, { salt: SALT, offset, durable: SEGMENT_HEADER_BYTES });
    const { error } = await open(changed(files, file(1), (before) => concat([before, bytes])));
    expect(error).toMatchObject({ offset });
    expect(error?.message).toContain("unknown kind 6");
  });

  test("entries that do not fill their record", async () => {
    const files = logOf((batch) => batch.addHardState(1, 1));
    const bytes = new Uint8Array(RECORD_HEADER_BYTES + 24);
    const view = new DataView(bytes.buffer);
    beginRecord(view, 0, RecordKind.entries, 24, 1);
    bytes.set(entry(1, 0, 0), RECORD_HEADER_BYTES);
    const offset = lengthOf(files, file(1));
    sealRecord(bytes, view, 0, { salt: SALT, offset, durable: SEGMENT_HEADER_BYTES });
    const { error } = await open(changed(files, file(1), (before) => concat([before, bytes])));
    expect(error?.message).toContain("do not fill their record");
  });
});
