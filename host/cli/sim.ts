/** `metalraft sim`: one simulated run with every checker on. */

import { Command, InvalidArgumentError, Option } from "commander";
import { ENGINES, type EngineName, openCore } from "../../sim/engines.js";
import {
  FAULTS,
  type Fault,
  MOST_NODES,
  parseFaults,
  runSimulation,
  SimulationError,
  type SimulationResult,
} from "../../sim/index.js";
import { wholeNumber } from "./flags.js";
import { say, sayJson, tell } from "./output.js";

const EXAMPLES = `
Examples:
  metalraft sim --seed 1 --nodes 5 --steps 20000
  metalraft sim --seed 7 --nodes 3 --steps 5000 --faults none
  metalraft sim --seed 1 --nodes 5 --steps 20000 --json
  metalraft sim --seed 7 --nodes 3 --steps 2000 --core rv32

The faults are ${FAULTS.join(", ")}.
The same seed, nodes, steps and faults give the same digest everywhere, if the core is the same; on every engine, too:
v8 is this process's own, wamr and wamr-classic are WAMR's two interpreters in a process of their own, rv32 and
rv32-classic the same on an emulated RISC-V microcontroller. All but v8 have to be built: node host/tools/firmware.mjs
Exit status 1: a rule was broken, or the answers that clients got are not linearizable.`;

interface SimFlags {
  readonly seed: number;
  readonly nodes: number;
  readonly steps: number;
  readonly faults: readonly Fault[];
  readonly core: EngineName;
  readonly json?: boolean;
}

export function simCommand(): Command {
  const whole = (least: number) => wholeNumber(least, Number.MAX_SAFE_INTEGER);
  return new Command("sim")
    .description("simulate one run of a cluster, with faults, every checker on")
    .option("--seed <n>", "what the run follows from", whole(0), 1)
    .option("--nodes <n>", "how many nodes", wholeNumber(1, MOST_NODES), 5)
    .option("--steps <n>", "how many actions to take", whole(1), 20_000)
    .option("--faults <list>", "faults with commas between, all or none", faults, FAULTS)
    .addOption(new Option("--core <engine>", "what runs the core").choices(ENGINES).default("v8"))
    .option("--json", "end with one JSON object on standard output")
    .addHelpText("after", EXAMPLES)
    .action(runSim);
}

function runSim({ json, core: engine, ...options }: SimFlags): void {
  const core = openCore(engine);
  const result = runSimulation({ ...options, core });
  core.close();
  const broken = result.violations > 0 || !result.linearizable;
  if (json === true) sayJson(result);
  else for (const line of describe(result)) say(line);
  if (!broken) return;
  if (result.violation !== null) tell(result.violation);
  if (result.explanation !== null) tell(`the answers that clients got are not linearizable: ${result.explanation}`);
  tell(`to repeat it: ${repeat(options, engine)}`);
  process.exitCode = 1;
}

function describe(result: SimulationResult): string[] {
  const { commits, core, digest, elections, events, linearizable, seed, steps, violations, wallMs } = result;
  return [
    `seed ${seed}: ${steps} actions in ${wallMs} ms, digest ${digest}`,
    `${events} events, ${elections} elections, ${commits} entries committed`,
    `${violations} violations, linearizable: ${linearizable ? "yes" : "NO"}`,
    `core ${core}`,
  ];
}

/** The command that gives the same run. */
function repeat({ faults: chosen, nodes, seed, steps }: Omit<SimFlags, "json" | "core">, engine: EngineName): string {
  const list = chosen.length === FAULTS.length ? "all" : chosen.join(",") || "none";
  const core = engine === "v8" ? "" : ` --core ${engine}`;
  return `metalraft sim --seed ${seed} --nodes ${nodes} --steps ${steps} --faults ${list}${core}`;
}

function faults(list: string): readonly Fault[] {
  try {
    return parseFaults(list);
  } catch (error) {
    if (!(error instanceof SimulationError)) throw error;
    throw new InvalidArgumentError(`${error.message}.`);
  }
}
