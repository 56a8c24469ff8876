/**
 * The core's ABI, as the TypeScript hosts see it.
 * Generated from assembly/index.ts and assembly/abi/ by `npm run generate`: change those.
 */

/**
 * What a configuration begins with.
 * Byte offsets of the fields; `size` is where the last one ends.
 */
export const Configuration = {
  size: 8,
  /** u32. Members that follow. */
  count: 0,
  /** u32. Bits of ConfigurationFlag. */
  flags: 4,
} as const;

/**
 * One member, before its address.
 * Byte offsets of the fields; `size` is where the last one ends.
 */
export const Member = {
  size: 8,
  /** u32. The member's id; not 0. */
  id: 0,
  /** u8. Bits of MemberRole; not 0. */
  roles: 4,
  /** u8. Election priority: members below the highest one wait longer before they campaign. A hint; 0 unless set. */
  priority: 5,
  /** u8. Bytes of address that follow, padding not counted. */
  addressLength: 6,
  /** u8. Must be 0. */
  reserved: 7,
} as const;

export const ConfigurationFlag = {
  /** Two majorities are needed: of the members with VOTER and of those with OUTGOING (thesis 4.3). */
  JOINT: 1,
  /** The leader leaves the joint configuration by itself as soon as it is committed. */
  AUTO_LEAVE: 2,
} as const;
export type ConfigurationFlag = (typeof ConfigurationFlag)[keyof typeof ConfigurationFlag];

/** The name of each ConfigurationFlag, for people. */
export const ConfigurationFlagName: Readonly<Record<number, string>> = {
  1: "JOINT",
  2: "AUTO_LEAVE",
};

export const MemberRole = {
  /** Votes and counts, in the incoming set of a joint configuration. */
  VOTER: 1,
  /** Votes and counts in the outgoing set of a joint configuration. */
  OUTGOING: 2,
  /** Receives the log, is never counted, never campaigns. */
  LEARNER: 4,
  /** Keeps terms and no payloads, and never leads. Together with any of the others; fixed while the member stays. */
  WITNESS: 8,
  /** A learner that the leader makes a voter by itself once it has caught up. Together with LEARNER. */
  PROMOTE: 16,
} as const;
export type MemberRole = (typeof MemberRole)[keyof typeof MemberRole];

/** The name of each MemberRole, for people. */
export const MemberRoleName: Readonly<Record<number, string>> = {
  1: "VOTER",
  2: "OUTGOING",
  4: "LEARNER",
  8: "WITNESS",
  16: "PROMOTE",
};

/**
 * The bytes before an entry's payload. The payload is padded with zeroes to a multiple of 8.
 * Byte offsets of the fields; `size` is where the last one ends.
 */
export const Entry = {
  size: 16,
  /** u64. The term in which the entry was made. */
  term: 0,
  /** u32. Bytes of payload, padding not counted. */
  length: 8,
  /** u8. An EntryKind. */
  kind: 12,
  /** u8. Must be 0. */
  reserved8: 13,
  /** u16. Must be 0. */
  reserved16: 14,
} as const;

export const EntryKind = {
  /** A command for the state machine. */
  NORMAL: 0,
  /** The empty entry by which a new leader commits what earlier leaders left (thesis 6.4). Never applied. */
  NOOP: 1,
  /** A configuration, in force from the moment it is appended (thesis 4.1). Never applied. */
  CONFIGURATION: 2,
  /** Stands in a witness's log for a NORMAL entry: no payload. Never applied. */
  HOLLOW: 3,
} as const;
export type EntryKind = (typeof EntryKind)[keyof typeof EntryKind];

/** The name of each EntryKind, for people. */
export const EntryKindName: Readonly<Record<number, string>> = {
  0: "NORMAL",
  1: "NOOP",
  2: "CONFIGURATION",
  3: "HOLLOW",
};

/** Framing of entries. */
export const EntryFrame = {
  /** Bytes before the payload. */
  HEADER: 16,
  /** Entries begin at multiples of this. */
  ALIGNMENT: 8,
} as const;
export type EntryFrame = (typeof EntryFrame)[keyof typeof EntryFrame];

/** The name of each EntryFrame, for people. */
export const EntryFrameName: Readonly<Record<number, string>> = {
  16: "HEADER",
  8: "ALIGNMENT",
};

/**
 * Events for the observer. An event of one kind that happens several times before a flush is told once, with the
 * arguments of the last time: events say that something happened, the node's fields say what is.
 */
export const EventKind = {
  /** (role, term) The node's role or term changed. */
  ROLE: 0,
  /** (leader's id or 0, term) The node follows another leader, or none. */
  LEADER: 1,
  /** (index, term of the node) The commit index rose. */
  COMMIT: 2,
  /** (first index removed, last index before) Conflicting entries were removed from the log. */
  TRUNCATED: 3,
  /** (index of its entry or 0, members) Another configuration is in force. */
  CONFIGURATION: 4,
  /** (status code as an unsigned number, message kind or 0) A message was refused. */
  REFUSED: 5,
  /** (follower, index) A follower's log did not fit at this index; the leader probes further back. */
  REJECTED: 6,
  /** (term, time of the last contact with a quorum) A leader stepped down because it heard no quorum. */
  QUORUM_LOST: 7,
  /** (follower, index) Entries that have left the window were read back for a follower. */
  READ_BACK: 8,
  /** (index, term) A durability report of an overwritten entry was not believed. */
  STALE_DURABLE: 9,
  /** (last index, bytes of the entry) The window or the bound on uncommitted bytes refused an entry. */
  FULL: 10,
  /** (candidate, term asked for) A vote or pre-vote was denied because a leader was heard from recently. */
  LOYAL: 11,
  /** (follower, messages under way) Sending paused because the in-flight window is full. */
  INFLIGHT_FULL: 12,
  /** (status code as an unsigned number, 0) The node stopped for good. */
  STOPPED: 13,
  /**
   * (index, 1 if it was installed from a leader, 0 if it is this node's own) The log begins behind another snapshot.
   */
  SNAPSHOT: 14,
  /** (target or 0, 0) A leadership transfer began; with 0, one was given up. */
  TRANSFER: 15,
  /** (1 or 0, term) The group rests, or is awake again. */
  QUIET: 16,
  /** Number of kinds. */
  COUNT: 17,
} as const;
export type EventKind = (typeof EventKind)[keyof typeof EventKind];

