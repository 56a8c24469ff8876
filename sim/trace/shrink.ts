/**
 * Makes a trace that breaks a rule as short as it can: delta debugging (Zeller and Hildebrandt, 2002, ddmin). Pieces of it
 * are left out, and it is replayed; if the same rule breaks, what was really done there is recorded and taken over. Before
 * that whole kinds of steps, and whole nodes, are left out: most faults of a run have nothing to do with what it shows.
 *
 * How far it goes is bounded by the actions that all replays take together, and not by a clock: it comes to the same
 * trace everywhere.
 */

import type { CoreUnderTest } from "../core-under-test.js";
import { nodesOf } from "../core-world/settings.js";
import { Random } from "../random.js";
import { TraceError } from "./json-lines.js";
import { rerecord } from "./record.js";
import type { TraceStep } from "./step.js";
import type { Trace } from "./trace.js";

/** Actions of all replays together, unless stated: a minute or so. */
const MOST_ACTIONS = 6_000_000;

/** What a replay costs beside its actions, in actions. */
const REPLAY_COST = 200;
/** Shortest jitter of a plan, in ms. */
const LEAST_JITTER = 1;
/** The rule that a flush ends, and what it costs when it does not. */
const ENDLESS = "termination";
const ENDLESS_COST = 100_000;
/** Times that a few steps drawn at random are left out, and how many at most. */
const TRIES = 600;
const MOST_AT_RANDOM = 8;
/** Longest trace of which all pairs of steps are tried. */
const MOST_PAIRED = 120;

export interface Shrunk {
  readonly trace: Trace;
  /** Replays that were tried. */
  readonly replays: number;
  /** Whether no single step can be left out; false if the bound was met before. */
  readonly isMinimal: boolean;
}

export interface ShrinkOptions {
  /** Actions that all replays together may take. */
  readonly mostActions?: number;
  /** Hears how many steps are left. */
  readonly onProgress?: (steps: number, replays: number) => void;
}

/**
 * Shrinks a trace that breaks a rule on a core.
 * @throws {TraceError} when it breaks none there
 */
export function shrinkTrace(trace: Trace, core: CoreUnderTest, options: ShrinkOptions = {}): Shrunk {
  const { trace: start } = rerecord(trace, core);
  if (start.rule === null) throw new TraceError("the trace breaks no rule with this core: there is nothing to shrink");
  return new Shrinker(start, core, options).run();
}

class Shrinker {
  #trace: Trace;
  #replays = 0;
  #actions = 0;
  readonly #most: number;
  readonly #random = new Random(0);

  constructor(
    trace: Trace,
    readonly core: CoreUnderTest,
    readonly options: ShrinkOptions,
  ) {
    this.#trace = trace;
    this.#most = options.mostActions ?? MOST_ACTIONS;
  }

