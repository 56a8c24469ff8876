/** What a campaign tells of its failures, and what it keeps of them. */

import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, describe, expect, it, vi } from "vitest";
import { CampaignReport } from "../../../host/cli/sim/campaign-report.js";
import { type Failure, SIMULATOR_ERROR } from "../../../sim/campaign/index.js";
import { temporaryFolder } from "../../integration/harness.js";

const FAILURE: Failure = {
  seed: 5,
  rule: "a rule",
  detail: "broken\n  the last event",
  recorded: 40,
  left: 3,
  trace: "the trace\n",
  diagram: "the diagram",
  troubles: [],
};
const WITHOUT_TRACE = { recorded: 0, left: 0, trace: null, diagram: null };
const WORDING = { command: "metalraft sim --host", parts: "faults", prefix: "host-" };

const exitCode = process.exitCode;
afterEach(() => {
  vi.restoreAllMocks();
  process.exitCode = exitCode;
});

/** A report, and what is told; no time passes, so that no progress is. */
function begin(flags: { readonly out: string; readonly core?: string }) {
  const told: string[] = [];
  vi.spyOn(performance, "now").mockReturnValue(0);
  const listen = (line: unknown) => told.push(String(line).trimEnd()) > 0;
  vi.spyOn(process.stderr, "write").mockImplementation(listen);
  vi.spyOn(process.stdout, "write").mockImplementation(listen);
  return { report: new CampaignReport({ core: "v8", json: true, minutes: 1, ...flags }, WORDING), told };
}

describe("a failure of a campaign", () => {
  it("is told and written at once, with the commands that repeat and show it", () => {
    const out = join(temporaryFolder(), "failures");
    const { report, told } = begin({ out, core: "x.wasm" });
    report.progress("1 runs", []);
    expect(existsSync(out)).toBe(false);
    report.progress("2 runs", [FAILURE]);
    expect(told).toEqual([
      'metalraft: seed 5 breaks "a rule", 40 faults shrunk to 3: broken',
      "metalraft: to repeat it: metalraft sim --host --swarm --seed 5 --core x.wasm",
      `metalraft: all of it:    ${join(out, "host-seed-5.txt")}`,
      `metalraft: to see it:    metalraft sim --host --trace ${join(out, "host-seed-5.trace")} --diagram --core x.wasm`,
    ]);
    expect(readdirSync(out).sort()).toEqual(["host-seed-5.trace", "host-seed-5.txt"]);
    expect(readFileSync(join(out, "host-seed-5.trace"), "utf8")).toBe("the trace\n");
    expect(readFileSync(join(out, "host-seed-5.txt"), "utf8")).toBe(
      "metalraft sim --host --swarm --seed 5 --core x.wasm\n" +
        'breaks "a rule": broken\n  the last event\n\nthe diagram\n',
    );
  });

  it("that is an error is told as one", () => {
    const out = temporaryFolder();
    const { report, told } = begin({ out });
    const detail = "RangeError: too deep\n    at here";
    report.progress("1 runs", [{ ...FAILURE, ...WITHOUT_TRACE, rule: SIMULATOR_ERROR, detail }]);
    expect(told[0]).toBe("metalraft: seed 5 ends with an error of the simulator: RangeError: too deep");
    expect(readdirSync(out)).toEqual(["host-seed-5.txt"]);
    expect(readFileSync(join(out, "host-seed-5.txt"), "utf8")).toContain(`error of the simulator: ${detail}\n`);
  });

  it("that could not be shrunk is told with why", () => {
    const out = temporaryFolder();
    const { report, told } = begin({ out });
    const trouble = "shrinking it failed: RangeError: too deep\n    at here";
    report.progress("1 runs", [{ ...FAILURE, left: 40, troubles: [trouble] }]);
    expect(told.slice(0, 2)).toEqual([
      'metalraft: seed 5 breaks "a rule", 40 faults: broken',
      "metalraft: shrinking it failed: RangeError: too deep",
    ]);
    expect(readFileSync(join(out, "host-seed-5.txt"), "utf8")).toContain(trouble);
  });

  it("is in the report, without what its own files hold", () => {
    const out = temporaryFolder();
    const { report, told } = begin({ out });
    report.progress("1 runs", [FAILURE]);
    const { diagram: _, trace: __, ...failure } = FAILURE;
    const result = { runs: 1, troubles: ["a worker ended: Error\n    at here"], passed: false };
    report.end({ ...result, failures: [FAILURE] }, ["for people"], ["missed"]);
    const expected = { ...result, failures: [failure] };
    expect(JSON.parse(readFileSync(join(out, "host-report.json"), "utf8"))).toEqual(expected);
    expect(JSON.parse(told.at(-3) ?? "")).toEqual(expected);
    expect(told.slice(-2)).toEqual(["metalraft: a worker ended: Error", "metalraft: missed"]);
    expect(process.exitCode).toBe(1);
  });

  it("whose files cannot be written is told in full, and ends nothing", () => {
    const file = join(temporaryFolder(), "a file");
    writeFileSync(file, "");
    const { report, told } = begin({ out: join(file, "failures") });
    report.progress("1 runs", [FAILURE]);
    report.end({ failures: [FAILURE], troubles: [], passed: false }, [], []);
    expect(told.filter((line) => line.includes("cannot be written: ENOTDIR"))).toHaveLength(3);
    expect(told).toContain(`metalraft: ${FAILURE.detail}`);
    expect(JSON.parse(told.at(-1) ?? "")).toMatchObject({ passed: false });
  });
});