/** The name of each EventKind, for people. */
export const EventKindName: Readonly<Record<number, string>> = {
  0: "ROLE",
  1: "LEADER",
  2: "COMMIT",
  3: "TRUNCATED",
  4: "CONFIGURATION",
  5: "REFUSED",
  6: "REJECTED",
  7: "QUORUM_LOST",
  8: "READ_BACK",
  9: "STALE_DURABLE",
  10: "FULL",
  11: "LOYAL",
  12: "INFLIGHT_FULL",
  13: "STOPPED",
  14: "SNAPSHOT",
  15: "TRANSFER",
  16: "QUIET",
  17: "COUNT",
};

/**
 * What every message begins with.
 * Byte offsets of the fields; `size` is where the last one ends.
 */
export const Header = {
  size: 40,
  /** u16. MessageFormat.MAGIC. */
  magic: 0,
  /** u8. MessageFormat.VERSION. */
  version: 2,
  /** u8. A MessageKind. */
  kind: 3,
  /** u32. Bits of MessageFlag. */
  flags: 4,
  /** u32. Length of the whole message in bytes. */
  length: 8,
  /** u32. The sender. */
  from: 12,
  /** u32. The receiver. */
  to: 16,
  /** u32. The group within the cluster. */
  group: 20,
  /** u64. The cluster's id. */
  cluster: 24,
  /**
   * u64. The sender's term. In a pre-vote request and in a granted pre-vote reply: the term that is asked for, one
   * above the candidate's.
   */
  term: 32,
} as const;

/**
 * Asks for a vote, or with MessageFlag.PRE_VOTE whether a vote would be given (paper figure 2, thesis 9.6).
 * Byte offsets of the fields; `size` is where the last one ends.
 */
export const VoteRequest = {
  size: 16,
  /** u64. Index of the candidate's last entry. */
  lastIndex: 0,
  /** u64. Term of the candidate's last entry. */
  lastTerm: 8,
} as const;

/**
 * AppendEntries (paper figure 2); also the heartbeat and the probe, then without entries. Whole entries follow.
 * Byte offsets of the fields; `size` is where the last one ends.
 */
export const Append = {
  size: 48,
  /** u64. Index of the entry before the first one carried. */
  prevIndex: 0,
  /** u64. Its term. */
  prevTerm: 8,
  /** u64. The leader's commit index. */
  commit: 16,
  /** u64. Number of the leader's heartbeat round, echoed: what a batch of ReadIndex requests waits for. */
  round: 24,
  /** u64. The leader's clock when it sent this, in ms, echoed: contact and leases are counted from it. */
  sent: 32,
  /**
   * u32. Number of this message among those with entries to this follower, echoed: frees places in the in-flight
   * window.
   */
  sequence: 40,
  /** u32. Entries carried. */
  count: 44,
} as const;

/**
 * Answers an Append. Carries what the follower holds, so that a later reply makes up for a lost one. The fields from
 * `rejected` on are there only with MessageFlag.REJECTED.
 * Byte offsets of the fields; `size` is where the last one ends.
 */
export const AppendReply = {
  size: 56,
  /**
   * u64. Highest index up to which the follower's log is known to equal the leader's and is durable; 0 if none is yet.
   */
  match: 0,
  /** u64. `round` of the newest Append seen. */
  round: 8,
  /** u64. `sent` of the newest Append seen. */
  sent: 16,
  /** u32. `sequence` of the newest Append seen. */
  sequence: 24,
  /** u32. Must be 0. */
  reserved: 28,
  /** u64. `prevIndex` of the Append that did not fit. */
  rejected: 32,
  /** u64. An index at which the logs may agree, for the next probe. */
  hintIndex: 40,
  /** u64. The follower's term at `hintIndex`. */
  hintTerm: 48,
} as const;

/**
 * InstallSnapshot (thesis 5.1, figure 5.3), one chunk of the image. Its bytes follow; with MessageFlag.LAST the image
 * ends with them. The image begins with the configuration as of its index, in wire form.
 * Byte offsets of the fields; `size` is where the last one ends.
 */
export const InstallSnapshot = {
  size: 40,
  /** u64. Last index that the snapshot covers. */
  index: 0,
  /** u64. Its term. */
  term: 8,
  /** u64. Where in the image the chunk begins. */
  offset: 16,
  /** u64. As in Append. */
  round: 24,
  /** u64. As in Append. */
  sent: 32,
} as const;

/**
 * Answers an InstallSnapshot. Begins as an AppendReply does.
 * Byte offsets of the fields; `size` is where the last one ends.
 */
export const SnapshotReply = {
  size: 48,
  /** u64. As in AppendReply. */
  match: 0,
  /** u64. As in AppendReply. */
  round: 8,
  /** u64. As in AppendReply. */
  sent: 16,
  /** u32. As in AppendReply. */
  sequence: 24,
  /** u32. Must be 0. */
  reserved: 28,
  /** u64. The snapshot that is being received. */
  index: 32,
  /** u64. Bytes of its image that have been taken: where the next chunk begins. */
  offset: 40,
} as const;

/**
 * A follower asks its leader up to where it has to apply before it may answer its reads (thesis 6.4).
 * Byte offsets of the fields; `size` is where the last one ends.
 */
export const ReadRequest = {
  size: 8,
  /** u64. The follower's newest ticket, echoed. */
  ticket: 0,
} as const;

/**
 * Answers a ReadRequest once the leader is confirmed.
 * Byte offsets of the fields; `size` is where the last one ends.
 */
export const ReadReply = {
  size: 16,
  /** u64. Reads up to this ticket are answered. */
  ticket: 0,
  /** u64. What has to be applied first. */
  index: 8,
} as const;

export const MessageKind = {
  /** A VoteRequest follows the header. */
  VOTE_REQUEST: 1,
  /** Nothing follows the header. */
  VOTE_REPLY: 2,
  /** An Append and its entries follow the header. */
  APPEND: 3,
  /** An AppendReply follows the header. */
  APPEND_REPLY: 4,
  /** An InstallSnapshot and bytes of the image follow the header. */
  INSTALL_SNAPSHOT: 5,
  /** A SnapshotReply follows the header. */
  SNAPSHOT_REPLY: 6,
  /** Nothing follows the header: the leader asks the receiver to campaign at once (thesis 3.10). */
  TIMEOUT_NOW: 7,
  /** A ReadRequest follows the header. */
  READ_REQUEST: 8,
  /** A ReadReply follows the header. */
  READ_REPLY: 9,
} as const;
export type MessageKind = (typeof MessageKind)[keyof typeof MessageKind];

/** The name of each MessageKind, for people. */
export const MessageKindName: Readonly<Record<number, string>> = {
  1: "VOTE_REQUEST",
  2: "VOTE_REPLY",
  3: "APPEND",
  4: "APPEND_REPLY",
  5: "INSTALL_SNAPSHOT",
  6: "SNAPSHOT_REPLY",
  7: "TIMEOUT_NOW",
  8: "READ_REQUEST",
  9: "READ_REPLY",
};

