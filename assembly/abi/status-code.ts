/** What an export answers. Zero and above: taken. Below zero: refused, and the node is unchanged. */
export namespace StatusCode {
  /** Taken. */
  // @ts-ignore: decorator
  @inline export const OK: i32 = 0;
  /** Taken, and more is due than one flush lets out: call `flush` again. */
  // @ts-ignore: decorator
  @inline export const MORE: i32 = 1;
  /** Well-formed but without effect: it speaks of a state that is past (an old term, an overwritten entry). */
  // @ts-ignore: decorator
  @inline export const STALE: i32 = 2;

  /** A read may be answered at once from the state machine. */
  // @ts-ignore: decorator
  @inline export const READY: i32 = 3;

  /** No node lies at this address: the magic word is missing, or the address is not a multiple of 8. */
  // @ts-ignore: decorator
  @inline export const BAD_HANDLE: i32 = -1;
  /** The export was called from inside an import of the same node's `flush`, or that flush never returned. */
  // @ts-ignore: decorator
  @inline export const REENTERED: i32 = -2;
  /** The export does not fit the node's stage: an input before `start`, or a restore after it. */
  // @ts-ignore: decorator
  @inline export const BAD_STAGE: i32 = -3;
  /** The node has stopped for good; the field `failure` says why. It goes on only through a restart from storage. */
  // @ts-ignore: decorator
  @inline export const STOPPED: i32 = -4;
  /** A field of the plan is outside its documented limits. */
  // @ts-ignore: decorator
  @inline export const BAD_PLAN: i32 = -5;
  /** The arena is shorter than the plan needs, or not aligned to 8 bytes. */
  // @ts-ignore: decorator
  @inline export const BAD_ARENA: i32 = -6;
  /** An argument is out of range: an unknown timer kind or peer, a number above 2^53 - 1. */
  // @ts-ignore: decorator
  @inline export const BAD_ARGUMENT: i32 = -7;
  /** What was restored is not a log: damaged entries, a gap, terms that fall, or an entry above the hard state's term. */
  // @ts-ignore: decorator
  @inline export const BAD_LOG: i32 = -8;
  /** The configuration cannot be read, has too many members for the plan, or has no voter. */
  // @ts-ignore: decorator
  @inline export const BAD_CONFIGURATION: i32 = -9;

  /** The message's bytes do not form a message. */
  // @ts-ignore: decorator
  @inline export const MALFORMED: i32 = -16;
  /** The message is of a version of the wire format that this module does not speak. */
  // @ts-ignore: decorator
  @inline export const BAD_VERSION: i32 = -17;
  /** The message is of another cluster or group, or meant for another node. */
  // @ts-ignore: decorator
  @inline export const FOREIGN: i32 = -18;
  /** The message is longer than the plan's `maxMessage`. */
  // @ts-ignore: decorator
  @inline export const OVERSIZED: i32 = -19;
  /** No correct node can have sent this message: it would change a committed entry, names a second leader of a term,
   * or acknowledges what was never sent. */
  // @ts-ignore: decorator
  @inline export const CONTRADICTION: i32 = -20;

  /** The node is not the leader; the field `leader` says who is, if known. */
  // @ts-ignore: decorator
  @inline export const NOT_LEADER: i32 = -32;
  /** The window or the bound on uncommitted bytes is full: try again when entries have been committed. */
  // @ts-ignore: decorator
  @inline export const BUSY: i32 = -33;
  /** The proposal is longer than the plan's messages can carry; the field `maxPayload` is the limit. */
  // @ts-ignore: decorator
  @inline export const TOO_LARGE: i32 = -34;

  /** Another configuration is in the log and not committed yet. */
  // @ts-ignore: decorator
  @inline export const CHANGE_PENDING: i32 = -35;
  /** The leader has not committed an entry of its own term yet: try again when it has (thesis 4.1, 6.4). */
  // @ts-ignore: decorator
  @inline export const NOT_READY: i32 = -36;
  /** A new voter has to be a learner first, and hold all that the log held at the last heartbeat. */
  // @ts-ignore: decorator
  @inline export const NOT_CAUGHT_UP: i32 = -37;
  /** No member that can lead has this id. */
  // @ts-ignore: decorator
  @inline export const UNKNOWN_NODE: i32 = -38;
  /** The configuration would leave no voter that can lead. */
  // @ts-ignore: decorator
  @inline export const NO_VOTER: i32 = -39;
  /** The configuration is neither one voter away from the one in force, nor a joint one that begins with its voters, nor the
   * one that a joint configuration leads to; or it turns a member into a witness, or a witness into something else. */
  // @ts-ignore: decorator
  @inline export const BAD_CHANGE: i32 = -40;
  /** The leader is handing over: proposals are taken again when that has failed. */
  // @ts-ignore: decorator
  @inline export const TRANSFERRING: i32 = -41;

  /** Reason of a stop: a storage effect was refused by the host. */
  // @ts-ignore: decorator
  @inline export const STORAGE_FAILED: i32 = -48;
  /** Reason of a stop: the state machine refused a committed entry. */
  // @ts-ignore: decorator
  @inline export const MACHINE_FAILED: i32 = -49;
  /** Reason of a stop: the log conflicts with the leader's at an entry that has left the window and of which not enough
   * is known any more: its term is older than the newest PlanLimit.TERMS, or a configuration lies between. Restart the
   * node with a larger window. */
  // @ts-ignore: decorator
  @inline export const WINDOW_TOO_SMALL: i32 = -50;
}
