/**
 * The linearizability checker: can the answers that the clients got be explained by one order of the operations, in
 * which each takes effect at one moment between its invocation and its return?
 *
 * Operations on different keys do not touch each other, so the history is judged key by key (P-compositionality: a
 * history is linearizable if and only if its part for each key is). Multi-key transactions do not fit this and are not
 * part of a history. The search is bounded by counts rather than by a clock: a verdict does not depend on the machine
 * it is found on. A search that meets a bound ends with "unknown", which is no proof of anything: treat it as a failure.
 */
import { assertConsistent, type Operation } from "./history.js";
import { checkKey, type Explanation, explain } from "./linearizability-explain.js";
import { type Model, registerModel } from "./linearizability-model.js";
import type { SearchLimits } from "./linearizability-search.js";

export type { Explanation } from "./linearizability-explain.js";
export { type Effect, type Model, registerModel } from "./linearizability-model.js";

/** Bounds on the search for each single key. */
export type Limits = SearchLimits;

/** A history of thousands of operations on one key takes a small part of this; a search that takes all of it takes some
 * seconds and no more memory than any machine that runs the simulator has. */
export const DEFAULT_LIMITS: Limits = { maxSteps: 50_000_000, maxCacheBytes: 256 * 1024 * 1024 };

/** A key on which the search met a bound. */
export interface Undecided {
  readonly key: string;
  readonly operations: number;
  readonly limit: "steps" | "memory";
}

interface Effort {
  /** Keys judged. */
  readonly keys: number;
  /** Operations on them. */
  readonly operations: number;
  /** Steps that the search tried. */
  readonly steps: number;
}

export type CheckResult = Effort &
  (
    | { readonly verdict: "linearizable" }
    | { readonly verdict: "not linearizable"; readonly explanation: Explanation }
    | { readonly verdict: "unknown"; readonly undecided: readonly Undecided[] }
  );

/**
 * Judges a history. The first key found not to be linearizable ends the search.
 * @param history the operations, in any order; those still open are "unknown"
 * @throws HistoryError when an operation contradicts itself
 */
export function checkLinearizable(
  history: Iterable<Operation>,
  model: Model = registerModel,
  limits: Limits = DEFAULT_LIMITS,
): CheckResult {
  let keys = 0;
  let operations = 0;
  let steps = 0;
  const undecided: Undecided[] = [];
  for (const [key, part] of partition(history)) {
    const result = checkKey(part, model, limits);
    keys += 1;
    operations += part.length;
    steps += result.steps;
    if (result.verdict === "unknown") undecided.push({ key, operations: part.length, limit: result.limit });
    if (result.verdict === "not linearizable") {
      const explanation = explain(key, part, model, limits);
      return { verdict: "not linearizable", explanation, keys, operations, steps };
    }
  }
  if (undecided.length > 0) return { verdict: "unknown", undecided, keys, operations, steps };
  return { verdict: "linearizable", keys, operations, steps };
}

function partition(history: Iterable<Operation>): Map<string, Operation[]> {
  const parts = new Map<string, Operation[]>();
  for (const operation of history) {
    assertConsistent(operation);
    const part = parts.get(operation.key);
    if (part === undefined) parts.set(operation.key, [operation]);
    else part.push(operation);
  }
  return parts;
}