export const MessageFlag = {
  /** Vote request or reply: about a pre-vote. */
  PRE_VOTE: 1,
  /** Vote reply: granted. */
  GRANTED: 2,
  /** Append reply: the Append did not fit. */
  REJECTED: 4,
  /** Append without entries: it only tells the commit index, and wants no reply if it fits. */
  QUIET: 8,
  /** Vote request: on behalf of the leader, which hands over; loyalty to it does not stand against it. */
  TRANSFER: 16,
  /** Append without entries: the leader rests, no more heartbeats come. Wants no reply if the follower can rest too. */
  REST: 32,
  /** InstallSnapshot: the image ends here. */
  LAST: 64,
  /** Read request: a lease of the leader's will do. */
  LEASE: 128,
} as const;
export type MessageFlag = (typeof MessageFlag)[keyof typeof MessageFlag];

/** The name of each MessageFlag, for people. */
export const MessageFlagName: Readonly<Record<number, string>> = {
  1: "PRE_VOTE",
  2: "GRANTED",
  4: "REJECTED",
  8: "QUIET",
  16: "TRANSFER",
  32: "REST",
  64: "LAST",
  128: "LEASE",
};

export const MessageFormat = {
  /** First two bytes of every message: "MR". */
  MAGIC: 0x524d,
  /** Version of the wire format. */
  VERSION: 1,
  /** Bytes of the header. */
  HEADER: 40,
  /** Bytes of an Append before its entries, header included. */
  APPEND: 88,
  /** Bytes of a vote request. */
  VOTE_REQUEST: 56,
  /** Bytes of an append reply that rejects nothing. */
  APPEND_REPLY: 72,
  /** Bytes of an append reply with MessageFlag.REJECTED. */
  REJECTION: 96,
  /** Bytes of an InstallSnapshot before the image's bytes, header included. */
  INSTALL_SNAPSHOT: 80,
  /** Bytes of a snapshot reply. */
  SNAPSHOT_REPLY: 88,
  /** Bytes of a read request. */
  READ_REQUEST: 48,
  /** Bytes of a read reply. */
  READ_REPLY: 56,
} as const;
export type MessageFormat = (typeof MessageFormat)[keyof typeof MessageFormat];

/**
 * A node's fixed part. A host may read any field between two calls, and must not write any. The fields up to
 * `inboxOffset` keep their meaning within an ABI version; those behind it are the algorithm's own.
 * Byte offsets of the fields; `size` is where the last one ends.
 */
export const Node = {
  size: 472,
  /** u32. NodeFormat.MAGIC: marks a node, and names the version of this layout. */
  magic: 0,
  /** u32. A Stage. */
  stage: 4,
  /** i32. While the node works, 0; afterwards the status code that says why it stopped. */
  failure: 8,
  /** u32. A Role. */
  role: 12,
  /** u64. The latest term seen. */
  term: 16,
  /** u32. Who got this node's vote in `term`; 0 if nobody. */
  vote: 24,
  /** u32. The leader of `term`; 0 if not known. */
  leader: 28,
  /** u64. Highest index known to be committed. `snapshotIndex <= commit <= last`. */
  commit: 32,
  /** u64. Highest index handed to the state machine. `applied <= commit` and `applied <= durable`. */
  applied: 40,
  /** u64. Index of the last entry; `first - 1` if the window is empty. */
  last: 48,
  /** u64. Term of the last entry. */
  lastTerm: 56,
  /** u64. Highest index known to be durable here. `durable <= written`. */
  durable: 64,
  /** u64. Index of the oldest entry in the window. `first <= last + 1`. */
  first: 72,
  /** u32. Members of the configuration in force. */
  members: 80,
  /** u32. Bits of ConfigurationFlag of the configuration in force. */
  configurationFlags: 84,
  /** u64. The newest time that came with an input, in ms. */
  now: 88,
  /** u64. Index of the entry whose configuration is in force; at most `snapshotIndex` if it came with the snapshot. */
  configurationIndex: 96,
  /** u32. Bits of Due that are due to every member. */
  dueToAll: 104,
  /** u32. Bits of TimerAction that the next flush lets out. */
  timers: 108,
  /** u32. Rows of terms that have left the window; at least 1. */
  termCount: 112,
  /** u32. Where the next entry goes, as an offset into the window's bytes. */
  head: 116,
  /** u32. The offsets of the window's entries, u32 each, at `index & (windowEntries - 1)`. */
  slotsOffset: 120,
  /** u32. The message being made. */
  outboxOffset: 124,
  /** u64. Last index covered by the snapshot that the log starts from; 0 without one. */
  snapshotIndex: 128,
  /** u64. Term of the entry at `snapshotIndex`. */
  snapshotTerm: 136,
  /** u64. Entries up to here may be gone from storage. `compacted <= snapshotIndex`. */
  compacted: 144,
  /** u64. The newest ticket given to a read. */
  readTicket: 152,
  /** u64. When this node last heard from a leader of its term, or started: it denies votes for an election timeout. */
  lastHeard: 160,
  /** u32. Leader: whom it hands over to; 0 if to nobody. */
  transferTarget: 168,
  /** u32. 0; 1 while the group rests: no timer runs, any input wakes it; 2 if the next flush wakes it. */
  quiet: 172,
  /** u32. Where the configuration in force lies, in wire form. */
  configurationOffset: 176,
  /** u32. The Peer records: one for each member, then unused ones, then the one for a node that is no member. */
  peersOffset: 180,
  /** u32. Longest payload of a proposal, in bytes. */
  maxPayload: 184,
  /** u32. Where the host puts bytes that go into an input (`maxMessage` of them); free between two calls. */
  inboxOffset: 188,
  /** u32. The window's bytes. */
  bytesOffset: 192,
  /** u32. The configuration as of `first - 1`, in wire form. */
  baseOffset: 196,
  /** u32. Pending events' arguments, two u64 each. */
  eventsOffset: 200,
  /** u32. `windowEntries - 1`: which slot an index has. */
  slotMask: 204,
  /** u32. The rows of terms that have left the window, TermStart each. */
  termsOffset: 208,
  /** u64. Index of the entry that the configuration at `baseOffset` came from. `baseIndex < first`. */
  baseIndex: 216,
  /** u64. Highest index handed to storage. `written <= last`. */
  written: 224,
  /** u64. Smallest index from which storage has to remove entries at the next flush; 0 if none. */
  truncateFrom: 232,
  /** u64. Highest index up to which this log is known to equal the current leader's; 0 after each change of leader. */
  verified: 240,
  /** u64. Term in the last hard state written. `savedTerm <= term`. */
  savedTerm: 248,
  /** u32. Vote in the last hard state written. */
  savedVote: 256,
  /** u32. Nonzero while `flush` runs. */
  busy: 260,
  /** u64. From when the election timeout counts. */
  electionBase: 264,
  /** u64. Delay of the election timer that is due to be armed. */
  electionDelay: 272,
  /** u32. Kinds of events wanted. */
  eventMask: 280,
  /** u32. Kinds of events pending. */
  eventsPending: 284,
  /** u32. Length of the Append in the outbox that other followers at the same place can share; 0 if none. */
  sharedLength: 288,
  /** u64. `next` of the followers that can share it. */
  sharedNext: 296,
  /**
   * u64. Leader: 0; if elected by its own vote alone, the first index of its term: once that is durable, so is the
   * term.
   */
  officeIndex: 304,
  /**
   * u64. Number of the latest heartbeat round, and of the latest ticket for reads. Begins at the incarnation; never
   * falls.
   */
  round: 312,
  /** u64. Leader: the first index of its term. Once that is committed it may change members and answer reads. */
  termIndex: 320,
  /** u64. Leader: last index when the latest heartbeat was due: who holds that has caught up. */
  roundLast: 328,
  /** u64. Leader: contact with a quorum is taken for granted for an election timeout from here: when the group woke. */
  contactBase: 336,
  /** u64. Leader: when the transfer is given up. */
  transferDeadline: 344,
  /**
   * u32. Not 0 if the configuration in force, once committed, asks something of its leader: to leave a joint
   * configuration, or to step down because it is no voter in it.
   */
  unsettled: 352,
  /**
   * u32. Leader: 1 from when it asked a member to campaign; its lease may be broken from there. Candidate: 1 if it was
   * asked.
   */
  handOver: 356,
  /** u32. 1 if another member has a higher election priority. */
  outranked: 360,
  /** u32. 1 if this node was a full voter before the configuration in force, or before ones in a row, took its vote. */
  formerVoter: 364,
  /** u32. Leader: idle heartbeat rounds so far. */
  idleRounds: 368,
  /** u32. Length of the InstallSnapshot that waits in the outbox for the next flush; 0 if none. */
  chunkLength: 372,
  /** u64. Its index; 0 if none is. */
  incomingIndex: 376,
  /** u64. Its term. */
  incomingTerm: 384,
  /** u64. Bytes of its image taken so far. */
  incomingOffset: 392,
  /** u32. 1 once the image is complete: the host makes it durable. */
  incomingDone: 400,
  /** u32. Follower: 1 if one of the reads that wait must not rely on a lease. */
  readStrict: 404,
  /** u64. Leader: the newest round that a read waits for, its own or a follower's. */
  roundWanted: 408,
  /** u64. Leader: the newest round that a quorum has acknowledged. */
  roundConfirmed: 416,
  /** u64. Follower: ticket in the latest request to the leader. */
  readAsked: 424,
  /**
   * u64. Reads up to this ticket may be answered once `readIndex` is applied. `readTold <= readConfirmed <=
   * readTicket`.
   */
  readConfirmed: 432,
  /** u64. See `readConfirmed`. */
  readIndex: 440,
  /** u64. Reads up to this ticket are refused. */
  readRefused: 448,
  /** u64. Up to which ticket the host was told. */
  readTold: 456,
  /** u64. `compacted` as last handed to storage. */
  savedCompacted: 464,
} as const;

