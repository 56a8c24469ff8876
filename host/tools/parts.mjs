/**
 * The parts of `npm test`, in order. A part may need what npm does not install; it is then left out, and its line says
 * how to get it. Under CI a part left out is a failure.
 */

import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { stripVTControlCharacters } from "node:util";
import { build } from "./build.mjs";
import { style } from "./lint.mjs";
import { runNode } from "./process.mjs";

/**
 * @typedef {object} Tally
 * @property {number} passed
 * @property {number} failed
 * @property {number} [skipped]
 *
 * @typedef {object} Part
 * @property {string} name What it is called on the command line and in the summary.
 * @property {string} title
 * @property {() => Promise<string | undefined>} [missing] A command line that installs what the part needs and the machine
 *   lacks; undefined when nothing is missing.
 * @property {() => Promise<Tally>} run Shows what failed on standard error.
 */

/** A check without tests of its own counts as one. @param {boolean} ok @param {string} output @returns {Tally} */
function verdict(ok, output) {
  if (!ok && output !== "") process.stderr.write(`${output.trimEnd()}\n`);
  return ok ? { passed: 1, failed: 0 } : { passed: 0, failed: 1 };
}

/** @param {readonly Tally[]} tallies @returns {Tally} */
export function sum(tallies) {
  const total = (/** @type {(tally: Tally) => number} */ of) => tallies.reduce((count, tally) => count + of(tally), 0);
  return {
    passed: total(({ passed }) => passed),
    failed: total(({ failed }) => failed),
    skipped: total(({ skipped = 0 }) => skipped),
  };
}

/** @returns {Promise<Tally>} */
async function checkGenerated() {
  const { generate } = await import("./abi/generate.mjs");
  return verdict(generate(true), "");
}

/** @returns {Promise<Tally>} */
async function checkStyle() {
  const outcomes = await style({ write: false });
  return sum(outcomes.map(({ status, output }) => verdict(status === 0, output)));
}

/** @returns {Promise<Tally>} */
async function compile() {
  const steps = await build();
  return sum(steps.map(({ name, ok, output }) => verdict(ok, `${name}:\n${output}`)));
}

/**
 * Reads as-pect's closing summary. A spec that cannot be compiled or started ends the run without one, and a group that
 * breaks off fails without a failing test: both count as one failure.
 * @param {string} output
 * @param {number} status
 * @returns {Tally}
 */
export function readAsPect(output, status) {
  const [, passed, tests] = /\[Tests\]: (\d+) \/ (\d+)/.exec(stripVTControlCharacters(output)) ?? [];
  const tally = { passed: Number(passed ?? 0), failed: Number(tests ?? 0) - Number(passed ?? 0) };
  const broken = status !== 0 || Number(tests ?? 0) === 0;
  return { ...tally, failed: broken ? Math.max(tally.failed, 1) : tally.failed };
}

/** @returns {Promise<Tally>} */
async function runAsPect() {
  const folder = "assembly/__tests__";
  const configs = ["--config", `${folder}/as-pect.config.js`, "--as-config", `${folder}/as-pect.asconfig.json`];
  const { status, output } = await runNode("node_modules/@as-pect/cli/bin/asp.js", configs, { capture: true });
  const tally = readAsPect(output, status);
  if (tally.failed > 0) process.stderr.write(stripVTControlCharacters(output));
  return tally;
}

/**
 * Reads vitest's JSON report. A file that cannot be loaded fails without a failing test, and so does an error outside
 * of any test: each counts as one failure.
 * @param {string | undefined} report Undefined when vitest wrote none.
 * @param {number} status
 * @returns {Tally}
 */
export function readVitest(report, status) {
  if (report === undefined) return { passed: 0, failed: 1 };
  const { numPassedTests, numFailedTests, numPendingTests, numTodoTests, testResults } = JSON.parse(report);
  /** @type {{ status: string, assertionResults: { status: string }[] }[]} */
  const files = testResults;
  const unloaded = files.filter(
    (file) => file.status === "failed" && !file.assertionResults.some((test) => test.status === "failed"),
  );
  const failed = numFailedTests + unloaded.length;
  const broken = status !== 0 || numPassedTests + failed === 0;
  return {
    passed: numPassedTests,
    failed: broken ? Math.max(failed, 1) : failed,
    skipped: numPendingTests + numTodoTests,
  };
}

