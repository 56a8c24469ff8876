/** `metalraft sim` without more: one run of a seed. */

import { drawSwarm } from "../../../sim/campaign/index.js";
import {
  type Fault,
  type FaultMix,
  formatFaultMix,
  INJECTED_FAULTS,
  runSimulation,
  type SettingsOptions,
  type SimulationResult,
  settle,
  weightsOf,
} from "../../../sim/index.js";
import { recordRun, writeTrace } from "../../../sim/trace/index.js";
import { say, sayJson, tell } from "../output.js";
import type { SimFlags } from "../sim.js";
import { openAny } from "./core.js";
import { tellSound, writeShrunk } from "./shrink.js";
import { writeSpecTrace } from "./spec.js";

type RunFlags = Pick<
  SimFlags,
  | "core"
  | "faults"
  | "json"
  | "liveness"
  | "nodes"
  | "record"
  | "seed"
  | "sessions"
  | "shrink"
  | "specTrace"
  | "steps"
  | "swarm"
>;

export function runOnce(flags: RunFlags): void {
  const core = openAny(flags.core);
  try {
    const options = flags.swarm ? drawSwarm(flags.seed) : optionsOf(flags);
    const result = runSimulation({ ...options, core });
    if (flags.json === true) sayJson(result);
    else for (const line of describe(result)) say(line);
    const isAsked = flags.record !== undefined || flags.specTrace !== undefined;
    const isRecorded = isAsked || (flags.shrink !== undefined && result.rule !== null);
    const trace = isRecorded ? recordRun({ ...options, core }).trace : null;
    if (trace !== null && flags.record !== undefined) {
      writeTrace(flags.record, trace);
      tell(`${trace.steps.length} steps written: metalraft sim --trace ${flags.record}`);
    }
    if (trace !== null && flags.specTrace !== undefined) writeSpecTrace(flags.specTrace, trace, core);
    if (result.rule === null) {
      if (flags.shrink !== undefined) tellSound(flags.shrink);
      return;
    }
    tellBroken(result);
    tell(`to repeat it: ${repeat(flags)}`);
    if (trace !== null && flags.shrink !== undefined) writeShrunk(flags.shrink, trace, core);
    process.exitCode = 1;
  } finally {
    core.close();
  }
}

function optionsOf({ faults, liveness, nodes, seed, sessions, steps }: RunFlags): SettingsOptions {
  const options = { seed, nodes, steps, faults: [...faults.keys()], liveness, sessions };
  return withFactors(options, faults);
}

/** A run in which each fault comes as often as its factor says. */
export function withFactors(options: SettingsOptions, mix: FaultMix<Fault>): SettingsOptions {
  const isPlain = [...mix.values()].every((factor) => factor === 1);
  return isPlain ? options : { ...options, weights: weightsOf(mix, settle(options).settings.weights) };
}

function describe(result: SimulationResult): string[] {
  const { commits, core, digest, elections, events, linearizable, recovery, seed, steps, violations, wallMs } = result;
  const lines = [
    `seed ${seed}: ${steps} actions in ${wallMs} ms, digest ${digest}`,
    `${events} events, ${elections} elections, ${commits} entries committed`,
    `${violations} violations, linearizable: ${linearizable ? "yes" : "NO"}`,
  ];
  if (recovery !== null) lines.push(`recovered within ${recovery.timeouts} election timeouts after faults stopped`);
  const injected = INJECTED_FAULTS.filter((fault) => result.faults.includes(fault));
  return [
    ...lines,
    ...rows("faults injected:", Object.fromEntries(injected.map((fault) => [fault, result.injected[fault]]))),
    ...rows("reached:", result.probes),
    `core ${core}`,
  ];
}

function rows(title: string, counts: Readonly<Record<string, number>>): string[] {
  const sorted = Object.entries(counts).sort(([a], [b]) => (a < b ? -1 : 1));
  return [title, ...sorted.map(([name, count]) => `  ${name.padEnd(28)}${`${count}`.padStart(14)}`)];
}

/** Tells of what was broken. */
export function tellBroken({ explanation, violation }: Pick<SimulationResult, "explanation" | "violation">): void {
  if (violation !== null) tell(violation);
  if (explanation !== null) tell(`the answers that clients got are not linearizable: ${explanation}`);
}

/** The command that gives the same run. */
export function repeat({ core, faults, liveness, nodes, seed, sessions, steps, swarm }: RunFlags): string {
  const on = core === "v8" ? "" : ` --core ${core}`;
  if (swarm) return `metalraft sim --swarm --seed ${seed}${on}`;
  const list = formatFaultMix(faults);
  const more = `${liveness ? " --liveness" : ""}${sessions ? " --sessions" : ""}`;
  return `metalraft sim --seed ${seed} --nodes ${nodes} --steps ${steps} --faults ${list}${more}${on}`;
}
