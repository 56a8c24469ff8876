/**
 * The lock on a storage's folder: one owner at a time, and no obstacle once its owner is dead.
 */

import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { StorageError } from "../../../host/storage/storage.js";
import { announce, contest, identify, lockFolder, type ProcessIdentity } from "../../../host/storage/wal/lock.js";
import { WalStorage } from "../../../host/storage/wal/wal.js";
import { Reports } from "./log-model.js";

const HAS_PROC = existsSync("/proc/self/stat");

let folder: string;
let other: ChildProcess;

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), "metalraft-lock-"));
  other = spawn(process.execPath, ["-e", "process.stdin.resume(); console.log()"], {
    stdio: ["pipe", "pipe", "ignore"],
  });
  if (other.stdout !== null) await once(other.stdout, "data");
});

afterEach(async () => {
  await kill();
  rmSync(folder, { recursive: true });
});

/** The other process, which runs until it is killed. */
function otherIdentity(): ProcessIdentity {
  return identify(other.pid ?? 0);
}

async function kill(): Promise<void> {
  if (other.exitCode !== null || other.signalCode !== null) return;
  const exited = once(other, "exit");
  other.kill("SIGKILL");
  await exited;
}

describe("one owner at a time", () => {
  test("a second instance in the same process is refused", async () => {
    const first = new WalStorage({ folder });
    await first.open(new Reports());
    const refused = new WalStorage({ folder }).open(new Reports());
    await expect(refused).rejects.toThrow(StorageError);
    await expect(refused).rejects.toThrow(`${folder} is in use by this process (${process.pid})`);
    await first.close();
    const second = new WalStorage({ folder });
    await second.open(new Reports());
    await second.close();
  });

  test("another process is refused, and told who has the folder", () => {
    lockFolder(folder, otherIdentity());
    expect(() => lockFolder(folder)).toThrow(`the folder ${folder} is in use by process ${other.pid}`);
    expect(readdirSync(folder)).toHaveLength(1);
  });

  test("a lock that is released is gone", () => {
    lockFolder(folder, otherIdentity()).release();
    lockFolder(folder).release();
    expect(readdirSync(folder)).toEqual([]);
  });

  test("of two that take a stale lock at the same moment never both get it, in any order of their steps", async () => {
    const stale = `lock.${2 ** 22 + 1}.12345.${identify(process.pid).bootId}`;
    const takers = [identify(process.pid), otherIdentity()];
    // Each taker announces itself, then contests: all orders of these four steps.
    for (const order of ["0011", "0101", "0110", "1001", "1010", "1100"]) {
      writeFileSync(join(folder, stale), "");
      const owners = takers.map(() => false);
      const announced = takers.map(() => false);
      for (const taker of [...order].map(Number)) {
        const self = takers[taker];
        if (self === undefined) throw new Error("no such taker");
        try {
          if (announced[taker]) contest(folder, self);
          else announce(folder, self);
          owners[taker] = announced[taker] ?? false;
          announced[taker] = true;
        } catch (error) {
          expect(error).toBeInstanceOf(StorageError);
        }
      }
      expect(owners.filter((owns) => owns).length, order).toBeLessThanOrEqual(1);
      if (order === "0011" || order === "1100") expect(owners, order).toContain(true);
      expect(readdirSync(folder), order).not.toContain(stale);
      for (const name of readdirSync(folder)) rmSync(join(folder, name));
    }
  });
});

describe("a dead owner", () => {
  test("that was killed is no obstacle", async () => {
    lockFolder(folder, otherIdentity());
    await kill();
    lockFolder(folder).release();
    expect(readdirSync(folder)).toEqual([]);
  });

  test.runIf(HAS_PROC)("is told from a new process with its id by the start time", () => {
    lockFolder(folder, { ...otherIdentity(), startTime: "1" });
    lockFolder(folder).release();
    expect(readdirSync(folder)).toEqual([]);
  });

  test.runIf(HAS_PROC)("of an earlier start of the system is told by the boot id", () => {
    lockFolder(folder, { ...otherIdentity(), bootId: "00000000-0000-0000-0000-000000000001" });
    lockFolder(folder).release();
    expect(readdirSync(folder)).toEqual([]);
  });

  test.runIf(HAS_PROC)("that has ended and was not waited for yet counts as dead", async () => {
    // The shell starts a process, tells its id, and never waits for it.
    const script = "sleep 1000 & echo $!; exec sleep 1000";
    const parent = spawn("sh", ["-c", script], { stdio: ["ignore", "pipe", "ignore"] });
    try {
      const [line] = parent.stdout === null ? [] : await once(parent.stdout, "data");
      const child = identify(Number(String(line)));
      lockFolder(folder, child);
      expect(() => lockFolder(folder)).toThrow(`in use by process ${child.pid}`);
      process.kill(child.pid, "SIGKILL");
      await expect.poll(() => tryLock(), { timeout: 30_000 }).toBe(true);
    } finally {
      parent.kill("SIGKILL");
    }
  });

  function tryLock(): boolean {
    try {
      lockFolder(folder).release();
      return true;
    } catch {
      return false;
    }
  }
});

test("files that are no locks are left alone", () => {
  writeFileSync(join(folder, "lock.file"), "");
  lockFolder(folder).release();
  expect(readdirSync(folder)).toEqual(["lock.file"]);
});
