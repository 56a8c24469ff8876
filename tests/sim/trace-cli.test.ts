/** `metalraft sim` with traces and campaigns, as a command. */

import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { MOST_FAILURES } from "../../sim/campaign/seeds.js";
import { runCli, temporaryFolder } from "../integration/harness.js";

describe("metalraft sim --trace", () => {
  it("repeats what --record wrote, draws it, and says where another trace parts", async () => {
    const file = join(temporaryFolder(), "run.trace");
    const recorded = await runCli(["sim", "--seed", "3", "--nodes", "3", "--steps", "200", "--record", file, "--json"]);
    expect(recorded.code, recorded.stderr).toBe(0);
    const { digest } = JSON.parse(recorded.stdout);
    const again = await runCli(["sim", "--trace", file, "--json"]);
    expect(again.code, again.stderr).toBe(0);
    expect(JSON.parse(again.stdout)).toMatchObject({ digest, steps: 200, skipped: 0, rule: null });
    const drawn = await runCli(["sim", "--trace", file, "--diagram"]);
    expect(drawn.stdout).toContain("election timer fires");
    const same = await runCli(["sim", "--trace", file, "--against", "v8"]);
    expect([same.code, same.stdout]).toEqual([0, "they are the same to the end\n"]);
    const shorter = file.replace("run", "shorter");
    writeFileSync(shorter, readFileSync(file, "utf8").split("\n").slice(0, 60).join("\n"));
    const parted = await runCli(["sim", "--trace", file, "--against", shorter]);
    expect(parted.code).toBe(1);
    expect(parted.stdout).toMatch(/^they part at step 60: /);
  });

  it("says what is wrong with a trace, or with a core", async () => {
    const missing = await runCli(["sim", "--trace", "/nowhere/x.trace"]);
    expect(missing.code).toBe(1);
    expect(missing.stderr).toContain("the trace /nowhere/x.trace cannot be read");
    const core = await runCli(["sim", "--core", "v9"]);
    expect(core.stderr).toContain("v9 is no core: give v8, wamr");
  });
});

describe("metalraft sim --campaign", () => {
  it("runs seeds on several workers, reports them, and fails when rare paths are not reached", async () => {
    const folder = join(temporaryFolder(), "failures");
    const common = ["sim", "--campaign", "--seed", "500", "--runs", "6", "--minutes", "10", "--json", "--out", folder];
    const args = [...common, "--allow", "electability"];
    const report = async (jobs: number) => {
      const { code, stderr, stdout } = await runCli([...args, "--jobs", `${jobs}`]);
      expect(code, stderr).toBe(1);
      expect(stderr).toContain("a rare path was never reached: ");
      return JSON.parse(stdout.trimEnd().split("\n").at(-1) ?? "");
    };
    const alone = await report(1);
    const together = await report(2);
    expect(alone).toMatchObject({ runs: 6, failures: [], passed: false });
    for (const key of ["runs", "actions", "events", "faults", "probes", "slowestRecovery"]) {
      expect(together[key]).toEqual(alone[key]);
    }
    expect(existsSync(folder)).toBe(false);
  });

  it("has errors among its failures, as many as it bears, and ends with a report", async () => {
    const [file, out] = [join(temporaryFolder(), "empty.wasm"), join(temporaryFolder(), "failures")];
    // A module without any of the core's exports.
    writeFileSync(file, Uint8Array.of(0, 0x61, 0x73, 0x6d, 1, 0, 0, 0));
    const args = ["sim", "--campaign", "--seed", "7", "--runs", "50", "--minutes", "10", "--core", file, "--out", out];
    const { code, stderr, stdout } = await runCli(args);
    expect(code).toBe(1);
    expect(stdout).toContain(`seeds 7 to ${6 + MOST_FAILURES}: ${MOST_FAILURES} runs`);
    expect(stdout).toContain(`${MOST_FAILURES} failures, 0 rare paths never reached`);
    expect(stderr).toContain("seed 7 ends with an error of the simulator: ");
    expect(stderr).toContain(`to repeat it: metalraft sim --swarm --seed 7 --core ${file}\n`);
    expect(readFileSync(join(out, "seed-7.txt"), "utf8")).toMatch(/\n +at /);
    expect(existsSync(join(out, "seed-7.trace"))).toBe(false);
  });
});
