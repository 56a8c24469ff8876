/**
 * Narrows the time in which steps can take effect, as far as values tell that are brought only once.
 *
 * Such a value comes once and, once left, never returns. So whoever brings it takes effect before all that require it,
 * and whoever leaves it after all the others. Between the first deadline among these steps and the last invocation, the
 * state is held at that value. A step that cannot happen in that state takes effect before the hold or after it. (Gibbons
 * & Korach, "Testing shared memories", 1997, decide histories of reads and writes in this way alone; their hold is a
 * forward zone.)
 */
import { NONE, type Problem, type Step } from "./linearizability-problem.js";

/** A span of time in which the state is `value`; `from` is below `to`. */
interface Hold {
  readonly value: number;
  readonly from: number;
  readonly to: number;
}

/** Narrows windows by one round: null when no linearization can exist, the same problem when nothing changed. */
export function narrow(problem: Problem): Problem | null {
  const spans = new Spans(problem);
  const holds = spans.holds();
  if (holds === null) return null;
  const certain = problem.certain.map((step) => narrowStep(step, spans, holds));
  if (certain.some((step) => step.deadline < step.invoked)) return null;
  const possible = problem.possible.map((step) => narrowStep(step, spans, holds));
  const same = (step: Step, index: number) => step === problem.certain[index];
  return certain.every(same) ? problem : { ...problem, certain, possible };
}

function narrowStep(step: Step, spans: Spans, holds: readonly Hold[]): Step {
  let { invoked, deadline } = step;
  if (step.sets !== NONE) {
    if (spans.isSingle(step.sets)) deadline = Math.min(deadline, spans.first(step.sets));
    if (step.requires !== NONE && spans.isSingle(step.requires)) invoked = Math.max(invoked, spans.last(step.requires));
  }
  const early = holdAround(holds, invoked);
  if (early !== undefined && !happensIn(step, early.value)) invoked = early.to;
  const late = holdAround(holds, deadline);
  if (late !== undefined && !happensIn(step, late.value)) deadline = late.from;
  return invoked === step.invoked && deadline === step.deadline ? step : { ...step, invoked, deadline };
}

/** Whether a step can take effect while the state is held, except at the ends of the hold. */
function happensIn({ requires, differs, sets }: Step, held: number): boolean {
  return (requires === NONE || requires === held) && differs !== held && (sets === NONE || sets === held);
}

/** The hold with the given time strictly inside; holds are disjoint and in order. */
function holdAround(holds: readonly Hold[], time: number): Hold | undefined {
  let low = 0;
  let high = holds.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((holds[middle]?.to ?? Infinity) > time) high = middle;
    else low = middle + 1;
  }
  const hold = holds[low];
  return hold !== undefined && hold.from < time ? hold : undefined;
}

/** When the steps that bring or require a value take effect, for every value that is brought at most once. */
class Spans {
  readonly #producers: Int32Array;
  readonly #first: Float64Array;
  readonly #last: Float64Array;

  constructor({ certain, possible, initial, values }: Problem) {
    this.#producers = new Int32Array(values);
    this.#first = new Float64Array(values).fill(Infinity);
    this.#last = new Float64Array(values).fill(-Infinity);
    // Nobody has to bring the initial value: it is held from the beginning.
    this.#producers[initial] = 1;
    this.#first[initial] = -Infinity;
    for (const step of certain) {
      this.#produce(step);
      this.#include(step, step.requires);
      this.#include(step, step.sets);
    }
    for (const step of possible) this.#produce(step);
  }

  isSingle(value: number): boolean {
    return this.#producers[value] === 1;
  }

  /** The first deadline among the steps that bring or require the value. */
  first(value: number): number {
    return this.#first[value] ?? Infinity;
  }

  /** The last invocation among the steps that bring or require the value. */
  last(value: number): number {
    return this.#last[value] ?? -Infinity;
  }

  /** All holds in order of time; null when two of them overlap. */
  holds(): Hold[] | null {
    const holds: Hold[] = [];
    for (const value of this.#producers.keys()) {
      const hold = { value, from: this.first(value), to: this.last(value) };
      if (this.isSingle(value) && hold.from < hold.to) holds.push(hold);
    }
    holds.sort((left, right) => left.from - right.from);
    const overlap = holds.some(({ to }, index) => to > (holds[index + 1]?.from ?? Infinity));
    return overlap ? null : holds;
  }

  #produce({ sets }: Step): void {
    if (sets !== NONE) this.#producers[sets] = (this.#producers[sets] ?? 0) + 1;
  }

  #include({ invoked, deadline }: Step, value: number): void {
    if (value === NONE) return;
    this.#first[value] = Math.min(this.first(value), deadline);
    this.#last[value] = Math.max(this.last(value), invoked);
  }
}
