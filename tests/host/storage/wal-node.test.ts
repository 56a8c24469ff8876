/**
 * The write-ahead log on the file system of Node: what the disk of the other tests cannot show.
 */

import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { StorageError } from "../../../host/storage/storage.js";
import { type TornTail, WalStorage } from "../../../host/storage/wal/wal.js";
import { describeRecovered, entry, Reports } from "./log-model.js";

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "metalraft-wal-"));
});

afterEach(() => {
  rmSync(folder, { recursive: true });
});

test("a path that is no folder is refused, with the way out", async () => {
  const file = join(folder, "file");
  writeFileSync(file, "mine");
  for (const path of [file, join(file, "below")]) {
    const refused = new WalStorage({ folder: path }).open(new Reports());
    await expect(refused).rejects.toThrow(StorageError);
    await expect(refused).rejects.toThrow(`cannot make the folder ${path}: `);
    await expect(refused).rejects.toThrow("Choose a folder");
  }
  expect(readFileSync(file, "utf8")).toBe("mine");
});

test("a torn tail is cut off the file, a damaged file is left as it is and the folder unlocked", async () => {
  const first = new WalStorage({ folder });
  await first.open(new Reports());
  first.writeHardState({ term: 1, vote: 1 });
  first.append(1, entry(1, 0, 1));
  first.truncate(2);
  first.append(2, entry(1, 100, 2));
  await first.close();
  const [name] = readdirSync(folder);
  const file = join(folder, name ?? "");
  // Without its mark and the end of its last entry.
  truncateSync(file, readFileSync(file).length - 32 - 8);

  const notices: TornTail[] = [];
  const second = new WalStorage({ folder, onNotice: (notice) => notices.push(notice) });
  expect(describeRecovered(await second.open(new Reports()))).toMatch(/^term 1 vote 1 last 1\n1 .*$/);
  await second.close();
  // A header, a hard state, an entry without payload, a truncation; then the entry that was torn.
  const offset = 64 + 48 + 48 + 32;
  expect(notices).toEqual([{ file, offset, bytes: 32 + 16 + 104 - 8 }]);
  expect(readFileSync(file)).toHaveLength(offset);

  truncateSync(file, 10);
  const before = readdirSync(folder);
  await expect(new WalStorage({ folder }).open(new Reports())).rejects.toThrow(`${file} is damaged at byte 10`);
  expect(readdirSync(folder)).toEqual(before);
  expect(readFileSync(file)).toHaveLength(10);
});

test("the folder is made, with those above it, and holds nothing but segments when it is closed", async () => {
  const path = join(folder, "a", "b", "c");
  const storage = new WalStorage({ folder: path });
  await storage.open(new Reports());
  expect(existsSync(path)).toBe(true);
  await storage.close();
  expect(readdirSync(path)).toEqual(["wal-0000000001.log"]);
});
