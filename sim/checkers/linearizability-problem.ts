/**
 * The history of one key in the terms of the search: operations are steps, and values are numbers.
 */
import type { Operation } from "./history.js";

/** "No such guard" or "sets nothing", in place of a value's number. */
export const NONE = -1;

/** An operation as a conditional assignment. It takes effect after `invoked` and before `deadline`. */
export interface Step {
  readonly operation: Operation;
  /** An event number, no lower than that of the operation's invocation. */
  readonly invoked: number;
  /** An event number, no higher than that of the operation's return; Infinity when it may as well never take effect. */
  readonly deadline: number;
  readonly requires: number;
  readonly differs: number;
  readonly sets: number;
}

/** What is to be searched. */
export interface Problem {
  readonly initial: number;
  /** Values are numbered from 0 to below this. */
  readonly values: number;
  /** Steps that took effect. */
  readonly certain: readonly Step[];
  /** Steps that may have taken effect. */
  readonly possible: readonly Step[];
}
