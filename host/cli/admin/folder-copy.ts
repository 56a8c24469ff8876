/** A copy of the data folder of a stopped node, made before anything in it is changed. */

import {
  closeSync,
  constants,
  cpSync,
  existsSync,
  fsyncSync,
  openSync,
  readdirSync,
  realpathSync,
  rmSync,
} from "node:fs";
import { dirname, join } from "node:path";
import type { StoppedState } from "../../stopped-node.js";
import { UsageError } from "../output.js";

const LOCK_PREFIX = "lock.";

/** Copies a folder as it is, durably. @returns where to. */
export function copyFolder(folder: string, { lastIndex, term }: StoppedState): string {
  const target = `${folder.replace(/\/+$/, "")}.backup-${term}-${lastIndex}`;
  if (existsSync(target)) throw new UsageError(`${target} is there already, from an earlier time: move it away`);
  try {
    const mode = constants.COPYFILE_FICLONE;
    // A link would be copied as one, to the very folder that is going to be changed.
    const real = realpathSync(folder);
    const filter = (source: string) => !source.startsWith(join(real, LOCK_PREFIX));
    cpSync(real, target, { recursive: true, mode, preserveTimestamps: true, filter });
    for (const name of readdirSync(target)) sync(join(target, name));
    sync(target);
    sync(dirname(target));
  } catch (error) {
    rmSync(target, { recursive: true, force: true });
    const reason = error instanceof Error ? error.message : String(error);
    throw new UsageError(`cannot copy ${folder} to ${target} (${reason}): nothing was changed. Make room for it there`);
  }
  return target;
}

function sync(file: string): void {
  const descriptor = openSync(file, "r");
  try {
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}
