/**
 * The storage trait, as the core sees it. Effects come in the order in which they have to become durable. Each answers a
 * StorageAnswer; any failure stops the node before a message that relies on the effect is made.
 */

/**
 * Replaces the hard state: term and vote, one record.
 * @param node the handle
 * @param termLow low word of the term
 * @param termHigh high word of the term
 * @param vote the id of the node voted for, or 0
 * @returns a StorageAnswer
 */
// @ts-ignore: decorator
@external("storage", "hardState")
export declare function hardState(node: usize, termLow: u32, termHigh: u32, vote: u32): i32;

/**
 * Removes the entries from an index on. A host must not report entries as durable that were written before a
 * truncation reached them, even when equal entries are appended again later.
 * @param node the handle
 * @param fromLow low word of the first index to remove
 * @param fromHigh high word of it
 * @returns a StorageAnswer
 */
// @ts-ignore: decorator
@external("storage", "truncate")
export declare function truncate(node: usize, fromLow: u32, fromHigh: u32): i32;

/**
 * Appends a run of whole entries in wire form. The bytes are valid only during the call.
 * @param node the handle
 * @param firstLow low word of the index of the run's first entry
 * @param firstHigh high word of it
 * @param count entries in the run: the last one's index is first + count - 1
 * @param termLow low word of the last entry's term, which goes into the report that the run is durable
 * @param termHigh high word of it
 * @param entries where the run lies
 * @param length its length in bytes
 * @returns a StorageAnswer
 */
// @ts-ignore: decorator
@external("storage", "append")
export declare function append(
  node: usize,
  firstLow: u32,
  firstHigh: u32,
  count: u32,
  termLow: u32,
  termHigh: u32,
  entries: usize,
  length: u32,
): i32;

/**
 * Entries up to an index are covered by a durable snapshot and may be removed. If the log ends before that index, it is
 * empty afterwards, and the next append is at index + 1.
 * @param node the handle
 * @param indexLow low word of the index
 * @param indexHigh high word of it
 * @returns a StorageAnswer
 */
// @ts-ignore: decorator
@external("storage", "compact")
export declare function compact(node: usize, indexLow: u32, indexHigh: u32): i32;

/**
 * Reads back entries that have left the window.
 * @param node the handle
 * @param indexLow low word of the first index wanted
 * @param indexHigh high word of it
 * @param count most entries wanted
 * @param into where to copy them
 * @param capacity bytes there are
 * @returns bytes of whole entries copied, at least one entry; 0: not at hand, ask again at a later flush; below 0: failed
 */
// @ts-ignore: decorator
@external("storage", "read")
export declare function read(node: usize, indexLow: u32, indexHigh: u32, count: u32, into: usize, capacity: u32): i32;