export const NodeFormat = {
  /** First word of an arena that holds a node: "MRN" and the version of the ABI. */
  MAGIC: 0x24e524d,
  /** Version of the ABI: exports, imports, struct layouts. */
  ABI_VERSION: 2,
} as const;
export type NodeFormat = (typeof NodeFormat)[keyof typeof NodeFormat];

/** The name of each NodeFormat, for people. */
export const NodeFormatName: Readonly<Record<number, string>> = {
  38687309: "MAGIC",
  2: "ABI_VERSION",
};

/** What a node may be asked to do. */
export const Stage = {
  /** Initialized: takes what was recovered from storage. */
  RESTORING: 0,
  /** Started: takes inputs. */
  RUNNING: 1,
} as const;
export type Stage = (typeof Stage)[keyof typeof Stage];

/** The name of each Stage, for people. */
export const StageName: Readonly<Record<number, string>> = {
  0: "RESTORING",
  1: "RUNNING",
};

export const Role = {
  FOLLOWER: 0,
  /** Asks whether it would be elected, without a new term (thesis 9.6). */
  PRE_CANDIDATE: 1,
  CANDIDATE: 2,
  LEADER: 3,
} as const;
export type Role = (typeof Role)[keyof typeof Role];

/** The name of each Role, for people. */
export const RoleName: Readonly<Record<number, string>> = {
  0: "FOLLOWER",
  1: "PRE_CANDIDATE",
  2: "CANDIDATE",
  3: "LEADER",
};

/** How a read is made linearizable. */
export const ReadKind = {
  /** By a round of heartbeats (ReadIndex, thesis 6.4). */
  INDEX: 0,
  /** By a lease, if the plan has leases and one holds; else as INDEX (thesis 6.4.1). */
  LEASE: 1,
} as const;
export type ReadKind = (typeof ReadKind)[keyof typeof ReadKind];

/** The name of each ReadKind, for people. */
export const ReadKindName: Readonly<Record<number, string>> = {
  0: "INDEX",
  1: "LEASE",
};

export const TimerKind = {
  /** A follower or candidate has waited for an election timeout. */
  ELECTION: 0,
  /** A leader's next heartbeat is due. */
  HEARTBEAT: 1,
} as const;
export type TimerKind = (typeof TimerKind)[keyof typeof TimerKind];

/** The name of each TimerKind, for people. */
export const TimerKindName: Readonly<Record<number, string>> = {
  0: "ELECTION",
  1: "HEARTBEAT",
};

/**
 * One member's progress and what is due to it.
 * Byte offsets of the fields; `size` is where the last one ends.
 */
