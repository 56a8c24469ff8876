/** One run of the host world, and what came of it. */

import { type CoreModule, shippedCore } from "../../host/core/module.js";
import { formatHostFaults, type HostFault } from "./faults.js";
import { judgeHistory, judgeRoom, recover } from "./recovery.js";
import type { Script } from "./script.js";
import { type HostSettings, hostSettings } from "./settings.js";
import { HostWorld } from "./world.js";

export interface HostRunResult {
  readonly seed: number;
  readonly nodes: number;
  /** Events, those of the recovery included. */
  readonly steps: number;
  readonly faultList: string;
  readonly digest: string;
  /** ms of virtual time. */
  readonly virtualMs: number;
  readonly wallMs: number;
  /** Faults injected, by kind. */
  readonly faults: Readonly<Record<HostFault, number>>;
  /** Rare paths reached, by name. */
  readonly probes: Readonly<Record<string, number>>;
  readonly elections: number;
  /** Highest index applied. */
  readonly commits: number;
  /** Client operations, and those that were answered. */
  readonly operations: number;
  readonly answered: number;
  /** Election timeouts until all was well when faults had stopped; null if a rule was broken before. */
  readonly recovery: number | null;
  /** The broken rule; null if none is. */
  readonly rule: string | null;
  readonly detail: string | null;
  /** The last events before it was broken. */
  readonly events: readonly string[];
  readonly core: string;
}

/** Events of a planned run beyond which faults stop although time is left: a multiple of those of its settings, and so many. */
const MOST_GROWTH = 4;
const MOST_GROWN = 40_000;

/** Runs a world to its end. @returns how long it took to recover, as `recover` does */
async function live(world: HostWorld, script: Script | undefined): Promise<number | undefined> {
  // From here on this is a microtask, as `step` demands.
  await Promise.resolve();
  world.begin();
  while (!isOver(world, script) && (await world.step()));
  if (script !== undefined) script.end = { steps: world.steps, at: world.queue.now };
  const recovery = world.violation === undefined ? await recover(world) : undefined;
  if (world.violation === undefined) await judgeRoom(world);
  if (world.violation === undefined) await judgeHistory(world);
  world.isRunning = false;
  return recovery;
}

/** Whether faults stop now. A run with fewer faults has more events in the same time, and faults come at their time. */
function isOver({ queue, settings, steps }: HostWorld, script: Script | undefined): boolean {
  const end = script?.plan?.end;
  if (end === undefined) return steps >= settings.steps;
  return (steps >= end.steps && queue.now >= end.at) || steps >= Math.max(MOST_GROWN, MOST_GROWTH * settings.steps);
}

/** Does something, and judges that no promise was rejected meanwhile without anybody to hear of it: in production that
 * ends a process. */
async function watched<T>(world: HostWorld, run: () => Promise<T>): Promise<T> {
  const onRejection = (error: unknown) => {
    const what = error instanceof Error ? error.stack : String(error);
    world.judge("unhandled rejection", `${what}`);
  };
  process.on("unhandledRejection", onRejection);
  try {
    const result = await run();
    // They are told when no tick is left.
    await new Promise((resolve) => setImmediate(resolve));
    return result;
  } finally {
    process.off("unhandledRejection", onRejection);
  }
}

export async function runHostWorld(
  given: Partial<HostSettings> = {},
  core: CoreModule = shippedCore(),
): Promise<HostRunResult> {
  return runScript(hostSettings(given), core);
}

/**
 * Runs a world whose faults are noted, or come from a plan.
 * @param onStep hears of the world after every event of it
 */
export async function runScript(
  settings: HostSettings,
  core: CoreModule,
  script?: Script,
  onStep?: (world: HostWorld) => void,
): Promise<HostRunResult> {
  const start = performance.now();
  const world = new HostWorld(settings, core, script, onStep);
  const recovery = await watched(world, () => live(world, script));
  const { violation } = world;
  const operations = world.eras.flatMap(({ history }) => history.operations);
  const probes = { ...world.events(), ...Object.fromEntries(world.probes) };
  return {
    seed: settings.seed,
    nodes: settings.nodes,
    steps: world.steps,
    faultList: formatHostFaults(settings.faults),
    digest: world.digest.hex(),
    virtualMs: world.milliseconds,
    wallMs: Math.round(performance.now() - start),
    faults: world.faults.counts,
    probes,
    elections: world.elections,
    commits: world.applications.last,
    operations: operations.length,
    answered: operations.filter(({ outcome }) => outcome === "ok").length,
    recovery: recovery ?? null,
    rule: violation?.rule ?? null,
    detail: violation?.detail ?? null,
    events: violation?.events ?? [],
    core: core.sha256,
  };
}
