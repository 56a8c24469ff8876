/** What the runs of a campaign come to together. */

import type { SimulationResult } from "../core-world/run.js";
import { nameOfMix } from "./probes.js";
import { mixOf } from "./swarm.js";

/** Entries below which a run counts as inert. */
const LEAST_COMMITS = 5;

/** Sums over runs. */
export interface Tally {
  runs: number;
  /** What drivers did to their worlds, one thing at a time, before faults stopped. */
  actions: number;
  /** Runs in which next to nothing was committed before faults stopped, and their actions: hardly anything can go wrong there. */
  inertRuns: number;
  inertActions: number;
  /** What cores told their observers. */
  events: number;
  elections: number;
  commits: number;
  /** Requests that clients got an answer to. */
  answered: number;
  /** Faults injected, by kind. */
  faults: Record<string, number>;
  /** Rare paths reached, by name. */
  probes: Record<string, number>;
  /** Runs that broke a rule that may be broken, by rule. */
  allowed: Record<string, number>;
  /** Most election timeouts that a cluster needed to recover. */
  slowestRecovery: number;
}

export function emptyTally(): Tally {
  const sums = { runs: 0, actions: 0, inertRuns: 0, inertActions: 0, events: 0, elections: 0, commits: 0, answered: 0 };
  return { ...sums, faults: {}, probes: {}, allowed: {}, slowestRecovery: 0 };
}

/** Adds a run. */
export function addRun(tally: Tally, result: SimulationResult): void {
  const faults = { ...result.injected };
  const { answered, commits, elections, events, nodes, probes, recovery, steps: actions } = result;
  const reached = { ...probes, ...probesOfRun(result), [`nodes ${nodes}`]: 1, [result.membership]: 1 };
  const slowestRecovery = recovery?.timeouts ?? 0;
  const isInert = result.commitsUnderFaults < LEAST_COMMITS;
  const inert = { inertRuns: isInert ? 1 : 0, inertActions: isInert ? actions : 0 };
  const sums = { runs: 1, actions, ...inert, events, elections, commits, answered };
  addTally(tally, { ...sums, faults, probes: reached, allowed: {}, slowestRecovery });
}

function probesOfRun({ elections, faults, recovery, seed, sessions }: SimulationResult): Record<string, number> {
  return {
    elections,
    "runs with several leaders": elections > 1 ? 1 : 0,
    "runs without faults": faults.length === 0 ? 1 : 0,
    recoveries: recovery === null ? 0 : 1,
    "runs with sessions": sessions ? 1 : 0,
    [nameOfMix(mixOf(seed))]: 1,
  };
}

/** Adds all of another tally. */
export function addTally(tally: Tally, other: Tally): void {
  tally.runs += other.runs;
  tally.actions += other.actions;
  tally.inertRuns += other.inertRuns;
  tally.inertActions += other.inertActions;
  tally.events += other.events;
  tally.elections += other.elections;
  tally.commits += other.commits;
  tally.answered += other.answered;
  tally.slowestRecovery = Math.max(tally.slowestRecovery, other.slowestRecovery);
  addCounts(tally.faults, other.faults);
  addCounts(tally.probes, other.probes);
  addCounts(tally.allowed, other.allowed);
}

function addCounts(to: Record<string, number>, from: Readonly<Record<string, number>>): void {
  for (const [name, count] of Object.entries(from)) to[name] = (to[name] ?? 0) + count;
}
