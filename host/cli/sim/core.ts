/** What `--core` and `--against` name: an engine, or a file with a core. */

import { readFileSync } from "node:fs";
import { ENGINES, type OpenCore, openCore } from "../../../sim/engines.js";
import { V8Core } from "../../../sim/index.js";
import { type CoreModule, compileCore, shippedCore } from "../../core/module.js";
import { UsageError } from "../output.js";

const WASM = ".wasm";

/** The core that a name stands for, compiled.
 * @throws {UsageError} when it cannot be read, or is none */
export function moduleOf(name: string): CoreModule {
  if (name === "v8") return shippedCore();
  if (!name.endsWith(WASM)) throw new UsageError(`this runs on v8, or on a core in a ${WASM} file: not on ${name}`);
  try {
    return compileCore(new Uint8Array(readFileSync(name)));
  } catch (error) {
    throw new UsageError(`${name} is no core: ${error instanceof Error ? error.message : String(error)}`);
  }
}

/** Opens an engine with the shipped core, or a core from a file.
 * @throws {UsageError} when there is no such engine or file */
export function openAny(name: string): OpenCore {
  const engine = ENGINES.find((known) => known === name);
  if (engine !== undefined) return openCore(engine);
  if (!name.endsWith(WASM)) throw new UsageError(`${name} is no core: give ${ENGINES.join(", ")}, or a ${WASM} file`);
  return Object.assign(new V8Core(moduleOf(name)), { close: () => {} });
}
