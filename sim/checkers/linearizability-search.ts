/**
 * The search for a linearization of the operations on one key: Wing & Gong's, with Lowe's memoization, on the linked
 * list of events that Horn & Kroening describe ("Faster linearizability checking via P-compositionality", 2015).
 *
 * What keeps it short does not change the verdict. Suppose that a linearization of the remaining steps exists, and take
 * one with the fewest possible steps:
 * - A step that fits and changes nothing may as well stand first: it is linearized at once and for good.
 * - Of certain steps with the same effect that may come next, the one that must return first may as well come first. A
 *   possible step may as well change places with a certain one of the same effect.
 * - What follows a possible step depends on the state it leads to; otherwise it could be left out.
 * - A value is not left while a certain step still requires it, unless a step that can bring it back remains.
 * - What the step that must return first requires is brought by a step that may come before it.
 */
import { ConfigurationCache } from "./linearizability-cache.js";
import { Configuration, type Mark } from "./linearizability-configuration.js";
import { NONE, type Problem, type Step } from "./linearizability-problem.js";

export interface SearchLimits {
  /** Steps and configurations looked at, over the whole search. */
  readonly maxSteps: number;
  /** Bytes that the configurations visited may take. */
  readonly maxCacheBytes: number;
}

export type SearchResult =
  | { readonly verdict: "linearizable"; readonly steps: number; readonly order: readonly Step[] }
  | { readonly verdict: "not linearizable"; readonly steps: number }
  | { readonly verdict: "unknown"; readonly steps: number; readonly limit: "steps" | "memory" };

/** Looks for a linearization; `order` is one, without the steps that did not take place in it. */
export function search(problem: Problem, limits: SearchLimits): SearchResult {
  return new Search(problem, limits).run();
}

/** A point where the search chose: what to return to, and what to try next. */
interface Branch {
  readonly mark: Mark;
  /** Certain steps by their index, possible ones by that of their group plus the number of certain ones. */
  readonly candidates: readonly number[];
  tried: number;
}

class Search {
  readonly #at: Configuration;
  readonly #limits: SearchLimits;
  readonly #cache: ConfigurationCache;
  readonly #branches: Branch[] = [];
  /** The certain steps that may come next, by when they must return. */
  readonly #open: number[] = [];
  /** The groups that set a value, by value. */
  readonly #groupsSetting: readonly number[][];
  /** The number of the last round in which a value was called for, by value. */
  readonly #calledFor: Int32Array;
  #round = 0;
  #looked = 0;

  constructor(problem: Problem, limits: SearchLimits) {
    this.#limits = limits;
    this.#at = new Configuration(problem);
    const { exactWords, groups } = this.#at;
    this.#cache = new ConfigurationCache(exactWords, this.#at.record().length - exactWords, limits.maxCacheBytes);
    const setting: number[][] = Array.from({ length: groups.length === 0 ? 0 : problem.values }, () => []);
    for (const [index, group] of groups.entries()) setting[group.members[0]?.sets ?? NONE]?.push(index);
    this.#groupsSetting = setting;
    this.#calledFor = new Int32Array(setting.length);
  }

