/** What the runs of a campaign of the host world come to together. */

import { HOST_FAULTS } from "./faults.js";
import type { HostRunResult } from "./run.js";

/** Rare paths that every campaign of some minutes has to reach: one that does so no more has lost something. */
export const HOST_PROBES: readonly string[] = [
  "torn tails cut off",
  "power failed over long writes",
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
  "repeated: already acknowledged",
  "local reads",
  "refused: unknown session",
  "reads within a lease",
  "notice: snapshot-damaged",
  "clusters recovered",
  "recoveries interrupted",
  "recoveries that lost writes",
  "recoveries that committed more",
  "messages of another cluster",
  ...["TRUNCATED", "READ_BACK", "SNAPSHOT", "CONFIGURATION", "QUORUM_LOST", "LOYAL", "TRANSFER"],
];

/** Sums over runs. */
export interface HostTally {
  runs: number;
  /** ms. */
  virtualMs: number;
  events: number;
  elections: number;
  commits: number;
  operations: number;
  answered: number;
  /** Faults injected, by kind. */
  faults: Record<string, number>;
  /** Rare paths reached, by name. */
  probes: Record<string, number>;
  /** Most election timeouts that a cluster needed to recover. */
  slowestRecovery: number;
}

const SUMS = ["runs", "virtualMs", "events", "elections", "commits", "operations", "answered"] as const;

export function emptyHostTally(): HostTally {
  const sums = { runs: 0, virtualMs: 0, events: 0, elections: 0, commits: 0, operations: 0, answered: 0 };
  const faults = Object.fromEntries(HOST_FAULTS.map((fault) => [fault, 0]));
  const probes = Object.fromEntries(HOST_PROBES.map((probe) => [probe, 0]));
  return { ...sums, faults, probes, slowestRecovery: 0 };
}

/** Adds a run. */
export function addHostRun(tally: HostTally, result: HostRunResult): void {
  const { recovery, steps: events, ...others } = result;
  const { answered, commits, elections, faults, operations, probes, virtualMs } = others;
  const sums = { runs: 1, virtualMs, events, elections, commits, operations, answered };
  addHostTally(tally, { ...sums, faults, probes, slowestRecovery: recovery ?? 0 });
}

/** Adds all of another tally. */
export function addHostTally(tally: HostTally, other: HostTally): void {
  for (const key of SUMS) tally[key] += other[key];
  add(tally.faults, other.faults);
  add(tally.probes, other.probes);
  tally.slowestRecovery = Math.max(tally.slowestRecovery, other.slowestRecovery);
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
