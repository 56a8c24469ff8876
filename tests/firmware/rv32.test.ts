/**
 * The emulated board: the images start, refuse what they should, and a node in a board's RAM and a world of nodes do
 * exactly what the core does on V8. What is not built is skipped; `npm test` builds it first where it can.
 */

import { type StdioOptions, spawnSync } from "node:child_process";
import { closeSync, mkdtempSync, openSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { shippedCore } from "../../host/core/module.js";
import { MICRO_CAPACITY } from "../../host/core/plan.js";
import { emulator, type Image, INTERPRETERS, imageFile, runBench } from "../../host/tools/firmware-rv32.mjs";
import { runSimulation } from "../../sim/core-world/run.js";
import { DrivenCore } from "../../sim/driven-core.js";
import { engineIsBuilt, openCore } from "../../sim/engines.js";

/** Exit statuses: board.h. */
const OK = 0;
const USAGE = 2;
const STREAM = 3;
const FAULT = 70;

const ENGINE = { fast: "rv32", classic: "rv32-classic" } as const;

/** Long enough for elections, faults and snapshots in a world, and quick on a slow machine. */
const STEPS = 600;

/** For one run of the emulator, in ms: a bound on hanging. */
const RUN_TIMEOUT = 20_000;

let folder = "";
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "metalraft-rv32-"));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe.each(INTERPRETERS)("rv32, %s interpreter", (interpreter) => {
  const built = engineIsBuilt(ENGINE[interpreter]);
  const board = imageFile(interpreter, "board");

  /** Runs an image on a file of requests until it ends. */
  function runOn(requests: Uint8Array, options: Record<string, string | number> = {}, image: Image = "board") {
    const path = join(folder, "requests");
    writeFileSync(path, requests);
    const input = openSync(path, "r");
    const { program, args } = emulator(imageFile(interpreter, image), options);
    const stdio: StdioOptions = [input, "ignore", "pipe"];
    const { status, stderr } = spawnSync(program, args, { stdio, encoding: "utf8", timeout: RUN_TIMEOUT });
    closeSync(input);
    return { status, complaint: stderr };
  }

  test.skipIf(!built)("ends when the driver is gone, and says what was used", () => {
    const { status, complaint } = runOn(new Uint8Array(0), { report: 1 });
    expect(status).toBe(OK);
    const report = JSON.parse(complaint);
    expect(report.poolUsed).toBeGreaterThan(shippedCore().bytes);
    expect(report.stackUsed).toBeLessThan(report.stack);
    expect(report.static + report.stack + report.pool).toBeLessThanOrEqual(report.ram);
  });

  test.skipIf(!built)("ends with a status when the driver does not hold to the protocol", () => {
    expect(runOn(new TextEncoder().encode("not a frame, though long enough")).status).toBe(STREAM);
  });

  test.skipIf(!built).each([
    ["an unknown option", { color: "red" }, "unknown option: color=red"],
    ["a number that is none", { pool: "12x" }, "not a number: 12x"],
    ["more memory than there is", { pool: 999_999_999 }, "out of range: 999999999"],
    ["a file that is not there", { in: "/nowhere/at/all" }, "cannot be opened: /nowhere/at/all"],
  ])("refuses %s", (_, options, complaint) => {
    expect(runOn(new Uint8Array(0), options)).toEqual({ status: USAGE, complaint: `metalraft: ${complaint}\n` });
  });

  test.skipIf(!built).each([
    ["flash is not written", "flash", 7],
    ["there is nothing at address 0", "low", 7],
    ["there is no more RAM than the board has", "beyond", 7],
    ["data is not run", "run", 1],
    ["a stack that overflows overwrites nothing", "stack", 7],
  ])("%s: it faults", (_, what, cause) => {
    const { status, complaint } = runOn(new Uint8Array(0), { do: what }, "faults");
    expect(complaint).toMatch(new RegExp(`^metalraft: fault ${cause} at 0x[0-9a-f]{8}, address 0x[0-9a-f]{8}\\n$`));
    expect(status).toBe(FAULT);
  });

  test.skipIf(!built)("the last byte of RAM is there", () => {
    expect(runOn(new Uint8Array(0), { do: "last" }, "faults")).toEqual({ status: OK, complaint: "" });
  });

  test.skipIf(!built)("a leader commits in the board's RAM", () => {
    const report = runBench(interpreter, { members: 5 });
    expect(report).toMatchObject({ interpreter, members: 5, payload: 16 });
  });

  test.skipIf(!built)("a pool or a stack that is too small is a fault that names itself and the core", () => {
    const { sha256 } = shippedCore();
    expect(runBench(interpreter, { pool: 16384 })).toEqual({ problem: expect.stringContaining(sha256) });
    const { problem } = runBench(interpreter, { stack: 1024 }) as { problem: string };
    expect(problem).toContain(sha256);
    expect(problem).toMatch(/node 1: the core trapped.*stack overflow/);
  });

  test.skipIf(!built)("a node in the board's RAM does what it does on V8", () => {
    const core = new DrivenCore("rv32", emulator(board));
    onTestFinished(() => core.close());
    const options = { seed: 11, nodes: 1, steps: STEPS, capacity: MICRO_CAPACITY, membership: "voters" as const };
    const run = runSimulation({ ...options, core });
    expect(run.violation).toBeNull();
    expect(run.commits).toBeGreaterThan(0);
    expect(run.digest).toBe(runSimulation(options).digest);
  });

  test.skipIf(!built).each([1, 2, 3])("a world of nodes does what it does on V8, seed %i", (seed) => {
    const core = openCore(ENGINE[interpreter]);
    onTestFinished(() => core.close());
    const run = runSimulation({ seed, steps: STEPS, core });
    expect(run.violation).toBeNull();
    expect(run.digest).toBe(runSimulation({ seed, steps: STEPS }).digest);
  });
});
