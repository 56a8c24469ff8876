/**
 * A simulated disk as one process sees it: the file system that the write-ahead log and the snapshot store run on. When the
 * process is gone, calls that take time never return, and the others fail; nothing of what it still does has an effect.
 */

import type { FileSystem, FolderLock, OpenMode, WalFile } from "../../host/storage/wal/file-system.js";
import { readWhole, writeWhole } from "../../host/storage/wal/whole.js";
import { Inode, type Write } from "./inode.js";
import type { Volume } from "./volume.js";

/** What calls take, in microseconds, at most; a sync takes longer than a write. */
const WRITE_TIME = 300;
const SYNC_TIME = 4000;
const SLOW_TIME = 2_000_000;
const MICROSECONDS = 1000;

/** Never resolves. Not one for all: who waits for it would be remembered by it. */
function never(): Promise<never> {
  return new Promise(() => undefined);
}

/** Whose calls these are. */
export interface Process {
  readonly alive: boolean;
  /** Lets something happen to this process after some microseconds, as long as it is there. */
  later(microseconds: number, task: () => void): void;
  /** A call begins: power may fail here. */
  onCall(): void;
}

/** An error of the system. */
export class DiskError extends Error {
  constructor(readonly code: string) {
    super(`${code}: simulated`);
  }
}

export class Mount implements FileSystem {
  constructor(
    private readonly volume: Volume,
    private readonly process: Process,
  ) {}

  async makeFolder(_folder: string): Promise<void> {
    await this.later(SYNC_TIME);
  }

  lock(_folder: string): FolderLock {
    this.call();
    const { process, volume } = this;
    if (volume.owner?.alive === true) throw new DiskError("ELOCKED");
    volume.owner = process;
    return {
      release: () => {
        if (process.alive && volume.owner === process) volume.owner = undefined;
      },
    };
  }

  list(folder: string): string[] {
    this.call();
    const start = `${folder}/`;
    return [...this.volume.names.keys()]
      .filter((name) => name.startsWith(start))
      .map((name) => name.slice(start.length));
  }

  open(file: string, mode: OpenMode): WalFile {
    this.call();
    let inode = this.volume.names.get(file);
    if (mode === "create") {
      if (this.volume.room <= 0) throw this.full();
      inode = new Inode();
      this.volume.changeName({ name: file, inode });
    }
    if (inode === undefined) throw new DiskError("ENOENT");
    return new SimFile(this, this.volume, inode, mode !== "read");
  }

  rename(from: string, to: string): void {
    this.call();
    const inode = this.volume.names.get(from);
    if (inode === undefined) throw new DiskError("ENOENT");
    this.volume.changeName({ name: to, inode, from });
  }

  async remove(file: string): Promise<void> {
    await this.later(WRITE_TIME);
    if (!this.volume.names.has(file)) throw new DiskError("ENOENT");
    this.volume.changeName({ remove: file });
  }

  async syncFolder(_folder: string): Promise<void> {
    const { volume } = this;
    const serial = volume.nameSerial;
    await this.later(SYNC_TIME);
    if (this.lies()) {
      volume.lieAboutNames(serial);
      volume.owe(() => volume.syncNames(serial));
    } else {
      volume.syncNames(serial);
    }
  }

  /** Takes note of a call; it fails if it shall. */
  call(): void {
    this.process.onCall();
    if (!this.process.alive) throw new DiskError("EBADF");
    const { place, options } = this.volume;
    const { faults, random } = options;
    this.volume.calls++;
    if (!faults.draws("eio", random, place)) return;
    faults.count("eio", () => "a call of the disk fails with EIO");
    throw new DiskError("EIO");
  }

  /** As `call`, for a call that takes time; never returns to a process that is gone. */
  async later(most: number): Promise<void> {
    if (!this.process.alive) await never();
    const { place, options } = this.volume;
    const { faults, random } = options;
    let time = 1 + random.below(most);
    if (faults.draws("slow", random, place)) {
      const more = random.below(SLOW_TIME);
      faults.count("slow", () => `a call of the disk takes ${Math.round(more / MICROSECONDS)} ms`);
      time += more;
    }
    await new Promise<void>((resolve) => this.process.later(time, resolve));
    try {
      this.call();
    } catch (error) {
      if (!this.process.alive) await never();
      throw error;
    }
  }

