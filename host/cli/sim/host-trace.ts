/** `metalraft sim --host --trace` and `--shrink`: the faults of a run again, drawn, or as few of them as break the rule. */

import {
  drawHostTrace,
  type HostTrace,
  readHostTrace,
  replayHostTrace,
  shrinkHostTrace,
  writeHostTrace,
} from "../../../sim/host-world/index.js";
import { TraceError } from "../../../sim/trace/index.js";
import type { CoreModule } from "../../core/module.js";
import { say, sayJson, tell, UsageError } from "../output.js";
import type { SimFlags } from "../sim.js";
import { moduleOf } from "./core.js";
import { describeRun, tellBroken } from "./host-report.js";
import { tellSound } from "./shrink.js";

/** Time between two lines of progress, in ms. */
const PROGRESS_INTERVAL = 2000;

type TraceFlags = Pick<SimFlags, "core" | "diagram" | "json" | "shrink">;

export async function repeatHostTrace(file: string, flags: TraceFlags): Promise<void> {
  try {
    await replay(readHostTrace(file), flags);
  } catch (error) {
    throw error instanceof TraceError ? new UsageError(error.message) : error;
  }
}

async function replay(trace: HostTrace, { core: name, diagram, json, shrink }: TraceFlags): Promise<void> {
  const core = moduleOf(name);
  const { result, trace: taken } = await replayHostTrace(trace, core);
  const isSame = core.sha256 === trace.core;
  if (isSame && trace.exact && (result.digest !== trace.digest || result.rule !== trace.rule)) {
    const was = `digest ${trace.digest}, ${trace.rule ?? "no rule broken"}`;
    throw new TraceError(`digest ${result.digest}, ${result.rule ?? "no rule broken"}, and the trace says ${was}`);
  }
  const passedOver = trace.injections.length - taken.injections.length;
  if (diagram) for (const line of await drawHostTrace(trace, core)) say(line);
  if (json === true) sayJson({ ...result, passedOver });
  else for (const line of describeRun(result)) say(line);
  if (passedOver > 0) tell(`${passedOver} of ${trace.injections.length} faults had no chance and were passed over`);
  if (!isSame) tell(`the trace was made with another core: ${trace.core}`);
  if (result.rule === null) {
    if (shrink !== undefined) tellSound(shrink);
    return;
  }
  tellBroken(result);
  if (shrink !== undefined) await writeShrunkHost(shrink, taken, core);
  process.exitCode = 1;
}

/** Shrinks a trace that breaks a rule, and writes what is left. */
export async function writeShrunkHost(file: string, trace: HostTrace, core: CoreModule): Promise<void> {
  let told = performance.now();
  const onProgress = (faults: number) => {
    if (performance.now() - told < PROGRESS_INTERVAL) return;
    told = performance.now();
    tell(`shrinking: ${faults} faults left`);
  };
  const { isMinimal, replays, trace: shrunk } = await shrinkHostTrace(trace, core, { onProgress });
  writeHostTrace(file, shrunk);
  const much = isMinimal ? "none of them can be left out" : "the search was ended before it was done";
  const counts = `${trace.injections.length} faults shrunk to ${shrunk.injections.length}`;
  tell(`${counts} in ${replays} replays, ${much}`);
  tell(`to see it: metalraft sim --host --trace ${file} --diagram`);
  for (const line of await drawHostTrace(shrunk, core)) tell(line);
}
