/**
 * Where a node keeps what it must not forget, from one life to the next: in memory, or in a folder.
 *
 * Fault model. A crash is that of a process: what was handed to the operating system stays, what was still in the process is
 * lost. In memory every write is durable when it returns, so that nothing is lost there. Power failures and disks that
 * lie are the simulator's.
 */

import { MemoryStorage } from "../../host/storage/memory.js";
import { DiskSnapshotStore } from "../../host/storage/snapshot/disk.js";
import { MemorySnapshotStore } from "../../host/storage/snapshot/memory.js";
import type { SnapshotStore } from "../../host/storage/snapshot/store.js";
import type { Storage } from "../../host/storage/storage.js";
import type { FileSystem, FolderLock, OpenMode, WalFile } from "../../host/storage/wal/file-system.js";
import { NodeFileSystem } from "../../host/storage/wal/node-file-system.js";
import { WalStorage } from "../../host/storage/wal/wal.js";

/** What one life of a node writes to. */
export interface Keeping {
  readonly storage: Storage;
  readonly snapshots: SnapshotStore;
  /** The node crashes: nothing more gets there. */
  halt(): void;
}

/** Opens a place anew for each life. */
export type Place = () => Keeping;

/** @param folder made when it is missing; in memory without one */
export function makePlace(folder: string | undefined): Place {
  if (folder !== undefined) return () => keepOnDisk(folder);
  const storage = new MemoryStorage();
  const snapshots = new MemorySnapshotStore();
  return () => ({ storage, snapshots, halt: () => undefined });
}

function keepOnDisk(folder: string): Keeping {
  const fileSystem = new HaltingFileSystem();
  const storage = new WalStorage({ folder, fileSystem });
  return { storage, snapshots: new DiskSnapshotStore({ folder, fileSystem }), halt: () => fileSystem.halt() };
}

/** The machine's files, until the process that uses them is taken for dead: what it does from then on has no effect. It is
 * not told, as the dead are not. */
class HaltingFileSystem implements FileSystem {
  readonly #inner = new NodeFileSystem();
  #halted = false;

  halt(): void {
    this.#halted = true;
  }
  get isHalted(): boolean {
    return this.#halted;
  }

  async makeFolder(folder: string): Promise<void> {
    if (!this.#halted) await this.#inner.makeFolder(folder);
  }
  lock(folder: string): FolderLock {
    return this.#inner.lock(folder);
  }
  list(folder: string): string[] {
    return this.#inner.list(folder);
  }
  open(file: string, mode: OpenMode): WalFile {
    if (this.#halted && mode !== "read") return NO_FILE;
    return new HaltingFile(this.#inner.open(file, mode), this);
  }
  rename(from: string, to: string): void {
    if (!this.#halted) this.#inner.rename(from, to);
  }
  async remove(file: string): Promise<void> {
    if (!this.#halted) await this.#inner.remove(file);
  }
  async syncFolder(folder: string): Promise<void> {
    if (!this.#halted) await this.#inner.syncFolder(folder);
  }
}

class HaltingFile implements WalFile {
  constructor(
    readonly inner: WalFile,
    readonly system: HaltingFileSystem,
  ) {}

  size(): number {
    return this.inner.size();
  }
  read(into: Uint8Array, at: number): number {
    return this.inner.read(into, at);
  }
  async write(bytes: Uint8Array, at: number): Promise<void> {
    if (!this.system.isHalted) await this.inner.write(bytes, at);
  }
  async sync(): Promise<void> {
    if (!this.system.isHalted) await this.inner.sync();
  }
  truncate(size: number): void {
    if (!this.system.isHalted) this.inner.truncate(size);
  }
  close(): void {
    this.inner.close();
  }
}

/** A file that a dead process makes. */
const NO_FILE: WalFile = {
  size: () => 0,
  read: () => 0,
  write: () => Promise.resolve(),
  sync: () => Promise.resolve(),
  truncate: () => undefined,
  close: () => undefined,
};
