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
