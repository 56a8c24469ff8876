/** Folders in which mutants are made: copies of what is mutated, and links to the rest. Nothing in the checkout is changed. */

import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Ending, runProgram } from "./child.js";
import { applyMutant, type Mutant } from "./mutant.js";
import { rootOfSources } from "./root.js";

/** What a core is compiled from. */
const CORE_INPUTS = ["assembly", "asconfig.json"];
/** What the hosts' tests read. Others' results, as build/ and node_modules/, are only linked. */
const HOST_INPUTS = ["host", "sim", "tests", "vitest.config.ts", "tsconfig.json", "package.json"];
const HOST_LINKS = ["node_modules", "build", "assembly", "asconfig.json", "docs", "firmware", "README.md"];
/** Bound on a compilation, in ms: against hanging. */
const COMPILE_LIMIT = 300_000;

/** Calls `work` with a temporary folder that is removed afterwards. */
export async function inWorkshop<T>(work: (folder: string) => Promise<T>): Promise<T> {
  const folder = mkdtempSync(join(tmpdir(), "metalraft-mutant-"));
  const remove = () => rmSync(folder, { recursive: true, force: true, maxRetries: 3 });
  process.once("exit", remove);
  try {
    return await work(folder);
  } finally {
    process.off("exit", remove);
    remove();
  }
}

function copyInto(folder: string, names: readonly string[]): void {
  for (const name of names) cpSync(join(rootOfSources(), name), join(folder, name), { recursive: true });
}

function patchIn(folder: string, mutant: Mutant): void {
  applyMutant(mutant, (file, change) => {
    const path = join(folder, file);
    writeFileSync(path, change(readFileSync(path, "utf8")));
  });
}

/**
 * Compiles the core as it is shipped, with a rule removed if a mutant is given.
 * @returns the module's path
 * @throws {Error} when it does not compile
 */
export async function compileIn(folder: string, mutant: Mutant | undefined): Promise<string> {
  copyInto(folder, CORE_INPUTS);
  if (mutant !== undefined) patchIn(folder, mutant);
  mkdirSync(join(folder, "build"));
  const asc = join(rootOfSources(), "node_modules/assemblyscript/bin/asc.js");
  const ending = await runProgram([asc, "--target", "release", "--transform", "./assembly/out-of-line.mjs"], {
    cwd: folder,
    limit: COMPILE_LIMIT,
  });
  requireSuccess(ending, mutant);
  return join(folder, "build/metalraft.wasm");
}

function requireSuccess({ ended, output, status }: Ending, mutant: Mutant | undefined): void {
  if (ended && status === 0) return;
  throw new Error(`${mutant?.name ?? "the core"} does not compile:\n${output}`);
}

/** Makes a checkout with a rule of a host removed if a mutant is given. */
export function prepareHosts(folder: string, mutant: Mutant | undefined): void {
  copyInto(folder, HOST_INPUTS);
  for (const name of HOST_LINKS) symlinkSync(join(rootOfSources(), name), join(folder, name));
  if (mutant !== undefined) patchIn(folder, mutant);
}
