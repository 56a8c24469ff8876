/**
 * Says why the operations on a key are not linearizable: the first answer that nothing can explain, the longest history
 * before it that can be linearized, and what could not go next.
 *
 * If a history can be linearized, so can every prefix of it, in which answers that are still to come are unknown. So
 * there is a first answer with which the history stops being linearizable, and bisection finds it.
 */
import type { Operation, Value } from "./history.js";
import type { Model } from "./linearizability-model.js";
import type { Step } from "./linearizability-problem.js";
import { reduce } from "./linearizability-reduce.js";
import { type SearchLimits, type SearchResult, search } from "./linearizability-search.js";

/** Operations of the prefix that a printed explanation shows: the last ones are the telling ones. */
const SHOWN_PREFIX = 12;
/** Operations that could not go next that a printed explanation shows. */
const SHOWN_BLOCKED = 20;
/** The bisection searches about log2(answers) prefixes; each may cost this part of what the verdict may cost, so that
 * an explanation costs about as much as a verdict. */
const BISECTION_SHARE = 1 / 16;

export interface Explanation {
  readonly key: string;
  /** A linearization of what was answered before the culprit, as long as one can be. */
  readonly prefix: readonly Operation[];
  /** The value of the key after the prefix. */
  readonly value: Value;
  /** The operation whose answer cannot be explained. */
  readonly culprit: Operation;
  /** The operations open when the culprit returned, none of which can go next and lead on: the culprit first. */
  readonly blocked: readonly Operation[];
  /** All of this, to be printed. */
  readonly text: string;
}

/** Reduces and searches the operations on one key. */
export function checkKey(operations: readonly Operation[], model: Model, limits: SearchLimits): SearchResult {
  const problem = reduce(operations, model);
  return problem === null ? { verdict: "not linearizable", steps: 0 } : search(problem, limits);
}

/** Explains operations on one key that are known not to be linearizable. */
export function explain(
  key: string,
  operations: readonly Operation[],
  model: Model,
  limits: SearchLimits,
): Explanation {
  const answered = operations.filter((operation) => operation.outcome === "ok");
  answered.sort((left, right) => left.returned - right.returned);
  // Below `good` answers the history is linearizable, as `order` shows; with `bad` answers it is not. Where a limit ends
  // the search in between, it counts as linearizable, and the explanation merely starts from an earlier order.
  let good = 0;
  let bad = answered.length;
  let order: readonly Step[] = [];
  const bounds = { ...limits, maxSteps: limits.maxSteps * BISECTION_SHARE };
  while (bad - good > 1) {
    const middle = (good + bad) >>> 1;
    const result = checkKey(cut(operations, answered[middle - 1]), model, bounds);
    if (result.verdict === "not linearizable") bad = middle;
    else good = middle;
    if (result.verdict === "linearizable") order = result.order;
  }
  const culprit = answered[bad - 1];
  if (culprit === undefined) throw new Error(`key ${JSON.stringify(key)} has no answers, so it is linearizable`);
  const prefix = order.map((step) => step.operation);
  const placed = new Set(prefix.map(identity));
  const blocked = operations.filter(
    (operation) =>
      operation !== culprit &&
      operation.outcome !== "failed" &&
      operation.invoked < culprit.returned &&
      !placed.has(identity(operation)) &&
      (operation.outcome === "ok" || model.effect(operation).sets !== undefined),
  );
  const explanation = { key, prefix, value: valueAfter(prefix, model), culprit, blocked: [culprit, ...blocked] };
  return { ...explanation, text: print(explanation, operations, model) };
}

/** The history as it was known when `last` had just returned. */
function cut(operations: readonly Operation[], last: Operation | undefined): Operation[] {
  const end = last?.returned ?? 0;
  const known: Operation[] = [];
  for (const operation of operations) {
    if (operation.outcome === "failed" || operation.invoked > end) continue;
    if (operation.outcome === "ok" && operation.returned > end) {
      known.push({ ...operation, outcome: "unknown", returned: null });
    } else {
      known.push(operation);
    }
  }
  return known;
}

/** Operations are copied when a history is cut; who invoked what when stays the same. */
function identity({ client, invoked }: Operation): string {
  return `${client} ${invoked}`;
}

function valueAfter(prefix: readonly Operation[], model: Model): Value {
  let value = model.initial;
  for (const operation of prefix) {
    const { sets } = model.effect(operation);
    if (sets !== undefined) value = sets;
  }
  return value;
}

function print(found: Omit<Explanation, "text">, operations: readonly Operation[], model: Model): string {
  const hidden = Math.max(0, found.prefix.length - SHOWN_PREFIX);
  const unshown = Math.max(0, found.blocked.length - SHOWN_BLOCKED);
  return [
    `key ${JSON.stringify(found.key)} is not linearizable: no order explains ${describe(found.culprit)}`,
    `the ${found.prefix.length} operations before it can be linearized, for example in this order:`,
    ...(hidden > 0 ? [`  ... ${hidden} earlier ones ...`] : []),
    ...found.prefix.slice(hidden).map((operation) => `  ${describe(operation)}`),
    `after which the value is ${JSON.stringify(found.value)}, and none of these can go next and lead on:`,
    ...found.blocked.slice(0, SHOWN_BLOCKED).map((operation) => `  ${describe(operation)}`),
    ...(unshown > 0 ? [`  ... and ${unshown} more ...`] : []),
    ...origin(found.culprit, operations, model),
  ].join("\n");
}

/** A note on a value that no operation can have brought. */
function origin(culprit: Operation, operations: readonly Operation[], model: Model): string[] {
  const { requires } = model.effect(culprit);
  if (requires === undefined || requires === model.initial) return [];
  const writers = operations.filter((operation) => model.effect(operation).sets === requires);
  const value = JSON.stringify(requires);
  if (writers.length === 0) return [`no operation ever set the value ${value}`];
  if (writers.some((writer) => writer.outcome !== "failed")) return [];
  return [`the value ${value} was only set by operations that failed: ${writers.map(describe).join("; ")}`];
}

function describe(operation: Operation): string {
  const { client, invoked, returned, outcome } = operation;
  const argument = "argument" in operation ? ` ${JSON.stringify(operation.argument)}` : "";
  const answer = outcome === "ok" ? JSON.stringify(operation.result) : outcome;
  return `[${invoked}, ${returned ?? "open"}] client ${client}: ${operation.kind}${argument} -> ${answer}`;
}
