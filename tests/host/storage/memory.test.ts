/**
 * What MemoryStorage promises beyond the contract of every storage.
 */

import { expect, test } from "vitest";
import { MemoryStorage } from "../../../host/storage/memory.js";
import { describeRecovered, entry, Reports } from "./log-model.js";

test("what is written is durable on return, and nothing needs to be reported", async () => {
  const storage = new MemoryStorage();
  const reports = new Reports();
  await storage.open(reports);
  storage.writeHardState({ term: 1, vote: 0 });
  storage.append(1, entry(1, 4, 1));
  expect(storage.durable).toBe(2);
  storage.sync();
  await storage.close();
  expect(reports.sequences).toEqual([]);
});

test("memory stays bounded under endless load when the log is compacted", async () => {
  const storage = new MemoryStorage();
  await storage.open(new Reports());
  storage.writeHardState({ term: 1, vote: 0 });
  const bytes = entry(1, 16, 1);
  const held = 1000;
  for (let index = 1; index <= 200_000; index++) {
    storage.append(index, bytes);
    if (index % held === 0) storage.compact(index - held / 2);
  }
  const most = held * 1.5 * (bytes.length + 4);
  expect(storage.memoryBytes).toBeLessThan(4 * most);
});

test("can be opened again without having been closed, as after a crash", async () => {
  const storage = new MemoryStorage();
  await storage.open(new Reports());
  storage.writeHardState({ term: 7, vote: 3 });
  const again = await storage.open(new Reports());
  expect(describeRecovered(again)).toBe("term 7 vote 3 last 0");
  expect(storage.written).toBe(0);
});

test("recovery hands out runs of moderate size", async () => {
  const storage = new MemoryStorage();
  await storage.open(new Reports());
  storage.writeHardState({ term: 1, vote: 0 });
  for (let index = 1; index <= 100; index++) storage.append(index, entry(1, 5000, index));
  storage.append(101, entry(1, 100_000, 1));
  const recovered = await storage.open(new Reports());
  const runs = [...recovered.entries].map((run) => [run.first, run.bytes.length]);
  expect(runs.slice(0, -1).every(([, length]) => (length ?? 0) <= 64 * 1024)).toBe(true);
  expect(runs.at(-1)).toEqual([101, 100_016]);
});
