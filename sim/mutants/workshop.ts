/**
 * Folders in which mutants are made. Nothing in the checkout is changed, and what is changed there during a hunt has no
 * influence on it: everything is made from one copy of the checkout, the origin, which is taken when the hunt begins.
 */

import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import ts from "typescript";
import { type Ending, runProgram } from "./child.js";
import { applyMutant, type Mutant } from "./mutant.js";
import { rootOfSources } from "./root.js";

/** What a core is compiled from. */
const CORE_INPUTS = ["assembly", "asconfig.json"];
/** What hosts consist of, and what hunts them; dist/ is the sources as they were built last (host/tools/mutants.mjs). */
const HOST_INPUTS = [
  "host",
  "sim",
  "tests",
  "dist/host",
  "dist/sim",
  "vitest.config.ts",
  "tsconfig.json",
  "package.json",
];
/** What the hosts' tests read besides. */
const OTHERS = ["build/metalraft.wasm", "docs", "firmware", "README.md"];
/** Of no use to a program that runs. */
const FOR_DEVELOPMENT = /\.(d\.ts|js\.map)$/;
const PACKAGES = "node_modules";
/** Tells assembly/out-of-line.mjs that a function may be gone, with the only place that called it. */
const WITHOUT_A_RULE = { METALRAFT_WITHOUT_A_RULE: "1" };
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

function copy(from: string, to: string, names: readonly string[]): void {
  for (const name of names) {
    const filter = (path: string) => !name.startsWith("dist") || !FOR_DEVELOPMENT.test(path);
    cpSync(join(from, name), join(to, name), { recursive: true, filter });
  }
}

/** Makes a folder the origin of all others. */
export function takeOrigin(folder: string): void {
  copy(rootOfSources(), folder, [...CORE_INPUTS, ...HOST_INPUTS, ...OTHERS]);
  symlinkSync(join(rootOfSources(), PACKAGES), join(folder, PACKAGES));
}

/** @returns the files that changed */
function patchIn(folder: string, mutant: Mutant): Set<string> {
  const changed = new Set<string>();
  applyMutant(mutant, (file, change) => {
    const path = join(folder, file);
    writeFileSync(path, change(readFileSync(path, "utf8")));
    changed.add(file);
  });
  return changed;
}

/**
 * Compiles the core as it is shipped, with a rule removed if a mutant is given.
 * @returns the module's path
 * @throws {Error} when it does not compile
 */
export async function compileIn(folder: string, origin: string, mutant: Mutant | undefined): Promise<string> {
  copy(origin, folder, CORE_INPUTS);
  if (mutant !== undefined) patchIn(folder, mutant);
  mkdirSync(join(folder, "build"));
  const asc = join(rootOfSources(), PACKAGES, "assemblyscript/bin/asc.js");
  const ending = await runProgram([asc, "--target", "release", "--transform", "./assembly/out-of-line.mjs"], {
    cwd: folder,
    env: mutant === undefined ? {} : WITHOUT_A_RULE,
    limit: COMPILE_LIMIT,
  });
  requireSuccess(ending, mutant);
  return join(folder, "build/metalraft.wasm");
}

function requireSuccess({ ended, output, status }: Ending, mutant: Mutant | undefined): void {
  if (ended && status === 0) return;
  throw new Error(`${mutant?.name ?? "the core"} does not compile:\n${output}`);
}

/** Makes a checkout, built, with a rule of a host removed if a mutant is given. */
export function prepareHosts(folder: string, origin: string, mutant: Mutant | undefined): void {
  copy(origin, folder, HOST_INPUTS);
  mkdirSync(join(folder, "build"));
  for (const name of [...CORE_INPUTS, ...OTHERS, PACKAGES]) symlinkSync(join(origin, name), join(folder, name));
  if (mutant === undefined) return;
  for (const file of patchIn(folder, mutant)) buildIn(folder, file);
}

/** As the build does, each file by itself: types are erased, and nothing else depends on another file (isolatedModules). */
const TRANSPILE: ts.CompilerOptions = {
  target: ts.ScriptTarget.ES2022,
  module: ts.ModuleKind.ESNext,
  verbatimModuleSyntax: true,
};

function buildIn(folder: string, file: string): void {
  const source = readFileSync(join(folder, file), "utf8");
  const options = { compilerOptions: TRANSPILE, fileName: file, reportDiagnostics: true };
  const { diagnostics = [], outputText } = ts.transpileModule(source, options);
  for (const { messageText } of diagnostics) {
    throw new Error(`${file} does not compile: ${ts.flattenDiagnosticMessageText(messageText, "\n")}`);
  }
  writeFileSync(join(folder, "dist", file.replace(/\.ts$/, ".js")), outputText);
}
