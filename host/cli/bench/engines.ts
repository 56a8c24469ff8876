/**
 * The core on other engines than this process's: under WAMR on this machine, and on an emulated microcontroller. No pipe and
 * no network is in what is measured: each engine's process commits by itself, and says what that took.
 */

import { spawnSync } from "node:child_process";
import { dirname, join } from "node:path";
import { EngineError, type EngineName, engineCommand } from "../../../sim/engines.js";
import { UsageError } from "../output.js";
import { InProcessCluster, runCommits } from "./in-process.js";
import { type BenchResult, median, timed } from "./result.js";

/** As `--core` takes them; the last one has both interpreters. */
export const BENCH_ENGINES = ["wamr", "wamr-classic", "rv32"] as const;
export type BenchEngine = (typeof BENCH_ENGINES)[number];

/** How much is measured: proposals a flush, commands with V8 and with an interpreter, and how often. */
export interface EngineLoad {
  readonly payload: number;
  readonly batches: readonly number[];
  readonly commitsOnV8: number;
  readonly commits: number;
  readonly repetitions: number;
}

export const ENGINE_LOAD: EngineLoad = {
  payload: 16,
  batches: [1, 64],
  commitsOnV8: 64 * 5000,
  commits: 64 * 500,
  repetitions: 3,
};

/** Clock of an ESP32-C3, in Hz. */
const BOARD_CLOCK = 160e6;
/** For one process, in ms: a bound on hanging. */
const PATIENCE = 300_000;

/** What firmware/ports/posix/bench.c prints. */
interface PosixReport {
  readonly interpreter: string;
  readonly commits: number;
  readonly nanoseconds: number;
}

/** What firmware/ports/qemu-rv32/bench.c prints, of which this is needed. */
interface BoardReport {
  readonly interpreter: string;
  readonly members: number;
  readonly payload: number;
  readonly instructions: number;
}

/** Measures an engine. @throws {UsageError} when it is not built, or cannot be run */
export function runEngine(engine: BenchEngine, load = ENGINE_LOAD): BenchResult[] {
  if (engine === "rv32") return [boardRow("rv32"), boardRow("rv32-classic")];
  return load.batches.flatMap((batch) => compareWithV8(engine, batch, load));
}

/** The same commits on V8 and under WAMR, in turns, so that a disturbance does not fall on one of them alone. */
function compareWithV8(engine: Exclude<BenchEngine, "rv32">, batch: number, load: EngineLoad): BenchResult[] {
  const { payload } = load;
  const { program } = commandOf(engine);
  const cluster = new InProcessCluster();
  const onV8 = (): BenchResult => runCommits(cluster, payload, batch, wholeBatches(load.commitsOnV8, batch));
  const onWamr = (): PosixReport => {
    const commits = wholeBatches(load.commits, batch);
    const args = ["bench", "--payload", `${payload}`, "--batch", `${batch}`, "--commits", `${commits}`];
    return JSON.parse(outputOf(program, args, "stdout")) as PosixReport;
  };
  onV8();
  const v8Rows: BenchResult[] = [];
  const wamrRows: BenchResult[] = [];
  for (let i = 0; i < load.repetitions; i++) {
    const row = onV8();
    v8Rows.push(row);
    const { commits, interpreter, nanoseconds } = onWamr();
    const name = `${row.name}, WAMR ${interpreter}`;
    wamrRows.push(timed({ name, payload, batch, crossingsPerOp: null, bytesCopiedPerOp: null }, commits, nanoseconds));
  }
  const v8 = median(v8Rows);
  const wamr = median(wamrRows);
  const timesV8 = Math.round((wamr.nsPerOp / v8.nsPerOp) * 10) / 10;
  return [
    { ...v8, name: `${v8.name}, V8` },
    { ...wamr, extra: { timesV8 } },
  ];
}

/** Instructions are counted; the time is what they would take at one a cycle, which no board reaches. */
function boardRow(engine: Extract<EngineName, "rv32" | "rv32-classic">): BenchResult {
  const { args, program } = commandOf(engine);
  const rig = args.at(-1) ?? "";
  const emulation = [...args.slice(0, -1), join(dirname(rig), "metalraft-bench.elf"), "-icount", "shift=0"];
  const [line = ""] = outputOf(program, emulation, "stderr").split("\n");
  const { instructions, interpreter, members, payload } = JSON.parse(line) as BoardReport;
  const row = {
    name: `commit, leader of ${members}, RV32 ${interpreter}, ESTIMATE at 160 MHz and an instruction a cycle`,
    payload,
    batch: 1,
    crossingsPerOp: null,
    bytesCopiedPerOp: null,
    extra: { instructions },
  };
  return timed(row, 1, (instructions / BOARD_CLOCK) * 1e9);
}

function commandOf(engine: Exclude<EngineName, "v8">): ReturnType<typeof engineCommand> {
  try {
    return engineCommand(engine);
  } catch (error) {
    throw error instanceof EngineError ? new UsageError(error.message) : error;
  }
}

function wholeBatches(commits: number, batch: number): number {
  return Math.max(1, Math.floor(commits / batch)) * batch;
}

function outputOf(program: string, args: readonly string[], from: "stdout" | "stderr"): string {
  const run = spawnSync(program, args, { stdio: ["ignore", "pipe", "pipe"], encoding: "utf8", timeout: PATIENCE });
  if (run.error !== undefined) throw new UsageError(`${program} cannot be run: ${run.error.message}`);
  if (run.status !== 0) throw new UsageError(`${program} failed: ${run.stderr.trim()}`);
  return run[from];
}
