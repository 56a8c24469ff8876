/** One simulated run: a world, random actions, every rule on, and a summary that is the same for the same seed. */

import { EventKindName } from "../../host/core/abi.js";
import type { CoreUnderTest } from "../core-under-test.js";
import type { Tap } from "../trace/step.js";
import { V8Core } from "../v8-core.js";
import type { Fault } from "./faults.js";
import { type InjectedCounts, injectedIn } from "./injected.js";
import { type DrawCounts, RandomDriver } from "./random-driver.js";
import { type Membership, type OpenRun, openRun, type SettingsOptions, settle } from "./settings.js";
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
  /** Actions taken before faults stop: things that the driver did to the world, one at a time. A delivery, a timer that fires,
   * a write that becomes durable, time that passes, a proposal, a lost message, a crash are one each. */
  readonly steps: number;
  /** Things that the cores told their observers (EventKind), while a cluster recovers, too. */
  readonly events: number;
  /** Entries committed. */
  readonly commits: number;
  /** Those of them that were before faults stopped. */
  readonly commitsUnderFaults: number;
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
  /** How often each fault had its effect, before faults stopped. */
  readonly injected: InjectedCounts;
  /** How often rare paths were reached: observer events by name, and storage effects. */
  readonly probes: Readonly<Record<string, number>>;
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
  let injected = injectedIn(world, driver.counts);
  const { before, verdict } = judge(run, settings, () => {
    try {
      driver.run(settings.steps);
    } finally {
      injected = injectedIn(world, driver.counts);
    }
  });
  const { faults, membership, nodes, seed } = settings;
  return {
    seed,
    digest: before.digest,
    steps: before.steps,
    events: world.events.reduce((sum, count) => sum + count, 0),
    commits: world.committed,
    commitsUnderFaults: before.commits,
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
    injected,
    probes: probesOf(run),
  };
}

function probesOf({ clients, world }: OpenRun): Record<string, number> {
  const probes: Record<string, number> = { ...world.counts, ...world.operations.counts, ...world.network.counts };
  for (const [name, count] of Object.entries(clients.sessions?.counts ?? {})) probes[`sessions ${name}`] = count;
  for (const [kind, count] of world.events.entries()) probes[EventKindName[kind] ?? `${kind}`] = count;
  for (const { counts } of world.nodes) {
    for (const [name, count] of Object.entries(counts)) probes[name] = (probes[name] ?? 0) + count;
  }
  return probes;
}
