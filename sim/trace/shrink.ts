/**
 * Makes a trace that breaks a rule as short as it can, by delta debugging of its steps. Before that whole kinds of steps,
 * and whole nodes, are left out: most faults of a run have nothing to do with what it shows. Behind it steps are made
 * simpler, and a few that are drawn at random are left out.
 */

import type { CoreUnderTest } from "../core-under-test.js";
import { nodesOf } from "../core-world/settings.js";
import { answer, DeltaDebugging, type Outcome, type Search, type Shrunk as ShrunkTrace } from "../delta-debugging.js";
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

export type Shrunk = ShrunkTrace<Trace>;

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
  const shrinker = new Shrinker(start, options);
  answer(shrinker.search(), (candidate) => replay(candidate, core));
  return shrinker.result;
}

function replay(candidate: Trace, core: CoreUnderTest): Outcome<Trace> {
  const { replayed, trace } = rerecord(candidate, core);
  return { trace, cost: replayed.world.steps + (trace.rule === ENDLESS ? ENDLESS_COST : REPLAY_COST) };
}

class Shrinker extends DeltaDebugging<Trace, TraceStep> {
  readonly #random = new Random(0);

  constructor(start: Trace, { mostActions: mostCost = MOST_ACTIONS, onProgress }: ShrinkOptions) {
    super(start, { mostCost, mostPaired: MOST_PAIRED, onProgress });
  }

  *search(): Search<Trace> {
    yield* this.#straighten();
    yield* this.#leaveOutKinds();
    // Whatever makes it simpler may make other steps needless.
    do yield* this.leaveOutPieces();
    while (
      !this.isSpent &&
      ((yield* this.#simplify()) ||
        (yield* this.leaveOutNeedless()) ||
        (yield* this.leaveOutPairs()) ||
        (yield* this.#leaveOutSome()))
    );
  }

  protected partsOf({ steps }: Trace): readonly TraceStep[] {
    return steps;
  }

  protected withParts(steps: readonly TraceStep[]): Trace {
    return { ...this.trace, steps };
  }

  /** Takes chance out of timers, so that what is left out does not change when those that are left fire. */
  *#straighten(): Search<Trace> {
    const { settings } = this.trace;
    const capacity = { ...settings.capacity, electionJitter: LEAST_JITTER };
    yield* this.accepts({ ...this.trace, settings: { ...settings, capacity } });
  }

  /** Leaves out all steps of a kind, and all that happens to a node. */
  *#leaveOutKinds(): Search<Trace> {
    for (const name of new Set(this.trace.steps.map(({ step }) => step.do))) {
      yield* this.leaveOut(({ step }) => step.do !== name);
    }
    for (let id = nodesOf(this.trace.settings); id > 0; id--) yield* this.leaveOut(({ step }) => !concerns(step, id));
  }

  /** Leaves out a few steps that are drawn at random. Answers whether that made the trace shorter. */
  *#leaveOutSome(): Search<Trace, boolean> {
    const { length } = this;
    for (let i = 0; i < TRIES && !this.isSpent; i++) {
      const drawn = new Set<number>();
      const count = 2 + this.#random.below(MOST_AT_RANDOM - 1);
      while (drawn.size < Math.min(count, length)) drawn.add(this.#random.below(length));
      if (yield* this.leaveOut((_, at) => !drawn.has(at))) return true;
    }
    return false;
  }

  /** Makes single steps simpler. Answers whether that made the trace shorter. */
  *#simplify(): Search<Trace, boolean> {
    const { length } = this;
    for (let at = 0; at < this.length && !this.isSpent; at++) {
      const { steps } = this.trace;
      const one = steps[at];
      const simple = one === undefined ? null : simpler(one);
      if (simple !== null) yield* this.accepts(this.withParts(steps.with(at, simple)));
    }
    return this.length < length;
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
