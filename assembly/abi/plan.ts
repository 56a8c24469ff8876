/**
 * The capacity plan: every limit of a node, stated once, before the node exists. `planBytes` answers how many bytes of
 * arena a plan takes; nothing grows afterwards.
 */

/**
 * Capacities, times and identity of a node. All fields are little-endian; sizes are in bytes, times in milliseconds.
 * Nodes of one cluster may have different plans, but `maxMessage` should be the same on all: a node refuses messages
 * above its own.
 */
// @ts-ignore: decorator
@final @unmanaged
export class Plan {
  /** The cluster's id: messages of any other are refused. Not 0. */
  cluster: u64;
  /** The group within the cluster, for hosts that run many Raft groups over one connection. */
  group: u32;
  /** This node's id. Not 0, unique in the cluster, never used again after the node was removed or lost its disk. */
  id: u32;
  /** Members that a configuration can hold, learners included: 1 to 64. */
  nodes: u32;
  /** Entries in the log window: a power of two, 16 to 2^22. */
  windowEntries: u32;
  /** Bytes in the log window, entry headers included: a multiple of 8, at least twice `maxMessage`, up to 2^30. */
  windowBytes: u32;
  /** Longest message: a multiple of 8, 256 to 2^24, and long enough for a configuration of `nodes` members. */
  maxMessage: u32;
  /** Messages with entries that may be under way to one follower: 1 to 1024. */
  inflightMessages: u32;
  /** Bytes of entries that may be under way to one follower: at least `maxMessage`, up to 2^30. Above what the smallest
   * follower's window takes, entries are sent in vain and again. */
  inflightBytes: u32;
  /** Bytes of uncommitted entries at which a leader refuses proposals: at least `maxMessage`, up to 2^30. */
  uncommittedBytes: u32;
  /** Longest address of a member: a multiple of 8, 0 to 248. */
  addressBytes: u32;
  /** Minimum election timeout: 2 to 3,600,000. Also the time a follower stays loyal to a leader it heard from, and
   * within which a leader must hear from a quorum. */
  electionTimeout: u32;
  /** The host draws from [0, electionJitter] and adds it to each election timeout: 1 to 3,600,000. */
  electionJitter: u32;
  /** Time between heartbeats: at least 1, at most half of `electionTimeout`. */
  heartbeat: u32;
  /** Entries that stay in storage behind a snapshot of this node's own, for slow followers. */
  keepEntries: u32;
  /** Leader leases: 0 turns them off; else how far two clocks may drift apart, in thousandths, 1 to 500. A lease lasts
   * for the election timeout less that share, so all nodes must have the same election timeout and keep to the bound. */
  leaseDrift: u32;
  /** Idle heartbeat rounds after which a group rests; 0: never. */
  quiesceRounds: u32;
  /** A number up to 2^52 that the host draws anew at each start: tickets of reads begin there, so that an answer to a
   * read from before a restart is not taken for one to a read after it. */
  incarnation: u64;
  /** Must be 0, as the one behind it. */
  reserved: u64;
  /** Must be 0. */
  reserved1: u64;
}

/** The limits of a plan's fields. */
export namespace PlanLimit {
  /** Most members of a configuration: quorums are counted by comparing all pairs. */
  // @ts-ignore: decorator
  @inline export const NODES: u32 = 64;
  /** Fewest entries in a window: so that some can be under way while others are written. */
  // @ts-ignore: decorator
  @inline export const WINDOW_ENTRIES_MIN: u32 = 16;
  /** Most entries in a window: bounds every loop over the window. */
  // @ts-ignore: decorator
  @inline export const WINDOW_ENTRIES: u32 = 1 << 22;
  /** Most bytes in a window; offsets stay well inside 32 bits. */
  // @ts-ignore: decorator
  @inline export const WINDOW_BYTES: u32 = 1 << 30;
  /** Shortest `maxMessage`: the longest fixed part of a message and some payload. */
  // @ts-ignore: decorator
  @inline export const MESSAGE_MIN: u32 = 256;
  /** Longest `maxMessage`. */
  // @ts-ignore: decorator
  @inline export const MESSAGE: u32 = 1 << 24;
  /** Most messages under way to one follower. */
  // @ts-ignore: decorator
  @inline export const INFLIGHT: u32 = 1024;
  /** Most bytes of an address: its length is one byte in a configuration. */
  // @ts-ignore: decorator
  @inline export const ADDRESS: u32 = 248;
  /** Terms that are remembered of the entries that have left the window, the newest ones: a log that parts from the
   * leader's further back has to be larger than any that leaders can leave behind who commit nothing. */
  // @ts-ignore: decorator
  @inline export const TERMS: u32 = 32;
  /** Largest drift of clocks that a lease can be shortened by, in thousandths. */
  // @ts-ignore: decorator
  @inline export const DRIFT: u32 = 500;
  /** Longest of the times: an hour. */
  // @ts-ignore: decorator
  @inline export const TIME: u32 = 3600000;
  /** Largest term, index or time: 2^53 - 1, so that hosts may hold them in doubles. */
  // @ts-ignore: decorator
  @inline export const NUMBER: u64 = 0x1fffffffffffff;
}
