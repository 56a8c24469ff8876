/** `metalraft sim --trace`: a trace again, drawn, shrunk, or compared with another run. */

import type { OpenCore } from "../../../sim/engines.js";
import {
  describeStep,
  drawTrace,
  findParting,
  readTrace,
  replayTrace,
  type Trace,
  TraceError,
} from "../../../sim/trace/index.js";
import { say, sayJson, tell, UsageError } from "../output.js";
import type { SimFlags } from "../sim.js";
import { openAny } from "./core.js";
import { tellBroken } from "./run.js";
import { tellSound, writeShrunk } from "./shrink.js";
import { writeSpecTrace } from "./spec.js";

type TraceFlags = Pick<SimFlags, "against" | "core" | "diagram" | "json" | "shrink" | "specTrace">;

export function repeatTrace(file: string, flags: TraceFlags): void {
  try {
    const trace = readTrace(file);
    const core = openAny(flags.core);
    try {
      if (flags.against !== undefined) compare(trace, core, flags.against, flags.json === true);
      else replay(trace, core, flags);
    } finally {
      core.close();
    }
  } catch (error) {
    throw error instanceof TraceError ? new UsageError(error.message) : error;
  }
}

function replay(trace: Trace, core: OpenCore, { diagram, json, shrink, specTrace }: TraceFlags): void {
  const { digest, skipped, steps, verdict } = replayTrace(trace, core);
  const isSame = core.sha256 === trace.core;
  if (isSame && trace.exact && (digest !== trace.digest || verdict.rule !== trace.rule)) {
    const was = `digest ${trace.digest}, ${trace.rule ?? "no rule broken"}`;
    throw new TraceError(`digest ${digest}, ${verdict.rule ?? "no rule broken"}, and the trace says ${was}`);
  }
  if (specTrace !== undefined) writeSpecTrace(specTrace, trace, core);
  if (diagram) for (const line of drawTrace(trace, core)) say(line);
  if (json === true) sayJson({ digest, steps, skipped, ...verdict });
  else say(`${steps} actions, digest ${digest}, ${skipped} steps passed over, core ${core.sha256}`);
  if (json !== true) say(verdict.rule === null ? "no rule is broken" : `broken: ${verdict.rule}`);
  if (!isSame) tell(`the trace was made with another core: ${trace.core}`);
  if (verdict.rule === null) {
    if (shrink !== undefined) tellSound(shrink);
    return;
  }
  tellBroken(verdict);
  if (shrink !== undefined) writeShrunk(shrink, trace, core);
  process.exitCode = 1;
}

/** Compares the run of a trace with that on another core, or with another trace. */
function compare(trace: Trace, core: OpenCore, name: string, asJson: boolean): void {
  const isTrace = name.endsWith(".trace") || name.endsWith(".jsonl");
  const other = isTrace ? { trace: readTrace(name), core } : { trace, core: openAny(name) };
  const parting = findParting({ trace, core }, other);
  if (!isTrace) (other.core as OpenCore).close();
  if (asJson) sayJson({ parting });
  if (parting === null) {
    if (!asJson) say("they are the same to the end");
    return;
  }
  process.exitCode = 1;
  if (asJson) return;
  const step = trace.steps[parting.at]?.step;
  const where = step === undefined ? "" : `: ${describeStep(step)} (line ${parting.at + 2} of the trace)`;
  say(`they part at step ${parting.at + 1}${where}`);
  for (const difference of parting.differences) say(`  ${difference}`);
}
