/**
 * What a node knows of another member, and what it owes it. One record a member, itself included, in ascending order of
 * ids; and one more for a node that is no member of the configuration in force but deserves an answer.
 */

/** One member's progress and what is due to it. */
// @ts-ignore: decorator
@final @unmanaged
export class Peer {
  /** The member's id; 0 in an unused record. */
  id: u32;
  /** Bits of MemberRole; 0 for a node that is no member. */
  roles: u32;
  /** Leader: highest index known to be durable on the follower. `match < next`. Only rises within a term. */
  match: u64;
  /** Leader: index of the next entry to send. `match < next <= last + 1`. */
  next: u64;
  /** Leader: newest `sent` that the follower echoed: it had contact then. */
  lastAck: u64;
  /** Leader: newest `round` that the follower echoed. */
  ackRound: u64;
  /** Leader: highest commit index that the follower was told while it could use it. */
  commitSent: u64;
  /** Leader: `readRound`'s ticket, as the follower gave it. */
  readTicket: u64;
  /** Leader: the heartbeat round that the follower's reads wait for; 0 if none do. */
  readRound: u64;
  /** Sending a snapshot: its index. */
  chunkIndex: u64;
  /** Sending a snapshot: bytes of the image that the follower has taken. */
  chunkOffset: u64;
  /** Sending a snapshot: when the chunk behind them was sent, in ms. */
  chunkSent: u64;
  /** Sending a snapshot: bytes of that chunk. */
  chunkLength: u32;
  /** Election priority. */
  priority: u32;
  /** A PeerState. */
  state: u32;
  /** 1 once the probe, or a chunk of a snapshot, is out, until it is answered or repeated. */
  paused: u32;
  /** Leader: number of Appends with entries sent so far. */
  sequenceSent: u32;
  /** Leader: newest number acknowledged. `sequenceSent - sequenceAcked` are under way. */
  sequenceAcked: u32;
  /** Candidate: 0 unknown, 1 granted, 2 denied. */
  vote: u32;
  /** Bits of Due. */
  due: u32;
  /** Reply due: `sequence` to echo. */
  replySequence: u32;
  /** Pre-vote reply due: 1 if granted. */
  replyGranted: u32;
  /** Append reply due: `round` to echo. */
  replyRound: u64;
  /** Append reply due: `sent` to echo. */
  replySent: u64;
  /** Append reply due: index of the Append that did not fit; 0 if all did. */
  replyRejected: u64;
  /** Append reply due: index of the hint. */
  replyHintIndex: u64;
  /** Append reply due: term of the hint. */
  replyHintTerm: u64;
  /** Pre-vote reply due: the term that was asked for. */
  replyTerm: u64;
}

export namespace PeerState {
  /** The place where the logs agree is being looked for: one message at a time. */
  // @ts-ignore: decorator
  @inline export const PROBE: u32 = 0;
  /** Entries are sent ahead of their acknowledgements, within the in-flight window. */
  // @ts-ignore: decorator
  @inline export const PIPELINE: u32 = 1;
  /** What the follower needs is compacted: the snapshot is sent, one chunk at a time. */
  // @ts-ignore: decorator
  @inline export const SNAPSHOT: u32 = 2;
}

/**
 * Messages due to a peer. Level-triggered: the message is made from the state at flush time.
 * @internal
 */
export namespace Due {
  // @ts-ignore: decorator
  @inline export const VOTE_REQUEST: u32 = 1;
  // @ts-ignore: decorator
  @inline export const VOTE_REPLY: u32 = 2;
  // @ts-ignore: decorator
  @inline export const PRE_VOTE_REPLY: u32 = 4;
  // @ts-ignore: decorator
  @inline export const APPEND_REPLY: u32 = 8;
  // @ts-ignore: decorator
  @inline export const APPEND: u32 = 16;
  // @ts-ignore: decorator
  @inline export const HEARTBEAT: u32 = 32;
  // @ts-ignore: decorator
  @inline export const SNAPSHOT_REPLY: u32 = 64;
  // @ts-ignore: decorator
  @inline export const TIMEOUT_NOW: u32 = 128;
  // @ts-ignore: decorator
  @inline export const READ_REQUEST: u32 = 256;
  // @ts-ignore: decorator
  @inline export const READ_REPLY: u32 = 512;
}
