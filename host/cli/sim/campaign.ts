/** `metalraft sim --campaign`: as many seeds as fit a time, a report, and a folder with what failed. */

import type { Command } from "commander";
import { type CampaignResult, MOST_JOBS, runCampaign } from "../../../sim/campaign/index.js";
import { positiveNumber, wholeNumber } from "../flags.js";
import type { SimFlags } from "../sim.js";
import { CampaignReport } from "./campaign-report.js";
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
  const { allow: allowed, core, jobs, minutes, runs, seed } = flags;
  const report = new CampaignReport(flags, { command: "metalraft sim", parts: "steps", prefix: "" });
  const result = await runCampaign({ seed, runs, minutes, jobs, allowed }, moduleOf(core), (tally, news) =>
    report.progress(`${tally.runs} runs, ${tally.actions} actions`, news),
  );
  report.end(
    result,
    table(result),
    result.missedProbes.map((probe) => `a rare path was never reached: ${probe}`),
  );
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
