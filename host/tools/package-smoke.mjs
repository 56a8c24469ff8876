/**
 * Packs the npm package, unpacks it where a user's project would have it, with nothing beside it but the dependencies it
 * declares, and uses it: by its exports map, by its command, by its types.
 */

import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { ROOT, run, runNode, runNpm } from "./process.mjs";

/** @typedef {{ name: string, problem: string | undefined }} Check */

const REQUIRED_FILES = [
  "README.md",
  "LICENSE",
  "docs/abi.md",
  "docs/membership.md",
  "docs/operations.md",
  "build/metalraft.wasm",
  "dist/host/index.js",
  "dist/host/index.d.ts",
  "dist/host/cli/main.js",
  "dist/sim/index.js",
  "dist/sim/index.d.ts",
];
const ALLOWED_FILES =
  /^(package\.json|README\.md|LICENSE|docs\/(abi|membership|operations)\.md|build\/metalraft\.wasm|dist\/(host|sim)\/.+)$/;
const FORBIDDEN_FILES = /^dist\/host\/tools\/|\.tsbuildinfo$|\.test\./;

/** Uses every entry of the exports map. Runs in a process of its own. */
const CONSUMER_JS = `
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import * as host from "metalraft";
import * as sim from "metalraft/sim";
if (Object.keys(host).length === 0) throw new Error('"metalraft" exports nothing');
if (Object.keys(sim).length === 0) throw new Error('"metalraft/sim" exports nothing');
const wasm = fileURLToPath(import.meta.resolve("metalraft/metalraft.wasm"));
new WebAssembly.Module(readFileSync(wasm));
JSON.parse(readFileSync(fileURLToPath(import.meta.resolve("metalraft/package.json")), "utf8"));
`;

/** Compiles only if both entries have types: an untyped module would have any export. */
const CONSUMER_TS = `
import * as host from "metalraft";
import * as sim from "metalraft/sim";
export const names: readonly string[] = [...Object.keys(host), ...Object.keys(sim)];
// @ts-expect-error: there is no such export
export const missingInHost = host.thisIsNotExported;
// @ts-expect-error: there is no such export
export const missingInSim = sim.thisIsNotExported;
`;

const CONSUMER_TSCONFIG = {
  compilerOptions: { strict: true, noEmit: true, target: "ES2022", module: "NodeNext", types: ["node"] },
  files: ["consumer.ts"],
};

/** @param {string} folder Where to leave the package. @returns {Promise<{ archive: string, files: string[] }>} */
async function pack(folder) {
  const { status, output } = await runNpm(
    ["pack", "--json", "--ignore-scripts", "--loglevel=error", "--pack-destination", folder],
    {
      capture: true,
    },
  );
  if (status !== 0) throw new Error(`npm pack failed:\n${output}`);
  const [{ filename, files }] = JSON.parse(output.slice(output.indexOf("[")));
  return { archive: filename, files: files.map((/** @type {{ path: string }} */ file) => file.path) };
}

/** @param {readonly string[]} files @returns {string | undefined} What is wrong with the list of packed files. */
export function problemWithFiles(files) {
  const missing = REQUIRED_FILES.filter((file) => !files.includes(file));
  const excess = files.filter((file) => !ALLOWED_FILES.test(file) || FORBIDDEN_FILES.test(file));
  if (missing.length > 0) return `missing from the package: ${missing.join(", ")}`;
  return excess.length > 0 ? `does not belong into the package: ${excess.join(", ")}` : undefined;
}

/**
 * Lays out a project that depends on the package. Only declared dependencies are linked, so that one used without being
 * declared is missed.
 * @param {string} project
 * @param {string} archive
 */
async function installInto(project, archive) {
  const modules = join(project, "node_modules");
  mkdirSync(join(modules, "metalraft"), { recursive: true });
  const unpacked = await run("tar", ["-xzf", archive, "-C", join(modules, "metalraft"), "--strip-components=1"], {
    capture: true,
  });
  if (unpacked.status !== 0) throw new Error(`the package could not be unpacked:\n${unpacked.output}`);
  const { dependencies } = JSON.parse(readFileSync(join(modules, "metalraft/package.json"), "utf8"));
  for (const name of [...Object.keys(dependencies), "@types/node", "undici-types"]) {
    mkdirSync(dirname(join(modules, name)), { recursive: true });
    symlinkSync(join(ROOT, "node_modules", name), join(modules, name), "junction");
  }
  writeFileSync(join(project, "package.json"), JSON.stringify({ name: "consumer", private: true, type: "module" }));
  writeFileSync(join(project, "consumer.mjs"), CONSUMER_JS);
  writeFileSync(join(project, "consumer.ts"), CONSUMER_TS);
  writeFileSync(join(project, "tsconfig.json"), JSON.stringify(CONSUMER_TSCONFIG));
}

/**
 * Packs, installs and uses the package as built.
 * @returns {Promise<Check[]>}
 */
export async function packageChecks() {
  const project = mkdtempSync(join(tmpdir(), "metalraft-package-"));
  try {
    const { archive, files } = await pack(project);
    await installInto(project, join(project, archive));
    /** @param {string} name @param {string} file @param {readonly string[]} args @returns {Promise<Check>} */
    const use = async (name, file, args) => {
      const { status, output } = await runNode(file, args, { capture: true, cwd: project });
      return { name, problem: status === 0 ? undefined : output };
    };
    return [
      { name: "the files in the package", problem: problemWithFiles(files) },
      await use("imports by the exports map", "consumer.mjs", []),
      await use("the command", "node_modules/metalraft/dist/host/cli/main.js", ["--help"]),
      await use("the types", join(ROOT, "node_modules/typescript/bin/tsc"), ["--project", ".", "--pretty", "false"]),
    ];
  } finally {
    rmSync(project, { recursive: true, force: true });
  }
}

/** Runs the checks and throws when one of them fails. */
export async function packageSmoke() {
  const failed = (await packageChecks()).filter(({ problem }) => problem !== undefined);
  for (const { name, problem } of failed) process.stderr.write(`${name}: ${problem}\n`);
  if (failed.length > 0) throw new Error("the package cannot be used as it should");
}
