/**
 * Events for the observer. An event of one kind that happens several times before a flush is told once, with the
 * arguments of the last time: events say that something happened, the node's fields say what is.
 */

export namespace EventKind {
  /** (role, term) The node's role or term changed. */
  // @ts-ignore: decorator
  @inline export const ROLE: u32 = 0;
  /** (leader's id or 0, term) The node follows another leader, or none. */
  // @ts-ignore: decorator
  @inline export const LEADER: u32 = 1;
  /** (index, term of the node) The commit index rose. */
  // @ts-ignore: decorator
  @inline export const COMMIT: u32 = 2;
  /** (first index removed, last index before) Conflicting entries were removed from the log. */
  // @ts-ignore: decorator
  @inline export const TRUNCATED: u32 = 3;
  /** (index of its entry or 0, members) Another configuration is in force. */
  // @ts-ignore: decorator
  @inline export const CONFIGURATION: u32 = 4;
  /** (status code as an unsigned number, message kind or 0) A message was refused. */
  // @ts-ignore: decorator
  @inline export const REFUSED: u32 = 5;
  /** (follower, index) A follower's log did not fit at this index; the leader probes further back. */
  // @ts-ignore: decorator
  @inline export const REJECTED: u32 = 6;
  /** (term, time of the last contact with a quorum) A leader stepped down because it heard no quorum. */
  // @ts-ignore: decorator
  @inline export const QUORUM_LOST: u32 = 7;
  /** (follower, index) Entries that have left the window were read back for a follower. */
  // @ts-ignore: decorator
  @inline export const READ_BACK: u32 = 8;
  /** (index, term) A durability report of an overwritten entry was not believed. */
  // @ts-ignore: decorator
  @inline export const STALE_DURABLE: u32 = 9;
  /** (last index, bytes of the entry) The window or the bound on uncommitted bytes refused an entry. */
  // @ts-ignore: decorator
  @inline export const FULL: u32 = 10;
  /** (candidate, term asked for) A vote or pre-vote was denied because a leader was heard from recently. */
  // @ts-ignore: decorator
  @inline export const LOYAL: u32 = 11;
  /** (follower, messages under way) Sending paused because the in-flight window is full. */
  // @ts-ignore: decorator
  @inline export const INFLIGHT_FULL: u32 = 12;
  /** (status code as an unsigned number, 0) The node stopped for good. */
  // @ts-ignore: decorator
  @inline export const STOPPED: u32 = 13;
  /** (index, 1 if it was installed from a leader, 0 if it is this node's own) The log begins behind another snapshot. */
  // @ts-ignore: decorator
  @inline export const SNAPSHOT: u32 = 14;
  /** (target or 0, 0) A leadership transfer began; with 0, one was given up. */
  // @ts-ignore: decorator
  @inline export const TRANSFER: u32 = 15;
  /** (1 or 0, term) The group rests, or is awake again. */
  // @ts-ignore: decorator
  @inline export const QUIET: u32 = 16;
  /** Number of kinds. */
  // @ts-ignore: decorator
  @inline export const COUNT: u32 = 17;
}
