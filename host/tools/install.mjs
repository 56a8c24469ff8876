/**
 * Installs the dependencies when what lies in node_modules/ is not what package-lock.json asks for. npm leaves a record
 * of what it installed, so nothing is asked of the network when nothing has changed.
 */

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { progress, ROOT, runNpm } from "./process.mjs";

/** @typedef {{ version?: string, integrity?: string, optional?: boolean, link?: boolean }} LockedPackage */

/**
 * @param {string} file Relative to the root.
 * @returns {Map<string, LockedPackage> | undefined} The packages by folder, or undefined when there is no such file.
 */
function lockedPackages(file) {
  let text;
  try {
    text = readFileSync(join(ROOT, file), "utf8");
  } catch {
    return undefined;
  }
  const { packages = {} } = JSON.parse(text);
  return new Map(Object.entries(packages).filter(([folder]) => folder !== ""));
}

/** Whether node_modules/ holds what package-lock.json asks for; an optional package may be missing (other platforms). */
export function dependenciesAreInstalled() {
  const wanted = lockedPackages("package-lock.json");
  const found = lockedPackages("node_modules/.package-lock.json");
  if (wanted === undefined) throw new Error("package-lock.json is missing: restore it from the repository");
  if (found === undefined) return false;
  for (const folder of found.keys()) if (!wanted.has(folder)) return false;
  for (const [folder, asked] of wanted) {
    const there = found.get(folder);
    if (there === undefined && asked.optional !== true) return false;
    if (there !== undefined && (there.version !== asked.version || there.integrity !== asked.integrity)) return false;
  }
  return true;
}

/** Installs the dependencies unless they are there. Throws an error that says what to do when that fails. */
export async function install() {
  if (dependenciesAreInstalled()) return;
  progress("installing dependencies (npm ci)");
  const flags = ["--include=dev", "--include=optional", "--prefer-offline", "--no-audit", "--no-fund"];
  const { status, output } = await runNpm(["ci", ...flags], { capture: true });
  if (status === 0) return;
  process.stderr.write(output);
  throw new Error(
    "the dependencies could not be installed. npm's reason is above. Without a network: copy node_modules/ of a " +
      "checkout with the same package-lock.json here, or fill npm's cache beforehand, and run this again",
  );
}
