/** `metalraft sim --host`: whole production nodes on simulated disks, one run or a campaign of them. */

import {
  drawHostSwarm,
  FaultListError,
  formatHostFaults,
  type HostCampaignResult,
  type HostRunResult,
  MOST_HOSTS,
  parseHostFaults,
  runHostCampaign,
  runHostWorld,
} from "../../../sim/host-world/index.js";
import { say, sayJson, tell, UsageError } from "../output.js";
import type { SimFlags } from "../sim.js";
import { moduleOf } from "./core.js";

/** Time between two lines of progress, in ms. */
const PROGRESS_INTERVAL = 2000;
const SECOND = 1000;
const MINUTE = 60 * SECOND;
const WIDTH = 36;

/** What of the command's flags applies; faults as they were given. */
export type HostFlags = Omit<SimFlags, "faults"> & { readonly faults: string };

export async function simulateHosts(flags: HostFlags): Promise<void> {
  const { against, diagram, jobs, record, shrink, trace } = flags;
  if (diagram || [against, record, shrink, trace].some((flag) => flag !== undefined)) {
    throw new UsageError("--host knows no traces: a run is repeated by its seed");
  }
  if (jobs > 1) throw new UsageError("--host has one worker: run several campaigns, each from another --seed on");
  if (flags.campaign) await campaign(flags);
  else await runOnce(flags);
}

async function runOnce(flags: HostFlags): Promise<void> {
  const core = moduleOf(flags.core);
  const result = await runHostWorld(flags.swarm ? drawHostSwarm(flags.seed) : settingsOf(flags), core);
  if (flags.json === true) sayJson(result);
  else for (const line of describe(result)) say(line);
  if (result.rule === null) return;
  tellBroken(result);
  tell(`to repeat it: ${repeat(flags, result)}`);
  process.exitCode = 1;
}

async function campaign(flags: HostFlags): Promise<void> {
  const { minutes, runs, seed } = flags;
  const start = performance.now();
  let told = start;
  const result = await runHostCampaign({ seed, runs, minutes }, moduleOf(flags.core), (done, events, failures) => {
    const now = performance.now();
    if (now - told < PROGRESS_INTERVAL) return;
    told = now;
    const share = Math.min(100, Math.round(((now - start) * 100) / (minutes * MINUTE)));
    tell(`${share} %, ${Math.round((now - start) / SECOND)} s: ${done} runs, ${events} events, ${failures} failures`);
  });
  if (flags.json === true) sayJson(result);
  else for (const line of table(result)) say(line);
  for (const failure of result.failures) {
    tellBroken(failure);
    tell(`to repeat it: ${repeat({ ...flags, swarm: true }, failure)}`);
  }
  for (const missed of result.missed) tell(`never injected, or never reached: ${missed}`);
  if (!result.passed) process.exitCode = 1;
}

function settingsOf({ faults, nodes, seed, steps }: HostFlags) {
  if (nodes > MOST_HOSTS) throw new UsageError(`--host takes up to ${MOST_HOSTS} nodes`);
  try {
    return { seed, nodes, steps, faults: parseHostFaults(faults) };
  } catch (error) {
    throw error instanceof FaultListError ? new UsageError(error.message) : error;
  }
}

function tellBroken({ detail, events, rule, seed }: HostRunResult): void {
  tell(`seed ${seed} breaks "${rule}": ${detail}`);
  for (const event of events) tell(`  ${event}`);
}

function repeat({ core, faults, nodes, steps, swarm }: HostFlags, { seed }: HostRunResult): string {
  const on = core === "v8" ? "" : ` --core ${core}`;
  if (swarm) return `metalraft sim --host --swarm --seed ${seed}${on}`;
  const list = formatHostFaults(parseHostFaults(faults));
  return `metalraft sim --host --seed ${seed} --nodes ${nodes} --steps ${steps} --faults ${list}${on}`;
}

function describe(result: HostRunResult): string[] {
  const { answered, commits, core, digest, elections, operations, recovery, seed, steps, virtualMs, wallMs } = result;
  const lines = [
    `seed ${seed}: ${steps} events, ${Math.round(virtualMs / SECOND)} s of virtual time in ${wallMs} ms, digest ${digest}`,
    `${elections} elections, ${commits} entries, ${answered} of ${operations} requests answered`,
    ...counts("faults injected:", result.faults),
    ...counts("reached:", result.probes),
  ];
  if (recovery !== null) lines.push(`recovered within ${recovery.toFixed(1)} election timeouts after faults stopped`);
  return [...lines, result.rule === null ? "no rule is broken" : `broken: ${result.rule}`, `core ${core}`];
}

function table(result: HostCampaignResult): string[] {
  const { answered, commits, elections, events, eventsPerSecond, failures, operations, runs, seed, virtualMs } = result;
  const virtual = `${Math.round(virtualMs / MINUTE)} min of virtual time`;
  return [
    `seeds ${seed} to ${seed + runs - 1}: ${runs} runs, ${virtual} in ${Math.round(result.wallMs / SECOND)} s`,
    `${events} events (${eventsPerSecond} a second), ${elections} elections, ${commits} entries`,
    `${answered} of ${operations} requests answered`,
    `slowest recovery: ${result.slowestRecovery.toFixed(1)} election timeouts after faults stopped`,
    ...counts("faults injected:", result.faults),
    ...counts("reached:", result.probes),
    `${failures.length} failures, ${result.missed.length} faults or rare paths missed`,
    `core ${result.core}`,
  ];
}

function counts(title: string, numbers: Readonly<Record<string, number>>): string[] {
  const rows = Object.entries(numbers).sort(([a], [b]) => (a < b ? -1 : 1));
  return [title, ...rows.map(([name, count]) => `  ${name.padEnd(WIDTH)}${`${count}`.padStart(12)}`)];
}
