/** What errors of nodes say: whether the simulation made them, and whether they help whoever reads them. */

import { StorageError } from "../../host/storage/storage.js";
import { DiskError } from "./mount.js";

/** Most causes that are looked at. */
const MOST_CAUSES = 8;

/** Whether an error of the disk, made by the simulation, is behind this. */
export function isSimulated(error: unknown): boolean {
  for (let cause = error, depth = 0; cause instanceof Error && depth < MOST_CAUSES; cause = cause.cause, depth++) {
    if (cause instanceof DiskError) return true;
  }
  return false;
}

/** What is wrong with an error of storage: it has to name the file or the folder, and the way out. */
export function objectionToMessage(error: unknown, folder: string): string | undefined {
  if (!(error instanceof StorageError)) return `not a StorageError: ${describeError(error)}`;
  if (error.message.includes(folder) && /\. [A-Z].*\.$/s.test(error.message)) return undefined;
  return `names no file, or no way out: ${error.message}`;
}

export function describeError(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}
