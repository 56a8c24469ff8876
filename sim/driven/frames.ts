/** Frames of the driven protocol, written one behind the other. */

import { FRAME_HEADER } from "./protocol.js";
import { padded, region } from "./region.js";

const INITIAL_BYTES = 1 << 12;

export class FrameBuffer {
  #region = region(INITIAL_BYTES);
  #length = 0;

  /** Bytes written. */
  get length(): number {
    return this.#length;
  }
  /** What was written, in place: holds until more is. */
  get frames(): Uint8Array {
    return this.#region.bytes.subarray(0, this.#length);
  }
  /** The same as words. */
  get words(): Int32Array {
    return this.#region.words.subarray(0, this.#length >>> 2);
  }

  clear(): void {
    this.#length = 0;
  }

  /** Writes a frame: its words, padding to 8, its bytes, padding to 8. */
  add(kind: number, node: number, words: readonly number[], bytes: Uint8Array): void {
    const before = FRAME_HEADER + padded(4 * words.length);
    const start = this.#length;
    const end = start + before + padded(bytes.length);
    if (end > this.#region.bytes.length) this.#grow(end);
    const at = start >>> 2;
    const out = this.#region.words;
    // Padding: the last word before the bytes, and the last two of the frame.
    out[(start + before - 4) >>> 2] = 0;
    if (bytes.length > 0) out.fill(0, (end - 8) >>> 2, end >>> 2);
    out[at] = before - FRAME_HEADER + bytes.length;
    out[at + 1] = kind | (node << 16);
    for (let i = 0; i < words.length; i++) out[at + 2 + i] = words[i] as number;
    this.#region.bytes.set(bytes, start + before);
    this.#length = end;
  }

  #grow(bytes: number): void {
    const bigger = region(2 * bytes);
    bigger.bytes.set(this.frames);
    this.#region = bigger;
  }
}
