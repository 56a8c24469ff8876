/** The simulator of the core, as a campaign asks it: a seed stands for a swarm of its own. */

import type { CoreUnderTest } from "../core-under-test.js";
import { runSimulation, type SimulationResult } from "../core-world/run.js";
import { drawTrace, formatTrace, recordRun, shrinkTrace, type Trace } from "../trace/index.js";
import type { Broken, Simulator } from "./simulator.js";
import { drawSwarm } from "./swarm.js";
import { addRun, addTally, emptyTally, type Tally } from "./tally.js";

/** Actions that shrinking a failure may take: there is more to find, and a failure can be shrunk further later. */
const SHRINKING = 1_000_000;

/**
 * @param open opens the core, once, and again behind an error: that may have left a node in the middle of a call
 * @param allowed rules that may be broken: it is counted
 */
export function coreSimulator(open: () => CoreUnderTest, allowed: readonly string[]): Simulator<Tally, Trace> {
  let opened: CoreUnderTest | null = null;
  const withCore = <T>(act: (core: CoreUnderTest) => T): T => {
    opened ??= open();
    try {
      return act(opened);
    } catch (error) {
      opened = null;
      throw error;
    }
  };
  return {
    emptyTally,
    addTally,
    run: (seed, tally) => {
      const result = withCore((core) => runSimulation({ ...drawSwarm(seed), core }));
      addRun(tally, result);
      return brokenBy(result, allowed, tally);
    },
    record: (seed) => withCore((core) => recordRun({ ...drawSwarm(seed), core }).trace),
    shrink: (trace) => withCore((core) => shrinkTrace(trace, core, { mostActions: SHRINKING }).trace),
    draw: (trace) => withCore((core) => drawTrace(trace, core)),
    lengthOf: ({ steps }) => steps.length,
    format: formatTrace,
  };
}

function brokenBy(result: SimulationResult, allowed: readonly string[], tally: Tally): Broken | null {
  const { explanation, rule, violation } = result;
  if (rule === null) return null;
  if (!allowed.includes(rule)) return { rule, detail: violation ?? explanation ?? "" };
  tally.allowed[rule] = (tally.allowed[rule] ?? 0) + 1;
  return null;
}