/** @returns {Promise<Tally>} */
async function runVitest() {
  const folder = mkdtempSync(join(tmpdir(), "metalraft-test-"));
  const file = join(folder, "vitest.json");
  try {
    const reporters = ["--reporter=default", "--reporter=json", `--outputFile.json=${file}`];
    const { status } = await runNode("node_modules/vitest/vitest.mjs", ["run", ...reporters]);
    return readVitest(readIfThere(file), status);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** @param {string} file */
function readIfThere(file) {
  try {
    return readFileSync(file, "utf8");
  } catch {
    return undefined;
  }
}

async function firmwareIsMissing() {
  const { missing } = await import("./firmware.mjs");
  return missing();
}

/** @returns {Promise<Tally>} */
async function compileFirmware() {
  const { buildFirmware } = await import("./firmware.mjs");
  const outcomes = await buildFirmware();
  return sum(outcomes.map(({ name, ok, output }) => verdict(ok, `${name}:\n${output}`)));
}

/** @returns {Promise<Tally>} */
async function runFirmwareTests() {
  const { runFirmwareTests: runThem } = await import("./firmware-tests.mjs");
  return runThem();
}

async function tlcIsMissing() {
  const { missing } = await import("./tlc/setup.mjs");
  return missing();
}

/** @returns {Promise<Tally>} */
async function checkSpecification() {
  const { checkQuickModels } = await import("./tlc/models.mjs");
  const results = await checkQuickModels();
  return sum(results.map(({ problem }) => verdict(problem === undefined, problem ?? "")));
}

/** Seeds of the campaign: about a minute on two free cores, and more than it takes to reach every rare path. */
const CAMPAIGN_SEEDS = { seed: 1, runs: 6000 };
/** Bound on the campaign, in minutes, against hanging: its seeds are the same however long they take. */
const CAMPAIGN_MINUTES = 30;

/** The same seeds on every machine: a rule that breaks, or a rare path that no seed reaches, fails it. @returns {Promise<Tally>} */
async function runCampaign() {
  const folder = mkdtempSync(join(tmpdir(), "metalraft-campaign-"));
  try {
    const { seed, runs } = CAMPAIGN_SEEDS;
    const bounds = ["--seed", `${seed}`, "--runs", `${runs}`, "--minutes", `${CAMPAIGN_MINUTES}`, "--jobs", "2"];
    const campaign = ["sim", "--campaign", ...bounds, "--out", folder];
    const { status, output } = await runNode("dist/host/cli/main.js", campaign, { capture: true });
    const isWhole = new RegExp(`\\b${runs} runs\\b`).test(output);
    return verdict(status === 0 && isWhole, isWhole ? output : `it did not come to its ${runs} runs:\n${output}`);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** @returns {Promise<Tally>} */
async function runPackageSmoke() {
  const { packageChecks } = await import("./package-smoke.mjs");
  const checks = await packageChecks();
  return sum(checks.map(({ name, problem }) => verdict(problem === undefined, `${name}: ${problem}`)));
}

/** @type {readonly Part[]} */
export const PARTS = [
  { name: "generated", title: "generated files agree with assembly/", run: checkGenerated },
  { name: "style", title: "lint and format", run: checkStyle },
  { name: "build", title: "the core compiles, the types hold", run: compile },
  { name: "as-pect", title: "white-box tests of the core", run: runAsPect },
  {
    name: "firmware",
    title: "the firmware's ports compile",
    missing: firmwareIsMissing,
    run: compileFirmware,
  },
  { name: "firmware-c", title: "the firmware's own tests", missing: firmwareIsMissing, run: runFirmwareTests },
  {
    name: "spec",
    title: "the specification, searched by TLC within bounds",
    missing: tlcIsMissing,
    run: checkSpecification,
  },
  { name: "campaign", title: "thousands of fixed seeds, each with its own mix of faults", run: runCampaign },
  { name: "vitest", title: "unit, contract, simulation and integration tests", run: runVitest },
  { name: "package", title: "the npm package, installed and used", run: runPackageSmoke },
];
