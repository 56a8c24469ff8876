/**
 * Writes the file of one snapshot: under another name until it is durable as a whole, and only then renamed. What was
 * there before is untouched until that one step.
 */

import type { EntryPosition } from "../../machine/machine.js";
import type { FileSystem, WalFile } from "../wal/file-system.js";
import {
  BLOCK_BYTES,
  BLOCK_STRIDE,
  blockChecksum,
  CHECKSUM_BYTES,
  encodeHeader,
  SNAPSHOT_HEADER_BYTES,
} from "./format.js";
import type { SnapshotInfo, SnapshotWriter } from "./store.js";

/** Blocks that are written at a time: about 1 MiB. */
const BLOCKS_A_WRITE = 16;

export interface FileNames {
  readonly folder: string;
  /** Its name until it is committed. */
  readonly partial: string;
  readonly final: string;
}

export class FileWriter implements SnapshotWriter {
  waiting = 0;
  private file: WalFile | undefined;
  /** The calls so far, one behind the other. */
  private tail: Promise<void> = Promise.resolve();
  private readonly buffer = new Uint8Array(BLOCKS_A_WRITE * BLOCK_STRIDE);
  private readonly view = new DataView(this.buffer.buffer);
  /** Where in `buffer` the block that is being filled begins. */
  private place = 0;
  /** Bytes of the image in that block. */
  private filled = 0;
  /** Number of that block. */
  private block = 0;
  /** Where in the file `buffer` goes. */
  private offset = SNAPSHOT_HEADER_BYTES;
  private ended = false;

  constructor(
    private readonly fs: FileSystem,
    private readonly names: FileNames,
    private readonly position: EntryPosition,
    private readonly onEnd: (writer: FileWriter) => void,
  ) {}

  write(bytes: Uint8Array): Promise<void> {
    const copy = bytes.slice();
    this.waiting += copy.length;
    return this.enqueue(async () => {
      await this.append(copy);
      this.waiting -= copy.length;
    });
  }

  async commit(): Promise<SnapshotInfo> {
    const { index, term } = this.position;
    const { final, folder, partial } = this.names;
    let bytes = 0;
    await this.enqueue(async () => {
      bytes = this.block * BLOCK_BYTES + this.filled;
      if (this.filled > 0) this.seal();
      const file = this.opened();
      await file.write(this.buffer.subarray(0, this.place), this.offset);
      await file.write(encodeHeader({ index, term, bytes }), 0);
      await file.sync();
      this.closeFile();
      this.fs.rename(partial, final);
      await this.fs.syncFolder(folder);
    });
    this.end();
    return { index, term, bytes };
  }

  async abort(): Promise<void> {
    if (this.ended) return;
    this.end();
    // Whatever failed was told to those who called; what a failure leaves behind is thrown away at the next start.
    await this.tail.catch(() => undefined);
    try {
      this.closeFile();
      await this.fs.remove(this.names.partial);
    } catch {
      return;
    }
  }

  private end(): void {
    this.ended = true;
    this.onEnd(this);
  }

  /** Does this after all that was asked for before, unless some of that failed or the image was given up. */
  private enqueue(action: () => Promise<void>): Promise<void> {
    this.tail = this.tail.then(() => {
      if (this.ended) throw new Error("the image was given up");
      return action();
    });
    // Told to whoever waits, and again by every later call.
    this.tail.catch(() => undefined);
    return this.tail;
  }

  private opened(): WalFile {
    this.file ??= this.fs.open(this.names.partial, "create");
    return this.file;
  }

  private closeFile(): void {
    const { file } = this;
    this.file = undefined;
    file?.close();
  }

  private async append(bytes: Uint8Array): Promise<void> {
    for (let at = 0; at < bytes.length; ) {
      const length = Math.min(BLOCK_BYTES - this.filled, bytes.length - at);
      this.buffer.set(bytes.subarray(at, at + length), this.place + CHECKSUM_BYTES + this.filled);
      this.filled += length;
      at += length;
      if (this.filled < BLOCK_BYTES) continue;
      this.seal();
      this.block++;
      this.filled = 0;
      if (this.place === this.buffer.length) await this.writeBuffer();
    }
  }

  /** Gives the block that was being filled its checksum. */
  private seal(): void {
    const from = this.place + CHECKSUM_BYTES;
    const end = from + this.filled;
    const checksum = blockChecksum(this.position, this.block, this.buffer.subarray(from, end));
    this.view.setUint32(this.place, checksum, true);
    this.place = end;
  }

  private async writeBuffer(): Promise<void> {
    await this.opened().write(this.buffer, this.offset);
    this.offset += this.buffer.length;
    this.place = 0;
  }
}
