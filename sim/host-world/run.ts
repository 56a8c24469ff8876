/** One run of the host world, and what came of it. */

import { type CoreModule, shippedCore } from "../../host/core/module.js";
import { formatHostFaults, type HostFault } from "./faults.js";
import { judgeHistory, judgeRoom, recover } from "./recovery.js";
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

/** Runs a world to its end. @returns how long it took to recover, as `recover` does */
async function live(world: HostWorld): Promise<number | undefined> {
  // From here on this is a microtask, as `step` demands.
  await Promise.resolve();
  world.begin();
  while (world.steps < world.settings.steps && (await world.step()));
  const recovery = world.violation === undefined ? await recover(world) : undefined;
  if (world.violation === undefined) await judgeRoom(world);
  if (world.violation === undefined) await judgeHistory(world);
  world.isRunning = false;
  return recovery;
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
  const settings = hostSettings(given);
  const start = performance.now();
  const world = new HostWorld(settings, core);
  const recovery = await watched(world, () => live(world));
  const { violation } = world;
  const operations = world.history.operations;
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
