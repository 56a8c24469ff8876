/** A seed that failed: what was broken, and what repeats it. */

import { inspect } from "node:util";
import type { Broken, Recorder } from "./simulator.js";

/** Takes the place of the rule where a run ends with an error that is no broken rule: the simulator or a host is at fault. */
export const SIMULATOR_ERROR = "error of the simulator";

export interface Failure {
  readonly seed: number;
  /** The broken rule, or SIMULATOR_ERROR. */
  readonly rule: string;
  /** What contradicts the rule, and what happened last; of an error its stack. */
  readonly detail: string;
  /** Steps or faults, as they were recorded, and as they are in `trace`; 0 without one. */
  readonly recorded: number;
  readonly left: number;
  /** The trace as a file, as short as it could be made, and drawn; null if there is none. */
  readonly trace: string | null;
  readonly diagram: string | null;
  /** What could not be done about it, and why: it could not be recorded, shrunk or drawn. */
  readonly troubles: readonly string[];
}

/** A run that broke a rule: recorded, shrunk and drawn, as far as that goes. */
export async function brokenRun<Trace>(seed: number, broken: Broken, recorder: Recorder<Trace>): Promise<Failure> {
  const troubles: string[] = [];
  const attempt = async <T>(what: string, act: () => T | Promise<T>): Promise<T | null> => {
    try {
      return await act();
    } catch (error) {
      troubles.push(`${what} failed: ${inspect(error)}`);
      return null;
    }
  };
  const whole = await attempt("recording it", () => recorder.record(seed));
  if (whole === null) return { ...failureWithoutTrace(seed, broken), troubles };
  const trace = (await attempt("shrinking it", () => recorder.shrink(whole))) ?? whole;
  const drawn = await attempt("drawing it", () => recorder.draw(trace));
  return {
    ...{ seed, ...broken, troubles },
    recorded: recorder.lengthOf(whole),
    left: recorder.lengthOf(trace),
    trace: recorder.format(trace),
    diagram: drawn?.join("\n") ?? null,
  };
}

/** A run that ended with an error: it came to no end that a trace could have. */
export function brokenSimulator(seed: number, error: unknown): Failure {
  return failureWithoutTrace(seed, { rule: SIMULATOR_ERROR, detail: inspect(error) });
}

function failureWithoutTrace(seed: number, broken: Broken): Failure {
  return { seed, ...broken, recorded: 0, left: 0, trace: null, diagram: null, troubles: [] };
}
