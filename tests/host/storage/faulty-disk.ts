/**
 * A disk in memory for tests of the write-ahead log, as unkind as the contract of host/storage/wal/file-system.ts lets
 * it be: a crash keeps any part of what was not synced, sector by sector and in any order, leaves garbage in sectors
 * that were being written, and keeps any of the names that were not synced; a sync that failed leaves data that is
 * read back and never reaches the disk. Any call can be made to fail, and calls can be held back.
 */

import type { FileSystem, FolderLock, OpenMode, WalFile } from "../../../host/storage/wal/file-system.js";
import { applyName, type NameChange } from "../../../sim/host-world/names.js";

/** Far smaller than a real one, so that even a small log has sectors in the middle of its records. */
const SECTOR_BYTES = 16;

/** Draws a number from [0, limit). */
export type Draw = (limit: number) => number;

interface Write {
  readonly at: number;
  readonly bytes: Uint8Array;
}

type Change = Write | { readonly size: number };

/** A repeatable source of random numbers (xorshift32). */
export function drawFrom(seed: number): Draw {
  let state = seed | 1;
  return (limit) => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) % limit;
  };
}

export class DiskError extends Error {
  constructor(readonly code: string) {
    super(`${code}: made to fail`);
  }
}

export class FaultyDisk {
  /** Names of all calls so far. */
  readonly calls: string[] = [];
  /** Called with the name of each call; returns an error code to make it fail. */
  fault: (call: string) => string | undefined = () => undefined;
  /** The files, as they are read. */
  names = new Map<string, Inode>();
  private durableNames = new Map<string, Inode>();
  private pendingNames: NameChange<Inode>[] = [];
  private readonly locked = new Set<string>();
  private held: (() => void)[] | undefined;
  /** How many files are open. */
  openFiles = 0;
  /** Counts the crashes. */
  life = 0;

  /** The files as they are read, by name. */
  contents(): Map<string, Uint8Array> {
    return new Map([...this.names].map(([name, inode]) => [name, inode.cached.slice()]));
  }

  /** A disk with just these files, all durable. */
  static of(files: Map<string, Uint8Array>): FaultyDisk {
    const disk = new FaultyDisk();
    for (const [name, bytes] of files) {
      const inode = new Inode();
      inode.cached = bytes.slice();
      inode.durable = bytes.slice();
      disk.names.set(name, inode);
      disk.durableNames.set(name, inode);
    }
    return disk;
  }

  /** Holds back all calls that take time, until `release`. */
  hold(): void {
    this.held = [];
  }

  /** Lets all held calls go on, and holds back no more. */
  release(): void {
    const held = this.held ?? [];
    this.held = undefined;
    for (const goOn of held) goOn();
  }

  /** Lets one of the held calls go on: calls that are under way together end in any order. */
  releaseOne(which = 0): void {
    const held = this.held ?? [];
    for (const goOn of held.splice(which % Math.max(1, held.length), 1)) goOn();
  }

  /** Power fails. What was not synced is kept in part, as drawn; calls under way never return. */
  crash(draw: Draw): void {
    this.life++;
    this.held = undefined;
    this.locked.clear();
    for (const change of this.pendingNames) if (draw(2) === 0) applyName(this.durableNames, change);
    this.pendingNames = [];
    this.names = new Map(this.durableNames);
    for (const inode of new Set(this.names.values())) inode.crash(draw);
    this.openFiles = 0;
  }

  /** The process ends, the system goes on: all that was written is still there, calls under way never return. */
  kill(): void {
    this.life++;
    this.held = undefined;
    this.locked.clear();
    for (const inode of this.names.values()) inode.kill();
    this.openFiles = 0;
  }

  /** The file system of this life. */
  mount(): FileSystem {
    return new Mount(this);
  }

