/** Judges a run, or a replay of one: the rules while it goes on, then liveness, then what the clients saw. */

import { type CheckResult, checkLinearizable } from "../checkers/linearizability.js";
import { InvariantViolation } from "../violation.js";
import { type Recovery, recover } from "./liveness.js";
import type { OpenRun, Settings } from "./settings.js";
import type { World } from "./world.js";

/** The rule that clients' answers can be explained by one order of their requests. */
export const LINEARIZABILITY = "linearizability";
/** The rule that the core never traps on what comes from outside. */
const NO_TRAP = "the core never traps";

export interface Verdict {
  /** The rule that was broken first; null if none was. */
  readonly rule: string | null;
  /** What was violated, and the last actions; null if nothing was. */
  readonly violation: string | null;
  /** Why the clients' answers are not linearizable: what cannot be explained, or what was not decided within the checker's
   * limits; null if they are. */
  readonly explanation: string | null;
  /** How the cluster recovered when faults stopped; null if that was not asked for, or a rule was broken before. */
  readonly recovery: Recovery | null;
}

/** Where a run stood when its actions ended. */
export interface Standing {
  readonly steps: number;
  readonly digest: string;
  /** Entries committed. */
  readonly commits: number;
}

/**
 * Takes the actions of a run, judges it and closes its world.
 * @param act takes the actions
 */
export function judge(
  run: OpenRun,
  { liveness }: Pick<Settings, "liveness">,
  act: () => void,
): { readonly verdict: Verdict; readonly before: Standing } {
  const { clients, world } = run;
  let broken = firstBroken(world, act);
  const before = { steps: world.steps, digest: world.digest.hex(), commits: world.committed };
  world.tap = null;
  let recovery: Recovery | null = null;
  if (broken === null && liveness) {
    broken = firstBroken(world, () => {
      recovery = recover(run);
    });
  }
  world.close();
  const explanation = explain(checkLinearizable(clients.history()));
  const rule = broken?.rule ?? (explanation === null ? null : LINEARIZABILITY);
  return { verdict: { rule, violation: broken?.message ?? null, explanation, recovery }, before };
}

/** Acts; answers the rule that was broken. A trap of the core counts as one. */
function firstBroken(world: World, act: () => void): InvariantViolation | null {
  try {
    act();
    return null;
  } catch (error) {
    if (error instanceof InvariantViolation) return error;
    if (!(error instanceof WebAssembly.RuntimeError)) throw error;
    return describeTrap(world, error);
  }
}

function describeTrap(world: World, trap: WebAssembly.RuntimeError): InvariantViolation {
  try {
    return world.report(NO_TRAP, `${trap.message}\n${trap.stack ?? ""}`);
  } catch (violation) {
    return violation as InvariantViolation;
  }
}

function explain(result: CheckResult): string | null {
  switch (result.verdict) {
    case "linearizable":
      return null;
    case "not linearizable":
      return result.explanation.text;
    default:
      return `not decided for ${result.undecided.map(({ key, limit }) => `key ${key} (limit on ${limit})`).join(", ")}`;
  }
}
