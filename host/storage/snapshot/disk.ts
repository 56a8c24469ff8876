/**
 * Snapshots on disk, one file each. A folder may be shared with a write-ahead log: the names differ, and the log's lock
 * guards both. See format.ts for what a file holds, and writer.ts for how it comes to be.
 */

import type { EntryPosition } from "../../machine/machine.js";
import { CheckedFileSystem } from "../wal/checked-file-system.js";
import type { FileSystem, WalFile } from "../wal/file-system.js";
import { NodeFileSystem } from "../wal/node-file-system.js";
import {
  BLOCK_BYTES,
  BLOCK_STRIDE,
  blockChecksum,
  blockOffset,
  CHECKSUM_BYTES,
  damage,
  decodeHeader,
  isPartial,
  partialFile,
  SNAPSHOT_HEADER_BYTES,
  snapshotFile,
  snapshotIndex,
} from "./format.js";
import type { LoadedSnapshot, SnapshotInfo, SnapshotStore, SnapshotWriter } from "./store.js";
import { FileWriter } from "./writer.js";

/** Blocks that are read at a time when a whole image is loaded. */
const BLOCKS_A_READ = 16;

export interface DiskSnapshotStoreOptions {
  /** Where the snapshots lie; made when it is missing. */
  readonly folder: string;
  readonly fileSystem?: FileSystem;
}

/** A snapshot's file, open for reading. */
interface OpenSnapshot {
  readonly name: string;
  readonly file: WalFile;
  readonly info: SnapshotInfo;
}

export class DiskSnapshotStore implements SnapshotStore {
  readonly place: string;
  private readonly folder: string;
  private readonly fs: FileSystem;
  /** The one that was read last: reads are mostly of one snapshot, piece by piece. */
  private reading: OpenSnapshot | undefined;
  private readonly writers = new Set<FileWriter>();
  private attempts = 0;
  private readonly scratch = new Uint8Array(BLOCKS_A_READ * BLOCK_STRIDE);

  constructor(options: DiskSnapshotStoreOptions) {
    this.folder = options.folder;
    this.place = options.folder;
    this.fs = new CheckedFileSystem(options.fileSystem ?? new NodeFileSystem());
  }

  async open(): Promise<readonly number[]> {
    await this.fs.makeFolder(this.folder);
    const names = this.fs.list(this.folder);
    for (const name of names.filter(isPartial)) await this.fs.remove(`${this.folder}/${name}`);
    return names
      .map(snapshotIndex)
      .filter((index) => index !== undefined)
      .sort((a, b) => b - a);
  }

  async load(index: number): Promise<LoadedSnapshot> {
    const opened = this.openFile(index);
    try {
      const image = new Uint8Array(opened.info.bytes);
      for (let at = 0; at < image.length; ) at += this.readBlocks(opened, at, image.subarray(at));
      return { ...opened.info, image };
    } finally {
      opened.file.close();
    }
  }

  read(index: number, offset: number, into: Uint8Array): number {
    if (this.reading?.info.index !== index) {
      this.stopReading();
      this.reading = this.openFile(index);
    }
    const wanted = Math.min(into.length, this.reading.info.bytes - offset);
    let done = 0;
    while (done < wanted) done += this.readBlocks(this.reading, offset + done, into.subarray(done, wanted));
    return done;
  }

  begin(position: EntryPosition): SnapshotWriter {
    const { index } = position;
    const partial = partialFile(this.folder, index, ++this.attempts);
    const names = { folder: this.folder, partial, final: snapshotFile(this.folder, index) };
    const writer = new FileWriter(this.fs, names, position, (ended) => {
      this.writers.delete(ended);
      // A file of this index may just have been replaced.
      if (this.reading?.info.index === index) this.stopReading();
    });
    this.writers.add(writer);
    return writer;
  }

  async remove(index: number): Promise<void> {
    if (this.reading?.info.index === index) this.stopReading();
    const name = `snapshot-${String(index).padStart(16, "0")}.snap`;
    if (!this.fs.list(this.folder).includes(name)) return;
    await this.fs.remove(snapshotFile(this.folder, index));
    await this.fs.syncFolder(this.folder);
  }

  async close(): Promise<void> {
    this.stopReading();
    await Promise.all([...this.writers].map((writer) => writer.abort()));
  }

  private stopReading(): void {
    const file = this.reading?.file;
    this.reading = undefined;
    file?.close();
  }

  private openFile(index: number): OpenSnapshot {
    const name = snapshotFile(this.folder, index);
    const file = this.fs.open(name, "read");
    try {
      const header = new Uint8Array(SNAPSHOT_HEADER_BYTES);
      const length = file.read(header, 0);
      return { name, file, info: decodeHeader(header.subarray(0, length), file.size(), index, name) };
    } catch (error) {
      file.close();
      throw error;
    }
  }

  /** Reads the blocks from the one that holds `offset` on, as many as the scratch buffer takes, and copies what belongs
   * into `into`. @returns how many bytes, at least one */
  private readBlocks({ file, info, name }: OpenSnapshot, offset: number, into: Uint8Array): number {
    const first = Math.floor(offset / BLOCK_BYTES);
    const last = Math.min(Math.floor((offset + into.length - 1) / BLOCK_BYTES), first + BLOCKS_A_READ - 1);
    const end = Math.min(blockOffset(last + 1), blockOffset(last) + CHECKSUM_BYTES + info.bytes - last * BLOCK_BYTES);
    const bytes = this.scratch.subarray(0, end - blockOffset(first));
    if (file.read(bytes, blockOffset(first)) < bytes.length)
      throw damage(name, blockOffset(first), "it ends too early");
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    let copied = 0;
    for (let block = first; block <= last; block++) {
      const at = (block - first) * BLOCK_STRIDE;
      const body = bytes.subarray(at + CHECKSUM_BYTES, at + BLOCK_STRIDE);
      if (view.getUint32(at, true) !== blockChecksum(info, block, body)) {
        throw damage(name, blockOffset(block), "the checksum of a block is wrong");
      }
      const skip = block === first ? offset - first * BLOCK_BYTES : 0;
      const piece = body.subarray(skip, skip + into.length - copied);
      into.set(piece, copied);
      copied += piece.length;
    }
    return copied;
  }
}
