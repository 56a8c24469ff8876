/**
 * A process of its own that hunts one mutant: node hunt.js simulator|checker|world <module> <runs>. It writes a line of JSON, a
 * finding without its time. A mutant may never return from a call, so whoever starts this bounds its time. One of a host is
 * hunted by the hunter of its own checkout.
 */

import { readFileSync } from "node:fs";
import { compileCore } from "../../host/core/module.js";
import { huntingRuns } from "../campaign/index.js";
import { AssumptionBroken, type CheckOptions, check } from "../check/index.js";
import { runSimulation } from "../core-world/run.js";
import { V8Core } from "../v8-core.js";
import type { Finding } from "./finding.js";
import { huntInWorlds, namedWorlds } from "./worlds.js";

type Judgement = Omit<Finding, "ms">;

const NOTHING: Judgement = { outcome: "nothing", by: "" };

/** Runs simulations until a rule is broken. */
function simulate(path: string, runs: number): Judgement {
  const core = new V8Core(compileCore(new Uint8Array(readFileSync(path))));
  for (const { name, options } of huntingRuns(runs)) {
    const result = runSimulation({ ...options, core });
    if (result.violation !== null) return { outcome: "caught", by: `${firstLine(result.violation)} (${name})` };
    if (!result.linearizable) return { outcome: "caught", by: `not linearizable (${name})` };
  }
  return NOTHING;
}

function firstLine(text: string): string {
  return text.split("\n", 1)[0] ?? "";
}

/** MiB for a search, of which it touches what it needs. */
const MEMORY = 1024;
/** Worlds that are searched, the small ones first; those that are not bounded take seconds. */
const WORLDS: readonly Partial<CheckOptions>[] = [
  { nodes: 1, maxTerm: 2, maxLog: 3, crashes: 1 },
  { nodes: 2, maxTerm: 1, maxLog: 1, crashes: 1 },
  { nodes: 3, maxTerm: 1, maxLog: 1 },
  { nodes: 2, maxLog: 3, storage: "sync", membership: "joint" },
  { nodes: 3, voters: 1, maxTerm: 2, maxLog: 2, storage: "sync", membership: "joint" },
  { nodes: 3, voters: 1, maxTerm: 2, maxLog: 2, storage: "sync", membership: "single" },
  { nodes: 3, maxLog: 2, storage: "sync", membership: "single" },
  { nodes: 2, maxTerm: 2, maxLog: 3, storage: "sync", membership: "single", changes: 2 },
  { nodes: 3, voters: 1, maxLog: 3, storage: "sync", membership: "single", changes: 2 },
  { nodes: 3, maxTerm: 1, maxLog: 2, storage: "sync", minutes: 1 },
  { nodes: 3, maxTerm: 2, maxLog: 1, underWay: 1, minutes: 1 },
  { nodes: 3, maxTerm: 1, maxLog: 1, crashes: 1, minutes: 1 },
  { nodes: 2, maxTerm: 2, maxLog: 3, crashes: 1, storage: "sync", membership: "joint", minutes: 1 },
  { nodes: 3, maxTerm: 2, maxLog: 2, storage: "sync", minutes: 1 },
  { nodes: 3, voters: 2, maxLog: 3, storage: "sync", membership: "joint", minutes: 1 },
  { nodes: 3, maxTerm: 2, maxLog: 2, storage: "sync", membership: "single", minutes: 0.5 },
];

/** Searches small worlds until a rule is broken. */
async function search(path: string): Promise<Judgement> {
  const core = compileCore(new Uint8Array(readFileSync(path)));
  for (const world of WORLDS) {
    try {
      const { violation } = await check({ memory: MEMORY, selfCheck: false, ...world }, core);
      if (violation !== null) {
        return {
          outcome: "caught",
          by: `${violation.rule}, ${violation.steps.length} steps (${JSON.stringify(world)})`,
        };
      }
    } catch (error) {
      if (error instanceof AssumptionBroken) return { outcome: "undecided", by: firstLine(error.message) };
      if (error instanceof WebAssembly.RuntimeError)
        return { outcome: "caught", by: `the core traps: ${error.message}` };
      throw error;
    }
  }
  return NOTHING;
}

/** Runs worlds of whole hosts until a rule is broken. An error that ends a run is none: nothing says what it breaks. */
async function live(path: string, runs: number): Promise<Judgement> {
  try {
    const by = await huntInWorlds(namedWorlds(runs), compileCore(new Uint8Array(readFileSync(path))));
    return by === undefined ? NOTHING : { outcome: "caught", by };
  } catch (error) {
    return { outcome: "undecided", by: `an error ended a run: ${firstLine(String(error))}` };
  }
}

const HUNTS: Readonly<Record<string, (path: string, runs: number) => Judgement | Promise<Judgement>>> = {
  simulator: simulate,
  checker: search,
  world: live,
};

const [kind = "", path = "", runs = "0"] = process.argv.slice(2);
const hunt = HUNTS[kind];
if (hunt === undefined) throw new Error(`"${kind}" is no hunt: there are ${Object.keys(HUNTS).join(", ")}`);
process.stdout.write(`${JSON.stringify(await hunt(path, Number(runs)))}\n`);
