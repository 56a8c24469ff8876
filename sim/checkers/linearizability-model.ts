/**
 * What operations mean to the linearizability checker.
 *
 * Every operation is a conditional assignment: it takes place only in a state that fits (`requires`, `differs`) and may
 * set the state. That is enough for registers of every kind, and the checker's reductions rest on it: they only compare
 * guards with assignments.
 */
import type { Operation, Value } from "./history.js";

/** The state must be `requires`, must not be `differs`, and becomes `sets`; what is left out does not apply. */
export interface Effect {
  readonly requires?: Value;
  readonly differs?: Value;
  readonly sets?: Value;
}

/** The sequential object that a key is supposed to be. */
export interface Model {
  /** The state of a key before the first operation. */
  readonly initial: Value;
  /** What an operation does: with its result when the outcome is "ok", and otherwise what it does when it succeeds. */
  effect(operation: Operation): Effect;
}

/** A register that can be read, written, deleted, and compared and swapped; absent at first. */
export const registerModel: Model = {
  initial: null,
  effect(operation) {
    switch (operation.kind) {
      case "read":
        return operation.outcome === "ok" ? { requires: operation.result as Value } : {};
      case "write":
        return { sets: operation.argument };
      case "delete":
        return { sets: null };
      case "cas": {
        const { expected, value } = operation.argument;
        // A cas that found another value changes nothing, so of an unknown one only success matters.
        if (operation.outcome === "ok" && operation.result === false) return { differs: expected };
        return { requires: expected, sets: value };
      }
    }
  },
};
