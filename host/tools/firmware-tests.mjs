/**
 * The firmware's own tests, in C: the flash log with its power cuts, the frames, the store and the console. They need a
 * C compiler and cmake, and nothing of WAMR.
 */

import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { ROOT, run } from "./process.mjs";

const FOLDER = join(ROOT, "build/firmware/tests");

/**
 * Reads ctest's closing summary; a run that ends without one is a failure.
 * @param {string} output
 * @param {number} status
 * @returns {{ passed: number, failed: number }}
 */
export function readCtest(output, status) {
  const [, failed, total] = /(\d+) tests failed out of (\d+)/.exec(output) ?? [];
  const tally = { passed: Number(total ?? 0) - Number(failed ?? 0), failed: Number(failed ?? 0) };
  const broken = status !== 0 || Number(total ?? 0) === 0;
  return { ...tally, failed: broken ? Math.max(tally.failed, 1) : tally.failed };
}

/** Builds the tests and runs them; shows what failed on standard error. */
export async function runFirmwareTests() {
  mkdirSync(FOLDER, { recursive: true });
  const steps = [
    ["cmake", "-S", join(ROOT, "firmware/node"), "-B", FOLDER, "-DCMAKE_BUILD_TYPE=Release"],
    ["cmake", "--build", FOLDER, "--parallel", "2"],
    ["ctest", "--test-dir", FOLDER, "--output-on-failure", "-j2"],
  ];
  let tally = { passed: 0, failed: 1 };
  for (const [program = "", ...args] of steps) {
    const { status, output } = await run(program, args, { capture: true });
    if (program === "ctest") tally = readCtest(output, status);
    if (status === 0) continue;
    process.stderr.write(output);
    break;
  }
  return tally;
}
