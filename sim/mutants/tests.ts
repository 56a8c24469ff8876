/** Runs tests on a mutant, and says which one noticed it. */

import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { type Ending, runProgram } from "./child.js";
import type { Finding } from "./finding.js";
import { rootOfSources } from "./root.js";

export interface TestRun {
  /** The folder of the checkout that is tested. */
  readonly root: string;
  /** A folder for the report. */
  readonly folder: string;
  /** Files, or parts of their paths. */
  readonly files: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  /** Whether the files share one process: quicker, for tests that open nothing. */
  readonly together: boolean;
  /** In ms. */
  readonly limit: number;
}

interface Assertion {
  readonly status: string;
  readonly fullName: string;
}
interface Report {
  readonly numTotalTests: number;
  readonly testResults: readonly {
    readonly name: string;
    readonly status: string;
    readonly assertionResults: readonly Assertion[];
  }[];
}

const SHARED = ["--pool=threads", "--no-isolate", "--maxWorkers=1"];
const APART = ["--pool=forks", "--maxWorkers=1"];

/**
 * Runs tests until the first one fails. A runner that dies, and a failure that is no test's, is undecided.
 * @throws {Error} when there are no tests, or when they cannot be loaded
 */
export async function runTests({ env, files, folder, limit, root, together }: TestRun): Promise<Finding> {
  const report = join(folder, "report.json");
  const vitest = join(rootOfSources(), "node_modules/vitest/vitest.mjs");
  const args = ["run", ...files, "--bail=1", "--reporter=json", `--outputFile=${report}`];
  const options = { cwd: root, limit, ...(env === undefined ? {} : { env }) };
  const ending = await runProgram([vitest, ...args, ...(together ? SHARED : APART)], options);
  if (!ending.ended) return { ms: ending.ms, outcome: "undecided", by: `no end within ${limit} ms` };
  if (!existsSync(report)) return undecided(ending, "the tests wrote no report");
  const result = JSON.parse(readFileSync(report, "utf8")) as Report;
  if (result.numTotalTests === 0) throw new Error(`there are no tests in ${files.join(", ")}:\n${ending.output}`);
  const by = firstFailure(result);
  if (by === null && ending.status !== 0) return undecided(ending, "the tests failed outside of a test");
  return { ms: ending.ms, outcome: by === null ? "nothing" : "caught", by: by ?? "" };
}

/** Characters of output that are told. */
const TOLD = 500;

function undecided({ ms, output }: Ending, what: string): Finding {
  return { ms, outcome: "undecided", by: `${what}: ${output.trim().slice(-TOLD).replaceAll("\n", " ")}` };
}

function firstFailure(report: Report): string | null {
  for (const { assertionResults, name, status } of report.testResults) {
    const file = name.slice(name.lastIndexOf("tests/"));
    const failed = assertionResults.find((assertion) => assertion.status === "failed");
    if (failed !== undefined) return `${file}: ${failed.fullName}`;
    if (status === "failed" && assertionResults.length === 0) throw new Error(`${file} cannot be loaded`);
  }
  return null;
}
