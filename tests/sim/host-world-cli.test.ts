/** `metalraft sim --host`, as a command. */

import { describe, expect, it } from "vitest";
import { runHostWorld } from "../../sim/host-world/index.js";
import { runCli } from "../integration/harness.js";

describe("metalraft sim --host", () => {
  it("is the same run in every process, and ends with a report", async () => {
    const { code, stderr, stdout } = await runCli([
      "sim",
      "--host",
      "--seed",
      "2",
      "--nodes",
      "3",
      "--steps",
      "2000",
      "--json",
    ]);
    expect(code, stderr).toBe(0);
    const result = JSON.parse(stdout);
    const { digest, faults } = await runHostWorld({ seed: 2, nodes: 3, steps: 2000 });
    expect(result).toMatchObject({ seed: 2, nodes: 3, faultList: "all", digest, faults, rule: null });
  });

  it("tells in a campaign what was injected, reached and missed", async () => {
    const { code, stderr, stdout } = await runCli(["sim", "--host", "--campaign", "--runs", "1", "--seed", "1"]);
    expect(stdout).toContain("seeds 1 to 1: 1 runs");
    expect(stdout).toMatch(/faults injected:\n {2}bit-rot +\d+\n/);
    expect(stdout).toContain("0 failures");
    // One run does not reach everything.
    expect(stderr).toContain("never injected, or never reached: ");
    expect(code).toBe(1);
  });

  it.each([
    [["--faults", "gremlins"], "choose among lost, "],
    [["--nodes", "9"], "up to 7"],
    [["--trace", "x.trace"], "knows no traces"],
  ])("%j is refused with a way out", async (args, message) => {
    const { code, stderr } = await runCli(["sim", "--host", ...args]);
    expect(stderr).toContain(message);
    expect(code).toBe(1);
  });
});
