/**
 * A file system as the log uses it: calls of the one underneath, counted, and with their errors turned into
 * StorageErrors that name the file and the way out.
 */

import { ioFailure } from "./errors.js";
import type { FileSystem, FolderLock, OpenMode, WalFile } from "./file-system.js";

/** What the log has asked of the disk since it was opened. */
export interface WalStats {
  /** Calls of fdatasync. */
  readonly syncs: number;
  /** Bytes written. */
  readonly bytes: number;
}

type Counters = { -readonly [K in keyof WalStats]: WalStats[K] };

export class CheckedFileSystem implements FileSystem {
  private readonly counters: Counters = { syncs: 0, bytes: 0 };

  constructor(private readonly inner: FileSystem) {}

  get stats(): WalStats {
    return { ...this.counters };
  }

  makeFolder(folder: string): Promise<void> {
    return attemptLater("make the folder", folder, () => this.inner.makeFolder(folder));
  }

  lock(folder: string): FolderLock {
    return attempt("lock the folder", folder, () => this.inner.lock(folder));
  }

  list(folder: string): string[] {
    return attempt("list the folder", folder, () => this.inner.list(folder));
  }

  open(file: string, mode: OpenMode): WalFile {
    const inner = attempt("open", file, () => this.inner.open(file, mode));
    return new CheckedFile(inner, file, this.counters);
  }

  rename(from: string, to: string): void {
    attempt("rename", from, () => this.inner.rename(from, to));
  }

  remove(file: string): Promise<void> {
    return attemptLater("remove", file, () => this.inner.remove(file));
  }

  syncFolder(folder: string): Promise<void> {
    return attemptLater("sync the folder", folder, () => this.inner.syncFolder(folder));
  }
}

class CheckedFile implements WalFile {
  constructor(
    private readonly inner: WalFile,
    private readonly file: string,
    private readonly counters: Counters,
  ) {}

  size(): number {
    return attempt("find the size of", this.file, () => this.inner.size());
  }

  read(into: Uint8Array, at: number): number {
    return attempt(`read at byte ${at} of`, this.file, () => this.inner.read(into, at));
  }

  write(bytes: Uint8Array, at: number): Promise<void> {
    this.counters.bytes += bytes.length;
    return attemptLater(`write ${bytes.length} bytes at byte ${at} of`, this.file, () => this.inner.write(bytes, at));
  }

  sync(): Promise<void> {
    this.counters.syncs += 1;
    return attemptLater("sync (fdatasync)", this.file, () => this.inner.sync());
  }

  truncate(size: number): void {
    attempt(`cut to ${size} bytes`, this.file, () => this.inner.truncate(size));
  }

  close(): void {
    attempt("close", this.file, () => this.inner.close());
  }
}

function attempt<T>(action: string, file: string, call: () => T): T {
  try {
    return call();
  } catch (cause) {
    throw ioFailure(action, file, cause);
  }
}

async function attemptLater<T>(action: string, file: string, call: () => Promise<T>): Promise<T> {
  try {
    return await call();
  } catch (cause) {
    throw ioFailure(action, file, cause);
  }
}
