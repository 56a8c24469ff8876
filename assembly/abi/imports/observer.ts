/** The observer trait, as the core sees it. */

/**
 * Tells an event.
 * @param node the handle
 * @param kind an EventKind
 * @param firstLow low word of the first argument
 * @param firstHigh high word of it
 * @param secondLow low word of the second argument
 * @param secondHigh high word of it
 */
// @ts-ignore: decorator
@external("observer", "event")
export declare function event(
  node: usize,
  kind: u32,
  firstLow: u32,
  firstHigh: u32,
  secondLow: u32,
  secondHigh: u32,
): void;
