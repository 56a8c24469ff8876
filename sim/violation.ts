/** How a broken rule is reported: what was broken, and how to see it again. */

/** Where in a run something happened. */
export interface Circumstances {
  /** The run's seed; null when a test decided every step. */
  readonly seed: number | null;
  /** Actions taken. */
  readonly step: number;
  /** The last actions, oldest first. */
  readonly actions: readonly string[];
}

/** A rule that must always hold did not. */
export class InvariantViolation extends Error {
  override readonly name = "InvariantViolation";
  constructor(
    /** The rule's name. */
    readonly rule: string,
    /** What contradicts it. */
    readonly detail: string,
    readonly circumstances: Circumstances,
  ) {
    const { seed, step, actions } = circumstances;
    const where = `step ${step}${seed === null ? "" : ` of seed ${seed}`}`;
    super(`${rule}: ${detail} (${where})\n  ${actions.join("\n  ")}`);
  }
}

/** Reports a broken rule; does not return. */
export type Report = (rule: string, detail: string) => never;
