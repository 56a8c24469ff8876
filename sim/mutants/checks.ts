/** The checks that hunt a mutant: the contract, the simulator and the model checker for a core, its own tests for a host. */

import { fileURLToPath } from "node:url";
import { type Ending, runProgram } from "./child.js";
import type { Finding } from "./finding.js";
import type { HostMutant } from "./mutant.js";
import { rootOfSources } from "./root.js";
import { runTests } from "./tests.js";

/** In the order in which they are asked. */
export const CORE_CHECKS = ["contract", "simulator", "checker"] as const;
export type CoreCheck = (typeof CORE_CHECKS)[number];
export type CheckName = CoreCheck | "tests";

/** Bounds in ms. They are against hanging: a mutant may loop for ever, and then the next check is asked. */
const LIMITS: Readonly<Record<CheckName, number>> = {
  contract: 240_000,
  simulator: 240_000,
  checker: 400_000,
  tests: 400_000,
};

/** Where the contract's scenarios find the core that they judge (tests/contract/cores.ts). */
const MODULE_VARIABLE = "METALRAFT_MODULE";

/**
 * Asks one check about a core.
 * @param module the module's path
 * @param folder a folder for reports
 * @param seeds runs of the simulator
 */
export async function askAboutCore(check: CoreCheck, module: string, folder: string, seeds: number): Promise<Finding> {
  const limit = LIMITS[check];
  if (check === "contract") {
    const env = { [MODULE_VARIABLE]: module };
    return runTests({ root: rootOfSources(), folder, files: ["tests/contract"], env, together: true, limit });
  }
  const script = fileURLToPath(new URL("./hunt.js", import.meta.url));
  return judgementOf(await runProgram([script, check, module, `${seeds}`], { cwd: rootOfSources(), limit }), limit);
}

function judgementOf({ ended, ms, output, status }: Ending, limit: number): Finding {
  if (!ended) return { ms, outcome: "undecided", by: `no end within ${limit} ms` };
  const line = output.trimEnd().split("\n").at(-1) ?? "";
  if (status !== 0 || !line.startsWith("{")) return { ms, outcome: "undecided", by: `it failed: ${line}` };
  return { ms, ...(JSON.parse(line) as Omit<Finding, "ms">) };
}

/** Asks a host's own tests, in a checkout made of it. */
export function askAboutHost(folder: string, tests: HostMutant["tests"]): Promise<Finding> {
  return runTests({ root: folder, folder, files: tests, together: false, limit: LIMITS.tests });
}
