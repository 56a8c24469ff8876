/** `metalraft sim --host --campaign`: many runs of whole nodes, a report, and a folder with what failed. */

import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import {
  drawHostTrace,
  type HostCampaignResult,
  parseHostTrace,
  runHostCampaign,
} from "../../../sim/host-world/index.js";
import type { CoreModule } from "../../core/module.js";
import { say, sayJson, tell } from "../output.js";
import type { SimFlags } from "../sim.js";
import { progressTeller, withoutTraces } from "./campaign-report.js";
import { moduleOf } from "./core.js";
import { describeCampaign, tellBroken } from "./host-report.js";

type CampaignFlags = Pick<SimFlags, "core" | "jobs" | "json" | "minutes" | "out" | "runs" | "seed">;

export async function hostCampaign(flags: CampaignFlags): Promise<void> {
  const { core: name, jobs, minutes, out, runs, seed } = flags;
  const progress = progressTeller(minutes);
  const core = moduleOf(name);
  const result = await runHostCampaign({ seed, runs, minutes, jobs }, core, (tally, failures) => {
    progress(`${tally.runs} runs, ${tally.events} events, ${failures} failures`);
  });
  const on = name === "v8" ? "" : ` --core ${name}`;
  const again = (failed: number) => `metalraft sim --host --swarm --seed ${failed}${on}`;
  if (result.failures.length > 0) await saveHostFailures(out, result, core, again);
  if (flags.json === true) sayJson(withoutTraces(result));
  else for (const line of describeCampaign(result)) say(line);
  for (const failure of result.failures) {
    tellBroken(failure);
    tell(`${failure.injected} faults shrunk to ${failure.shrunk}`);
    tell(`to repeat it: ${again(failure.seed)}`);
    tell(`to see it:    metalraft sim --host --trace ${join(out, fileOf(failure.seed))} --diagram${on}`);
  }
  for (const missed of result.missed) tell(`never injected, or never reached: ${missed}`);
  if (!result.passed) process.exitCode = 1;
}

function fileOf(seed: number): string {
  return `host-seed-${seed}.trace`;
}

/**
 * Writes each failure as a trace and as a diagram, and the report.
 * @param again the command that repeats the run of a seed
 */
export async function saveHostFailures(
  folder: string,
  result: HostCampaignResult,
  core: CoreModule,
  again: (seed: number) => string,
): Promise<void> {
  mkdirSync(folder, { recursive: true });
  for (const { detail, rule, seed, trace } of result.failures) {
    const file = join(folder, fileOf(seed));
    writeFileSync(file, trace);
    const drawn = await drawHostTrace(parseHostTrace(trace, file), core);
    writeFileSync(
      join(folder, `host-seed-${seed}.txt`),
      `${again(seed)}\nbreaks "${rule}": ${detail}\n\n${drawn.join("\n")}\n`,
    );
  }
  writeFileSync(join(folder, "host-report.json"), `${JSON.stringify(withoutTraces(result), null, 2)}\n`);
}
