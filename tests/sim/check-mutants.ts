/** Cores with one safety rule removed, made from the sources by replacing one piece of text. */

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import asc from "assemblyscript/asc";
import { type CoreModule, compileCore } from "../../host/core/module.js";
import { CORE_MUTANTS } from "../../sim/mutants/core.js";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));
/** Those of asconfig.json, without optimization: a mutant is compiled for one search. */
const FLAGS = ["--runtime", "stub", "--use", "abort=", "--initialMemory", "1", "--noColors"];

/** A rule that is removed. */
export interface Mutant {
  readonly name: string;
  /** Path from the root. */
  readonly file: string;
  /** Stands there exactly once. */
  readonly text: string;
  readonly instead: string;
}

/** Compiles a mutant of the core. */
export async function compileMutant({ file, instead, name, text }: Mutant): Promise<CoreModule> {
  const source = readFileSync(join(ROOT, file), "utf8");
  if (source.split(text).length !== 2) throw new Error(`mutant "${name}": the text is not in ${file} exactly once`);
  let wasm: Uint8Array<ArrayBuffer> | null = null;
  const { error, stderr } = await asc.main(
    ["assembly/index.ts", "--baseDir", ROOT, "--outFile", "out.wasm", ...FLAGS],
    {
      readFile: (path, base) =>
        read(
          join(base, path),
          join(ROOT, file),
          source.replace(text, () => instead),
        ),
      writeFile: (path, contents) => {
        if (path === "out.wasm" && contents instanceof Uint8Array) wasm = new Uint8Array(contents);
      },
    },
  );
  if (error !== null || wasm === null) throw new Error(`mutant "${name}" does not compile: ${stderr.toString()}`);
  return compileCore(wasm);
}

/** Compiles one of the mutants that are hunted. Only such as remove one piece of text can be named here. */
export function compileNamed(name: string): Promise<CoreModule> {
  const mutant = CORE_MUTANTS.find((known) => known.name === name);
  if (mutant === undefined || mutant.also !== undefined) throw new Error(`there is no mutant ${name} of one edit`);
  return compileMutant(mutant);
}

function read(path: string, mutated: string, source: string): string | null {
  if (path === mutated) return source;
  try {
    return readFileSync(path, "utf8");
  } catch {
    return null;
  }
}
