/** What `readSnapshot` answers besides a number of bytes. Anything below LATER is a failure: the node stops. */
export namespace SnapshotAnswer {
  /** Not at hand now: ask again at a later flush. */
  // @ts-ignore: decorator
  @inline export const LATER: i32 = -1;
  /** Failed: the node stops. */
  // @ts-ignore: decorator
  @inline export const FAILED: i32 = -2;
}
