/**
 * What a proposal, a read, a change of membership, a transfer or a snapshot can run into. Each error says whether what was
 * asked for may still take effect: `definite` is true if it did not and never will, and false if it may or may not.
 */

export abstract class RaftError extends Error {
  /** True: what was asked for did not and will not take effect. False: it may or may not. */
  abstract readonly definite: boolean;
}

/** This node is not the leader: ask the one that is. */
export class NotLeaderError extends RaftError {
  override readonly name = "NotLeaderError";
  readonly definite = true;
  constructor(
    /** The leader's id, 0 if not known. */
    readonly leader: number,
  ) {
    super(leader === 0 ? "this node is not the leader, and knows of none" : `not the leader: node ${leader} is`);
  }
}

/** What was asked for was refused, and nothing came of it. */
abstract class RefusalError extends RaftError {
  readonly definite = true;
}

/** The log window or the bound on uncommitted bytes is full. Try again when earlier commands have been committed. */
export class BusyError extends RaftError {
  override readonly name = "BusyError";
  readonly definite = true;
  constructor() {
    super("the leader has as much uncommitted as its capacity plan allows: try again shortly");
  }
}

/** The command is longer than the capacity plan's messages can carry. */
export class TooLargeError extends RaftError {
  override readonly name = "TooLargeError";
  readonly definite = true;
  constructor(
    readonly length: number,
    /** The longest command there may be, in bytes. */
    readonly limit: number,
  ) {
    super(`the command has ${length} bytes, and the capacity plan allows ${limit}: raise maxMessage on all nodes`);
  }
}

/** Another leader's entry took this command's place in the log. */
export class LostError extends RaftError {
  override readonly name = "LostError";
  readonly definite = true;
  constructor() {
    super("the leader changed before the command was committed, and it is lost: propose it again");
  }
}

/** No outcome was learned in time: the command may or may not take effect. */
export class OutcomeUnknownError extends RaftError {
  override readonly name = "OutcomeUnknownError";
  readonly definite = false;
}

/** The leader has not committed an entry of its own term yet, and so does not know all that is committed: try again
 * shortly. Nor does it change members or answer reads before (thesis 4.1, 6.4). */
export class NotReadyError extends RefusalError {
  override readonly name = "NotReadyError";
  constructor() {
    super("the leader has not committed an entry of its own term yet: try again shortly");
  }
}

/** The read was given up: leadership changed before it was known that nothing newer is committed elsewhere. */
export class ReadRefusedError extends RefusalError {
  override readonly name = "ReadRefusedError";
  constructor() {
    super("leadership changed while the read waited: try again");
  }
}

/** The leader is handing over and takes nothing new meanwhile. */
export class TransferringError extends RefusalError {
  override readonly name = "TransferringError";
  constructor() {
    super("the leader is handing over leadership: try again shortly, at the next leader");
  }
}

/** The leadership was not handed over in time. */
export class TransferFailedError extends RefusalError {
  override readonly name = "TransferFailedError";
}

/** Another change of membership is not complete yet. One at a time. */
export class ChangePendingError extends RefusalError {
  override readonly name = "ChangePendingError";
  constructor() {
    super("another change of membership is not committed yet: try again when it is");
  }
}

/** A new voter does not hold the log yet. */
export class NotCaughtUpError extends RefusalError {
  override readonly name = "NotCaughtUpError";
  constructor() {
    super(
      "a new voter has to be a learner that holds the log first: add it as one, and try again when it has caught up",
    );
  }
}

/** There is no such member, or it cannot do what is asked of it. */
export class UnknownNodeError extends RefusalError {
  override readonly name = "UnknownNodeError";
}

/** The change would leave no voter that can lead. */
export class NoVoterError extends RefusalError {
  override readonly name = "NoVoterError";
  constructor() {
    super("the change would leave no voter that keeps payloads, and so can lead");
  }
}

/** The configuration cannot follow the one in force. */
export class BadChangeError extends RefusalError {
  override readonly name = "BadChangeError";
}

/** The configuration makes no sense, or does not fit the capacity plan. */
export class BadConfigurationError extends RefusalError {
  override readonly name = "BadConfigurationError";
}

/** A snapshot could not be taken. The node goes on with what it has. */
export class SnapshotError extends RefusalError {
  override readonly name = "SnapshotError";
}

/** The node is not running. */
export class StoppedError extends RaftError {
  override readonly name = "StoppedError";
  readonly definite = true;
  constructor(message = "the node is not running") {
    super(message);
  }
}

/** The node cannot go on: its storage or state machine failed, or an invariant broke. Restart it from its storage once
 * the cause is removed. */
export class NodeFailedError extends Error {
  override readonly name = "NodeFailedError";
}
