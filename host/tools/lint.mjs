/**
 * Lint and format of everything: the core's sources by way of a copy, everything else directly.
 */

import { BIOME, checkAssembly } from "./assembly-format.mjs";
import { runNode } from "./process.mjs";

/**
 * @param {{ write: boolean }} options `write`: format, and repair what can be repaired, instead of only checking.
 * @returns {Promise<import("./process.mjs").Outcome[]>} Of everything but the core, and of the core.
 */
export async function style({ write }) {
  const command = write ? ["check", "--write"] : ["ci", "--error-on-warnings"];
  const everything = await runNode(BIOME, [...command, "--colors=off", "."], { capture: true });
  return [everything, await checkAssembly({ write })];
}

/**
 * Checks or repairs the style and shows what is wrong with it.
 * @param {{ write: boolean }} options
 * @returns {Promise<boolean>} Whether nothing was found, or nothing is left to do by hand.
 */
export async function lint(options) {
  const failed = (await style(options)).filter(({ status }) => status !== 0);
  for (const { output } of failed) process.stderr.write(output);
  return failed.length === 0;
}