  run(): Shrunk {
    this.#straighten();
    this.#leaveOutKinds();
    // Whatever makes it simpler may make other steps needless.
    do this.#leaveOutPieces();
    while (!this.#isSpent && (this.#simplify() || this.#leaveOutPairs() || this.#leaveOutSome()));
    return { trace: this.#trace, replays: this.#replays, isMinimal: !this.#isSpent };
  }

  get #isSpent(): boolean {
    return this.#actions >= this.#most;
  }

  /** Takes a candidate over if it breaks the same rule and is no longer. */
  #accepts(steps: readonly TraceStep[], longest: number, settings = this.#trace.settings): boolean {
    if (this.#isSpent) return false;
    this.#replays++;
    const { replayed, trace } = rerecord({ ...this.#trace, settings, steps }, this.core);
    this.#actions += replayed.world.steps + (trace.rule === ENDLESS ? ENDLESS_COST : REPLAY_COST);
    if (trace.rule !== this.#trace.rule || trace.steps.length > longest) return false;
    this.#trace = trace;
    this.options.onProgress?.(trace.steps.length, this.#replays);
    return true;
  }

  #leaveOut(isKept: (step: TraceStep, at: number) => boolean): boolean {
    const { steps } = this.#trace;
    const left = steps.filter(isKept);
    return left.length < steps.length && this.#accepts(left, steps.length - 1);
  }

  /** Leaves out all steps of a kind, and all that happens to a node. */
  #leaveOutKinds(): void {
    for (const name of new Set(this.#trace.steps.map(({ step }) => step.do))) {
      this.#leaveOut(({ step }) => step.do !== name);
    }
    for (let id = nodesOf(this.#trace.settings); id > 0; id--) this.#leaveOut(({ step }) => !concerns(step, id));
  }

  /** Leaves out pieces, smaller and smaller ones, until no single step can be left out. */
  #leaveOutPieces(): void {
    let size = this.#trace.steps.length;
    let isShorter = true;
    while ((size > 1 || isShorter) && !this.#isSpent) {
      size = Math.max(1, Math.min(size, this.#trace.steps.length) >> 1);
      isShorter = this.#leaveOutPiecesOf(size);
    }
  }

  /** One pass from the end to the beginning: what is done last depends on everything and nothing on it. */
  #leaveOutPiecesOf(size: number): boolean {
    let isShorter = false;
    for (let end = this.#trace.steps.length; end > 0 && !this.#isSpent; ) {
      const first = Math.max(0, end - size);
      const last = end;
      if (this.#leaveOut((_, at) => at < first || at >= last)) isShorter = true;
      end = Math.min(first, this.#trace.steps.length);
    }
    return isShorter;
  }

  /** Leaves out two steps that only make sense together. Answers whether there were such. */
  #leaveOutPairs(): boolean {
    const { length } = this.#trace.steps;
    if (length > MOST_PAIRED) return false;
    for (let first = 0; first < length; first++) {
      for (let second = first + 1; second < length && !this.#isSpent; second++) {
        if (this.#leaveOut((_, at) => at !== first && at !== second)) return true;
      }
    }
    return false;
  }

  /** Leaves out a few steps that are drawn at random. Answers whether that made the trace shorter. */
  #leaveOutSome(): boolean {
    const { length } = this.#trace.steps;
    for (let i = 0; i < TRIES && !this.#isSpent; i++) {
      const drawn = new Set<number>();
      const count = 2 + this.#random.below(MOST_AT_RANDOM - 1);
      while (drawn.size < Math.min(count, length)) drawn.add(this.#random.below(length));
      if (this.#leaveOut((_, at) => !drawn.has(at))) return true;
    }
    return false;
  }

  /** Takes chance out of timers, so that what is left out does not change when those that are left fire. */
  #straighten(): void {
    const { settings, steps } = this.#trace;
    const capacity = { ...settings.capacity, electionJitter: LEAST_JITTER };
    this.#accepts(steps, steps.length, { ...settings, capacity });
  }

  /** Makes single steps simpler. Answers whether that made the trace shorter. */
  #simplify(): boolean {
    const { length } = this.#trace.steps;
    for (let at = 0; at < this.#trace.steps.length && !this.#isSpent; at++) {
      const { steps } = this.#trace;
      const one = steps[at];
      const simple = one === undefined ? null : simpler(one);
      if (simple !== null) this.#accepts(steps.with(at, simple), steps.length);
    }
    return this.#trace.steps.length < length;
  }
}

/** Bytes of the shortest command of a client. */
const SHORTEST = 8;
/** No message has this number. */
const FIRST_OF_KIND = 0;

/** A simpler step: messages do not overtake each other, commands are short, crashes lose everything, flushes follow. */
function simpler({ hold, step }: TraceStep): TraceStep | null {
  if ("at" in step && step.at > 0) return { hold, step: { ...step, nth: FIRST_OF_KIND, at: 0 } };
  if (step.do === "PROPOSE" && step.length > SHORTEST) return { hold: false, step: { ...step, length: SHORTEST } };
  if ("keep" in step && step.keep + step.torn > 0) return { hold, step: { ...step, keep: 0, torn: 0 } };
  return hold ? { hold: false, step } : null;
}

function concerns(step: TraceStep["step"], id: number): boolean {
  if ("node" in step) return step.node === id;
  return "from" in step && (step.from === id || step.to === id);
}
