/**
 * A process of its own that hunts one mutant: node hunt.js simulator|checker <module> <seeds>. It writes a line of JSON, a
 * finding without its time. A mutant may never return from a call, so whoever starts this bounds its time.
 */

import { readFileSync } from "node:fs";
import { compileCore } from "../../host/core/module.js";
import { AssumptionBroken, type CheckOptions, check } from "../check/index.js";
import { runSimulation } from "../run.js";
import { V8Core } from "../v8-core.js";
import type { Finding } from "./finding.js";

type Judgement = Omit<Finding, "ms">;

/** Actions of a run: long enough for snapshots, changes of membership and full windows. */
const STEPS = 20_000;
/** Nodes of runs, in turn. */
const NODES = [3, 5, 4, 3, 7] as const;

const NOTHING: Judgement = { outcome: "nothing", by: "" };

/** Runs simulations with seeds from 1 on until a rule is broken. */
function simulate(path: string, seeds: number): Judgement {
  const core = compileCore(new Uint8Array(readFileSync(path)));
  for (let seed = 1; seed <= seeds; seed++) {
    const nodes = NODES[seed % NODES.length] ?? 3;
    const result = runSimulation({ seed, nodes, steps: STEPS, core: new V8Core(core) });
    const command = `--seed ${seed} --nodes ${nodes} --steps ${STEPS}`;
    if (result.violation !== null) return { outcome: "caught", by: `${firstLine(result.violation)} (${command})` };
    if (!result.linearizable) return { outcome: "caught", by: `not linearizable (${command})` };
  }
  return NOTHING;
}

function firstLine(text: string): string {
  return text.split("\n", 1)[0] ?? "";
}

/** MiB for a search, of which it touches what it needs. */
const MEMORY = 1024;
/** Worlds that are searched, the small ones first. */
const WORLDS: readonly Partial<CheckOptions>[] = [
  { nodes: 1, maxTerm: 2, maxLog: 3, crashes: 1 },
  { nodes: 2, maxTerm: 1, maxLog: 1, crashes: 1 },
  { nodes: 3, maxTerm: 1, maxLog: 1 },
  { nodes: 3, maxTerm: 1, maxLog: 2, storage: "sync", minutes: 1 },
  { nodes: 3, maxTerm: 1, maxLog: 1, crashes: 1, minutes: 1 },
  { nodes: 3, maxTerm: 2, maxLog: 2, storage: "sync", minutes: 1 },
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

const [kind, path = "", seeds = "0"] = process.argv.slice(2);
const judgement = kind === "simulator" ? simulate(path, Number(seeds)) : await search(path);
process.stdout.write(`${JSON.stringify(judgement)}\n`);