export const Peer = {
  size: 176,
  /** u32. The member's id; 0 in an unused record. */
  id: 0,
  /** u32. Bits of MemberRole; 0 for a node that is no member. */
  roles: 4,
  /** u64. Leader: highest index known to be durable on the follower. `match < next`. Only rises within a term. */
  match: 8,
  /** u64. Leader: index of the next entry to send. `match < next <= last + 1`. */
  next: 16,
  /** u64. Leader: newest `sent` that the follower echoed: it had contact then. */
  lastAck: 24,
  /** u64. Leader: newest `round` that the follower echoed. */
  ackRound: 32,
  /** u64. Leader: highest commit index that the follower was told while it could use it. */
  commitSent: 40,
  /** u64. Leader: `readRound`'s ticket, as the follower gave it. */
  readTicket: 48,
  /** u64. Leader: the heartbeat round that the follower's reads wait for; 0 if none do. */
  readRound: 56,
  /** u64. Sending a snapshot: its index. */
  chunkIndex: 64,
  /** u64. Sending a snapshot: bytes of the image that the follower has taken. */
  chunkOffset: 72,
  /** u64. Sending a snapshot: when the chunk behind them was sent, in ms. */
  chunkSent: 80,
  /** u32. Sending a snapshot: bytes of that chunk. */
  chunkLength: 88,
  /** u32. Election priority. */
  priority: 92,
  /** u32. A PeerState. */
  state: 96,
  /** u32. 1 once the probe, or a chunk of a snapshot, is out, until it is answered or repeated. */
  paused: 100,
  /** u32. Leader: number of Appends with entries sent so far. */
  sequenceSent: 104,
  /** u32. Leader: newest number acknowledged. `sequenceSent - sequenceAcked` are under way. */
  sequenceAcked: 108,
  /** u32. Candidate: 0 unknown, 1 granted, 2 denied. */
  vote: 112,
  /** u32. Bits of Due. */
  due: 116,
  /** u32. Reply due: `sequence` to echo. */
  replySequence: 120,
  /** u32. Pre-vote reply due: 1 if granted. */
  replyGranted: 124,
  /** u64. Append reply due: `round` to echo. */
  replyRound: 128,
  /** u64. Append reply due: `sent` to echo. */
  replySent: 136,
  /** u64. Append reply due: index of the Append that did not fit; 0 if all did. */
  replyRejected: 144,
  /** u64. Append reply due: index of the hint. */
  replyHintIndex: 152,
  /** u64. Append reply due: term of the hint. */
  replyHintTerm: 160,
  /** u64. Pre-vote reply due: the term that was asked for. */
  replyTerm: 168,
} as const;

export const PeerState = {
  /** The place where the logs agree is being looked for: one message at a time. */
  PROBE: 0,
  /** Entries are sent ahead of their acknowledgements, within the in-flight window. */
  PIPELINE: 1,
  /** What the follower needs is compacted: the snapshot is sent, one chunk at a time. */
  SNAPSHOT: 2,
} as const;
export type PeerState = (typeof PeerState)[keyof typeof PeerState];

/** The name of each PeerState, for people. */
export const PeerStateName: Readonly<Record<number, string>> = {
  0: "PROBE",
  1: "PIPELINE",
  2: "SNAPSHOT",
};

/**
 * Capacities, times and identity of a node. All fields are little-endian; sizes are in bytes, times in milliseconds.
 * Nodes of one cluster may have different plans, but `maxMessage` should be the same on all: a node refuses messages
 * above its own.
 * Byte offsets of the fields; `size` is where the last one ends.
 */
export const Plan = {
  size: 96,
  /** u64. The cluster's id: messages of any other are refused. Not 0. */
  cluster: 0,
  /** u32. The group within the cluster, for hosts that run many Raft groups over one connection. */
  group: 8,
  /**
   * u32. This node's id. Not 0, unique in the cluster, never used again after the node was removed or lost its disk.
   */
  id: 12,
  /** u32. Members that a configuration can hold, learners included: 1 to 64. */
  nodes: 16,
  /** u32. Entries in the log window: a power of two, 16 to 2^22. */
  windowEntries: 20,
  /** u32. Bytes in the log window, entry headers included: a multiple of 8, at least twice `maxMessage`, up to 2^30. */
  windowBytes: 24,
  /** u32. Longest message: a multiple of 8, 256 to 2^24, and long enough for a configuration of `nodes` members. */
  maxMessage: 28,
  /** u32. Messages with entries that may be under way to one follower: 1 to 1024. */
  inflightMessages: 32,
  /**
   * u32. Bytes of entries that may be under way to one follower: at least `maxMessage`, up to 2^30. Above what the
   * smallest follower's window takes, entries are sent in vain and again.
   */
  inflightBytes: 36,
  /** u32. Bytes of uncommitted entries at which a leader refuses proposals: at least `maxMessage`, up to 2^30. */
  uncommittedBytes: 40,
  /** u32. Longest address of a member: a multiple of 8, 0 to 248. */
  addressBytes: 44,
  /**
   * u32. Minimum election timeout: 2 to 3,600,000. Also the time a follower stays loyal to a leader it heard from, and
   * within which a leader must hear from a quorum.
   */
  electionTimeout: 48,
  /** u32. The host draws from [0, electionJitter] and adds it to each election timeout: 1 to 3,600,000. */
  electionJitter: 52,
  /** u32. Time between heartbeats: at least 1, at most half of `electionTimeout`. */
  heartbeat: 56,
  /** u32. Entries that stay in storage behind a snapshot of this node's own, for slow followers. */
  keepEntries: 60,
  /**
   * u32. Leader leases: 0 turns them off; else how far two clocks may drift apart, in thousandths, 1 to 500. A lease
   * lasts for the election timeout less that share, so all nodes must have the same election timeout and keep to the
   * bound.
   */
  leaseDrift: 64,
  /** u32. Idle heartbeat rounds after which a group rests; 0: never. */
  quiesceRounds: 68,
  /**
   * u64. A number up to 2^52 that the host draws anew at each start: tickets of reads begin there, so that an answer to
   * a read from before a restart is not taken for one to a read after it.
   */
  incarnation: 72,
  /** u64. Must be 0, as the one behind it. */
  reserved: 80,
  /** u64. Must be 0. */
  reserved1: 88,
} as const;

/** The limits of a plan's fields. */
export const PlanLimit = {
  /** Most members of a configuration: quorums are counted by comparing all pairs. */
  NODES: 64,
  /** Fewest entries in a window: so that some can be under way while others are written. */
  WINDOW_ENTRIES_MIN: 16,
  /** Most entries in a window: bounds every loop over the window. */
  WINDOW_ENTRIES: 4194304,
  /** Most bytes in a window; offsets stay well inside 32 bits. */
  WINDOW_BYTES: 1073741824,
  /** Shortest `maxMessage`: the longest fixed part of a message and some payload. */
  MESSAGE_MIN: 256,
  /** Longest `maxMessage`. */
  MESSAGE: 16777216,
  /** Most messages under way to one follower. */
  INFLIGHT: 1024,
  /** Most bytes of an address: its length is one byte in a configuration. */
  ADDRESS: 248,
  /**
   * Terms that are remembered of the entries that have left the window, the newest ones: a log that parts from the
   * leader's further back has to be larger than any that leaders can leave behind who commit nothing.
   */
  TERMS: 32,
  /** Largest drift of clocks that a lease can be shortened by, in thousandths. */
  DRIFT: 500,
  /** Longest of the times: an hour. */
  TIME: 3600000,
  /** Largest term, index or time: 2^53 - 1, so that hosts may hold them in doubles. */
  NUMBER: 0x1fffffffffffff,
} as const;
export type PlanLimit = (typeof PlanLimit)[keyof typeof PlanLimit];

