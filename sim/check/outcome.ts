/** What a step of a node comes to. */

import { EMPTY } from "./paths.js";
import type { RuleBroken } from "./violation.js";

/** The result of a step. */
export interface Outcome {
  /** The next state; 0 if it lies outside of the bounds, or a rule is broken. */
  readonly next: number;
  /** The state before the election timer fired at once; 0 if it did not. */
  readonly before: number;
  /** Writes that were durable at once. */
  readonly writes: number;
  /** Messages that leave, each once, in ascending order. */
  readonly sends: Int32Array;
  /** The log up to where this node, as leader, has committed it in this step; EMPTY if it has not. */
  readonly committed: number;
  /** The term in which it has. */
  readonly committedTerm: number;
  readonly broken: RuleBroken | null;
}

/** No messages. */
export const NOTHING = new Int32Array(0);

/** The outcome of a step that breaks a rule. */
export function brokenOutcome(broken: RuleBroken): Outcome {
  return { next: 0, before: 0, sends: NOTHING, committed: EMPTY, committedTerm: 0, writes: 0, broken };
}

/** Each number once, in ascending order. */
export function distinct(ids: readonly number[]): number[] {
  return [...new Set(ids)].sort((a, b) => a - b);
}
