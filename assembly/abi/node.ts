/**
 * The arena begins with a Node: everything a node knows, or where in the arena it lies. No field is a pointer: places are
 * offsets from the start of the arena, so that a copy of the arena is a copy of the node.
 */

/**
 * A node's fixed part. A host may read any field between two calls, and must not write any. The fields up to `inboxOffset`
 * keep their meaning within an ABI version; those behind it are the algorithm's own.
 */
// @ts-ignore: decorator
@final @unmanaged
export class Node {
  /** NodeFormat.MAGIC: marks a node, and names the version of this layout. */
  magic: u32;
  /** A Stage. */
  stage: u32;
  /** While the node works, 0; afterwards the status code that says why it stopped. */
  failure: i32;
  /** A Role. */
  role: u32;
  /** The latest term seen. */
  term: u64;
  /** Who got this node's vote in `term`; 0 if nobody. */
  vote: u32;
  /** The leader of `term`; 0 if not known. */
  leader: u32;
  /** Highest index known to be committed. `snapshotIndex <= commit <= last`. */
  commit: u64;
  /** Highest index handed to the state machine. `applied <= commit` and `applied <= durable`. */
  applied: u64;
  /** Index of the last entry; `first - 1` if the window is empty. */
  last: u64;
  /** Term of the last entry. */
  lastTerm: u64;
  /** Highest index known to be durable here. `durable <= written`. */
  durable: u64;
  /** Index of the oldest entry in the window. `first <= last + 1`. */
  first: u64;
  /** Members of the configuration in force. */
  members: u32;
  /** Bits of ConfigurationFlag of the configuration in force. */
  configurationFlags: u32;
  /** The newest time that came with an input, in ms. */
  now: u64;
  /** Index of the entry whose configuration is in force; at most `snapshotIndex` if it came with the snapshot. */
  configurationIndex: u64;

  // What the algorithm touches most comes first: a field among the first 128 bytes costs a byte less at each use.

  /** Bits of Due that are due to every member. */
  dueToAll: u32;
  /** Bits of TimerAction that the next flush lets out. */
  timers: u32;
  /** Rows of terms that have left the window; at least 1. */
  termCount: u32;
  /** Where the next entry goes, as an offset into the window's bytes. */
  head: u32;
  /** The offsets of the window's entries, u32 each, at `index & (windowEntries - 1)`. */
  slotsOffset: u32;
  /** The message being made. */
  outboxOffset: u32;

  // More for hosts.

  /** Last index covered by the snapshot that the log starts from; 0 without one. */
  snapshotIndex: u64;
  /** Term of the entry at `snapshotIndex`. */
  snapshotTerm: u64;
  /** Entries up to here may be gone from storage. `compacted <= snapshotIndex`. */
  compacted: u64;
  /** The newest ticket given to a read. */
  readTicket: u64;
  /** When this node last heard from a leader of its term, or started: it denies votes for an election timeout. */
  lastHeard: u64;
  /** Leader: whom it hands over to; 0 if to nobody. */
  transferTarget: u32;
  /** 0; 1 while the group rests: no timer runs, any input wakes it; 2 if the next flush wakes it. */
  quiet: u32;
  /** Where the configuration in force lies, in wire form. */
  configurationOffset: u32;
  /** The Peer records: one for each member, then unused ones, then the one for a node that is no member. */
  peersOffset: u32;
  /** Longest payload of a proposal, in bytes. */
  maxPayload: u32;
  /** Where the host puts bytes that go into an input (`maxMessage` of them); free between two calls. */
  inboxOffset: u32;

  // Places in the arena, fixed by init.

  /** The window's bytes. */
  bytesOffset: u32;
  /** The configuration as of `first - 1`, in wire form. */
  baseOffset: u32;
  /** Pending events' arguments, two u64 each. */
  eventsOffset: u32;
  /** `windowEntries - 1`: which slot an index has. */
  slotMask: u32;
  /** The rows of terms that have left the window, TermStart each. */
  termsOffset: u32;

  // The log.

  /** Index of the entry that the configuration at `baseOffset` came from. `baseIndex < first`. */
  baseIndex: u64;
  /** Highest index handed to storage. `written <= last`. */
  written: u64;
  /** Smallest index from which storage has to remove entries at the next flush; 0 if none. */
  truncateFrom: u64;
  /** Highest index up to which this log is known to equal the current leader's; 0 after each change of leader. */
  verified: u64;

  // Hard state as last handed to storage.

  /** Term in the last hard state written. `savedTerm <= term`. */
  savedTerm: u64;
  /** Vote in the last hard state written. */
  savedVote: u32;
  /** Nonzero while `flush` runs. */
  busy: u32;

  // Time.

