/** `metalraft sim --boundaries`: a crash at every boundary between two effects of a run, one after the other. */

import type { Command } from "commander";
import {
  type BoundaryFailure,
  type BoundaryReport,
  DENSE_WEIGHTS,
  tryBoundaries,
} from "../../../sim/core-world/boundaries.js";
import { weightsOf } from "../../../sim/index.js";
import { writeTrace } from "../../../sim/trace/index.js";
import { wholeNumber } from "../flags.js";
import { say, sayJson, tell } from "../output.js";
import type { SimFlags } from "../sim.js";
import { openAny } from "./core.js";
import { tellSound, writeShrunk } from "./shrink.js";

/** Steps of the run unless stated: all of its boundaries take seconds. */
const DEFAULT_STEPS = 1000;
/** Time between two lines of progress, in ms. */
const PROGRESS_INTERVAL = 2000;

/** Adds what only this takes. */
export function boundariesOptions(command: Command): Command {
  return command
    .option(
      "--boundaries",
      "let a node die between any two effects of the run, and judge each time what follows",
      false,
    )
    .option("--every <n>", "with --boundaries: those of each so manyth flush only", wholeNumber(1, 1_000_000), 1);
}

/** @param isLengthGiven whether it was said how many steps */
export function boundaries(flags: SimFlags, isLengthGiven: boolean): void {
  const core = openAny(flags.core);
  try {
    const { every, faults, json, nodes, record, seed, sessions, shrink } = flags;
    const steps = isLengthGiven ? flags.steps : DEFAULT_STEPS;
    let told = performance.now();
    const onProgress = (step: number, report: BoundaryReport) => {
      if (performance.now() - told < PROGRESS_INTERVAL) return;
      told = performance.now();
      tell(`step ${step} of ${report.steps}: ${report.boundaries} crashes, ${report.failures.length} failures`);
    };
    const weights = weightsOf(faults, DENSE_WEIGHTS);
    const run = { seed, nodes, steps, faults: [...faults.keys()], weights, sessions };
    const report = tryBoundaries({ ...run, every, core, onProgress });
    if (json === true) sayJson({ ...report, failures: report.failures.map(({ trace: _, ...failure }) => failure) });
    else for (const line of table(report)) say(line);
    for (const failure of report.failures) tell(describe(failure));
    const [first] = report.failures;
    if (first === undefined) {
      if (shrink !== undefined) tellSound(shrink);
      if (record !== undefined) tellSound(record);
      return;
    }
    process.exitCode = 1;
    tell(first.detail);
    if (record !== undefined) {
      writeTrace(record, first.trace);
      tell(`the first of them is written: metalraft sim --trace ${record}`);
    }
    if (shrink !== undefined) writeShrunk(shrink, first.trace, core);
  } finally {
    core.close();
  }
}

function describe({ effects, node, rule, step }: BoundaryFailure): string {
  if (node === 0) return `the run itself breaks "${rule}"`;
  return `"${rule}" is broken when ${node} dies in step ${step + 1}, behind ${effects} effects`;
}

function table({ actions, behind, boundaries, core, failures, flushes, seed, slowestRecovery, steps }: BoundaryReport) {
  const rows = Object.entries(behind).map(([kind, count]) => `  ${kind.padEnd(28)}${`${count}`.padStart(14)}`);
  return [
    `seed ${seed}: ${steps} steps, ${flushes} flushes, ${boundaries} crashes, ${actions} actions`,
    `slowest recovery: ${slowestRecovery} election timeouts`,
    "crashes by the effect behind which they came:",
    ...rows,
    `${failures.length} failures`,
    `core ${core}`,
  ];
}
