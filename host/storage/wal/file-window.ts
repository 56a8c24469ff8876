/**
 * A part of a file in memory, moved along as the file is read: small records cost no call of the system each, and a
 * file of any size is read in memory of the size of its largest record.
 */

import type { WalFile } from "./file-system.js";

/** Bytes read at a time. */
const WINDOW_BYTES = 256 * 1024;
const OUTSIDE = -1;

export class FileWindow {
  bytes = new Uint8Array(0);
  view = new DataView(this.bytes.buffer);
  private file: WalFile | undefined;
  /** The window holds the bytes [from, to) of the file. */
  private from = 0;
  private to = 0;

  /** Turns to another file, or to none. */
  use(file: WalFile | undefined): void {
    this.file = file;
    this.from = 0;
    this.to = 0;
  }

  /**
   * Makes sure that `length` bytes from `offset` on are in the window. The file is read below `limit` only, and what was
   * read once is not read again: below `limit` it must not change.
   * @returns their place in `bytes`, valid until the next call; -1 when the file does not have them below `limit`.
   */
  place(offset: number, length: number, limit: number): number {
    if (offset + length > limit) return OUTSIDE;
    if (offset < this.from || offset + length > this.to) this.move(offset, length, limit);
    return offset + length <= this.to ? offset - this.from : OUTSIDE;
  }

  private move(offset: number, length: number, limit: number): void {
    const size = Math.max(length, WINDOW_BYTES);
    // The buffer is as large as a window, unless a single record needs more.
    if (this.bytes.length !== size) {
      this.bytes = new Uint8Array(size);
      this.view = new DataView(this.bytes.buffer);
    }
    this.from = offset;
    this.to = offset;
    if (this.file === undefined) return;
    this.to = offset + this.file.read(this.bytes.subarray(0, Math.min(size, limit - offset)), offset);
  }
}
