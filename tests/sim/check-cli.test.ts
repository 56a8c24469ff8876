/** `metalraft check`, with several workers. */

import { describe, expect, it } from "vitest";
import { runCli } from "../integration/harness.js";

const SMALL = ["check", "--nodes", "2", "--max-term", "1", "--max-log", "1", "--crashes", "1", "--memory", "1024"];

async function report(args: readonly string[]) {
  const { code, stderr, stdout } = await runCli([...SMALL, "--json", ...args]);
  return { code, stderr, result: JSON.parse(stdout.trimEnd().split("\n").at(-1) ?? "") };
}

describe("metalraft check", () => {
  it("finds the same states with one worker and with several", async () => {
    const alone = await report([]);
    expect(alone.code, alone.stderr).toBe(0);
    expect(alone.result).toMatchObject({ nodes: 2, complete: true, violations: 0, jobs: 1 });
    for (const key of ["transitions", "depth", "wallMs", "statesPerSecond", "transitionsPerSecond"]) {
      expect(alone.result[key]).toBeGreaterThan(0);
    }
    const together = await report(["--jobs", "3"]);
    expect(together.code, together.stderr).toBe(0);
    expect(together.result).toMatchObject({ complete: true, violations: 0, jobs: 3, states: alone.result.states });
  });

  it("refuses campaigns of strangers, and of another number of terms", async () => {
    const strange = await runCli([...SMALL, "--campaigns", "3"]);
    expect(strange).toMatchObject({ code: 1, stderr: expect.stringContaining("names node 3, and there are 2") });
    const short = await runCli([...SMALL, "--max-term", "2", "--campaigns", "1"]);
    expect(short).toMatchObject({ code: 1, stderr: expect.stringContaining("one for each term up to --max-term") });
  });

  it("ends with status 1 when it could not search everything", async () => {
    const { code, result } = await report(["--nodes", "3", "--max-term", "2", "--memory", "1"]);
    expect(code).toBe(1);
    expect(result).toMatchObject({ complete: false, ended: "memory" });
  });
});
