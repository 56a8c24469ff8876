/** `metalraft sim --campaign`: as many seeds as fit a time, a report, and a folder with what failed. */

import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Command } from "commander";
import { type CampaignResult, type Failure, MOST_JOBS, runCampaign } from "../../../sim/campaign/index.js";
import { V8Core } from "../../../sim/index.js";
import { drawTrace, parseTrace } from "../../../sim/trace/index.js";
import { positiveNumber, wholeNumber } from "../flags.js";
import { say, sayJson, tell } from "../output.js";
import type { SimFlags } from "../sim.js";
import { progressTeller, withoutTraces } from "./campaign-report.js";
import { moduleOf } from "./core.js";

const MOST_MINUTES = 60 * 24 * 30;
const DEFAULT_MINUTES = 1;
const DEFAULT_FOLDER = "sim-failures";

/** Adds what only a campaign takes. */
export function campaignOptions(command: Command): Command {
  return command
    .option("--campaign", "run many seeds, from --seed on, each with its own mix of faults and settings", false)
    .option("--minutes <n>", "time that a campaign takes", positiveNumber(MOST_MINUTES), DEFAULT_MINUTES)
    .option("--jobs <n>", "workers of a campaign", wholeNumber(1, MOST_JOBS), 1)
    .option("--runs <n>", "most seeds of a campaign", wholeNumber(1, Number.MAX_SAFE_INTEGER), Number.MAX_SAFE_INTEGER)
    .option("--out <folder>", "where a campaign puts what failed", DEFAULT_FOLDER)
    .option("--allow <rules>", "rules that a campaign may break, with commas between: it counts them", rules, []);
}

function rules(list: string): string[] {
  return list.split(",").map((rule) => rule.trim());
}

export async function campaign(flags: SimFlags): Promise<void> {
  const { allow: allowed, jobs, minutes, runs, seed } = flags;
  const core = moduleOf(flags.core);
  const progress = progressTeller(minutes);
  let failures = 0;
  const result = await runCampaign({ seed, runs, minutes, jobs, allowed }, core, (tally, news) => {
    failures += news.length;
    // At once: a campaign may be broken off, or end with an error, hours later.
    for (const failure of news) tellFailure(flags, failure, new V8Core(core));
    progress(`${tally.runs} runs, ${tally.actions} actions, ${failures} failures`);
  });
  if (failures > 0) {
    writeFileSync(join(flags.out, "report.json"), `${JSON.stringify(withoutTraces(result), null, 2)}\n`);
  }
  if (flags.json === true) sayJson(withoutTraces(result));
  else for (const line of table(result)) say(line);
  for (const probe of result.missedProbes) tell(`a rare path was never reached: ${probe}`);
  if (!result.passed) process.exitCode = 1;
}

/** Writes a failure as a trace and as a diagram, and tells of it. */
function tellFailure({ core: name, out }: SimFlags, failure: Failure, core: V8Core): void {
  const { detail, rule, seed, shrunkSteps, trace } = failure;
  const file = join(out, `seed-${seed}.trace`);
  mkdirSync(out, { recursive: true });
  writeFileSync(file, trace);
  writeFileSync(join(out, `seed-${seed}.txt`), `${detail}\n\n${drawTrace(parseTrace(trace, file), core).join("\n")}\n`);
  tell(`seed ${seed} breaks "${rule}", shrunk to ${shrunkSteps} steps: ${detail.split("\n")[0] ?? ""}`);
  tell(`to repeat it: metalraft sim --swarm --seed ${seed}${name === "v8" ? "" : ` --core ${name}`}`);
  tell(`to see it:    metalraft sim --trace ${file} --diagram`);
}

function table(result: CampaignResult): string[] {
  const { actions, allowed, answered, commits, elections, events, runs, seed, wallMs } = result;
  const rows = (counts: Readonly<Record<string, number>>) =>
    Object.entries(counts)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([name, count]) => `  ${name.padEnd(28)}${`${count}`.padStart(14)}`);
  return [
    `seeds ${seed} to ${seed + runs - 1}: ${runs} runs in ${Math.round(wallMs / 1000)} s with ${result.jobs} workers`,
    `${actions} actions (${result.actionsPerSecond} a second), ${events} events told to observers`,
    `inert (fewer than 5 entries committed before faults stop): ${result.inertRuns} runs, ${result.inertActions} actions`,
    `${elections} elections, ${commits} entries committed, ${answered} requests answered`,
    `slowest recovery: ${result.slowestRecovery} election timeouts after faults stopped`,
    "faults injected:",
    ...rows(result.faults),
    "rare paths reached:",
    ...rows(result.probes),
    ...(Object.keys(allowed).length > 0 ? ["broken rules that are allowed:", ...rows(allowed)] : []),
    `${result.failures.length} failures, ${result.missedProbes.length} rare paths never reached`,
    `core ${result.core}`,
  ];
}
