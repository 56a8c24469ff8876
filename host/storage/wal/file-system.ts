/**
 * What the write-ahead log needs of a file system, and nothing more, so that the simulator can run the same log over a
 * simulated disk and tests can make any call fail. Methods throw or reject with the system's own error, with its `code`.
 *
 * What is assumed of a disk: `sync` makes the contents and the size of a file durable; `syncFolder` makes the names in
 * a folder durable (creation, renaming, removal); before that a crash may keep any part of what was done, bytes of one
 * write included. `rename` replaces the target as one step.
 */

/** `read`: the file must exist, only reads follow. `update`: it must exist. `create`: it is made, or emptied. */
export type OpenMode = "read" | "update" | "create";

export interface WalFile {
  /** Size in bytes. */
  size(): number;
  /** Reads from byte `at` on until `into` is full or the file ends. @returns the bytes read. */
  read(into: Uint8Array, at: number): number;
  /** Writes all of `bytes` at byte `at`; they must not change until the promise is settled. */
  write(bytes: Uint8Array, at: number): Promise<void>;
  /** Makes contents and size durable (fdatasync). */
  sync(): Promise<void>;
  /** Cuts the file to `size` bytes. */
  truncate(size: number): void;
  close(): void;
}

/** Exclusive ownership of a folder. */
export interface FolderLock {
  release(): void;
}

export interface FileSystem {
  /** Makes the folder where it is missing, its parents too, durably. */
  makeFolder(folder: string): Promise<void>;
  /** Takes the folder for this instance alone. Throws a StorageError that names the owner when there is one. */
  lock(folder: string): FolderLock;
  /** The names in a folder, in any order. */
  list(folder: string): string[];
  open(file: string, mode: OpenMode): WalFile;
  rename(from: string, to: string): void;
  remove(file: string): Promise<void>;
  syncFolder(folder: string): Promise<void>;
}
