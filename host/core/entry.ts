/**
 * The framing of an encoded entry: all that a host needs to know to find where one entry ends and the next begins.
 * The layout itself is declared in assembly/abi/ and described in docs/abi.md.
 */

/** Bytes before the payload: term u64, payload length u32, kind u8, three zero bytes; little-endian. */
export const ENTRY_HEADER_BYTES = 16;
/** Entries are padded with zeroes to a multiple of this, so that the next one is aligned. */
export const ENTRY_ALIGNMENT = 8;
/** Offset of the u32 payload length in an entry. */
export const ENTRY_LENGTH_OFFSET = 8;

/** Size in bytes, header and padding included, of an entry with a payload of `length` bytes. */
export function entrySizeOf(length: number): number {
  return ENTRY_HEADER_BYTES + Math.ceil(length / ENTRY_ALIGNMENT) * ENTRY_ALIGNMENT;
}

/** Size in bytes of the entry that starts at `offset`. */
export function entrySizeAt(view: DataView, offset: number): number {
  return entrySizeOf(view.getUint32(offset + ENTRY_LENGTH_OFFSET, true));
}
