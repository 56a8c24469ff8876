/** `metalraft sim --boundaries` and `--sessions`, as a command. */

import { describe, expect, it } from "vitest";
import { runCli } from "../integration/harness.js";

describe("metalraft sim", () => {
  it("--boundaries tells how many crashes there were behind each kind of effect", async () => {
    const args = ["sim", "--boundaries", "--seed", "4", "--nodes", "3", "--steps", "60", "--sessions"];
    const { code, stderr, stdout } = await runCli(args);
    expect(code, stderr).toBe(0);
    expect(stdout).toMatch(/^seed 4: \d+ steps, \d+ flushes, \d+ crashes/);
    expect(stdout).toMatch(/\n {2}send +[1-9]\d*\n/);
    const json = await runCli([...args, "--json", "--every", "5"]);
    const report = JSON.parse(json.stdout);
    expect(report).toMatchObject({ seed: 4, failures: [] });
    expect(report.behind.none).toBe(report.flushes);
  });

  it("--sessions runs clients with sessions beside the others", async () => {
    const args = [
      "sim",
      "--seed",
      "4",
      "--nodes",
      "3",
      "--steps",
      "2000",
      "--faults",
      "crash,drop",
      "--sessions",
      "--json",
    ];
    const { code, stderr, stdout } = await runCli(args);
    expect(code, stderr).toBe(0);
    const { probes, sessions } = JSON.parse(stdout);
    expect(sessions).toBe(true);
    expect(probes["sessions begun"]).toBeGreaterThan(0);
  });
});
