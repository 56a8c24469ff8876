/** `metalraft sim --timefull`: a random run in real time, of nodes with real timers, transports and files. */

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Command, Option } from "commander";
import { type FaultMix, formatFaultMix } from "../../../sim/index.js";
import {
  MOST_TIMEFULL_NODES,
  MOST_TIMEFULL_SECONDS,
  runTimefull,
  TIMEFULL_FAULTS,
  type TimefullFault,
  type TimefullRunResult,
  TRANSPORTS,
} from "../../../sim/timefull/index.js";
import { wholeNumber } from "../flags.js";
import { say, sayJson, tell, UsageError } from "../output.js";
import type { SimFlags } from "../sim.js";
import { moduleOf } from "./core.js";

const DEFAULT_SECONDS = 10;

type TimefullFlags = Pick<SimFlags, "core" | "faults" | "json" | "nodes" | "seconds" | "seed" | "transport">;

/** Adds what only a run in real time takes. */
export function timefullOptions(command: Command): Command {
  return command
    .option("--timefull", "run in real time instead: real timers, transports and files, in this process", false)
    .addOption(
      new Option("--transport <name>", "what a run in real time sends by").choices([...TRANSPORTS]).default("memory"),
    )
    .option(
      "--seconds <n>",
      "how long faults go on in real time",
      wholeNumber(1, MOST_TIMEFULL_SECONDS),
      DEFAULT_SECONDS,
    );
}

export async function runInRealTime(flags: TimefullFlags): Promise<void> {
  const { nodes, seconds, seed, transport } = flags;
  if (nodes > MOST_TIMEFULL_NODES) throw new UsageError(`a run in real time has at most ${MOST_TIMEFULL_NODES} nodes`);
  const mix = faultsOf(flags.faults);
  const folder = mkdtempSync(join(tmpdir(), "metalraft-timefull-"));
  try {
    const result = await runTimefull({
      nodes,
      seconds,
      transport,
      seed,
      folder,
      faults: mix,
      core: moduleOf(flags.core),
      onProgress: (answered) => tell(`${answered} operations answered`),
    });
    if (flags.json === true) sayJson(result);
    else for (const line of describe(result)) say(line);
    if (result.violation !== null) tell(result.violation);
    if (result.explanation !== null) tell(`the answers that clients got are not linearizable: ${result.explanation}`);
    if (result.violations > 0 || !result.linearizable) process.exitCode = 1;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Those of the usual faults that there are in real time, or of others if they are named. */
function faultsOf(named: TimefullFlags["faults"]): FaultMix<TimefullFault> {
  const known = TIMEFULL_FAULTS.filter((fault) => named.has(fault));
  const list = formatFaultMix(named);
  const isSet = ["usual", "all"].includes(list.split(",")[0] ?? "");
  if (known.length === named.size || isSet) return new Map(known.map((fault) => [fault, named.get(fault) ?? 1]));
  throw new UsageError(`in real time there are only the faults ${TIMEFULL_FAULTS.join(", ")}`);
}

function describe(result: TimefullRunResult): string[] {
  const { answered, commits, elections, failed, faults, linearizable, lost, messages, operations } = result;
  const { nodes, recovered, seconds, transport, unknown, violations } = result;
  const injected = Object.entries(faults).map(([fault, count]) => `${count} x ${fault}`);
  const isRecovered = recovered === null ? "not asked" : recovered ? "yes" : "NO";
  return [
    `${nodes} nodes over ${transport} with their files, ${seconds} s in real time: ${injected.join(", ")}`,
    `${operations} operations: ${answered} answered, ${failed} refused, ${unknown} without an outcome`,
    describeSessions(result),
    `${elections} elections, ${commits} entries committed, ${messages} messages, ${lost} lost on purpose`,
    `${violations} violations, linearizable: ${linearizable ? "yes" : "NO"}, recovered: ${isRecovered}`,
    `core ${result.core}`,
  ];
}

function describeSessions({ keepsSessions, sessions }: TimefullRunResult): string {
  const { keyed, moved, opened, refused, reopened, repeated, replayed, retried, writes } = sessions;
  const asked = `${keyed} under keys, asked again ${retried} times, ${moved} of them elsewhere`;
  if (!keepsSessions) return `no sessions are kept: ${asked}, ${refused} refused`;
  const written = `${opened} sessions (${reopened} in the place of others), ${writes} writes in them, ${asked}`;
  return `${written}; ${replayed} answers given again, ${repeated} answered writes repeated, ${refused} refused`;
}
