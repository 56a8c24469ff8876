/**
 * Runs the parts of `npm test` to the end, whatever fails, and says in the last line how many tests passed and failed.
 */

import { PARTS, sum } from "./parts.mjs";
import { progress } from "./process.mjs";

/** @import { Part, Tally } from "./parts.mjs" */

/**
 * @typedef {object} Result
 * @property {string} name
 * @property {Tally} tally
 * @property {string | undefined} leftOut Command line that installs what was missing.
 */

/** @param {Part} part @returns {Promise<Result>} */
async function runPart(part) {
  const { name } = part;
  try {
    const leftOut = await part.missing?.();
    if (leftOut !== undefined) return { name, leftOut, tally: { passed: 0, failed: 0 } };
    progress(`${name}: ${part.title}`);
    return { name, leftOut: undefined, tally: await part.run() };
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
    return { name, leftOut: undefined, tally: { passed: 0, failed: 1 } };
  }
}

/** @param {readonly string[]} names @returns {readonly Part[]} */
function chosenParts(names) {
  const known = PARTS.map(({ name }) => name);
  const unknown = names.find((name) => !known.includes(name));
  if (unknown !== undefined)
    throw new Error(`no part of the tests is called "${unknown}": there are ${known.join(", ")}`);
  return names.length === 0 ? PARTS : PARTS.filter(({ name }) => names.includes(name));
}

/** @param {Result} result @returns {string} */
function summaryLine({ name, tally, leftOut }) {
  if (leftOut !== undefined) return `left out: ${name}: install with ${leftOut}`;
  const skipped = (tally.skipped ?? 0) > 0 ? `, ${tally.skipped} skipped` : "";
  return `${name.padEnd(12)} ${tally.passed} passed, ${tally.failed} failed${skipped}`;
}

/** Whether this is a run whose outcome decides something, in which nothing may be left out. */
function underCi() {
  const ci = process.env["CI"] ?? "";
  return ci !== "" && ci !== "0" && ci !== "false";
}

/**
 * What is said at the end, and whether the run has passed.
 * @param {readonly Result[]} results
 * @param {boolean} ci Whether a part left out is a failure.
 * @returns {{ text: string, ok: boolean }}
 */
export function conclude(results, ci) {
  const { passed, failed } = sum(results.map(({ tally }) => tally));
  const leftOut = results.some((result) => result.leftOut !== undefined);
  const text = `\n${results.map(summaryLine).join("\n")}\n\n${passed} passed, ${failed} failed\n`;
  return { text, ok: failed === 0 && !(leftOut && ci) };
}

/**
 * @param {readonly string[]} names The parts to run; all when empty.
 * @returns {Promise<boolean>} Whether everything passed and, under CI, nothing was left out.
 */
export async function test(names) {
  /** @type {Result[]} */
  const results = [];
  for (const part of chosenParts(names)) results.push(await runPart(part));
  const { text, ok } = conclude(results, underCi());
  process.stdout.write(text);
  return ok;
}
