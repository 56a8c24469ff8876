/**
 * Loads the core: the one .wasm that all hosts run. Its sha256 names it everywhere.
 */

import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { wasmFile } from "./wasm-file.js";

/** A compiled core. */
export interface CoreModule {
  readonly module: WebAssembly.Module;
  /** Hex digest of the file. */
  readonly sha256: string;
  /** Size of the file in bytes. */
  readonly bytes: number;
}

let shipped: CoreModule | undefined;

/** Compiles a core from its bytes. */
export function compileCore(bytes: Uint8Array<ArrayBuffer>): CoreModule {
  return {
    module: new WebAssembly.Module(bytes),
    sha256: createHash("sha256").update(bytes).digest("hex"),
    bytes: bytes.length,
  };
}

/** The core that is shipped with this package, compiled once a process. */
export function shippedCore(): CoreModule {
  shipped ??= compileCore(new Uint8Array(readFileSync(wasmFile())));
  return shipped;
}