  run(): SearchResult {
    for (;;) {
      this.#at.observe(this.#open);
      const steps = this.#looked + this.#cache.comparisons;
      if (this.#at.remaining === 0) return { verdict: "linearizable", steps, order: this.#at.order() };
      const added = this.#cache.add(this.#at.record());
      if (added === "full") return { verdict: "unknown", steps, limit: "memory" };
      if (added) this.#branches.push({ mark: this.#at.mark(), candidates: this.#candidates(), tried: 0 });
      if (!this.#advance()) return { verdict: "not linearizable", steps };
      if (steps > this.#limits.maxSteps) return { verdict: "unknown", steps, limit: "steps" };
    }
  }

  /** Takes the next candidate of the newest branch that has one; false if there is none. */
  #advance(): boolean {
    for (let branch = this.#branches.at(-1); branch !== undefined; branch = this.#branches.at(-1)) {
      const candidate = branch.candidates[branch.tried];
      branch.tried += 1;
      if (candidate !== undefined) {
        this.#at.rewind(branch.mark);
        const group = candidate - this.#at.certain.length;
        if (group < 0) this.#at.take(candidate);
        else this.#at.takePossible(group);
        return true;
      }
      this.#branches.pop();
    }
    return false;
  }

  /** What may come next, the most promising first: who brings what the most urgent step requires, then who must return
   * first, then what may not have taken place at all. */
  #candidates(): number[] {
    const { certain, urgent, state } = this.#at;
    const open = this.#open;
    open.sort((left, right) => this.#at.returnOrder(left) - this.#at.returnOrder(right));
    this.#looked += 1 + open.length;
    const required = certain[urgent]?.requires ?? NONE;
    const wanted = required === state ? NONE : required;
    const bringing: number[] = [];
    const others: number[] = [];
    let obtainable = wanted === NONE;
    for (const [position, index] of open.entries()) {
      const step = certain[index];
      if (step === undefined || step.sets === NONE) continue;
      if (step.sets === wanted) obtainable = true;
      if (!this.#mayChange(step, true) || this.#isPreceded(position, index)) continue;
      (step.sets === wanted ? bringing : others).push(index);
    }
    if (!obtainable && !this.#mayBring(wanted)) return [];
    return [...bringing, ...others, ...this.#possibleCandidates()];
  }

  /** Whether an open step that must return earlier has the same effect. */
  #isPreceded(position: number, index: number): boolean {
    const effect = this.#at.effectOf[index];
    for (let earlier = 0; earlier < position; earlier += 1) {
      if (this.#at.effectOf[this.#open[earlier] ?? 0] === effect) return true;
    }
    return false;
  }

  /** Whether a step may come next and set the state. */
  #mayChange(step: Step, isCertain: boolean): boolean {
    const { state, bare } = this.#at;
    if (!this.#at.fits(step)) return false;
    if (bare && step.requires === NONE && step.differs === NONE) return false;
    if (step.sets === state) return isCertain;
    const others = this.#at.askers(state) - (isCertain && step.requires === state ? 1 : 0);
    return others === 0 || this.#at.producers(state) > 0;
  }

  /** Whether a possible step that has been called sets a value. */
  #mayBring(value: number): boolean {
    const indices = this.#groupsSetting[value] ?? [];
    this.#looked += indices.length;
    return indices.some((index) => {
      const group = this.#at.groups[index];
      return group !== undefined && this.#at.available(group) !== undefined;
    });
  }

  /** The possible steps that may come next and lead, perhaps over further possible steps, to what an open step depends
   * on. */
  #possibleCandidates(): number[] {
    const candidates: number[] = [];
    const { groups } = this.#at;
    if (groups.length === 0) return candidates;
    const values = this.#callFor();
    const indices = values === "any" ? groups.keys() : values.flatMap((value) => this.#groupsSetting[value] ?? []);
    for (const index of indices) {
      const group = groups[index];
      const step = group && this.#at.available(group);
      this.#looked += 1;
      if (group === undefined || step === undefined || !this.#mayChange(step, false)) continue;
      if (this.#open.every((open) => this.#at.effectOf[open] !== group.effect)) {
        candidates.push(this.#at.certain.length + index);
      }
    }
    return candidates;
  }

  /** The values that open steps require, and those from which possible steps lead to them. */
  #callFor(): number[] | "any" {
    const values: number[] = [];
    this.#round += 1;
    for (const index of this.#open) {
      const step = this.#at.certain[index];
      if (step === undefined) continue;
      // A step that is only barred by the present value calls for any other.
      if (step.differs !== NONE) return "any";
      this.#call(step.requires, values);
    }
    for (let next = 0; next < values.length; next += 1) {
      for (const index of this.#groupsSetting[values[next] ?? 0] ?? []) {
        const group = this.#at.groups[index];
        const step = group && this.#at.available(group);
        this.#looked += 1;
        if (step === undefined) continue;
        if (step.differs !== NONE) return "any";
        this.#call(step.requires, values);
      }
    }
    return values;
  }

  #call(value: number, values: number[]): void {
    if (value === NONE || this.#calledFor[value] === this.#round) return;
    this.#calledFor[value] = this.#round;
    values.push(value);
  }
}
