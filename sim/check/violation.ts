/** A rule broken by one step of one node, found while the step is taken. */

import type { Report } from "../violation.js";

export class RuleBroken extends Error {
  override readonly name = "RuleBroken";
  constructor(
    readonly rule: string,
    readonly detail: string,
  ) {
    super(`${rule}: ${detail}`);
  }
}

/** What the checker assumes of the core does not hold: the search proves nothing. */
export class AssumptionBroken extends Error {
  override readonly name = "AssumptionBroken";
}

export const reportBroken: Report = (rule, detail) => {
  throw new RuleBroken(rule, detail);
};
