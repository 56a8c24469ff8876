/**
 * Programs that npm does not install: finds out which are missing, and installs them where that is known to work (Debian,
 * as root). Node built-ins only: runs before any dependency is installed.
 */

import { existsSync } from "node:fs";
import { homedir } from "node:os";
import { delimiter, join } from "node:path";
import { progress, run } from "./process.mjs";

/**
 * @typedef {object} Tool
 * @property {string} name
 * @property {() => Promise<boolean>} isThere
 * @property {readonly string[]} packages Debian's packages that bring it; none when they are too old.
 * @property {string} [otherwise] Command line that installs it where those packages do not.
 */

/** How often apt is tried while somebody else holds its lock, and how long it waits each time, in seconds. */
const APT_LOCK_WAIT = 300;

/** Programs that cargo's own installer puts where no path leads. */
const SEARCH = `${process.env["PATH"] ?? ""}${delimiter}${join(homedir(), ".cargo", "bin")}`;

/** Runs a program and gathers what it says. @param {string} program @param {readonly string[]} args @param {Record<string, string>} [env] */
export function quietly(program, args, env = {}) {
  return run(program, args, { capture: true, env: { PATH: SEARCH, ...env } });
}

/** Whether a program is there and answers. @param {string} program @param {string} [argument] */
export async function answers(program, argument = "--version") {
  try {
    return (await quietly(program, [argument])).status === 0;
  } catch {
    return false;
  }
}

/** Those of the tools that the machine lacks. @param {readonly Tool[]} tools @returns {Promise<readonly Tool[]>} */
export async function lackingOf(tools) {
  const there = await Promise.all(tools.map((tool) => tool.isThere()));
  return tools.filter((_, i) => !there[i]);
}

/** Whether this is a machine on which packages may be installed without asking. */
function mayInstall() {
  return process.getuid?.() === 0 && existsSync("/etc/debian_version") && existsSync("/usr/bin/apt-get");
}

/** @param {readonly string[]} packages */
async function install(packages) {
  progress(`installing ${packages.join(", ")} (apt-get)`);
  const lock = ["-o", `DPkg::Lock::Timeout=${APT_LOCK_WAIT}`, "-q"];
  const env = { DEBIAN_FRONTEND: "noninteractive" };
  const names = ["install", "-y", "--no-install-recommends", ...packages];
  const first = await quietly("apt-get", [...lock, ...names], env);
  if (first.status === 0) return;
  await quietly("apt-get", [...lock, "update"], env);
  const { status, output } = await quietly("apt-get", [...lock, ...names], env);
  if (status !== 0) process.stderr.write(output);
}

/**
 * The command line that installs those of the tools that the machine lacks; undefined when it lacks none. Installs them
 * first where that is possible.
 * @param {readonly Tool[]} tools
 * @returns {Promise<string | undefined>}
 */
export async function missingOf(tools) {
  let lacking = await lackingOf(tools);
  const packages = lacking.flatMap((tool) => tool.packages);
  if (packages.length > 0 && mayInstall()) {
    await install(packages);
    lacking = await lackingOf(tools);
  }
  if (lacking.length === 0) return undefined;
  const left = lacking.flatMap((tool) => tool.packages);
  const lines = lacking.flatMap((tool) => tool.otherwise ?? []);
  if (left.length > 0) lines.unshift(`apt-get install -y ${left.join(" ")}`);
  return lines.join(" && ");
}
