/** `metalraft inspect`: what is in a compiled core, and whether it keeps to the gate. */

import { readFileSync } from "node:fs";
import { Command } from "commander";
import { checkGate } from "../core/gate.js";
import { inspectModule, type ModuleInspection } from "../core/inspect.js";
import { CoreInstance } from "../core/instance.js";
import { compileCore } from "../core/module.js";
import { planBytes } from "../core/node.js";
import { type Capacity, MICRO_CAPACITY, SERVER_CAPACITY } from "../core/plan.js";
import { wasmFile } from "../core/wasm-file.js";
import { say, sayJson, tell, UsageError } from "./output.js";

const EXAMPLES = `
Examples:
  metalraft inspect                  the core of this package
  metalraft inspect other.wasm --json

Exit status 1: the module holds what a core must not, which standard error names.`;

/** What an arena takes with the capacities of a plan. */
interface PlanReport extends Capacity {
  readonly name: string;
  /** Bytes of arena, all that a node takes in linear memory. */
  readonly arenaBytes: number;
}

const PLANS = { server: SERVER_CAPACITY, micro: MICRO_CAPACITY } as const;

export function inspectCommand(): Command {
  return new Command("inspect")
    .description("show what is in a compiled core, and what its plans take")
    .argument("[file]", "a .wasm file (default: the core of this package)")
    .option("--json", "end with one JSON object on standard output")
    .addHelpText("after", EXAMPLES)
    .action(runInspect);
}

function runInspect(file: string | undefined, { json }: { readonly json?: boolean }): void {
  const bytes = readModule(file ?? wasmFile());
  const inspection = inspectModule(bytes);
  const violations = checkGate(inspection);
  // A module that is no core has no plans to ask for.
  const plans = violations.length === 0 ? planReports(bytes) : [];
  if (json === true) sayJson(jsonReport(inspection, plans, violations));
  else for (const line of table(inspection, plans, violations)) say(line);
  for (const violation of violations) tell(`the gate is violated: ${violation}`);
  if (violations.length > 0) process.exitCode = 1;
}

function readModule(file: string): Uint8Array<ArrayBuffer> {
  try {
    return new Uint8Array(readFileSync(file));
  } catch (error) {
    throw new UsageError(`cannot read ${file}: ${error instanceof Error ? error.message : String(error)}`);
  }
}

function planReports(bytes: Uint8Array<ArrayBuffer>): PlanReport[] {
  const instance = new CoreInstance(compileCore(bytes));
  return Object.entries(PLANS).map(([name, capacity]) => ({
    name,
    arenaBytes: planBytes(instance, { ...capacity, cluster: 1n, group: 0, id: 1 }),
    ...capacity,
  }));
}

function jsonReport(inspection: ModuleInspection, plans: readonly PlanReport[], violations: readonly string[]) {
  const { functions, imports, exports, ...counts } = inspection;
  return {
    ...counts,
    imports: imports.map(({ module, name }) => `${module}.${name}`),
    exports: exports.map(({ name }) => name),
    functions: functions.length,
    plans,
    violations,
  };
}

function table(inspection: ModuleInspection, plans: readonly PlanReport[], violations: readonly string[]): string[] {
  const { bytes, dataEnd, exports, functions, heapBase, imports, indirectCalls, memoryGrow, memoryPages } = inspection;
  const { mutableGlobals, sha256, tables } = inspection;
  const modules = [...new Set(imports.map(({ module }) => module))];
  const rows: (readonly [string, string | number])[] = [
    ["sha256", sha256],
    ["bytes", bytes],
    ["functions", functions.length],
    ["memory pages", memoryPages],
    ["__data_end", dataEnd ?? "not exported"],
    ["__heap_base", heapBase ?? "not exported"],
    ["mutable globals", mutableGlobals],
    ["tables", tables],
    ["call_indirect", indirectCalls],
    ["memory.grow", memoryGrow],
    ...modules.map((from): [string, string] => [
      `imports ${from}`,
      imports.flatMap(({ module, name }) => (module === from ? [name] : [])).join(", "),
    ]),
    ["exports", exports.map(({ name }) => name).join(", ")],
    ...plans.map((plan): [string, string] => [`plan ${plan.name}`, describePlan(plan)]),
    ["gate", violations.length === 0 ? "kept" : `${violations.length} violations`],
  ];
  const width = Math.max(...rows.map(([name]) => name.length));
  return rows.map(([name, value]) => `${name.padEnd(width)}  ${value}`);
}

function describePlan({ arenaBytes, maxMessage, nodes, windowBytes, windowEntries }: PlanReport): string {
  const window = `window of ${windowEntries} entries or ${windowBytes} bytes`;
  return `${arenaBytes} bytes of arena: ${nodes} nodes, ${window}, messages of ${maxMessage} bytes`;
}
