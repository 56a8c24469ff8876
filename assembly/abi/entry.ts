/**
 * An entry in its wire form. The window, the body of an AppendEntries message and a record of the log on disk hold the
 * same bytes; an entry's index follows from its place.
 */

/** The bytes before an entry's payload. The payload is padded with zeroes to a multiple of 8. */
// @ts-ignore: decorator
@final @unmanaged
export class Entry {
  /** The term in which the entry was made. */
  term: u64;
  /** Bytes of payload, padding not counted. */
  length: u32;
  /** An EntryKind. */
  kind: u8;
  /** Must be 0. */
  reserved8: u8;
  /** Must be 0. */
  reserved16: u16;
}

export namespace EntryKind {
  /** A command for the state machine. */
  // @ts-ignore: decorator
  @inline export const NORMAL: u32 = 0;
  /** The empty entry by which a new leader commits what earlier leaders left (thesis 6.4). Never applied. */
  // @ts-ignore: decorator
  @inline export const NOOP: u32 = 1;
  /** A configuration, in force from the moment it is appended (thesis 4.1). Never applied. */
  // @ts-ignore: decorator
  @inline export const CONFIGURATION: u32 = 2;
  /** Stands in a witness's log for a NORMAL entry: no payload. Never applied. */
  // @ts-ignore: decorator
  @inline export const HOLLOW: u32 = 3;
}

/** Framing of entries. */
export namespace EntryFrame {
  /** Bytes before the payload. */
  // @ts-ignore: decorator
  @inline export const HEADER: u32 = 16;
  /** Entries begin at multiples of this. */
  // @ts-ignore: decorator
  @inline export const ALIGNMENT: u32 = 8;
}
