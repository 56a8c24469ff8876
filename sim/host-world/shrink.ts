/**
 * Makes a trace of the host world that breaks a rule as short as it can. First the time behind the violation is cut off,
 * then whole kinds of faults and all faults of a node are left out; then comes delta debugging of the faults, and what
 * chaos brings is made to come sooner.
 */

import { type CoreModule, shippedCore } from "../../host/core/module.js";
import { answerLater, DeltaDebugging, type Search, type Shrunk } from "../delta-debugging.js";
import { TraceError } from "../trace/json-lines.js";
import { replayHostTrace } from "./replay.js";
import type { Injection } from "./script.js";
import type { Sabotage } from "./settings.js";
import type { HostTrace } from "./trace.js";

/** Events of all replays together, unless stated: some minutes. */
const MOST_EVENTS = 5_000_000;
/** What a replay costs beside its events, in events. */
const REPLAY_COST = 200;
/** Parts of the time that are tried when a rule is broken only after faults have stopped. */
const PARTS = [0, 1 / 16, 1 / 8, 1 / 4, 1 / 2, 3 / 4];
/** Parts of the time in which all is tried to happen, and the shortest time that is worth it, in microseconds. */
const HASTES = [1 / 8, 1 / 2];
const LEAST_TIME = 100_000;
/** Longest trace of which all pairs of faults are tried. */
const MOST_PAIRED = 24;

export interface HostShrinkOptions {
  /** What takes the place of parts of the hosts. */
  readonly sabotage?: Sabotage;
  /** Events that all replays together may take. */
  readonly mostEvents?: number;
  /** Hears how many faults are left. */
  readonly onProgress?: (faults: number, replays: number) => void;
}

/**
 * Shrinks a trace that breaks a rule on a core.
 * @throws {TraceError} when it breaks none there
 */
export async function shrinkHostTrace(
  trace: HostTrace,
  core: CoreModule = shippedCore(),
  { mostEvents = MOST_EVENTS, onProgress, sabotage = {} }: HostShrinkOptions = {},
): Promise<Shrunk<HostTrace>> {
  const replay = (candidate: HostTrace) => replayHostTrace(candidate, core, { sabotage });
  // A run that ends with the violation ends there from now on.
  const { trace: start } = await replay(trace);
  if (start.rule === null) throw new TraceError("the trace breaks no rule with this core: there is nothing to shrink");
  const shrinker = new Shrinker(start, { mostCost: mostEvents, mostPaired: MOST_PAIRED, onProgress });
  await answerLater(shrinker.search(), async (candidate) => {
    const { result, trace: taken } = await replay(candidate);
    return { trace: taken, cost: result.steps + REPLAY_COST };
  });
  return shrinker.result;
}

class Shrinker extends DeltaDebugging<HostTrace, Injection> {
  *search(): Search<HostTrace> {
    yield* this.#cutTail();
    yield* this.#leaveOutKinds();
    do yield* this.leaveOutPieces();
    while (
      !this.isSpent &&
      ((yield* this.#cutTail()) ||
        (yield* this.#hasten()) ||
        (yield* this.leaveOutNeedless()) ||
        (yield* this.leaveOutPairs()))
    );
  }

  protected partsOf({ injections }: HostTrace): readonly Injection[] {
    return injections;
  }

  protected withParts(injections: readonly Injection[]): HostTrace {
    return { ...this.trace, injections };
  }

  /** Has faults stop sooner. Answers whether that made the time shorter. */
  *#cutTail(): Search<HostTrace, boolean> {
    const { end } = this.trace;
    for (const part of PARTS) {
      const at = Math.floor(end.at * part);
      const sooner = this.withParts(this.trace.injections.filter((one) => one.at <= at));
      if (yield* this.accepts({ ...sooner, end: { steps: 0, at } })) return this.trace.end.at < end.at;
    }
    return false;
  }

  /** Has all that chaos brings come sooner: with few faults left, much happens in between. Answers whether it did. */
  *#hasten(): Search<HostTrace, boolean> {
    const { end, injections } = this.trace;
    if (end.at < LEAST_TIME) return false;
    for (const part of HASTES) {
      const sooner = (at: number) => Math.floor(at * part);
      const hastened = this.withParts(injections.map((one) => ({ ...one, at: sooner(one.at) })));
      if (yield* this.accepts({ ...hastened, end: { steps: 0, at: sooner(end.at) } })) {
        return this.trace.end.at < end.at;
      }
    }
    return false;
  }

  /** Leaves out all faults of a kind, and all that befall a node. */
  *#leaveOutKinds(): Search<HostTrace> {
    for (const kind of new Set(this.trace.injections.map(({ fault }) => fault))) {
      yield* this.leaveOut(({ fault }) => fault !== kind);
    }
    for (const id of new Set(this.trace.injections.map(({ node }) => node))) {
      yield* this.leaveOut(({ node, to }) => node !== id && to !== id);
    }
  }
}
