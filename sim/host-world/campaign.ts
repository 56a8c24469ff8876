/** Many runs of the host world, one after the other, each with its own mix, and what they come to together. */

import { type CoreModule, shippedCore } from "../../host/core/module.js";
import { HOST_FAULTS, type HostFault } from "./faults.js";
import { type HostRunResult, runHostWorld } from "./run.js";
import { drawHostSwarm } from "./swarm.js";

/** Rare paths that every campaign of some minutes has to reach: one that does so no more has lost something. */
export const HOST_PROBES: readonly string[] = [
  "torn tails cut off",
  "nodes stopped by an error of the disk",
  "starts that met an error of the disk",
  "damaged disks refused",
  "silent losses by lying syncs",
  "lost nodes replaced",
  "sound nodes replaced",
  "stops",
  "snapshots on demand",
  "transfers",
  "answers given again",
  "refused: unknown session",
  "reads within a lease",
  "notice: snapshot-damaged",
  ...["TRUNCATED", "READ_BACK", "SNAPSHOT", "CONFIGURATION", "QUORUM_LOST", "LOYAL", "TRANSFER"],
];
/** Failures after which a campaign ends. */
const MOST_FAILURES = 8;
const MS_A_MINUTE = 60_000;

export interface HostCampaignOptions {
  /** The first seed; the next ones follow. */
  readonly seed: number;
  /** Seeds to run, at most. */
  readonly runs: number;
  /** Time to take, at most. */
  readonly minutes: number;
}

export interface HostCampaignResult {
  readonly seed: number;
  readonly runs: number;
  readonly wallMs: number;
  readonly virtualMs: number;
  readonly events: number;
  readonly eventsPerSecond: number;
  readonly elections: number;
  readonly commits: number;
  readonly operations: number;
  readonly answered: number;
  /** Faults injected, by kind. */
  readonly faults: Readonly<Record<HostFault, number>>;
  /** Rare paths reached, by name. */
  readonly probes: Readonly<Record<string, number>>;
  /** Most election timeouts that a cluster needed to recover. */
  readonly slowestRecovery: number;
  readonly failures: readonly HostRunResult[];
  /** Faults that were never injected, and rare paths that were never reached. */
  readonly missed: readonly string[];
  readonly core: string;
  readonly passed: boolean;
}

type Sums = { -readonly [K in "virtualMs" | "steps" | "elections" | "commits" | "operations" | "answered"]: number };

export async function runHostCampaign(
  options: HostCampaignOptions,
  core: CoreModule = shippedCore(),
  onProgress: (runs: number, events: number, failures: number) => void = () => undefined,
): Promise<HostCampaignResult> {
  const start = Date.now();
  const sums: Sums = { virtualMs: 0, steps: 0, elections: 0, commits: 0, operations: 0, answered: 0 };
  const faults: Record<string, number> = Object.fromEntries(HOST_FAULTS.map((fault) => [fault, 0]));
  const probes: Record<string, number> = Object.fromEntries(HOST_PROBES.map((probe) => [probe, 0]));
  const failures: HostRunResult[] = [];
  let runs = 0;
  let slowestRecovery = 0;
  while (runs < options.runs && Date.now() - start < options.minutes * MS_A_MINUTE && failures.length < MOST_FAILURES) {
    const result = await runHostWorld(drawHostSwarm(options.seed + runs), core);
    runs++;
    for (const key of Object.keys(sums) as (keyof Sums)[]) sums[key] += result[key];
    add(faults, result.faults);
    add(probes, result.probes);
    slowestRecovery = Math.max(slowestRecovery, result.recovery ?? 0);
    if (result.rule !== null) failures.push(result);
    onProgress(runs, sums.steps, failures.length);
    // Signals and output get their turn between two runs.
    await new Promise((resolve) => setImmediate(resolve));
  }
  const wallMs = Math.max(1, Date.now() - start);
  const { steps, ...others } = sums;
  const missed = missedBy(faults, probes);
  return {
    ...{ seed: options.seed, runs, wallMs, ...others, events: steps },
    eventsPerSecond: Math.round((steps * 1000) / wallMs),
    ...{ faults: faults as Record<HostFault, number>, probes, slowestRecovery, failures, missed },
    core: core.sha256,
    passed: failures.length === 0 && missed.length === 0,
  };
}

/** Faults that were never injected, and rare paths never reached. */
export function missedBy(faults: Readonly<Record<string, number>>, probes: Readonly<Record<string, number>>): string[] {
  const missedFaults = HOST_FAULTS.filter((fault) => (faults[fault] ?? 0) === 0);
  const missedProbes = HOST_PROBES.filter((probe) => (probes[probe] ?? 0) === 0);
  return [...missedFaults, ...missedProbes];
}

function add(to: Record<string, number>, from: Readonly<Record<string, number>>): void {
  for (const [name, count] of Object.entries(from)) to[name] = (to[name] ?? 0) + count;
}
