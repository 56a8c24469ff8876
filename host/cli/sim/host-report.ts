/** What `metalraft sim --host` says of a run, and of a campaign. */

import type { HostCampaignResult, HostRunResult } from "../../../sim/host-world/index.js";
import { tell } from "../output.js";

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const WIDTH = 36;

export function describeRun(result: HostRunResult): string[] {
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

export function describeCampaign(result: HostCampaignResult): string[] {
  const { answered, commits, elections, events, eventsPerSecond, failures, operations, runs, seed, virtualMs } = result;
  const virtual = `${Math.round(virtualMs / MINUTE)} min of virtual time`;
  const real = `${Math.round(result.wallMs / SECOND)} s with ${result.jobs} workers`;
  return [
    `seeds ${seed} to ${seed + runs - 1}: ${runs} runs, ${virtual} in ${real}`,
    `${events} events (${eventsPerSecond} a second), ${elections} elections, ${commits} entries`,
    `${answered} of ${operations} requests answered`,
    `slowest recovery: ${result.slowestRecovery.toFixed(1)} election timeouts after faults stopped`,
    ...counts("faults injected:", result.faults),
    ...counts("reached:", result.probes),
    `${failures.length} failures, ${result.missed.length} faults or rare paths missed`,
    `core ${result.core}`,
  ];
}

/** Tells of what was broken. */
export function tellBroken({ detail, events, rule, seed }: HostRunResult): void {
  tell(`seed ${seed} breaks "${rule}": ${detail}`);
  for (const event of events) tell(`  ${event}`);
}

function counts(title: string, numbers: Readonly<Record<string, number>>): string[] {
  const rows = Object.entries(numbers).sort(([a], [b]) => (a < b ? -1 : 1));
  return [title, ...rows.map(([name, count]) => `  ${name.padEnd(WIDTH)}${`${count}`.padStart(12)}`)];
}
