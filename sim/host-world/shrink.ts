/**
 * Makes a trace of the host world that breaks a rule as short as it can: delta debugging (Zeller and Hildebrandt, 2002,
 * ddmin). First the time behind the violation is cut off, then whole kinds of faults and all faults of a node are left out,
 * then pieces, single faults, and pairs. What counts is that the same rule is broken.
 *
 * How far it goes is bounded by the events of all replays together, and not by a clock: it comes to the same trace
 * everywhere.
 */

import { type CoreModule, shippedCore } from "../../host/core/module.js";
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

export interface HostShrunk {
  readonly trace: HostTrace;
  /** Replays that were tried. */
  readonly replays: number;
  /** Whether no single fault can be left out; false if the bound was met before. */
  readonly isMinimal: boolean;
}

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
  options: HostShrinkOptions = {},
): Promise<HostShrunk> {
  const shrinker = new Shrinker(trace, core, options);
  await shrinker.begin();
  return shrinker.run();
}

class Shrinker {
  #replays = 0;
  #events = 0;
  readonly #most: number;

  constructor(
    private trace: HostTrace,
    private readonly core: CoreModule,
    private readonly options: HostShrinkOptions,
  ) {
    this.#most = options.mostEvents ?? MOST_EVENTS;
  }

  /** Takes over what really comes of the trace: a run that ends with the violation ends there from now on. */
  async begin(): Promise<void> {
    const replayed = await this.#replay(this.trace);
    if (replayed.rule === null) {
      throw new TraceError("the trace breaks no rule with this core: there is nothing to shrink");
    }
    this.trace = replayed;
  }

  async run(): Promise<HostShrunk> {
    await this.#cutTail();
    await this.#leaveOutKinds();
    do await this.#leaveOutPieces();
    while (!this.#isSpent && ((await this.#cutTail()) || (await this.#hasten()) || (await this.#leaveOutPairs())));
    return { trace: this.trace, replays: this.#replays, isMinimal: !this.#isSpent };
  }

  get #isSpent(): boolean {
    return this.#events >= this.#most;
  }

  get #length(): number {
    return this.trace.injections.length;
  }

  async #replay(candidate: HostTrace): Promise<HostTrace> {
    this.#replays++;
    const { sabotage = {} } = this.options;
    const { result, trace } = await replayHostTrace(candidate, this.core, { sabotage });
    this.#events += result.steps + REPLAY_COST;
    return trace;
  }

  /** Takes a candidate over if it breaks the same rule. */
  async #accepts(candidate: HostTrace): Promise<boolean> {
    if (this.#isSpent) return false;
    const replayed = await this.#replay(candidate);
    if (replayed.rule !== this.trace.rule) return false;
    this.trace = replayed;
    this.options.onProgress?.(this.#length, this.#replays);
    return true;
  }

  async #leaveOut(isKept: (injection: Injection, at: number) => boolean): Promise<boolean> {
    const { injections } = this.trace;
    const left = injections.filter(isKept);
    return left.length < injections.length && this.#accepts({ ...this.trace, injections: left });
  }

  /** Has faults stop sooner. Answers whether that made the trace shorter. */
  async #cutTail(): Promise<boolean> {
    const { end } = this.trace;
    for (const part of PARTS) {
      const at = Math.floor(end.at * part);
      const injections = this.trace.injections.filter((one) => one.at <= at);
      if (await this.#accepts({ ...this.trace, end: { steps: 0, at }, injections })) return this.trace.end.at < end.at;
    }
    return false;
  }

  /** Has all that chaos brings come sooner: with few faults left, much happens in between. Answers whether it did. */
  async #hasten(): Promise<boolean> {
    const { end, injections } = this.trace;
    if (end.at < LEAST_TIME) return false;
    for (const part of HASTES) {
      const sooner = (at: number) => Math.floor(at * part);
      const hastened = injections.map((one) => ({ ...one, at: sooner(one.at) }));
      if (await this.#accepts({ ...this.trace, end: { steps: 0, at: sooner(end.at) }, injections: hastened })) {
        return this.trace.end.at < end.at;
      }
    }
    return false;
  }

  /** Leaves out all faults of a kind, and all that befall a node. */
  async #leaveOutKinds(): Promise<void> {
    for (const kind of new Set(this.trace.injections.map(({ fault }) => fault))) {
      await this.#leaveOut(({ fault }) => fault !== kind);
    }
    for (const id of new Set(this.trace.injections.map(({ node }) => node))) {
      await this.#leaveOut(({ node, to }) => node !== id && to !== id);
    }
  }

  /** Leaves out pieces, smaller and smaller ones, until no single fault can be left out. */
  async #leaveOutPieces(): Promise<void> {
    let size = this.#length;
    let isShorter = true;
    while ((size > 1 || isShorter) && !this.#isSpent) {
      size = Math.max(1, Math.min(size, this.#length) >> 1);
      isShorter = await this.#leaveOutPiecesOf(size);
    }
  }

  /** One pass from the end to the beginning: what is done last depends on everything and nothing on it. */
  async #leaveOutPiecesOf(size: number): Promise<boolean> {
    const before = this.#length;
    for (let end = this.#length; end > 0 && !this.#isSpent; ) {
      const first = Math.max(0, end - size);
      const last = end;
      await this.#leaveOut((_, at) => at < first || at >= last);
      end = Math.min(first, this.#length);
    }
    return this.#length < before;
  }

  /** Leaves out two faults that only make sense together. Answers whether there were such. */
  async #leaveOutPairs(): Promise<boolean> {
    const length = this.#length;
    if (length > MOST_PAIRED) return false;
    for (let first = 0; first < length; first++) {
      for (let second = first + 1; second < length && !this.#isSpent; second++) {
        if (await this.#leaveOut((_, at) => at !== first && at !== second)) return true;
      }
    }
    return false;
  }
}