  /** From when the election timeout counts. */
  electionBase: u64;
  /** Delay of the election timer that is due to be armed. */
  electionDelay: u64;
  /** Kinds of events wanted. */
  eventMask: u32;
  /** Kinds of events pending. */
  eventsPending: u32;
  /** Length of the Append in the outbox that other followers at the same place can share; 0 if none. */
  sharedLength: u32;
  /** `next` of the followers that can share it. */
  sharedNext: u64;
  /** Leader: 0; if elected by its own vote alone, the first index of its term: once that is durable, so is the term. */
  officeIndex: u64;
  /** Number of the latest heartbeat round, and of the latest ticket for reads. Begins at the incarnation; never falls. */
  round: u64;
  /** Leader: the first index of its term. Once that is committed it may change members and answer reads. */
  termIndex: u64;
  /** Leader: last index when the latest heartbeat was due: who holds that has caught up. */
  roundLast: u64;
  /** Leader: contact with a quorum is taken for granted for an election timeout from here: when the group woke. */
  contactBase: u64;
  /** Leader: when the transfer is given up. */
  transferDeadline: u64;
  /** Not 0 if the configuration in force, once committed, asks something of its leader: to leave a joint configuration, or
   * to step down because it is no voter in it. */
  unsettled: u32;
  /** Leader: 1 from when it asked a member to campaign; its lease may be broken from there. Candidate: 1 if it was asked. */
  handOver: u32;
  /** 1 if another member has a higher election priority. */
  outranked: u32;
  /** 1 if this node was a full voter before the configuration in force, or before ones in a row, took its vote. */
  formerVoter: u32;
  /** Leader: idle heartbeat rounds so far. */
  idleRounds: u32;
  /** Length of the InstallSnapshot that waits in the outbox for the next flush; 0 if none. */
  chunkLength: u32;

  // The snapshot that is being received.

  /** Its index; 0 if none is. */
  incomingIndex: u64;
  /** Its term. */
  incomingTerm: u64;
  /** Bytes of its image taken so far. */
  incomingOffset: u64;
  /** 1 once the image is complete: the host makes it durable. */
  incomingDone: u32;

  // Reads.

  /** Follower: 1 if one of the reads that wait must not rely on a lease. */
  readStrict: u32;
  /** Leader: the newest round that a read waits for, its own or a follower's. */
  roundWanted: u64;
  /** Leader: the newest round that a quorum has acknowledged. */
  roundConfirmed: u64;
  /** Follower: ticket in the latest request to the leader. */
  readAsked: u64;
  /** Reads up to this ticket may be answered once `readIndex` is applied. `readTold <= readConfirmed <= readTicket`. */
  readConfirmed: u64;
  /** See `readConfirmed`. */
  readIndex: u64;
  /** Reads up to this ticket are refused. */
  readRefused: u64;
  /** Up to which ticket the host was told. */
  readTold: u64;
  /** `compacted` as last handed to storage. */
  savedCompacted: u64;
}

export namespace NodeFormat {
  /** First word of an arena that holds a node: "MRN" and the version of the ABI. */
  // @ts-ignore: decorator
  @inline export const MAGIC: u32 = 0x024e524d;
  /** Version of the ABI: exports, imports, struct layouts. */
  // @ts-ignore: decorator
  @inline export const ABI_VERSION: i32 = 2;
}

/** What a node may be asked to do. */
export namespace Stage {
  /** Initialized: takes what was recovered from storage. */
  // @ts-ignore: decorator
  @inline export const RESTORING: u32 = 0;
  /** Started: takes inputs. */
  // @ts-ignore: decorator
  @inline export const RUNNING: u32 = 1;
}

export namespace Role {
  // @ts-ignore: decorator
  @inline export const FOLLOWER: u32 = 0;
  /** Asks whether it would be elected, without a new term (thesis 9.6). */
  // @ts-ignore: decorator
  @inline export const PRE_CANDIDATE: u32 = 1;
  // @ts-ignore: decorator
  @inline export const CANDIDATE: u32 = 2;
  // @ts-ignore: decorator
  @inline export const LEADER: u32 = 3;
}

/** How a read is made linearizable. */
export namespace ReadKind {
  /** By a round of heartbeats (ReadIndex, thesis 6.4). */
  // @ts-ignore: decorator
  @inline export const INDEX: u32 = 0;
  /** By a lease, if the plan has leases and one holds; else as INDEX (thesis 6.4.1). */
  // @ts-ignore: decorator
  @inline export const LEASE: u32 = 1;
}

export namespace TimerKind {
  /** A follower or candidate has waited for an election timeout. */
  // @ts-ignore: decorator
  @inline export const ELECTION: u32 = 0;
  /** A leader's next heartbeat is due. */
  // @ts-ignore: decorator
  @inline export const HEARTBEAT: u32 = 1;
}

/**
 * What is due for the timers.
 * @internal
 */
export namespace TimerAction {
  // @ts-ignore: decorator
  @inline export const ARM_ELECTION: u32 = 1;
  // @ts-ignore: decorator
  @inline export const CANCEL_ELECTION: u32 = 2;
  // @ts-ignore: decorator
  @inline export const ARM_HEARTBEAT: u32 = 4;
  // @ts-ignore: decorator
  @inline export const CANCEL_HEARTBEAT: u32 = 8;
}
