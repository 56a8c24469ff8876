/** One simulated run: a world, random actions, every rule on, and a summary that is the same for the same seed. */

import { EventKindName } from "../host/core/abi.js";
import type { CoreUnderTest } from "./core-under-test.js";
import { FAULTS, type Fault, USUAL_FAULTS } from "./faults.js";
import { type DrawCounts, RandomDriver } from "./random-driver.js";
import { type Membership, type OpenRun, openRun, type SettingsOptions, SimulationError, settle } from "./settings.js";
import type { Tap } from "./trace/step.js";
import { V8Core } from "./v8-core.js";
import { judge, type Verdict } from "./verdict.js";

export {
  MEMBERSHIPS,
  type Membership,
  MOST_NODES,
  ROOMY_CAPACITY,
  type Settings,
  SimulationError,
  TINY_CAPACITY,
} from "./settings.js";

export interface SimulationOptions extends SettingsOptions {
  /** The core on this process's engine unless stated. */
  readonly core?: CoreUnderTest;
  /** Hears of every step; see World.tap. */
  readonly tap?: Tap;
}

/** What a run comes to. All but `wallMs` follow from the options and the core. */
export interface SimulationResult extends Verdict {
  readonly seed: number;
  /** Of all actions and effects: 16 hexadecimal digits. */
  readonly digest: string;
  /** Actions taken. */
  readonly steps: number;
  /** Events that the observers were told. */
  readonly events: number;
  /** Entries committed. */
  readonly commits: number;
  readonly elections: number;
  readonly violations: number;
  readonly linearizable: boolean;
  /** Requests that clients got an answer to. */
  readonly answered: number;
  readonly wallMs: number;
  readonly core: string;
  readonly engine: string;
  readonly nodes: number;
  readonly membership: Membership;
  readonly faults: readonly Fault[];
  /** Whether there were clients with sessions, too. */
  readonly sessions: boolean;
  /** Actions by what was drawn. */
  readonly actions: DrawCounts;
  /** How often rare paths were reached: observer events by name, and storage effects. */
  readonly probes: Readonly<Record<string, number>>;
}

/** Reads a list of faults: names with commas between, "all", "usual" or "none". */
export function parseFaults(list: string): readonly Fault[] {
  if (list === "all") return FAULTS;
  if (list === "usual") return USUAL_FAULTS;
  if (list === "none" || list === "") return [];
  return list.split(",").map((name) => {
    const fault = FAULTS.find((known) => known === name.trim());
    if (fault === undefined) throw new SimulationError(`"${name}" is no fault; there are: ${FAULTS.join(", ")}`);
    return fault;
  });
}

/**
 * Runs a simulation. A broken rule ends it and is part of the result.
 * @throws {SimulationError} when an option is out of range
 */
export function runSimulation({ core = new V8Core(), tap, ...options }: SimulationOptions): SimulationResult {
  const started = performance.now();
  const { settings, random } = settle(options);
  const run = openRun(settings, core, random);
  const { clients, world } = run;
  if (tap !== undefined) world.tap = tap;
  const driver = new RandomDriver(world, clients, random, settings.faults, settings.weights);
  const { before, verdict } = judge(run, settings, () => driver.run(settings.steps));
  const { faults, membership, nodes, seed } = settings;
  return {
    seed,
    digest: before.digest,
    steps: before.steps,
    events: world.events.reduce((sum, count) => sum + count, 0),
    commits: world.committed,
    elections: world.elections,
    ...verdict,
    violations: verdict.rule === null || verdict.violation === null ? 0 : 1,
    linearizable: verdict.explanation === null,
    answered: clients.answered,
    wallMs: Math.round(performance.now() - started),
    core: core.sha256,
    engine: core.name,
    nodes,
    membership,
    faults,
    sessions: settings.sessions,
    actions: driver.counts,
    probes: probesOf(run),
  };
}

function probesOf({ clients, world }: OpenRun): Record<string, number> {
  const probes: Record<string, number> = { ...world.counts, ...world.network.counts };
  for (const [name, count] of Object.entries(clients.sessions?.counts ?? {})) probes[`sessions ${name}`] = count;
  for (const [kind, count] of world.events.entries()) probes[EventKindName[kind] ?? `${kind}`] = count;
  for (const { counts } of world.nodes) {
    for (const [name, count] of Object.entries(counts)) probes[name] = (probes[name] ?? 0) + count;
  }
  return probes;
}
