/** The copy that `metalraft recover` makes before it changes anything. */

import { lstatSync, mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { copyFolder } from "../../../host/cli/admin/folder-copy.js";

const STATE = {
  ...{ term: 3, lastIndex: 7, lastTerm: 3, snapshotIndex: 0, isLogSuperseded: false },
  ...{ configuration: undefined, damagedSnapshots: undefined },
};

test.each(["folder", "link"])("a %s is copied, but for its lock", (name) => {
  const place = mkdtempSync(join(tmpdir(), "metalraft-copy-"));
  onTestFinished(() => rmSync(place, { recursive: true }));
  mkdirSync(join(place, "folder"));
  symlinkSync("folder", join(place, "link"));
  for (const file of ["wal-1.log", "lock.1.2.3"]) writeFileSync(join(place, "folder", file), file);
  const copy = copyFolder(join(place, name), STATE);
  expect(copy).toBe(join(place, `${name}.backup-3-7`));
  expect(lstatSync(copy).isSymbolicLink()).toBe(false);
  expect(readdirSync(copy)).toEqual(["wal-1.log"]);
  expect(() => copyFolder(join(place, name), STATE)).toThrow("is there already");
});