/** The name of each PlanLimit, for people. */
export const PlanLimitName: Readonly<Record<number, string>> = {
  64: "NODES",
  16: "WINDOW_ENTRIES_MIN",
  4194304: "WINDOW_ENTRIES",
  1073741824: "WINDOW_BYTES",
  256: "MESSAGE_MIN",
  16777216: "MESSAGE",
  1024: "INFLIGHT",
  248: "ADDRESS",
  32: "TERMS",
  500: "DRIFT",
  3600000: "TIME",
  9007199254740991: "NUMBER",
};

/** What `readSnapshot` answers besides a number of bytes. Anything below LATER is a failure: the node stops. */
export const SnapshotAnswer = {
  /** Not at hand now: ask again at a later flush. */
  LATER: -1,
  /** Failed: the node stops. */
  FAILED: -2,
} as const;
export type SnapshotAnswer = (typeof SnapshotAnswer)[keyof typeof SnapshotAnswer];

/** The name of each SnapshotAnswer, for people. */
export const SnapshotAnswerName: Readonly<Record<number, string>> = {
  [-1]: "LATER",
  [-2]: "FAILED",
};

/** What an export answers. Zero and above: taken. Below zero: refused, and the node is unchanged. */
export const StatusCode = {
  /** Taken. */
  OK: 0,
  /** Taken, and more is due than one flush lets out: call `flush` again. */
  MORE: 1,
  /** Well-formed but without effect: it speaks of a state that is past (an old term, an overwritten entry). */
  STALE: 2,
  /** A read may be answered at once from the state machine. */
  READY: 3,
  /** No node lies at this address: the magic word is missing, or the address is not a multiple of 8. */
  BAD_HANDLE: -1,
  /** The export was called from inside an import of the same node's `flush`, or that flush never returned. */
  REENTERED: -2,
  /** The export does not fit the node's stage: an input before `start`, or a restore after it. */
  BAD_STAGE: -3,
  /** The node has stopped for good; the field `failure` says why. It goes on only through a restart from storage. */
  STOPPED: -4,
  /** A field of the plan is outside its documented limits. */
  BAD_PLAN: -5,
  /** The arena is shorter than the plan needs, or not aligned to 8 bytes. */
  BAD_ARENA: -6,
  /** An argument is out of range: an unknown timer kind or peer, a number above 2^53 - 1. */
  BAD_ARGUMENT: -7,
  /**
   * What was restored is not a log: damaged entries, a gap, terms that fall, or an entry above the hard state's term.
   */
  BAD_LOG: -8,
  /** The configuration cannot be read, has too many members for the plan, or has no voter. */
  BAD_CONFIGURATION: -9,
  /** The message's bytes do not form a message. */
  MALFORMED: -16,
  /** The message is of a version of the wire format that this module does not speak. */
  BAD_VERSION: -17,
  /** The message is of another cluster or group, or meant for another node. */
  FOREIGN: -18,
  /** The message is longer than the plan's `maxMessage`. */
  OVERSIZED: -19,
  /**
   * No correct node can have sent this message: it would change a committed entry, names a second leader of a term, or
   * acknowledges what was never sent.
   */
  CONTRADICTION: -20,
  /** The node is not the leader; the field `leader` says who is, if known. */
  NOT_LEADER: -32,
  /** The window or the bound on uncommitted bytes is full: try again when entries have been committed. */
  BUSY: -33,
  /** The proposal is longer than the plan's messages can carry; the field `maxPayload` is the limit. */
  TOO_LARGE: -34,
  /** Another configuration is in the log and not committed yet. */
  CHANGE_PENDING: -35,
  /** The leader has not committed an entry of its own term yet: try again when it has (thesis 4.1, 6.4). */
  NOT_READY: -36,
  /** A new voter has to be a learner first, and hold all that the log held at the last heartbeat. */
  NOT_CAUGHT_UP: -37,
  /** No member that can lead has this id. */
  UNKNOWN_NODE: -38,
  /** The configuration would leave no voter that can lead. */
  NO_VOTER: -39,
  /**
   * The configuration is neither one voter away from the one in force, nor a joint one that begins with its voters, nor
   * the one that a joint configuration leads to; or it turns a member into a witness, or a witness into something else.
   */
  BAD_CHANGE: -40,
  /** The leader is handing over: proposals are taken again when that has failed. */
  TRANSFERRING: -41,
  /** Reason of a stop: a storage effect was refused by the host. */
  STORAGE_FAILED: -48,
  /** Reason of a stop: the state machine refused a committed entry. */
  MACHINE_FAILED: -49,
  /**
   * Reason of a stop: the log conflicts with the leader's at an entry that has left the window and of which not enough
   * is known any more: its term is older than the newest PlanLimit.TERMS, or a configuration lies between. Restart the
   * node with a larger window.
   */
  WINDOW_TOO_SMALL: -50,
} as const;
export type StatusCode = (typeof StatusCode)[keyof typeof StatusCode];

/** The name of each StatusCode, for people. */
export const StatusCodeName: Readonly<Record<number, string>> = {
  0: "OK",
  1: "MORE",
  2: "STALE",
  3: "READY",
  [-1]: "BAD_HANDLE",
  [-2]: "REENTERED",
  [-3]: "BAD_STAGE",
  [-4]: "STOPPED",
  [-5]: "BAD_PLAN",
  [-6]: "BAD_ARENA",
  [-7]: "BAD_ARGUMENT",
  [-8]: "BAD_LOG",
  [-9]: "BAD_CONFIGURATION",
  [-16]: "MALFORMED",
  [-17]: "BAD_VERSION",
  [-18]: "FOREIGN",
  [-19]: "OVERSIZED",
  [-20]: "CONTRADICTION",
  [-32]: "NOT_LEADER",
  [-33]: "BUSY",
  [-34]: "TOO_LARGE",
  [-35]: "CHANGE_PENDING",
  [-36]: "NOT_READY",
  [-37]: "NOT_CAUGHT_UP",
  [-38]: "UNKNOWN_NODE",
  [-39]: "NO_VOTER",
  [-40]: "BAD_CHANGE",
  [-41]: "TRANSFERRING",
  [-48]: "STORAGE_FAILED",
  [-49]: "MACHINE_FAILED",
  [-50]: "WINDOW_TOO_SMALL",
};

