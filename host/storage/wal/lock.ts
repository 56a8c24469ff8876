/**
 * Exclusive ownership of a folder, against other processes and other instances in this one.
 *
 * Who wants a folder puts a file into it whose name says who: `lock.<process id>.<start time>.<boot id>`. Then it looks
 * for files of others: those of processes that have ended are removed, and if a living one is found it gives up again.
 * Because everyone announces itself before it looks, of two that come at the same moment at least one sees the other:
 * both may give up, but never do both own the folder. The name is made in one step and never changes, so there is no
 * half-written lock to interpret, and a stale one is removed only on account of what its own name says.
 *
 * A process id alone does not tell whether the owner still runs, because ids are used again; start time and boot id do.
 * Where there is no /proc both are 0 and the id has to do. Processes in different containers that share a folder are not
 * kept apart: their process ids mean different things.
 */

import * as fs from "node:fs";
import { StorageError } from "../storage.js";
import type { FolderLock } from "./file-system.js";

const NAME = /^lock\.(\d+)\.(\d+)\.([0-9a-f-]+)$/;
const UNKNOWN = "0";
/** Places in /proc/<pid>/stat, counted behind the command's closing parenthesis (proc(5), fields 3 and 22). */
const STAT_STATE = 0;
const STAT_START_TIME = 19;
/** States of a process that has ended and waits for its parent to take note. */
const ENDED_STATES = ["Z", "X"];

/** A process, told from any other that had its id before or will have it. */
export interface ProcessIdentity {
  readonly pid: number;
  /** In clock ticks since the system started; "0" when unknown. */
  readonly startTime: string;
  /** Random for each start of the system; "0" when unknown. */
  readonly bootId: string;
}

/** Takes the folder. Throws a StorageError when another living process has it, or another instance in this one. */
export function lockFolder(folder: string, self: ProcessIdentity = identify(process.pid)): FolderLock {
  const file = announce(folder, self);
  contest(folder, self);
  return { release: () => removeIfThere(file) };
}

/** What can be known of the process with this id, running or not. */
export function identify(pid: number): ProcessIdentity {
  return {
    pid,
    startTime: readStat(pid)?.[STAT_START_TIME] ?? UNKNOWN,
    bootId: readIfThere("/proc/sys/kernel/random/boot_id")?.trim() ?? UNKNOWN,
  };
}

/** The first half of taking a folder. @returns the lock file. */
export function announce(folder: string, self: ProcessIdentity): string {
  const file = lockFile(folder, self);
  try {
    fs.closeSync(fs.openSync(file, "wx"));
  } catch (cause) {
    if (!hasCode(cause, "EEXIST")) throw cause;
    throw inUse(folder, self, file);
  }
  return file;
}

/** The second half: gives the folder up and throws when another living process has announced itself. */
export function contest(folder: string, self: ProcessIdentity): void {
  const own = lockFile(folder, self);
  for (const name of fs.readdirSync(folder)) {
    const other = parseName(name);
    const file = `${folder}/${name}`;
    if (other === undefined || file === own) continue;
    if (!isRunning(other, self.bootId)) {
      removeIfThere(file);
      continue;
    }
    removeIfThere(own);
    throw inUse(folder, other, file);
  }
}

function lockFile(folder: string, { pid, startTime, bootId }: ProcessIdentity): string {
  return `${folder}/lock.${pid}.${startTime}.${bootId}`;
}

function parseName(name: string): ProcessIdentity | undefined {
  const [, pid, startTime, bootId] = NAME.exec(name) ?? [];
  if (pid === undefined || startTime === undefined || bootId === undefined) return undefined;
  return { pid: Number(pid), startTime, bootId };
}

function inUse(folder: string, owner: ProcessIdentity, file: string): StorageError {
  const who = owner.pid === process.pid ? `this process (${owner.pid})` : `process ${owner.pid}`;
  const wayOut = `Stop it, or choose another folder; if it is not a node, remove ${file}`;
  return new StorageError(`the folder ${folder} is in use by ${who}. ${wayOut}.`, file);
}

function isRunning(owner: ProcessIdentity, bootId: string): boolean {
  if (owner.bootId !== bootId) return false;
  try {
    process.kill(owner.pid, 0);
  } catch (cause) {
    // Any other error, such as a missing permission, means that there is such a process.
    if (hasCode(cause, "ESRCH")) return false;
  }
  const stat = readStat(owner.pid);
  // It may be hidden from us, and is running for all we know.
  if (stat === undefined) return true;
  return stat[STAT_START_TIME] === owner.startTime && !ENDED_STATES.includes(stat[STAT_STATE] ?? "");
}

/** The fields of /proc/<pid>/stat from the state on; undefined when there is no such file. */
function readStat(pid: number): string[] | undefined {
  const stat = readIfThere(`/proc/${pid}/stat`);
  // The command comes in parentheses and may contain any character, parentheses too.
  return stat?.slice(stat.lastIndexOf(")") + 2).split(" ");
}

function readIfThere(file: string): string | undefined {
  try {
    return fs.readFileSync(file, "utf8");
  } catch {
    return undefined;
  }
}

function removeIfThere(file: string): void {
  fs.rmSync(file, { force: true });
}

function hasCode(cause: unknown, code: string): boolean {
  return cause instanceof Error && "code" in cause && cause.code === code;
}