  lock(folder: string): FolderLock {
    if (this.locked.has(folder)) throw new DiskError("ELOCKED");
    const { life } = this;
    this.locked.add(folder);
    return {
      release: () => {
        if (life === this.life) this.locked.delete(folder);
      },
    };
  }

  changeName(change: NameChange<Inode>): void {
    applyName(this.names, change);
    this.pendingNames.push(change);
  }

  syncNames(): void {
    for (const change of this.pendingNames) applyName(this.durableNames, change);
    this.pendingNames = [];
  }

  /** Takes note of a call, and makes it fail if it shall. */
  call(name: string, life: number): void {
    if (life !== this.life) throw new DiskError("EBADF");
    this.calls.push(name);
    const code = this.fault(name);
    if (code !== undefined) throw new DiskError(code);
  }

  /** As `call`, for a call that takes time; does not return after a crash. */
  async later(name: string, life: number): Promise<void> {
    const { held } = this;
    if (held !== undefined) await new Promise<void>((goOn) => held.push(goOn));
    else await Promise.resolve();
    if (life !== this.life) await new Promise(() => undefined);
    this.call(name, life);
  }
}

/** The disk as one life of the system sees it. After a crash it is of no use to those who still hold it: calls that take
 * time never return, and the others fail. */
class Mount implements FileSystem {
  private readonly life: number;

  constructor(private readonly disk: FaultyDisk) {
    this.life = disk.life;
  }

  async makeFolder(_folder: string): Promise<void> {
    await this.disk.later("makeFolder", this.life);
  }

  lock(folder: string): FolderLock {
    this.disk.call("lock", this.life);
    return this.disk.lock(folder);
  }

  list(folder: string): string[] {
    this.disk.call("list", this.life);
    const start = `${folder}/`;
    const names = [...this.disk.names.keys()].filter((name) => name.startsWith(start));
    return names.map((name) => name.slice(start.length));
  }

  open(file: string, mode: OpenMode): WalFile {
    this.disk.call("open", this.life);
    let inode = this.disk.names.get(file);
    if (mode === "create") {
      inode = new Inode();
      this.disk.changeName({ name: file, inode });
    }
    if (inode === undefined) throw new DiskError("ENOENT");
    return new DiskFile(this.disk, this.life, inode, mode !== "read");
  }

  rename(from: string, to: string): void {
    this.disk.call("rename", this.life);
    const inode = this.disk.names.get(from);
    if (inode === undefined) throw new DiskError("ENOENT");
    this.disk.changeName({ name: to, inode, from });
  }

  async remove(file: string): Promise<void> {
    await this.disk.later("remove", this.life);
    if (!this.disk.names.has(file)) throw new DiskError("ENOENT");
    this.disk.changeName({ remove: file });
  }

  async syncFolder(_folder: string): Promise<void> {
    await this.disk.later("syncFolder", this.life);
    this.disk.syncNames();
  }
}

class Inode {
  /** What is read. */
  cached = new Uint8Array(0);
  /** What is on the disk. */
  durable = new Uint8Array(0);
  private pending: Change[] = [];
  /** Writes under way. */
  private readonly started = new Set<Write>();

  /** Begins a write, which has its effect when it is finished; if it never is, a part of it may have. */
  start(write: Write): Write {
    const copy = { at: write.at, bytes: write.bytes.slice() };
    this.started.add(copy);
    return copy;
  }

  finish(write: Write): void {
    this.started.delete(write);
    this.change(write);
  }

  change(change: Change): void {
    this.cached = applied(this.cached, change);
    this.pending.push(change);
  }

  /** The process ended: the system finishes what was under way. */
  kill(): void {
    for (const write of this.started) this.finish(write);
  }

  sync(): void {
    for (const change of this.pending) this.durable = applied(this.durable, change);
    this.pending = [];
  }

  /** The sync failed: the changes count as written, and are not. */
  loseChanges(): void {
    this.pending = [];
  }

