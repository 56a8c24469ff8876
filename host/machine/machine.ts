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
}
