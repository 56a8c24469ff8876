/**
 * The gate on the binary: what a compiled core must not contain, and what it must tell, so that all its state is in its
 * arenas, its size never changes, it computes the same everywhere, and WAMR can shrink its linear memory below a page.
 */

import type { ModuleInspection } from "./inspect.js";

/** The import modules of the core, one a trait. */
const TRAIT_MODULES: ReadonlySet<string> = new Set(["transport", "storage", "timer", "machine", "observer"]);
/** The exports whose names may begin with two underscores: all others of that kind belong to a language's runtime. */
const LAYOUT_EXPORTS: ReadonlySet<string> = new Set(["__heap_base", "__data_end"]);
/** `__heap_base` is a multiple of this. */
const HEAP_ALIGNMENT = 16;
/** How the compiler names the function that chooses between overriding methods at run time. */
const OVERRIDE_STUB = /@override$/;

/**
 * Checks a module against the gate.
 * @returns what it violates, one sentence each; empty for a core that may be shipped.
 */
export function checkGate(module: ModuleInspection): string[] {
  return [
    ...dispatchViolations(module),
    ...stateViolations(module),
    ...boundaryViolations(module),
    ...layoutViolations(module),
  ];
}

/** Every call must have one target that the compiler knows. */
function dispatchViolations(module: ModuleInspection): string[] {
  const violations: string[] = [];
  if (module.indirectCalls > 0) violations.push(`${module.indirectCalls} call_indirect: calls must be direct`);
  if (module.tables > 0)
    violations.push(`${module.tables} table: a function is used as a value or a method is virtual`);
  if (module.elementSegments > 0) violations.push(`${module.elementSegments} element segment: a table is filled`);
  for (const { name } of module.functions) {
    if (name !== undefined && OVERRIDE_STUB.test(name)) violations.push(`${name}: a method is overridden at run time`);
  }
  return violations;
}

/** All state is in the arenas, whose size is the host's business, and every machine computes it alike. */
function stateViolations(module: ModuleInspection): string[] {
  const violations: string[] = [];
  if (module.memoryGrow > 0) violations.push(`${module.memoryGrow} memory.grow: the core must not allocate`);
  if (module.memorySize > 0)
    violations.push(`${module.memorySize} memory.size: the core must not know its host's memory`);
  if (module.mutableGlobals > 0) {
    violations.push(`${module.mutableGlobals} mutable global: state outside of the arena, and WAMR's stack pointer`);
  }
  if (module.floatInstructions > 0) {
    violations.push(`${module.floatInstructions} floating-point instructions: NaNs differ between machines`);
  }
  return violations;
}

/** What crosses the boundary are the traits' functions and nothing of a runtime. */
function boundaryViolations(module: ModuleInspection): string[] {
  const foreign = module.imports.filter((other) => !TRAIT_MODULES.has(other.module) || other.kind !== "function");
  const runtime = module.exports.filter(({ name }) => name.startsWith("__") && !LAYOUT_EXPORTS.has(name));
  return [
    ...foreign.map(
      ({ module: from, name, kind }) => `import of the ${kind} ${from}.${name}: not a function of a trait`,
    ),
    ...runtime.map(({ name }) => `export of ${name}: part of a runtime`),
  ];
}

/** A host must learn where its use of memory may begin. */
function layoutViolations(module: ModuleInspection): string[] {
  const violations: string[] = [];
  if (module.dataEnd === undefined) violations.push("__data_end is not exported as a constant i32");
  if (module.heapBase === undefined) violations.push("__heap_base is not exported as a constant i32");
  else if (module.heapBase % HEAP_ALIGNMENT !== 0) {
    violations.push(`__heap_base is ${module.heapBase}, not a multiple of ${HEAP_ALIGNMENT}`);
  }
  return violations;
}