/** What a storage effect answers. Any negative number is a failure. */
export const StorageAnswer = {
  /** Taken; it is not durable yet. */
  TAKEN: 0,
  /** Taken, and durable together with all effects before it. */
  DURABLE: 1,
  /** Failed: the node stops. */
  FAILED: -1,
} as const;
export type StorageAnswer = (typeof StorageAnswer)[keyof typeof StorageAnswer];

/** The name of each StorageAnswer, for people. */
export const StorageAnswerName: Readonly<Record<number, string>> = {
  0: "TAKEN",
  1: "DURABLE",
  [-1]: "FAILED",
};

/**
 * A row of the table of terms: the entries from `index` up to the next row's, or up to the window, are of `term`.
 * Byte offsets of the fields; `size` is where the last one ends.
 */
export const TermStart = {
  size: 16,
  /** u64. Index of the first entry of the term. */
  index: 0,
  /** u64. The term. */
  term: 8,
} as const;

/** The functions that a host provides, by import module. Numbers arrive signed: `x >>> 0` makes a u32 of an i32. */
export type CoreImports = {
  /** The transport trait, as the core sees it. */
  readonly transport: {
    /**
     * Sends a message to a member. The bytes are valid only during the call.
     * @param node the handle of the node that sends
     * @param to the id of the receiver
     * @param message where the message lies
     * @param length its length in bytes
     * @param barrier 1: it may leave only once all storage effects before it are durable; 0: it may leave at once
     */
    send(node: number, to: number, message: number, length: number, barrier: number): void;
  };
  /**
   * The storage trait, as the core sees it. Effects come in the order in which they have to become durable. Each
   * answers a StorageAnswer; any failure stops the node before a message that relies on the effect is made.
   */
  readonly storage: {
    /**
     * Replaces the hard state: term and vote, one record.
     * @param node the handle
     * @param termLow low word of the term
     * @param termHigh high word of the term
     * @param vote the id of the node voted for, or 0
     * @returns a StorageAnswer
     */
    hardState(node: number, termLow: number, termHigh: number, vote: number): number;
    /**
     * Removes the entries from an index on. A host must not report entries as durable that were written before a
     * truncation reached them, even when equal entries are appended again later.
     * @param node the handle
     * @param fromLow low word of the first index to remove
     * @param fromHigh high word of it
     * @returns a StorageAnswer
     */
    truncate(node: number, fromLow: number, fromHigh: number): number;
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
    append(
      node: number,
      firstLow: number,
      firstHigh: number,
      count: number,
      termLow: number,
      termHigh: number,
      entries: number,
      length: number,
    ): number;
    /**
     * Entries up to an index are covered by a durable snapshot and may be removed. If the log ends before that index,
     * it is empty afterwards, and the next append is at index + 1.
     * @param node the handle
     * @param indexLow low word of the index
     * @param indexHigh high word of it
     * @returns a StorageAnswer
     */
    compact(node: number, indexLow: number, indexHigh: number): number;
    /**
     * Reads back entries that have left the window.
     * @param node the handle
     * @param indexLow low word of the first index wanted
     * @param indexHigh high word of it
     * @param count most entries wanted
     * @param into where to copy them
     * @param capacity bytes there are
     * @returns bytes of whole entries copied, at least one entry; 0: not at hand, ask again at a later flush; below 0:
     * failed
     */
    read(node: number, indexLow: number, indexHigh: number, count: number, into: number, capacity: number): number;
  };
  /** The timer trait, as the core sees it. One timer a kind; late, early and repeated firing is harmless. */
  readonly timer: {
    /**
     * Arms the timer of a kind, in place of any earlier arming of it.
     * @param node the handle
     * @param kind a TimerKind
     * @param delay ms until it fires
     * @param jitter the host adds a uniform draw from [0, jitter] ms
     */
    arm(node: number, kind: number, delay: number, jitter: number): void;
    /**
     * Disarms the timer of a kind.
     * @param node the handle
     * @param kind a TimerKind
     */
    cancel(node: number, kind: number): void;
  };
  /** The machine trait, as the core sees it: the application's state machine. */
  readonly machine: {
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
    apply(
      node: number,
      indexLow: number,
      indexHigh: number,
      termLow: number,
      termHigh: number,
      command: number,
      length: number,
    ): number;
    /**
     * Reads a piece of the image of this node's newest snapshot: the configuration as of its index in wire form, then
     * the state machine's bytes.
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
    readSnapshot(
      node: number,
      indexLow: number,
      indexHigh: number,
      offsetLow: number,
      offsetHigh: number,
      into: number,
      capacity: number,
      witness: number,
    ): number;
    /**
     * Takes a chunk of the image of a snapshot that a leader sends. A chunk at offset 0 begins a new image; whatever
     * was received before is given up. When the last one is taken, the host makes the image durable and calls
     * `snapshot`.
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
    writeSnapshot(
      node: number,
      indexLow: number,
      indexHigh: number,
      termLow: number,
      termHigh: number,
      offsetLow: number,
      offsetHigh: number,
      bytes: number,
      length: number,
      last: number,
    ): number;
    /**
     * Reads may now be answered, or are refused: those with tickets up to this one, of which the host was not told yet.
     * @param node the handle
     * @param ticketLow low word of the newest ticket
     * @param ticketHigh high word of it
     * @param indexLow low word of an index that is applied and that they may be answered at
     * @param indexHigh high word of it
     * @param answered 1: they may be answered now; 0: they are refused
     */
    reads(
      node: number,
      ticketLow: number,
      ticketHigh: number,
      indexLow: number,
      indexHigh: number,
      answered: number,
    ): void;
  };
  /** The observer trait, as the core sees it. */
  readonly observer: {
    /**
     * Tells an event.
     * @param node the handle
     * @param kind an EventKind
     * @param firstLow low word of the first argument
     * @param firstHigh high word of it
     * @param secondLow low word of the second argument
     * @param secondHigh high word of it
     */
    event(node: number, kind: number, firstLow: number, firstHigh: number, secondLow: number, secondHigh: number): void;
  };
};

