/**
 * Makes the history of one key small before it is searched: values become numbers, possible steps that cannot matter are
 * left out, those that must have happened become certain, and the time in which a step can take effect is narrowed. Each
 * reduction keeps the verdict; the reason stands beside it.
 */
import type { Operation, Value } from "./history.js";
import type { Model } from "./linearizability-model.js";
import { NONE, type Problem, type Step } from "./linearizability-problem.js";
import { narrow } from "./linearizability-windows.js";

/** The number of every value that no operation asks about: such values cannot be told apart. */
const UNOBSERVED = 0;
/** Rounds of narrowing. Each builds on the one before it, with less and less to gain; wider windows only cost time. */
const MAX_NARROWING_ROUNDS = 8;

/**
 * Reduces the operations on one key to what the search has to decide.
 * @returns null when the reduction itself shows that the operations are not linearizable
 */
export function reduce(operations: readonly Operation[], model: Model): Problem | null {
  const sorted = settle(toProblem(operations, model));
  if (sorted === null) return null;
  let problem: Problem = sorted;
  for (let round = 0; round < MAX_NARROWING_ROUNDS; round += 1) {
    const narrowed = narrow(problem);
    if (narrowed === null || narrowed === problem) return narrowed;
    problem = narrowed;
  }
  return problem;
}

function toProblem(operations: readonly Operation[], model: Model): Problem {
  const took = operations.filter((operation) => operation.outcome !== "failed");
  const numbers = new Map<Value, number>();
  const observe = (value: Value | undefined) => {
    if (value !== undefined && !numbers.has(value)) numbers.set(value, numbers.size + 1);
  };
  const number = (value: Value | undefined) => (value === undefined ? NONE : (numbers.get(value) ?? UNOBSERVED));
  const effects = took.map((operation) => model.effect(operation));
  for (const { requires, differs } of effects) {
    observe(requires);
    observe(differs);
  }
  const certain: Step[] = [];
  const possible: Step[] = [];
  for (const [index, operation] of took.entries()) {
    const { requires, differs, sets } = effects[index] ?? {};
    const step: Step = {
      operation,
      invoked: operation.invoked,
      deadline: operation.outcome === "ok" ? operation.returned : Infinity,
      requires: number(requires),
      differs: number(differs),
      // Setting what is required to be there already is not a change.
      sets: sets === requires ? NONE : number(sets),
    };
    if (operation.outcome === "ok") certain.push(step);
    // Nothing can tell whether a step that sets nothing took place.
    else if (step.sets !== NONE) possible.push(step);
  }
  return { initial: number(model.initial), values: numbers.size + 1, certain, possible };
}

/** Leaves out possible steps that cannot matter, and makes those certain that must have taken place. */
function settle(problem: Problem): Problem | null {
  let { certain, possible } = problem;
  // Every round but the last removes a possible step or makes it certain.
  for (;;) {
    const usage = new Usage({ ...problem, certain, possible });
    if (usage.contradictory()) return null;
    const useful = possible.filter((step) => usage.mayMatter(step));
    const forced = useful.filter((step) => usage.isForced(step));
    if (forced.length === 0 && useful.length === possible.length) return { ...problem, certain, possible };
    certain = [...certain, ...forced.map((step) => ({ ...step, deadline: usage.needed(step.sets) }))];
    possible = useful.filter((step) => !usage.isForced(step));
    if (certain.some((step) => step.deadline < step.invoked)) return null;
  }
}

/** Who asks for a value and who brings it, for every value. */
class Usage {
  readonly #initial: number;
  /** Steps that set the value. */
  readonly #producers: Int32Array;
  /** Steps that require the value. */
  readonly #askers: Int32Array;
  /** Steps that require the value to be another. */
  readonly #avoiders: Int32Array;
  readonly #needed: Float64Array;
  #guardsAgainst = 0;

  constructor({ certain, possible, initial, values }: Problem) {
    this.#initial = initial;
    this.#producers = new Int32Array(values);
    this.#askers = new Int32Array(values);
    this.#avoiders = new Int32Array(values);
    this.#needed = new Float64Array(values).fill(Infinity);
    for (const step of certain) this.#count(step);
    for (const step of possible) this.#count(step);
  }

  #count({ requires, differs, sets, deadline }: Step): void {
    if (sets !== NONE) this.#producers[sets] = at(this.#producers, sets) + 1;
    if (requires !== NONE) {
      this.#askers[requires] = at(this.#askers, requires) + 1;
      this.#needed[requires] = Math.min(this.needed(requires), deadline);
    }
    if (differs !== NONE) {
      this.#avoiders[differs] = at(this.#avoiders, differs) + 1;
      this.#guardsAgainst += 1;
    }
  }

  /** The earliest deadline among the certain steps that require the value; Infinity when there is none. */
  needed(value: number): number {
    return at(this.#needed, value);
  }

  /** Whether a certain step requires a value that nothing brings. */
  contradictory(): boolean {
    return this.#needed.some((deadline, value) => deadline !== Infinity && !this.#obtainable(value));
  }

  /** False for a possible step that can be left out of any linearization: it cannot take place, or nothing that can
   * follow it depends on the state. What is overwritten before anyone asks might as well not have happened. */
  mayMatter({ requires, sets }: Step): boolean {
    if (requires !== NONE && !this.#obtainable(requires)) return false;
    return at(this.#askers, sets) > 0 || this.#guardsAgainst > at(this.#avoiders, sets);
  }

  /** Whether a step is the only one to bring a value that a certain step requires. */
  isForced({ sets }: Step): boolean {
    return this.needed(sets) !== Infinity && at(this.#producers, sets) === 1 && sets !== this.#initial;
  }

  #obtainable(value: number): boolean {
    return value === this.#initial || at(this.#producers, value) > 0;
  }
}

function at(array: Int32Array | Float64Array, index: number): number {
  return array[index] ?? 0;
}
