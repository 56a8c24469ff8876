/**
 * What a proposal can run into. Each error says whether the command may still take effect: `definite` is true if it did
 * not and never will, and false if it may or may not.
 */

export abstract class RaftError extends Error {
  /** True: the command was not and will not be applied. False: it may or may not be. */
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

/** The log window or the bound on uncommitted bytes is full. Try again when earlier commands have been committed. */
export class BusyError extends RaftError {
  override readonly name = "BusyError";
  readonly definite = true;
  constructor() {
    super("the leader has as many uncommitted commands as its capacity plan allows: try again shortly");
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