/** The core's exports as they come out of the module. */
export interface CoreExports {
  readonly memory: WebAssembly.Memory;
  /** Where the core's own bytes end and a host's use of linear memory may begin. */
  readonly __heap_base: WebAssembly.Global;
  /** Where the core's static data end. */
  readonly __data_end: WebAssembly.Global;
  /** Version of this ABI: a host refuses a module of another one. */
  abiVersion(): number;
  /**
   * How many bytes of arena a plan takes.
   * @param plan where the Plan lies
   * @returns the bytes, or StatusCode.BAD_PLAN
   */
  planBytes(plan: number): number;
  /**
   * Makes a node in an arena; its handle is the arena's address. The node then takes what is restored, in this order:
   * hard state, snapshot, entries; each may be left out.
   * @param arena where the arena lies, a multiple of 8
   * @param length its length in bytes, at least what `planBytes` answers
   * @param plan where the Plan lies; it may lie inside the arena
   */
  init(arena: number, length: number, plan: number): number;
  /**
   * Restores term and vote.
   * @param node the handle
   * @param termLow low word of the term
   * @param termHigh high word of it
   * @param vote the id voted for, 0 if none
   */
  restoreHardState(node: number, termLow: number, termHigh: number, vote: number): number;
  /**
   * Restores where the log begins. At bootstrap: index 0, term 0 and the first configuration; a node that will be added
   * to a running cluster has none.
   * @param node the handle
   * @param indexLow low word of the last index that the snapshot covers
   * @param indexHigh high word of it
   * @param termLow low word of its term
   * @param termHigh high word of it
   * @param compactedLow low word of the index up to which storage holds no entries, at most the snapshot's
   * @param compactedHigh high word of it
   * @param configuration where the configuration as of that index lies, in wire form, a multiple of 8
   * @param length its length in bytes; 0 if there is none
   */
  restoreSnapshot(
    node: number,
    indexLow: number,
    indexHigh: number,
    termLow: number,
    termHigh: number,
    compactedLow: number,
    compactedHigh: number,
    configuration: number,
    length: number,
  ): number;
  /**
   * Restores the log behind the snapshot, in as many calls as the host likes. The window keeps the newest entries.
   * @param node the handle
   * @param entries where whole entries in wire form lie, a multiple of 8
   * @param length their length in bytes
   */
  restoreEntries(node: number, entries: number, length: number): number;
  /**
   * Starts the node: from here on it takes inputs.
   * @param node the handle
   * @param nowLow low word of the time in ms
   * @param nowHigh high word of it
   */
  start(node: number, nowLow: number, nowHigh: number): number;
  /**
   * Input: a message arrived.
   * @param node the handle
   * @param nowLow low word of the time in ms
   * @param nowHigh high word of it
   * @param message where the message lies, a multiple of 8; the place at `inboxOffset` is meant for it
   * @param length its length in bytes
   */
  receive(node: number, nowLow: number, nowHigh: number, message: number, length: number): number;
  /**
   * Input: a timer fired.
   * @param node the handle
   * @param nowLow low word of the time in ms
   * @param nowHigh high word of it
   * @param kind a TimerKind
   */
  timer(node: number, nowLow: number, nowHigh: number, kind: number): number;
  /**
   * Input: a command for the state machine. If taken, it stands at index `last` in term `term`; it is committed when it
   * is applied there, and lost when an entry of another term is.
   * @param node the handle
   * @param command where the payload lies
   * @param length its length in bytes, at most `maxPayload`
   */
  propose(node: number, command: number, length: number): number;
  /**
   * Input: a linearizable read. Its answer is told through `machine.reads`, by a ticket.
   * @param node the handle
   * @param nowLow low word of the time in ms
   * @param nowHigh high word of it
   * @param kind a ReadKind
   * @returns OK: the ticket is in the field `readTicket`; READY: it may be answered at once; NOT_LEADER: no leader is
   * known; NOT_READY
   */
  read(node: number, nowLow: number, nowHigh: number, kind: number): number;
  /**
   * Input: another configuration. If taken, it stands at index `last` and is in force; it is committed when an entry
   * there is, of the same term.
   * @param node the handle
   * @param configuration where it lies in wire form, a multiple of 8
   * @param length its length in bytes
   */
  reconfigure(node: number, configuration: number, length: number): number;
  /**
   * Input: hand over leadership. Proposals are refused until the node steps down, or an election timeout has passed.
   * @param node the handle
   * @param nowLow low word of the time in ms
   * @param nowHigh high word of it
   * @param target the member's id, or 0 for the one most fit
   */
  transfer(node: number, nowLow: number, nowHigh: number, target: number): number;
  /**
   * Input: a snapshot is durable. Of what is applied: it is this node's own, and the log may be compacted behind it. Of
   * more: it is the one whose image the leader sent.
   * @param node the handle
   * @param indexLow low word of the last index that it covers
   * @param indexHigh high word of it
   * @param termLow low word of its term
   * @param termHigh high word of it
   * @param configuration where the configuration as of that index lies, in wire form, a multiple of 8
   * @param length its length in bytes
   * @returns OK: if it came from a leader, the log now begins behind it, and the host restores the state machine from
   * it before the next flush; STALE: it is not needed
   */
  snapshot(
    node: number,
    indexLow: number,
    indexHigh: number,
    termLow: number,
    termHigh: number,
    configuration: number,
    length: number,
  ): number;
  /**
   * Input: the image that was being received could not be kept: its chunks begin again.
   * @param node the handle
   */
  snapshotFailed(node: number): number;
  /**
   * Input: the log is durable up to the entry (index, term).
   * @param node the handle
   * @param indexLow low word of the index
   * @param indexHigh high word of it
   * @param termLow low word of the term
   * @param termHigh high word of it
   */
  durable(node: number, indexLow: number, indexHigh: number, termLow: number, termHigh: number): number;
  /**
   * Input: messages to a member could not be delivered.
   * @param node the handle
   * @param peer the member's id
   */
  unreachable(node: number, peer: number): number;
  /**
   * Chooses the events that the observer gets. May be called in any stage.
   * @param node the handle
   * @param mask bit `1 << kind` for every EventKind wanted
   */
  observe(node: number, mask: number): number;
  /**
   * Lets out all effects that are due, through the imports: hard state, truncation, append, messages, timers, applies,
   * events, in this order.
   * @param node the handle
   * @param nowLow low word of the time in ms
   * @param nowHigh high word of it
   * @returns OK, MORE if it is to be called again, or why the node stopped
   */
  flush(node: number, nowLow: number, nowHigh: number): number;
  /**
   * Whether the node works.
   * @param node the handle
   * @returns OK, or STOPPED: then the field `failure` says why
   */
  status(node: number): number;
  /**
   * Checks what must always be true of a node (raft/invariants.ts).
   * @param node the handle
   * @returns 0, the number of the rule that is broken, or a StatusCode
   */
  invariants(node: number): number;
}
