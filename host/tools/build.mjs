/**
 * The build: the core by asc into build/metalraft.wasm, everything in TypeScript by tsc into dist/. A step is run only
 * when the content of one of its inputs has changed since it last succeeded, or an output is gone.
 */

import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { progress, ROOT, runNode } from "./process.mjs";

/**
 * @typedef {object} BuildStep
 * @property {string} name
 * @property {string} title For the progress line.
 * @property {readonly string[]} inputs Files and folders.
 * @property {RegExp} matching The files in those folders that count.
 * @property {readonly string[]} outputs
 * @property {string} stamp File that remembers what the outputs were made from.
 * @property {string | undefined} clean Folder to empty when a file was added or removed, so that no output outlives its source.
 * @property {readonly [string, ...string[]]} command
 */

/**
 * @typedef {object} StepOutcome
 * @property {string} name
 * @property {boolean} ok
 * @property {string} output What the compiler said; empty when it was not run.
 */

/** @type {readonly BuildStep[]} */
export const BUILD_STEPS = [
  {
    name: "core",
    title: "compiling the core (asc)",
    inputs: ["assembly", "asconfig.json", "package-lock.json"],
    matching: /^(?!.*__tests__).*\.m?[jt]s$/,
    outputs: ["build/metalraft.wasm"],
    stamp: "build/core.stamp.json",
    clean: undefined,
    command: [
      "node_modules/assemblyscript/bin/asc.js",
      "--target",
      "release",
      "--transform",
      "./assembly/out-of-line.mjs",
    ],
  },
  {
    name: "types",
    title: "compiling TypeScript (tsc)",
    inputs: ["host", "sim", "tests", "vitest.config.ts", "tsconfig.json", "package-lock.json"],
    matching: /\.(ts|mts|mjs)$/,
    outputs: ["dist"],
    stamp: "dist/stamp.json",
    clean: "dist",
    command: ["node_modules/typescript/bin/tsc", "--project", ".", "--pretty", "false"],
  },
];

/** All files of a step's inputs, sorted. @param {BuildStep} step @returns {string[]} */
function inputFiles(step) {
  /** @type {string[]} */
  const files = [];
  for (const input of step.inputs) {
    const path = join(ROOT, input);
    if (!existsSync(path)) continue;
    if (/\.[a-z]+$/.test(input)) files.push(input);
    else {
      const found = readdirSync(path, { recursive: true, encoding: "utf8" });
      files.push(...found.map((name) => join(input, name)).filter((name) => step.matching.test(name)));
    }
  }
  return files.sort();
}

/** @param {readonly string[]} files */
function fingerprint(files) {
  const hash = createHash("sha256");
  for (const file of files) {
    const content = readFileSync(join(ROOT, file));
    hash.update(`${file}\0${content.length}\0`).update(content);
  }
  return hash.digest("hex");
}

/** @param {BuildStep} step @returns {{ files?: string[], content?: string }} */
function readStamp(step) {
  try {
    return JSON.parse(readFileSync(join(ROOT, step.stamp), "utf8"));
  } catch {
    return {};
  }
}

/** @param {BuildStep} step @returns {Promise<StepOutcome>} */
async function runStep(step) {
  const files = inputFiles(step);
  const content = fingerprint(files);
  const stamp = readStamp(step);
  const whole = step.outputs.every((output) => existsSync(join(ROOT, output)));
  if (whole && stamp.content === content) return { name: step.name, ok: true, output: "" };

  progress(step.title);
  if (step.clean !== undefined && stamp.files?.join() !== files.join()) {
    rmSync(join(ROOT, step.clean), { recursive: true, force: true });
  }
  const [compiler, ...args] = step.command;
  const { status, output } = await runNode(compiler, args, { capture: true });
  const ok = status === 0;
  const stampFile = join(ROOT, step.stamp);
  mkdirSync(dirname(stampFile), { recursive: true });
  writeFileSync(stampFile, JSON.stringify(ok ? { files, content } : { files }));
  return { name: step.name, ok, output };
}

/** Runs the steps whose outputs are stale, side by side. @returns {Promise<StepOutcome[]>} */
export function build() {
  return Promise.all(BUILD_STEPS.map(runStep));
}

/** Runs the build and throws, the compilers' messages shown, when a step fails. */
export async function buildOrThrow() {
  const failed = (await build()).filter((step) => !step.ok);
  for (const step of failed) process.stderr.write(step.output);
  if (failed.length > 0) throw new Error(`the build failed: ${failed.map((step) => step.name).join(", ")}`);
}
