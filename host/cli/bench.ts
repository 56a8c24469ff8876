/** `metalraft bench`: the benchmarks. Figures are for comparison within one run: machines differ, and are shared. */

import { Command } from "commander";
import { FAULTS, runSimulation, type SimulationOptions } from "../../sim/index.js";
import { shippedCore } from "../core/module.js";
import { runAdministration } from "./bench/admin.js";
import { runDurable } from "./bench/durable.js";
import { BENCH_ENGINES, type BenchEngine, runEngine } from "./bench/engines.js";
import { runCatchUp, runLeaseReads, runReadIndex, runSnapshotChunks } from "./bench/features.js";
import { runGroups } from "./bench/groups.js";
import { InProcessCluster, runCommits, runCrossings } from "./bench/in-process.js";
import { type BenchResult, formatResults, median, timed } from "./bench/result.js";
import { runSoak } from "./bench/soak.js";
import { choice, wholeNumber } from "./flags.js";
import { say, sayJson, tell } from "./output.js";

/** Each in-process measurement is the median of this many. */
const REPETITIONS = 5;
const CROSSINGS = 2_000_000;
const PAYLOAD = 16;
const READS = 64 * 50_000;
/** Proposals a flush, and commands a measurement. */
const COMMITS: readonly (readonly [batch: number, total: number])[] = [
  [1, 300_000],
  [64, 64 * 30_000],
];
const SIMULATION = { seed: 7, nodes: 5, steps: 200_000 };
/** By name. Rules are all on in both. */
const SIMULATIONS: readonly (readonly [name: string, options: SimulationOptions])[] = [
  ["simulated action, 5 nodes, all rules on", SIMULATION],
  ["the same, all faults, clients with sessions", { ...SIMULATION, faults: FAULTS, sessions: true, liveness: true }],
];
const SOAK_PAYLOAD = 64;
const DURABLE = { clients: 64, payload: 256 };

const EXAMPLES = `
Examples:
  metalraft bench
  metalraft bench --only commit --json
  metalraft bench --core wamr               the core under WAMR beside the core on V8
  metalraft bench --core rv32               on an emulated ESP32-C3: instructions, both interpreters
  metalraft bench --only memory             10 million commits, and the memory before and after
  metalraft bench --only soak --writes 5000000   endless load on disk: what is held early and late

The benchmarks are ${["commit", "reads", "catch-up", "memory", "sim", "durable", "admin", "groups", "soak"].join(", ")}. The first
row, what one call into the core and back costs, is the unit to compare the others with: on a busy machine all of them rise together.`;

interface BenchFlags {
  readonly only?: string;
  readonly writes: number;
  readonly groups: number;
  readonly core?: BenchEngine;
  readonly json?: boolean;
}

const BENCHMARKS: Readonly<Record<string, (flags: BenchFlags) => BenchResult[] | Promise<BenchResult[]>>> = {
  commit: benchCommits,
  reads: benchReads,
  "catch-up": benchCatchUp,
  memory: benchMemory,
  sim: benchSimulation,
  durable: async ({ writes }) => [await runDurable({ ...DURABLE, writes })],
  admin: runAdministration,
  groups: ({ groups }) => runGroups(groups),
  soak: async ({ writes }) => [await runSoak(writes, SOAK_PAYLOAD)],
};
/** Takes minutes: only when it is asked for by name. */
const LONG: ReadonlySet<string> = new Set(["soak"]);

export function benchCommand(): Command {
  return new Command("bench")
    .description("measure the core, the simulator, a durable cluster, and its administration")
    .option("--only <name>", `one of ${Object.keys(BENCHMARKS).join(", ")} (default: all but soak)`)
    .option("--writes <n>", "writes to the durable cluster, and of the soak", wholeNumber(1, 10_000_000), 20_000)
    .option("--groups <n>", "groups of the benchmark of many groups", wholeNumber(3, 10_000), 1000)
    .option(
      "--core <name>",
      `commits on V8 and on this engine, and how they compare: ${BENCH_ENGINES.join(", ")}; nothing else is measured`,
      choice(BENCH_ENGINES),
    )
    .option("--json", "end with one JSON object on standard output")
    .addHelpText("after", EXAMPLES)
    .action(runBench);
}

async function runBench(flags: BenchFlags, command: Command): Promise<void> {
  if (flags.only !== undefined && !Object.hasOwn(BENCHMARKS, flags.only)) {
    command.error(`error: there is no benchmark '${flags.only}': choose one of ${Object.keys(BENCHMARKS).join(", ")}`);
  }
  if (flags.core !== undefined && flags.only !== undefined && flags.only !== "commit") {
    command.error(`error: --core compares commits: leave --only ${flags.only} out`);
  }
  const results = flags.core === undefined ? await runAll(flags) : runEngine(flags.core);
  const { sha256, bytes } = shippedCore();
  if (flags.json === true) sayJson({ core: sha256, bytes, node: process.version, results });
  else say(formatResults(results));
}

async function runAll(flags: BenchFlags): Promise<BenchResult[]> {
  const results: BenchResult[] = [];
  for (const [name, bench] of Object.entries(BENCHMARKS)) {
    if (flags.only === undefined ? LONG.has(name) : flags.only !== name) continue;
    tell(`${name} ...`);
    results.push(...(await bench(flags)));
  }
  return results;
}

/** The repetitions of all measurements take turns, so that a disturbance does not fall on one of them alone. */
function benchCommits(): BenchResult[] {
  const cluster = new InProcessCluster();
  const measurements = [
    () => runCrossings(CROSSINGS),
    ...COMMITS.map(
      ([batch, total]) =>
        () =>
          runCommits(cluster, PAYLOAD, batch, total),
    ),
  ];
  for (const measure of measurements) measure();
  const rows = measurements.map((): BenchResult[] => []);
  for (let i = 0; i < REPETITIONS; i++) {
    for (const [at, measure] of measurements.entries()) rows[at]?.push(measure());
  }
  return rows.map(median);
}

function benchReads(): BenchResult[] {
  const cluster = new InProcessCluster();
  const measurements = [() => runReadIndex(cluster, READS), () => runLeaseReads(READS)];
  return measurements.map((measure) => {
    measure();
    return median(Array.from({ length: REPETITIONS }, measure));
  });
}

function benchCatchUp(): BenchResult[] {
  return [runCatchUp, runSnapshotChunks].map((measure) => median(Array.from({ length: REPETITIONS }, () => measure())));
}

/** Memory after init and after ten million commits. */
function benchMemory(): BenchResult[] {
  const cluster = new InProcessCluster();
  const before = cluster.instance.memoryPages;
  const result = runCommits(cluster, PAYLOAD, 64, 64 * 156_250);
  const after = cluster.instance.memoryPages;
  return [
    { ...result, name: "memory over 10 million commits", extra: { pagesAfterInit: before, pagesAfterCommits: after } },
  ];
}

function benchSimulation(): BenchResult[] {
  return SIMULATIONS.map(([name, options]) => {
    const rows = Array.from({ length: REPETITIONS }, () => {
      const begun = process.hrtime.bigint();
      const { digest, violations } = runSimulation(options);
      const nanoseconds = Number(process.hrtime.bigint() - begun);
      const none = { payload: 0, batch: 1, crossingsPerOp: null, bytesCopiedPerOp: null };
      return timed({ name, ...none, extra: { digest, violations } }, SIMULATION.steps, nanoseconds);
    });
    return median(rows);
  });
}
