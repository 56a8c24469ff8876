/**
 * The errors of the write-ahead log. Each names the file, what happened, and the way out.
 */

import { StorageError } from "../storage.js";

/** What helps when what is on disk cannot be trusted. */
export const DAMAGE_WAY_OUT =
  "Nothing was changed. Restore the folder from a copy of this node's own storage, or remove the member from the " +
  "cluster, empty the folder and add it again as a new member; do not start it empty under its old id, because it " +
  "would have forgotten its vote";

/** What helps, by the system's error code. */
const WAYS_OUT: Readonly<Record<string, string>> = {
  ENOSPC: "Free space on this disk, then start the node again",
  EDQUOT: "Raise the disk quota or free space, then start the node again",
  EIO: "The disk reports a fault: look at the system's log, replace the disk if need be, then start the node again",
  EACCES: "Give the node's user read and write access to the folder and its files",
  EPERM: "Give the node's user read and write access to the folder and its files",
  EROFS: "Mount the file system writable, or choose another folder",
  ENOTDIR: "Choose a folder: a part of this path is a file",
  EEXIST: "Choose a folder: this path is a file",
  EMFILE: "Raise the limit on open files (ulimit -n), then start the node again",
};

const DEFAULT_WAY_OUT = "Remove the cause, then start the node again";

/** What is on disk cannot be trusted. */
export function damage(file: string, offset: number, what: string): StorageError {
  return new StorageError(`${file} is damaged at byte ${offset}: ${what}. ${DAMAGE_WAY_OUT}.`, file, offset);
}

/** A call of the file system failed. */
export function ioFailure(action: string, file: string, cause: unknown): StorageError {
  if (cause instanceof StorageError) return cause;
  const code = cause instanceof Error && "code" in cause ? String(cause.code) : "unknown error";
  const wayOut = WAYS_OUT[code] ?? DEFAULT_WAY_OUT;
  const detail = cause instanceof Error ? cause.message : String(cause);
  return new StorageError(`cannot ${action} ${file}: ${code} (${detail}). ${wayOut}.`, file, undefined, { cause });
}
