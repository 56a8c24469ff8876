/**
 * Compiles AssemblyScript inside the test's process, with the flags that the core is compiled with.
 */

import { fileURLToPath } from "node:url";
import asc from "assemblyscript/asc";

export interface Compiled {
  readonly wasm: Uint8Array<ArrayBuffer>;
  readonly wat: string;
}

const CORE_FLAGS = ["--runtime", "stub", "--use", "abort=", "--initialMemory", "1", "--noColors"];

const TARGETS = ["--outFile", "out.wasm", "--textFile", "out.wat"];
const ROOT = fileURLToPath(new URL("../../", import.meta.url));

/** Compiles, keeping the outputs in memory. */
async function run(args: readonly string[], input: Pick<asc.APIOptions, "readFile" | "listFiles">): Promise<Compiled> {
  const outputs = new Map<string, string | Uint8Array>();
  const { error, stderr } = await asc.main([...args, ...TARGETS, ...CORE_FLAGS], {
    ...input,
    writeFile: (name, contents) => {
      outputs.set(name, contents);
    },
  });
  const wasm = outputs.get("out.wasm");
  const wat = outputs.get("out.wat");
  if (error !== null || !(wasm instanceof Uint8Array) || typeof wat !== "string") {
    throw new Error(`AssemblyScript does not compile: ${stderr.toString()}`, { cause: error });
  }
  return { wasm: new Uint8Array(wasm), wat };
}

/**
 * Compiles the sources of a test.
 * @param sources text by path; `index.ts` is the entry
 * @param flags besides those of the core
 */
export function compile(sources: Readonly<Record<string, string>>, ...flags: string[]): Promise<Compiled> {
  return run(["index.ts", ...flags], { readFile: (name) => sources[name] ?? null, listFiles: () => [] });
}

/**
 * Compiles the core.
 * @param flags besides those that asconfig.json gives every build of it
 */
export function compileCore(...flags: string[]): Promise<Compiled> {
  return run(["assembly/index.ts", "--baseDir", ROOT, ...flags], {});
}
