/**
 * The framing of an encoded entry: all that a host needs to know to find where one entry ends and the next begins.
 * The layout itself is declared in assembly/abi/ and described in docs/abi.md.
 */

import { Entry, EntryFrame } from "./abi.js";

/** Size in bytes, header and padding included, of an entry with a payload of `length` bytes. */
export function entrySizeOf(length: number): number {
  return EntryFrame.HEADER + Math.ceil(length / EntryFrame.ALIGNMENT) * EntryFrame.ALIGNMENT;
}

/** Size in bytes of the entry that starts at `offset`. */
export function entrySizeAt(view: DataView, offset: number): number {
  return entrySizeOf(view.getUint32(offset + Entry.length, true));
}
