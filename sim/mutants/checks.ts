/**
 * The checks that hunt a mutant: the contract, the simulator and the model checker for a core, whole nodes in the simulator of
 * hosts and then its own tests for a host.
 */

import { join } from "node:path";
import { type Ending, runProgram } from "./child.js";
import type { Finding } from "./finding.js";
import type { HostMutant } from "./mutant.js";
import { runTests } from "./tests.js";

/** In the order in which they are asked. */
export const CORE_CHECKS = ["contract", "simulator", "checker"] as const;
export type CoreCheck = (typeof CORE_CHECKS)[number];
/** In the order in which they are asked. */
export const HOST_CHECKS = ["world", "tests"] as const;
export type HostCheck = (typeof HOST_CHECKS)[number];
export const CHECKS = [...CORE_CHECKS, ...HOST_CHECKS] as const;
export type CheckName = CoreCheck | HostCheck;

/** Bounds in ms. They are against hanging: a mutant may loop for ever, and then the next check is asked. */
const LIMITS: Readonly<Record<CheckName, number>> = {
  contract: 240_000,
  simulator: 240_000,
  checker: 600_000,
  world: 240_000,
  tests: 400_000,
};

/** Where the contract's scenarios find the core that they judge (tests/contract/cores.ts). */
const MODULE_VARIABLE = "METALRAFT_MODULE";
/** The hunter of a checkout. */
const HUNTER = "dist/sim/mutants/hunt.js";

/** Runs that a hunt may take. */
export interface HuntRuns {
  /** Of the simulator of cores. */
  readonly seeds: number;
  /** Of the simulator of hosts. */
  readonly worlds: number;
}

/**
 * Asks one check about a core.
 * @param origin the checkout that hunts
 * @param module the core's path
 * @param folder a folder for reports
 */
export async function askAboutCore(
  check: CoreCheck,
  { folder, module, origin }: { readonly folder: string; readonly module: string; readonly origin: string },
  { seeds }: HuntRuns,
): Promise<Finding> {
  if (check !== "contract") return huntBy(check, origin, module, seeds);
  const env = { [MODULE_VARIABLE]: module };
  return runTests({ root: origin, folder, files: ["tests/contract"], env, together: true, limit: LIMITS.contract });
}

/**
 * Asks one check about a host.
 * @param folder a checkout made of it
 */
export async function askAboutHost(
  check: HostCheck,
  folder: string,
  tests: HostMutant["tests"],
  { worlds }: HuntRuns,
): Promise<Finding> {
  if (check === "tests") return runTests({ root: folder, folder, files: tests, together: false, limit: LIMITS.tests });
  return huntBy(check, folder, join(folder, "build/metalraft.wasm"), worlds);
}

async function huntBy(check: CheckName, root: string, module: string, runs: number): Promise<Finding> {
  const limit = LIMITS[check];
  return judgementOf(await runProgram([join(root, HUNTER), check, module, `${runs}`], { cwd: root, limit }), limit);
}

function judgementOf({ ended, ms, output, status }: Ending, limit: number): Finding {
  if (!ended) return { ms, outcome: "undecided", by: `no end within ${limit} ms` };
  const lines = output.trimEnd().split("\n");
  const line = lines.at(-1) ?? "";
  if (status === 0 && line.startsWith("{")) return { ms, ...(JSON.parse(line) as Omit<Finding, "ms">) };
  // Of what a runtime writes when it dies, the error says most.
  const error = lines.find((text) => /\bError\b/.test(text)) ?? line;
  return { ms, outcome: "undecided", by: `it failed: ${error}` };
}
