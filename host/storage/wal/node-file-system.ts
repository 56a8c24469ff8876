/**
 * The file system of the write-ahead log on Node. Writes and syncs run on libuv's threads, so that they overlap with
 * the event loop; reads, opening and renaming are calls that return at once from the page cache.
 */

import * as fs from "node:fs";
import * as path from "node:path";
import type { FileSystem, FolderLock, OpenMode, WalFile } from "./file-system.js";
import { lockFolder } from "./lock.js";
import { readWhole, writeWhole } from "./whole.js";

const FLAGS: Readonly<Record<OpenMode, string>> = { read: "r", update: "r+", create: "w+" };

export class NodeFileSystem implements FileSystem {
  async makeFolder(folder: string): Promise<void> {
    const target = path.resolve(folder);
    // Each folder made is a name in its parent, and durable only with it. One that was there may have been made by a
    // process that was killed before it got that far.
    const first = fs.mkdirSync(target, { recursive: true }) ?? target;
    for (let made = target; made.length >= first.length; made = path.dirname(made)) {
      await this.syncFolder(path.dirname(made));
      if (made === path.dirname(made)) break;
    }
  }

  lock(folder: string): FolderLock {
    return lockFolder(folder);
  }

  list(folder: string): string[] {
    return fs.readdirSync(folder);
  }

  open(file: string, mode: OpenMode): WalFile {
    return new NodeFile(fs.openSync(file, FLAGS[mode]));
  }

  rename(from: string, to: string): void {
    fs.renameSync(from, to);
  }

  remove(file: string): Promise<void> {
    return fs.promises.unlink(file);
  }

  async syncFolder(folder: string): Promise<void> {
    const handle = await fs.promises.open(folder, "r");
    try {
      await handle.sync();
    } finally {
      await handle.close();
    }
  }
}

class NodeFile implements WalFile {
  constructor(private readonly descriptor: number) {}

  size(): number {
    return fs.fstatSync(this.descriptor).size;
  }

  read(into: Uint8Array, at: number): number {
    return readWhole(into.length, (from) => fs.readSync(this.descriptor, into, from, into.length - from, at + from));
  }

  write(bytes: Uint8Array, at: number): Promise<void> {
    const writeSome = (from: number) =>
      new Promise<number>((resolve, reject) => {
        fs.write(this.descriptor, bytes, from, bytes.length - from, at + from, (error, written) => {
          if (error === null) resolve(written);
          else reject(error);
        });
      });
    return writeWhole(bytes.length, writeSome);
  }

  sync(): Promise<void> {
    return new Promise((resolve, reject) => {
      fs.fdatasync(this.descriptor, (error) => (error === null ? resolve() : reject(error)));
    });
  }

  truncate(size: number): void {
    fs.ftruncateSync(this.descriptor, size);
  }

  close(): void {
    fs.closeSync(this.descriptor);
  }
}
