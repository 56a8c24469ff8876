/**
 * Messages between nodes: a header, a body by kind, and for some kinds a tail of variable length. Little-endian, every
 * field checked on receipt (wire/validate.ts). `from` and `to` are members' ids.
 */

/** What every message begins with. */
// @ts-ignore: decorator
@final @unmanaged
export class Header {
  /** MessageFormat.MAGIC. */
  magic: u16;
  /** MessageFormat.VERSION. */
  version: u8;
  /** A MessageKind. */
  kind: u8;
  /** Bits of MessageFlag. */
  flags: u32;
  /** Length of the whole message in bytes. */
  length: u32;
  /** The sender. */
  from: u32;
  /** The receiver. */
  to: u32;
  /** The group within the cluster. */
  group: u32;
  /** The cluster's id. */
  cluster: u64;
  /** The sender's term. In a pre-vote request and in a granted pre-vote reply: the term that is asked for, one above
   * the candidate's. */
  term: u64;
}

/** Asks for a vote, or with MessageFlag.PRE_VOTE whether a vote would be given (paper figure 2, thesis 9.6). */
// @ts-ignore: decorator
@final @unmanaged
export class VoteRequest {
  /** Index of the candidate's last entry. */
  lastIndex: u64;
  /** Term of the candidate's last entry. */
  lastTerm: u64;
}

/** AppendEntries (paper figure 2); also the heartbeat and the probe, then without entries. Whole entries follow. */
// @ts-ignore: decorator
@final @unmanaged
export class Append {
  /** Index of the entry before the first one carried. */
  prevIndex: u64;
  /** Its term. */
  prevTerm: u64;
  /** The leader's commit index. */
  commit: u64;
  /** Number of the leader's heartbeat round, echoed: what a batch of ReadIndex requests waits for. */
  round: u64;
  /** The leader's clock when it sent this, in ms, echoed: contact and leases are counted from it. */
  sent: u64;
  /** Number of this message among those with entries to this follower, echoed: frees places in the in-flight window. */
  sequence: u32;
  /** Entries carried. */
  count: u32;
}

/**
 * Answers an Append. Carries what the follower holds, so that a later reply makes up for a lost one. The fields from
 * `rejected` on are there only with MessageFlag.REJECTED.
 */
// @ts-ignore: decorator
@final @unmanaged
export class AppendReply {
  /** Highest index up to which the follower's log is known to equal the leader's and is durable; 0 if none is yet. */
  match: u64;
  /** `round` of the newest Append seen. */
  round: u64;
  /** `sent` of the newest Append seen. */
  sent: u64;
  /** `sequence` of the newest Append seen. */
  sequence: u32;
  /** Must be 0. */
  reserved: u32;
  /** `prevIndex` of the Append that did not fit. */
  rejected: u64;
  /** An index at which the logs may agree, for the next probe. */
  hintIndex: u64;
  /** The follower's term at `hintIndex`. */
  hintTerm: u64;
}

/**
 * InstallSnapshot (thesis 5.1, figure 5.3), one chunk of the image. Its bytes follow; with MessageFlag.LAST the image ends
 * with them. The image begins with the configuration as of its index, in wire form.
 */
// @ts-ignore: decorator
@final @unmanaged
export class InstallSnapshot {
  /** Last index that the snapshot covers. */
  index: u64;
  /** Its term. */
  term: u64;
  /** Where in the image the chunk begins. */
  offset: u64;
  /** As in Append. */
  round: u64;
  /** As in Append. */
  sent: u64;
}

/** Answers an InstallSnapshot. Begins as an AppendReply does. */
// @ts-ignore: decorator
@final @unmanaged
export class SnapshotReply {
  /** As in AppendReply. */
  match: u64;
  /** As in AppendReply. */
  round: u64;
  /** As in AppendReply. */
  sent: u64;
  /** As in AppendReply. */
  sequence: u32;
  /** Must be 0. */
  reserved: u32;
  /** The snapshot that is being received. */
  index: u64;
  /** Bytes of its image that have been taken: where the next chunk begins. */
  offset: u64;
}

/** A follower asks its leader up to where it has to apply before it may answer its reads (thesis 6.4). */
// @ts-ignore: decorator
@final @unmanaged
export class ReadRequest {
  /** The follower's newest ticket, echoed. */
  ticket: u64;
}

