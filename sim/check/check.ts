/**
 * The model checker: all that can happen in a small world, on the compiled core. docs/model-checking.md says what is
 * searched and why nothing is missed.
 */

import { Worker } from "node:worker_threads";
import { type CoreModule, shippedCore } from "../../host/core/module.js";
import { Explorer } from "./explorer.js";
import { type CheckOptions, DEFAULT_OPTIONS } from "./options.js";
import { Control, SearchWorker, Stop, type WorkerResult } from "./search.js";
import { reserveTables, type SharedTables } from "./tables.js";
import { type Trace, traceTo } from "./trace.js";
import type { WorkerTask } from "./worker.js";
import { WorldTable } from "./world-table.js";

/** Why a search ended. */
export type Ending = "complete" | "violation" | "memory" | "time";

/** What came of a search. */
export interface CheckResult {
  /** The bounds. */
  readonly nodes: number;
  readonly maxTerm: number;
  readonly campaigns: readonly number[] | null;
  readonly maxLog: number;
  readonly commandBytes: number;
  readonly crashes: number;
  /** Messages that may be lost: there is no bound on them. */
  readonly drop: "any";
  readonly duplicates: number | "any";
  readonly storage: string;
  readonly underWay: number | "any";
  readonly unreachable: boolean;
  readonly membership: string;
  readonly changes: number;
  readonly voters: number;
  readonly symmetry: boolean;
  readonly reductions: boolean;
  readonly selfCheck: boolean;
  readonly jobs: number;
  /** Worlds that differ by more than names, and of which none can do all that another one can. */
  readonly states: number;
  /** Worlds found on the way, those included that others turned out to cover. */
  readonly found: number;
  /** Things that happened in them, with those that changed nothing. */
  readonly transitions: number;
  /** Changes on the longest way on which a world was found. */
  readonly depth: number;
  /** Whether there is nothing left to find within the bounds. */
  readonly complete: boolean;
  readonly ended: Ending;
  readonly violations: number;
  /** The broken rule and a shortest way to it. */
  readonly violation: Trace | null;
  readonly wallMs: number;
  /** Time that all threads of the process ran, in ms. */
  readonly cpuMs: number;
  readonly statesPerSecond: number;
  readonly transitionsPerSecond: number;
  /** The same, of the time that the processors gave: what other work on the machine takes away does not count. */
  readonly transitionsPerCpuSecond: number;
  /** Distinct states of a node, messages and sets of messages that the worlds consist of. */
  readonly nodeStates: number;
  readonly messages: number;
  readonly messageSets: number;
  /** Worlds are compared word by word and not by fingerprints, so 0. */
  readonly fingerprintCollisionProbability: number;
  /** Digest of the core. */
  readonly sha256: string;
}

/** How a search is watched: worlds found, and the depth reached. */
export type OnProgress = (states: number, depth: number) => void;

const ENDINGS: Readonly<Record<number, Ending>> = {
  [Stop.NONE]: "complete",
  [Stop.VIOLATION]: "violation",
  [Stop.MEMORY]: "memory",
  [Stop.TIME]: "time",
};
const MS_A_MINUTE = 60_000;
/** Time between two reports of progress of workers, in ms. */
const PROGRESS_INTERVAL = 2000;

/**
 * Searches a world. When a rule is broken it is searched again for a shortest way there; if that takes more memory or time
 * than there is, the way found first is told.
 * @param chosen what differs from the defaults
 * @param core the shipped one unless another is given
 * @throws {AssumptionBroken} when the core does not do what the search rests on
 */
export async function check(
  chosen: Partial<CheckOptions> = {},
  core: CoreModule = shippedCore(),
  onProgress: OnProgress = () => undefined,
): Promise<CheckResult> {
  const options = { ...DEFAULT_OPTIONS, ...chosen };
  const result = await search(core, options, false, onProgress);
  if (result.violation === null) return result;
  const again = await search(core, { ...options, selfCheck: false }, true, onProgress);
  return again.violation === null ? result : { ...again, selfCheck: options.selfCheck };
}

async function search(
  core: CoreModule,
  options: CheckOptions,
  shortest: boolean,
  onProgress: OnProgress,
): Promise<CheckResult> {
  const tables = reserveTables(options);
  const start = performance.now();
  const cpu = process.cpuUsage();
  const deadline = Date.now() + options.minutes * MS_A_MINUTE;
  const first = new SearchWorker(core, options, tables, deadline, shortest, onProgress);
  first.begin();
  const task = { core, options, tables, deadline };
  const results = shortest || options.jobs === 1 ? [first.run()] : await runWorkers(task, onProgress);
  const { system, user } = process.cpuUsage(cpu);
  const times = { wallMs: Math.round(performance.now() - start), cpuMs: Math.round((user + system) / 1000) };
  return summarize(core, options, tables, results, times, shortest);
}

async function runWorkers(task: Omit<WorkerTask, "number">, onProgress: OnProgress): Promise<WorkerResult[]> {
  const control = new Int32Array(task.tables.control);
  const worlds = new Int32Array(task.tables.worlds.control);
  const timer = setInterval(() => onProgress(worlds[0] as number, control[Control.DEPTH] as number), PROGRESS_INTERVAL);
  try {
    return await Promise.all(Array.from({ length: task.options.jobs }, (_, number) => runOne({ ...task, number })));
  } finally {
    clearInterval(timer);
  }
}

function runOne(task: WorkerTask): Promise<WorkerResult> {
  return new Promise((resolve, reject) => {
    const worker = new Worker(new URL("./worker.js", import.meta.url), { workerData: task });
    worker.once("message", resolve);
    worker.once("error", reject);
  });
}

function summarize(
  core: CoreModule,
  options: CheckOptions,
  tables: SharedTables,
  results: readonly WorkerResult[],
  { cpuMs, wallMs }: Pick<CheckResult, "wallMs" | "cpuMs">,
  shortest: boolean,
): CheckResult {
  const { memory: _, minutes: __, ...bounds } = options;
  const control = new Int32Array(tables.control);
  const transitions = results.reduce((sum, result) => sum + result.transitions, 0);
  const finding = results.find((result) => result.finding !== null)?.finding ?? null;
  const ended = ENDINGS[control[Control.STOP] as number] ?? "complete";
  const explorer = new Explorer(core, options, tables, shortest);
  const worlds = new WorldTable(tables.worlds, options.nodes, explorer.width, explorer.sets);
  const states = worlds.countUncovered();
  const perSecond = (count: number, ms: number) => Math.round(count / (Math.max(ms, 1) / 1000));
  const count = (buffer: SharedArrayBuffer) => new Int32Array(buffer)[0] as number;
  return {
    ...bounds,
    drop: "any",
    voters: options.voters ?? options.nodes,
    ...{ states, found: worlds.count, transitions, ended },
    depth: control[Control.DEPTH] as number,
    complete: ended === "complete",
    violations: finding === null ? 0 : 1,
    violation: finding === null ? null : traceTo(explorer, worlds, finding.world),
    wallMs,
    cpuMs,
    statesPerSecond: perSecond(worlds.count, wallMs),
    transitionsPerSecond: perSecond(transitions, wallMs),
    transitionsPerCpuSecond: perSecond(transitions, cpuMs),
    nodeStates: count(tables.locals.control),
    messages: count(tables.messages.control),
    messageSets: count(tables.sets.control),
    fingerprintCollisionProbability: 0,
    sha256: core.sha256,
  };
}
