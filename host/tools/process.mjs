/**
 * Running other programs from the tools. Node built-ins only: these files run before any dependency is installed.
 */

import { spawn } from "node:child_process";
import { constants } from "node:os";
import { fileURLToPath } from "node:url";

/** The folder of package.json; every program is run from there. */
export const ROOT = fileURLToPath(new URL("../../", import.meta.url));

/**
 * @typedef {object} Outcome
 * @property {number} status Exit status; 128 plus the signal's number when a signal ended the program.
 * @property {string} output What it wrote to both streams, in order of arrival; empty unless captured.
 */

/**
 * Runs a program to its end. It shares this process's group, so Ctrl-C reaches it without being passed on.
 * @param {string} program
 * @param {readonly string[]} args
 * @param {{ capture?: boolean, env?: Record<string, string>, cwd?: string, shell?: boolean }} [options]
 *   `capture` gathers the output instead of showing it.
 * @returns {Promise<Outcome>} Rejects when the program cannot be started.
 */
export function run(program, args, options = {}) {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, {
      cwd: options.cwd ?? ROOT,
      env: { ...process.env, ...options.env },
      stdio: options.capture ? ["ignore", "pipe", "pipe"] : "inherit",
      shell: options.shell ?? false,
    });
    /** @type {Buffer[]} */
    const chunks = [];
    child.stdout?.on("data", (chunk) => chunks.push(chunk));
    child.stderr?.on("data", (chunk) => chunks.push(chunk));
    child.on("error", (error) => reject(new Error(`${program} could not be started: ${error.message}`)));
    child.on("close", (code, signal) => {
      const status = code ?? 128 + (signal === null ? 0 : constants.signals[signal]);
      resolve({ status, output: Buffer.concat(chunks).toString("utf8") });
    });
  });
}

/**
 * Runs a JavaScript file with this very Node.
 * @param {string} file Relative to the root.
 * @param {readonly string[]} args
 * @param {Parameters<typeof run>[2]} [options]
 */
export function runNode(file, args, options) {
  return run(process.execPath, [file, ...args], options);
}

/**
 * Runs npm: the one that started this process when there is one, else the one on the path.
 * @param {readonly string[]} args
 * @param {Parameters<typeof run>[2]} [options]
 */
export function runNpm(args, options) {
  const npm = process.env["npm_execpath"];
  if (npm?.endsWith("npm-cli.js")) return runNode(npm, args, options);
  return run("npm", args, { ...options, shell: process.platform === "win32" });
}

/** Writes a progress line; standard output is left to results. @param {string} line */
export function progress(line) {
  process.stderr.write(`metalraft: ${line}\n`);
}