/** Answers a ReadRequest once the leader is confirmed. */
// @ts-ignore: decorator
@final @unmanaged
export class ReadReply {
  /** Reads up to this ticket are answered. */
  ticket: u64;
  /** What has to be applied first. */
  index: u64;
}

export namespace MessageKind {
  /** A VoteRequest follows the header. */
  // @ts-ignore: decorator
  @inline export const VOTE_REQUEST: u32 = 1;
  /** Nothing follows the header. */
  // @ts-ignore: decorator
  @inline export const VOTE_REPLY: u32 = 2;
  /** An Append and its entries follow the header. */
  // @ts-ignore: decorator
  @inline export const APPEND: u32 = 3;
  /** An AppendReply follows the header. */
  // @ts-ignore: decorator
  @inline export const APPEND_REPLY: u32 = 4;
  /** An InstallSnapshot and bytes of the image follow the header. */
  // @ts-ignore: decorator
  @inline export const INSTALL_SNAPSHOT: u32 = 5;
  /** A SnapshotReply follows the header. */
  // @ts-ignore: decorator
  @inline export const SNAPSHOT_REPLY: u32 = 6;
  /** Nothing follows the header: the leader asks the receiver to campaign at once (thesis 3.10). */
  // @ts-ignore: decorator
  @inline export const TIMEOUT_NOW: u32 = 7;
  /** A ReadRequest follows the header. */
  // @ts-ignore: decorator
  @inline export const READ_REQUEST: u32 = 8;
  /** A ReadReply follows the header. */
  // @ts-ignore: decorator
  @inline export const READ_REPLY: u32 = 9;
}

export namespace MessageFlag {
  /** Vote request or reply: about a pre-vote. */
  // @ts-ignore: decorator
  @inline export const PRE_VOTE: u32 = 1;
  /** Vote reply: granted. */
  // @ts-ignore: decorator
  @inline export const GRANTED: u32 = 2;
  /** Append reply: the Append did not fit. */
  // @ts-ignore: decorator
  @inline export const REJECTED: u32 = 4;
  /** Append without entries: it only tells the commit index, and wants no reply if it fits. */
  // @ts-ignore: decorator
  @inline export const QUIET: u32 = 8;
  /** Vote request: on behalf of the leader, which hands over; loyalty to it does not stand against it. */
  // @ts-ignore: decorator
  @inline export const TRANSFER: u32 = 16;
  /** Append without entries: the leader rests, no more heartbeats come. Wants no reply if the follower can rest too. */
  // @ts-ignore: decorator
  @inline export const REST: u32 = 32;
  /** InstallSnapshot: the image ends here. */
  // @ts-ignore: decorator
  @inline export const LAST: u32 = 64;
  /** Read request: a lease of the leader's will do. */
  // @ts-ignore: decorator
  @inline export const LEASE: u32 = 128;
}

export namespace MessageFormat {
  /** First two bytes of every message: "MR". */
  // @ts-ignore: decorator
  @inline export const MAGIC: u32 = 0x524d;
  /** Version of the wire format. */
  // @ts-ignore: decorator
  @inline export const VERSION: u32 = 1;
  /** Bytes of the header. */
  // @ts-ignore: decorator
  @inline export const HEADER: u32 = 40;
  /** Bytes of an Append before its entries, header included. */
  // @ts-ignore: decorator
  @inline export const APPEND: u32 = 88;
  /** Bytes of a vote request. */
  // @ts-ignore: decorator
  @inline export const VOTE_REQUEST: u32 = 56;
  /** Bytes of an append reply that rejects nothing. */
  // @ts-ignore: decorator
  @inline export const APPEND_REPLY: u32 = 72;
  /** Bytes of an append reply with MessageFlag.REJECTED. */
  // @ts-ignore: decorator
  @inline export const REJECTION: u32 = 96;
  /** Bytes of an InstallSnapshot before the image's bytes, header included. */
  // @ts-ignore: decorator
  @inline export const INSTALL_SNAPSHOT: u32 = 80;
  /** Bytes of a snapshot reply. */
  // @ts-ignore: decorator
  @inline export const SNAPSHOT_REPLY: u32 = 88;
  /** Bytes of a read request. */
  // @ts-ignore: decorator
  @inline export const READ_REQUEST: u32 = 48;
  /** Bytes of a read reply. */
  // @ts-ignore: decorator
  @inline export const READ_REPLY: u32 = 56;
}
