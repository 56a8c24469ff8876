/** The machine trait, as the core sees it: the application's state machine. */

/**
 * Applies a committed and locally durable command; called once for each index in ascending order since the restart.
 * @param node the handle
 * @param indexLow low word of the entry's index
 * @param indexHigh high word of it
 * @param termLow low word of its term
 * @param termHigh high word of it
 * @param command where the payload lies, valid only during the call
 * @param length its length in bytes
 * @returns 0 if applied; anything else stops the node
 */
// @ts-ignore: decorator
@external("machine", "apply")
export declare function apply(
  node: usize,
  indexLow: u32,
  indexHigh: u32,
  termLow: u32,
  termHigh: u32,
  command: usize,
  length: u32,
): i32;

/**
 * Reads a piece of the image of this node's newest snapshot: the configuration as of its index in wire form, then the
 * state machine's bytes.
 * @param node the handle
 * @param indexLow low word of the snapshot's index
 * @param indexHigh high word of it
 * @param offsetLow low word of where in the image the piece begins
 * @param offsetHigh high word of it
 * @param into where to copy it
 * @param capacity bytes there are
 * @param witness 1: the image for a witness, which is the configuration alone
 * @returns bytes copied, fewer than `capacity` only where the image ends; or a SnapshotAnswer
 */
// @ts-ignore: decorator
@external("machine", "readSnapshot")
export declare function readSnapshot(
  node: usize,
  indexLow: u32,
  indexHigh: u32,
  offsetLow: u32,
  offsetHigh: u32,
  into: usize,
  capacity: u32,
  witness: u32,
): i32;

/**
 * Takes a chunk of the image of a snapshot that a leader sends. A chunk at offset 0 begins a new image; whatever was
 * received before is given up. When the last one is taken, the host makes the image durable and calls `snapshot`.
 * @param node the handle
 * @param indexLow low word of the snapshot's index
 * @param indexHigh high word of it
 * @param termLow low word of its term
 * @param termHigh high word of it
 * @param offsetLow low word of where in the image the chunk begins
 * @param offsetHigh high word of it
 * @param bytes where the chunk lies, valid only during the call
 * @param length its length in bytes
 * @param last 1 if the image ends with it
 * @returns 0 if taken; anything else: not taken, it will be sent again
 */
// @ts-ignore: decorator
@external("machine", "writeSnapshot")
export declare function writeSnapshot(
  node: usize,
  indexLow: u32,
  indexHigh: u32,
  termLow: u32,
  termHigh: u32,
  offsetLow: u32,
  offsetHigh: u32,
  bytes: usize,
  length: u32,
  last: u32,
): i32;

/**
 * Reads may now be answered, or are refused: those with tickets up to this one, of which the host was not told yet.
 * @param node the handle
 * @param ticketLow low word of the newest ticket
 * @param ticketHigh high word of it
 * @param indexLow low word of an index that is applied and that they may be answered at
 * @param indexHigh high word of it
 * @param answered 1: they may be answered now; 0: they are refused
 */
// @ts-ignore: decorator
@external("machine", "reads")
export declare function reads(
  node: usize,
  ticketLow: u32,
  ticketHigh: u32,
  indexLow: u32,
  indexHigh: u32,
  answered: u32,
): void;
