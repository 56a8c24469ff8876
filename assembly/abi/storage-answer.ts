/** What a storage effect answers. Any negative number is a failure. */
export namespace StorageAnswer {
  /** Taken; it is not durable yet. */
  // @ts-ignore: decorator
  @inline export const TAKEN: i32 = 0;
  /** Taken, and durable together with all effects before it. */
  // @ts-ignore: decorator
  @inline export const DURABLE: i32 = 1;
  /** Failed: the node stops. */
  // @ts-ignore: decorator
  @inline export const FAILED: i32 = -1;
}
