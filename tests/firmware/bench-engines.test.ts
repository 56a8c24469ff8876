/** `metalraft bench --core`: that what it prints was measured, and fits together; how fast anything is, is no matter here. */

import { spawnSync } from "node:child_process";
import { describe, expect, it } from "vitest";
import { type EngineLoad, runEngine } from "../../host/cli/bench/engines.js";
import { engineCommand, engineIsBuilt } from "../../sim/engines.js";

const LOAD: EngineLoad = { payload: 16, batches: [1, 64], commitsOnV8: 2560, commits: 640, repetitions: 1 };

describe.each(["wamr", "wamr-classic"] as const)("%s", (engine) => {
  it.skipIf(!engineIsBuilt(engine))("commits what V8 does, and is compared with it", () => {
    const rows = runEngine(engine, LOAD);
    const interpreter = engine === "wamr" ? "fast" : "classic";
    expect(rows.map(({ batch, name }) => [name, batch])).toEqual([
      ["commit, 3 nodes in process, V8", 1],
      [`commit, 3 nodes in process, WAMR ${interpreter}`, 1],
      ["commit, 3 nodes in process, V8", 64],
      [`commit, 3 nodes in process, WAMR ${interpreter}`, 64],
    ]);
    for (const at of [0, 2]) {
      const [v8, wamr] = rows.slice(at, at + 2);
      const ratio = (wamr?.nsPerOp ?? 0) / (v8?.nsPerOp ?? 1);
      expect(Number(wamr?.extra?.["timesV8"])).toBeCloseTo(ratio, 1);
    }
  });

  it.skipIf(!engineIsBuilt(engine)).each([
    [["--batch", "0"], '--batch is "0", and must be from 1 to 128'],
    [["--payload", "x"], '--payload is "x", and must be from 1 to 4096'],
    [["--commits", "3", "--batch", "4"], "fewer commits than a batch has"],
    [["--commits"], '"--commits" needs a value'],
  ])("refuses %j", (args, complaint) => {
    const { program } = engineCommand(engine);
    const { status, stderr, stdout } = spawnSync(program, ["bench", ...args], { encoding: "utf8" });
    expect(status).not.toBe(0);
    expect(stderr).toContain(complaint);
    expect(stdout).toBe("");
  });
});

describe("rv32", () => {
  const built = engineIsBuilt("rv32") && engineIsBuilt("rv32-classic");

  it.skipIf(!built)("counts instructions with both interpreters, and calls what follows from them an estimate", () => {
    const rows = runEngine("rv32");
    expect(rows.map(({ name }) => name)).toEqual([
      expect.stringMatching(/RV32 fast, ESTIMATE at 160 MHz/),
      expect.stringMatching(/RV32 classic, ESTIMATE at 160 MHz/),
    ]);
    for (const { extra, nsPerOp } of rows) {
      const instructions = Number(extra?.["instructions"]);
      expect(instructions).toBeGreaterThan(0);
      expect(nsPerOp).toBeCloseTo((instructions * 1e9) / 160e6, 3);
    }
  });
});
