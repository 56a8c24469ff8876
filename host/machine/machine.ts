/**
 * The machine trait: the application's replicated state machine. The same commands are applied in the same order on
 * every node, so `apply` must depend on nothing but the state and the command: no clock, no randomness, no I/O.
 */

/** Where an entry stands in the log. */
export interface EntryPosition {
  readonly index: number;
  readonly term: number;
}

export interface StateMachine<Result> {
  /**
   * Applies one committed command and returns its result, which `propose` on the proposing node resolves with.
   * `command` lies in the core's memory and is valid only during the call: copy what is kept. A command the machine
   * does not understand must yield a result that says so; an exception stops the node, because the other nodes would
   * go on without it.
   */
  apply(command: Uint8Array, position: EntryPosition): Result;
  /**
   * The state as it is now, as bytes or in pieces, for {@link restore}; machines without this method take no snapshots.
   * Pieces are asked for one by one, over several turns of the event loop in which further commands are applied: they must
   * show the state as it was at the call. Bytes that were handed out must not change afterwards. An exception is told, and
   * the node goes on without this snapshot.
   */
  snapshot?(): Uint8Array | Iterable<Uint8Array>;
  /**
   * Takes the state that a snapshot says in place of its own. The bytes stay as they are. An exception stops the node: it
   * has nothing else to go on with.
   */
  restore?(snapshot: Uint8Array): void;
}
