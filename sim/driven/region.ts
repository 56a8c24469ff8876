/** Buffers for the core's bytes, which are aligned to 8 and seen as bytes and as words. */

import type { Region } from "../core-under-test.js";

const ALIGNMENT = 8;

/** Bytes with both views; the length is a multiple of 8. */
export function region(bytes: number): Region {
  const buffer = new ArrayBuffer(padded(bytes));
  return { bytes: new Uint8Array(buffer), words: new Int32Array(buffer) };
}

/** The next multiple of 8. */
export function padded(bytes: number): number {
  return Math.ceil(bytes / ALIGNMENT) * ALIGNMENT;
}