  /** Whether a sync lies. */
  lies(): boolean {
    const { place, options } = this.volume;
    const { faults, mayDamage, random } = options;
    if (!faults.draws("fsync-lie", random, place) || !mayDamage()) return false;
    faults.count("fsync-lie", () => "a sync returns and nothing is durable");
    return true;
  }

  full(): DiskError {
    this.volume.options.faults.count("enospc");
    return new DiskError("ENOSPC");
  }

  /** Whether the process that uses this is there. */
  get alive(): boolean {
    return this.process.alive;
  }
}

class SimFile implements WalFile {
  private open = true;
  private underWay = 0;

  constructor(
    private readonly mount: Mount,
    private readonly volume: Volume,
    private readonly inode: Inode,
    private readonly writable: boolean,
  ) {
    volume.openFiles++;
  }

  size(): number {
    this.call();
    return this.inode.cached.length;
  }

  read(into: Uint8Array, at: number): number {
    return readWhole(into.length, (from) => {
      this.call();
      const bytes = this.inode.cached.bytes.subarray(at + from, at + into.length);
      const length = this.shorten(bytes.length);
      into.set(bytes.subarray(0, length), from);
      return length;
    });
  }

  async write(bytes: Uint8Array, at: number): Promise<void> {
    if (!this.open || !this.writable) throw new DiskError("EBADF");
    const copy = bytes.slice();
    await writeWhole(copy.length, (from) => this.writeSome(copy.subarray(from), at + from));
  }

  async sync(): Promise<void> {
    if (!this.open) throw new DiskError("EBADF");
    const { inode, mount } = this;
    const { place, options } = this.volume;
    const { faults, random } = options;
    const { serial } = inode;
    this.underWay++;
    try {
      await mount.later(SYNC_TIME);
    } finally {
      this.underWay--;
    }
    if (faults.draws("fsync-fail", random, place)) {
      faults.count("fsync-fail", () => "a sync fails, and its pages count as clean");
      inode.forget(serial);
      throw new DiskError("EIO");
    }
    if (mount.lies()) {
      inode.lie(serial);
      this.volume.owe(() => inode.sync(serial));
    } else {
      inode.sync(serial);
    }
  }

  truncate(size: number): void {
    this.call();
    if (!this.writable) throw new DiskError("EBADF");
    this.inode.truncate(size);
  }

  close(): void {
    // The descriptor may belong to another file by the time those calls are done.
    if (this.underWay > 0 && this.mount.alive) throw new Error("a file was closed while calls on it were under way");
    if (!this.open) throw new DiskError("EBADF");
    this.open = false;
    if (this.mount.alive) this.volume.openFiles--;
    this.mount.call();
  }

  /** Writes, perhaps only a part. */
  private async writeSome(bytes: Uint8Array, at: number): Promise<number> {
    const { inode, volume } = this;
    const length = this.shorten(bytes.length);
    const write: Write = { at, bytes: bytes.subarray(0, length), stray: volume.stray(inode, at) };
    inode.start(write);
    this.underWay++;
    let done = 0;
    try {
      await this.mount.later(WRITE_TIME);
      const growth = Math.max(0, at + length - inode.cached.length);
      done = length - Math.max(0, growth - volume.room);
      volume.room -= Math.min(growth, volume.room);
      if (done <= 0 && length > 0) throw this.mount.full();
      return done;
    } catch (error) {
      // A write that fails may have done some of its work all the same.
      if (!(error instanceof DiskError) || error.code !== "ENOSPC") done = volume.options.random.below(length + 1);
      throw error;
    } finally {
      inode.finish(write, Math.max(0, done));
      this.underWay--;
    }
  }

  /** How much of so many bytes a call does. */
  private shorten(length: number): number {
    const { place, options } = this.volume;
    const { faults, random } = options;
    if (length < 2 || !faults.draws("short", random, place)) return length;
    const done = 1 + random.below(length - 1);
    faults.count("short", () => `a call does ${done} of ${length} bytes`);
    return done;
  }

  private call(): void {
    if (!this.open && this.mount.alive) throw new DiskError("EBADF");
    this.mount.call();
  }
}
