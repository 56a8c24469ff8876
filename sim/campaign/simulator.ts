/** What a campaign asks of a simulator, whatever its runs are. */

/** Sums over runs. */
export interface Sums {
  runs: number;
}

/** What a run broke. */
export interface Broken {
  readonly rule: string;
  /** What contradicts the rule, and what happened last. */
  readonly detail: string;
}

/** What of a run can be repeated: a trace, a list of steps or of faults. */
export interface Recorder<Trace> {
  /** Records the run that a seed stands for. */
  record(seed: number): Trace | Promise<Trace>;
  /** As few of the steps or faults as break the same rule. */
  shrink(trace: Trace): Trace | Promise<Trace>;
  draw(trace: Trace): readonly string[] | Promise<readonly string[]>;
  /** How many steps or faults a trace has. */
  lengthOf(trace: Trace): number;
  /** A trace as a file. */
  format(trace: Trace): string;
}

export interface Simulator<Tally extends Sums, Trace> extends Recorder<Trace> {
  emptyTally(): Tally;
  addTally(tally: Tally, other: Tally): void;
  /** Takes the run that a seed stands for, and adds it up. @returns what it broke; null if nothing that may not be broken */
  run(seed: number, tally: Tally): Broken | null | Promise<Broken | null>;
}