  crash(draw: Draw): void {
    for (const change of [...this.pending, ...this.started]) {
      if ("size" in change) {
        if (draw(2) === 0) this.durable = applied(this.durable, change);
      } else {
        for (const part of sectors(change)) this.crashWrite(part, draw);
      }
    }
    this.pending = [];
    this.started.clear();
    this.cached = this.durable.slice();
  }

  /** Part of a write in one sector: it is kept, lost, lost but for the size of the file, or garbage. */
  private crashWrite(part: Write, draw: Draw): void {
    // A sector that is written with the bytes it has keeps them: every log that goes on in a half-full sector relies on it.
    const before = this.durable.subarray(part.at, part.at + part.bytes.length);
    if (before.length === part.bytes.length && part.bytes.every((byte, i) => before[i] === byte)) return;
    const fate = draw(8);
    if (fate < 4) this.durable = applied(this.durable, part);
    else if (fate === 4) this.durable = applied(this.durable, { at: part.at, bytes: part.bytes.map(() => draw(256)) });
    else if (fate === 5 && this.durable.length < part.at + part.bytes.length) {
      this.durable = applied(this.durable, { at: part.at, bytes: new Uint8Array(part.bytes.length) });
    }
  }
}

/** The parts of a write, one a sector. */
function* sectors({ at, bytes }: Write): Generator<Write> {
  for (let from = 0; from < bytes.length; ) {
    const to = Math.min(bytes.length, from + SECTOR_BYTES - ((at + from) % SECTOR_BYTES));
    yield { at: at + from, bytes: bytes.subarray(from, to) };
    from = to;
  }
}

function applied(bytes: Uint8Array<ArrayBuffer>, change: Change): Uint8Array<ArrayBuffer> {
  const size = "size" in change ? change.size : Math.max(bytes.length, change.at + change.bytes.length);
  const result = new Uint8Array(size);
  result.set(bytes.subarray(0, size));
  if (!("size" in change)) result.set(change.bytes, change.at);
  return result;
}

class DiskFile implements WalFile {
  private open = true;
  private underWay = 0;

  constructor(
    private readonly disk: FaultyDisk,
    private readonly life: number,
    private readonly inode: Inode,
    private readonly writable: boolean,
  ) {
    disk.openFiles++;
  }

  size(): number {
    this.check("size");
    return this.inode.cached.length;
  }

  read(into: Uint8Array, at: number): number {
    this.check("read");
    const bytes = this.inode.cached.subarray(at, at + into.length);
    into.set(bytes);
    return bytes.length;
  }

  async write(bytes: Uint8Array, at: number): Promise<void> {
    if (!this.open || !this.writable || this.life !== this.disk.life) throw new DiskError("EBADF");
    const write = this.inode.start({ at, bytes });
    this.underWay++;
    try {
      await this.disk.later("write", this.life);
    } finally {
      // A write that fails may have done its work all the same.
      this.inode.finish(write);
      this.underWay--;
    }
  }

  async sync(): Promise<void> {
    if (!this.open) throw new DiskError("EBADF");
    this.underWay++;
    try {
      await this.disk.later("sync", this.life);
    } catch (error) {
      this.inode.loseChanges();
      throw error;
    } finally {
      this.underWay--;
    }
    this.inode.sync();
  }

  truncate(size: number): void {
    this.check("truncate");
    if (!this.writable) throw new DiskError("EBADF");
    this.inode.change({ size });
  }

  close(): void {
    // The descriptor may belong to another file by the time those calls are done.
    if (this.underWay > 0) throw new Error("a file was closed while calls on it were under way");
    const { disk, open } = this;
    try {
      this.check("close");
    } finally {
      // Whatever it says, the descriptor is gone (close(2)).
      this.open = false;
      if (open) disk.openFiles--;
    }
  }

  private check(call: string): void {
    if (!this.open) throw new DiskError("EBADF");
    this.disk.call(call, this.life);
  }
}
