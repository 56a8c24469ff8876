/** `metalraft sim`: simulated runs with every checker on, one of them, one again, or as many as there is time for. */

import { Command } from "commander";
import { ENGINES } from "../../sim/engines.js";
import { HOST_FAULTS } from "../../sim/host-world/index.js";
import {
  type Fault,
  FaultListError,
  type FaultMix,
  MOST_NODES,
  parseFaultMix,
  RARER_FAULTS,
  USUAL_FAULTS,
} from "../../sim/index.js";
import type { TransportName } from "../../sim/timefull/index.js";
import { wholeNumber } from "./flags.js";
import { UsageError } from "./output.js";
import { boundaries, boundariesOptions } from "./sim/boundaries.js";
import { campaign, campaignOptions } from "./sim/campaign.js";
import { type HostFlags, simulateHosts } from "./sim/host.js";
import { checkFlags } from "./sim/modes.js";
import { repeatTrace } from "./sim/replay.js";
import { runOnce } from "./sim/run.js";
import { runInRealTime, timefullOptions } from "./sim/timefull.js";

const EXAMPLES = `
Examples:
  metalraft sim --seed 1 --nodes 5 --steps 20000
  metalraft sim --seed 7 --nodes 3 --steps 5000 --faults none
  metalraft sim --seed 7 --nodes 3 --steps 5000 --faults usual,crash:10,delay
  metalraft sim --seed 1 --nodes 5 --steps 20000 --json
  metalraft sim --seed 7 --nodes 3 --steps 2000 --core rv32
  metalraft sim --seed 7 --shrink failure.trace              shrink the run if it breaks a rule
  metalraft sim --trace failure.trace --diagram              the same again, drawn
  metalraft sim --trace failure.trace --against other.wasm   the first step at which two cores part
  metalraft sim --campaign --minutes 60 --jobs 2             many runs, each with its own mix of faults
  metalraft sim --swarm --seed 123                           one run of a campaign
  metalraft sim --seed 11 --nodes 3 --sessions --boundaries  a crash between any two effects, one after the other
  metalraft sim --timefull --transport tcp --nodes 3         running nodes in real time, crashed and cut off
  metalraft sim --host --seed 1 --nodes 3 --steps 20000      whole nodes on simulated disks
  metalraft sim --host --campaign --minutes 60 --jobs 2      many of these, each with its own mix of faults
  metalraft sim --host --swarm --seed 9 --shrink host.trace  as few faults of a run as break the same rule
  metalraft sim --host --trace host.trace --diagram          the same again, drawn

The usual faults are ${USUAL_FAULTS.join(", ")};
the rarer ones ${RARER_FAULTS.join(", ")}.
Those of hosts, all of them unless stated, are ${HOST_FAULTS.join(", ")}.
"drop:10" is the fault drop ten times as often, and "usual,drop:10" all usual ones, that one so often.
The same seed, nodes, steps and faults give the same digest everywhere, if the core is the same; on every engine, too:
v8 is this process's own, wamr and wamr-classic are WAMR's two interpreters in a process of their own, rv32 and
rv32-classic the same on an emulated RISC-V microcontroller. All but v8 have to be built: node host/tools/firmware.mjs
Exit status 1: a rule was broken, or the answers that clients got are not linearizable; with --campaign, also a run that
ended with an error, or a rare path that was never reached; with --against, that the two part.`;

/** Every flag of the command. */
export interface SimFlags {
  readonly seed: number;
  readonly nodes: number;
  readonly steps: number;
  readonly faults: FaultMix<Fault>;
  /** An engine, or a file with a core for this process's own. */
  readonly core: string;
  readonly liveness: boolean;
  readonly sessions: boolean;
  readonly boundaries: boolean;
  /** Flushes from one whose boundaries are tried to the next. */
  readonly every: number;
  readonly swarm: boolean;
  readonly host: boolean;
  readonly record?: string;
  readonly specTrace?: string;
  readonly shrink?: string;
  readonly trace?: string;
  readonly diagram: boolean;
  readonly against?: string;
  readonly campaign: boolean;
  readonly minutes: number;
  readonly jobs: number;
  readonly runs: number;
  readonly out: string;
  readonly timefull: boolean;
  readonly transport: TransportName;
  readonly seconds: number;
  readonly allow: readonly string[];
  readonly json?: boolean;
}

export function simCommand(): Command {
  const whole = (least: number) => wholeNumber(least, Number.MAX_SAFE_INTEGER);
  const command = new Command("sim")
    .description("simulate a cluster, with faults, every checker on")
    .option("--seed <n>", "what the run follows from", whole(0), 1)
    .option("--nodes <n>", "how many nodes", wholeNumber(1, MOST_NODES), 5)
    .option("--steps <n>", "how many actions to take; with --boundaries 1000 unless stated", whole(1), 20_000)
    .option("--faults <list>", "faults with commas between, each perhaps with a factor; or all, usual, none", "usual")
    .option("--core <engine>", `what runs the core: ${ENGINES.join(", ")}, or a .wasm file for v8`, "v8")
    .option("--liveness", "judge at the end that the cluster recovers when faults stop", false)
    .option("--sessions", "clients with sessions, too, who ask again until they have an answer", false)
    .option("--swarm", "the run that the seed stands for in a campaign; nodes, steps and faults follow from it", false)
    .option("--host", "simulate whole nodes: log, snapshots and state machine on a simulated file system", false)
    .option("--record <file>", "write the run as a trace")
    .option("--spec-trace <file>", "write the run for host/tools/tlc.mjs --trace, which holds it against docs/spec/")
    .option("--shrink <file>", "write the shortest trace that breaks the same rule, if one is broken")
    .option("--trace <file>", "take the steps of a trace again")
    .option("--diagram", "draw the trace: nodes as columns, time downwards", false)
    .option("--against <core>", "find the first step at which a trace parts: another core, or another trace");
  return timefullOptions(campaignOptions(boundariesOptions(command)))
    .option("--json", "end with one JSON object on standard output")
    .addHelpText("after", EXAMPLES)
    .action(sim);
}

async function sim(given: HostFlags, command: Command): Promise<void> {
  checkFlags(command);
  if (given.host) {
    // Those of hosts are all usual.
    const isAsked = command.getOptionValueSource("faults") === "cli";
    await simulateHosts(isAsked ? given : { ...given, faults: "all" });
    return;
  }
  const flags: SimFlags = { ...given, faults: faults(given.faults) };
  if (flags.boundaries) boundaries(flags, command.getOptionValueSource("steps") === "cli");
  else if (flags.campaign) await campaign(flags);
  else if (flags.timefull) await runInRealTime(flags);
  else if (flags.trace !== undefined) repeatTrace(flags.trace, flags);
  else runOnce(flags);
}

function faults(list: string): FaultMix<Fault> {
  try {
    return parseFaultMix(list);
  } catch (error) {
    if (!(error instanceof FaultListError)) throw error;
    throw new UsageError(`${error.message}.`);
  }
}
