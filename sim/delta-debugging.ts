/**
 * Delta debugging: makes a trace that breaks a rule as short as it can. After Zeller and Hildebrandt, "Simplifying and
 * isolating failure-inducing input" (IEEE Transactions on Software Engineering 28(2), 2002), algorithm ddmin: pieces of the
 * trace are left out, smaller and smaller ones, and it is replayed; if the same rule breaks, what really came of it is taken
 * over. Other than there a piece is never tried alone: what breaks a rule at the end needs the beginning. And when no single
 * part can be left out, pairs are tried, too.
 *
 * A search does not replay: it asks, and goes on with what came of it. So it is the same one whether replays take promises
 * or not. How far it goes is bounded by what all replays cost together, and not by a clock: it comes to the same trace
 * everywhere.
 */

/** What a replay came to. */
export interface Outcome<Trace> {
  /** What was really done. */
  readonly trace: Trace;
  /** In the unit of the bound on all of them. */
  readonly cost: number;
}

/** Asks what comes of traces, one after the other. */
export type Search<Trace, Answer = void> = Generator<Trace, Answer, Outcome<Trace>>;

export interface Shrunk<Trace> {
  readonly trace: Trace;
  /** Replays that were tried. */
  readonly replays: number;
  /** Whether it is known that no single part can be left out; false if the bound was met before. */
  readonly isMinimal: boolean;
}

export interface DeltaDebuggingOptions {
  /** What all replays together may cost. */
  readonly mostCost: number;
  /** Longest trace of which all pairs of parts are tried. */
  readonly mostPaired: number;
  /** Hears how many parts are left. */
  readonly onProgress?: ((parts: number, replays: number) => void) | undefined;
}

/** The algorithm, without what is special about a kind of traces: in which order what is tried, and what makes them simpler. */
export abstract class DeltaDebugging<Trace extends { readonly rule: string | null }, Part> {
  #trace: Trace;
  /** The trace of which each single part was left out in vain. */
  #minimal: Trace | null = null;
  #replays = 0;
  #cost = 0;

  /** @param start what came of replaying a trace that breaks a rule */
  constructor(
    start: Trace,
    private readonly options: DeltaDebuggingOptions,
  ) {
    this.#trace = start;
  }

  abstract search(): Search<Trace>;
  protected abstract partsOf(trace: Trace): readonly Part[];
  /** The trace that is left, with these parts instead. */
  protected abstract withParts(parts: readonly Part[]): Trace;

  get result(): Shrunk<Trace> {
    return { trace: this.#trace, replays: this.#replays, isMinimal: this.#trace === this.#minimal };
  }

  /** What is left. */
  protected get trace(): Trace {
    return this.#trace;
  }

  protected get length(): number {
    return this.partsOf(this.#trace).length;
  }

  protected get isSpent(): boolean {
    return this.#cost >= this.options.mostCost;
  }

  /** Takes over what comes of a candidate if that breaks the same rule, and is no longer than it may be. */
  protected *accepts(candidate: Trace, longest = this.length): Search<Trace, boolean> {
    if (this.isSpent) return false;
    this.#replays++;
    const { cost, trace } = yield candidate;
    this.#cost += cost;
    if (trace.rule !== this.#trace.rule || this.partsOf(trace).length > longest) return false;
    this.#trace = trace;
    this.options.onProgress?.(this.length, this.#replays);
    return true;
  }

  /** Leaves parts out. Answers whether that made the trace shorter. */
  protected *leaveOut(isKept: (part: Part, at: number) => boolean): Search<Trace, boolean> {
    const parts = this.partsOf(this.#trace);
    const left = parts.filter(isKept);
    return left.length < parts.length && (yield* this.accepts(this.withParts(left), parts.length - 1));
  }

  /** Leaves out pieces, smaller and smaller ones, until no single part can be left out. */
  protected *leaveOutPieces(): Search<Trace> {
    let size = this.length;
    let isShorter = true;
    while ((size > 1 || isShorter) && !this.isSpent) {
      size = Math.max(1, Math.min(size, this.length) >> 1);
      isShorter = yield* this.#leaveOutPiecesOf(size);
    }
    if (!this.isSpent) this.#minimal = this.#trace;
  }

  /** Leaves out pieces again if the trace has changed since, be it to one as long: what was needed may be so no more.
   * Answers whether that made it shorter. */
  protected *leaveOutNeedless(): Search<Trace, boolean> {
    if (this.#trace === this.#minimal) return false;
    const before = this.length;
    yield* this.leaveOutPieces();
    return this.length < before;
  }

  /** One pass from the end to the beginning: what is done last depends on everything and nothing on it. */
  *#leaveOutPiecesOf(size: number): Search<Trace, boolean> {
    const before = this.length;
    for (let end = this.length; end > 0 && !this.isSpent; ) {
      const first = Math.max(0, end - size);
      const last = end;
      yield* this.leaveOut((_, at) => at < first || at >= last);
      end = Math.min(first, this.length);
    }
    return this.length < before;
  }

  /** Leaves out two parts that only make sense together. Answers whether there were such. */
  protected *leaveOutPairs(): Search<Trace, boolean> {
    const { length } = this;
    if (length > this.options.mostPaired) return false;
    for (let first = 0; first < length; first++) {
      for (let second = first + 1; second < length && !this.isSpent; second++) {
        if (yield* this.leaveOut((_, at) => at !== first && at !== second)) return true;
      }
    }
    return false;
  }
}

/** Takes a search to its end. */
export function answer<Trace>(search: Search<Trace>, replay: (candidate: Trace) => Outcome<Trace>): void {
  let asked = search.next();
  while (asked.done !== true) asked = search.next(replay(asked.value));
}

/** Takes a search to its end. */
export async function answerLater<Trace>(
  search: Search<Trace>,
  replay: (candidate: Trace) => Promise<Outcome<Trace>>,
): Promise<void> {
  let asked = search.next();
  while (asked.done !== true) asked = search.next(await replay(asked.value));
}
