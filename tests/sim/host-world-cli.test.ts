/** `metalraft sim --host`, as a command. */

import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { type Failure, SIMULATOR_ERROR } from "../../sim/campaign/index.js";
import {
  parseHostFaults,
  readHostTrace,
  recordHostRun,
  runHostWorld,
  writeHostTrace,
} from "../../sim/host-world/index.js";
import { HOST_CAPACITY } from "../../sim/host-world/settings.js";
import { runCli, temporaryFolder } from "../integration/harness.js";

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

  it("comes in a campaign to the same with any number of workers", async () => {
    const common = ["sim", "--host", "--campaign", "--seed", "108", "--runs", "2", "--minutes", "10", "--json"];
    const report = async (jobs: number) => {
      const { code, stderr, stdout } = await runCli([...common, "--jobs", `${jobs}`]);
      // So few runs cannot reach everything.
      expect(code, stderr).toBe(1);
      const { eventsPerSecond: _, wallMs: __, ...counts } = JSON.parse(stdout.trimEnd().split("\n").at(-1) ?? "");
      expect(counts).toMatchObject({ jobs, runs: 2, failures: [] });
      return { ...counts, jobs: 0 };
    };
    expect(await report(2)).toEqual(await report(1));
  });

  it("has errors among the failures of a campaign on several workers, and ends with a report", async () => {
    const [file, out] = [join(temporaryFolder(), "empty.wasm"), join(temporaryFolder(), "failures")];
    // A module without any of the core's exports.
    writeFileSync(file, Uint8Array.of(0, 0x61, 0x73, 0x6d, 1, 0, 0, 0));
    const seeds = ["--seed", "7", "--runs", "3", "--minutes", "10", "--jobs", "2"];
    const args = ["sim", "--host", "--campaign", ...seeds, "--core", file, "--out", out, "--json"];
    const { code, stderr, stdout } = await runCli(args);
    expect(code).toBe(1);
    const report = JSON.parse(stdout.trimEnd().split("\n").at(-1) ?? "");
    expect(report).toMatchObject({ runs: 3, passed: false });
    expect(report.failures.map(({ rule, seed }: Failure) => [seed, rule])).toEqual(
      [7, 8, 9].map((seed) => [seed, SIMULATOR_ERROR]),
    );
    expect(JSON.parse(readFileSync(join(out, "host-report.json"), "utf8"))).toEqual(report);
    for (const seed of [7, 8, 9]) {
      expect(stderr).toContain(`seed ${seed} ends with an error of the simulator: `);
      const again = `metalraft sim --host --swarm --seed ${seed} --core ${file}\n`;
      expect(stderr).toContain(`to repeat it: ${again}`);
      expect(readFileSync(join(out, `host-seed-${seed}.txt`), "utf8")).toContain(again);
    }
  });

  it("repeats a trace, draws it, and shrinks it to what breaks the same rule", async () => {
    const folder = temporaryFolder();
    const [file, shrunk] = [join(folder, "run.trace"), join(folder, "shrunk.trace")];
    // Nobody is elected in 2 ms: that is broken without any faults.
    const capacity = { ...HOST_CAPACITY, electionTimeout: 2, electionJitter: 1, heartbeat: 1 };
    const settings = { seed: 1, steps: 400, chaos: 20, faults: parseHostFaults("kill:3,drop"), capacity };
    const { result, trace } = await recordHostRun(settings);
    expect(result.rule).toBe("liveness");
    writeHostTrace(file, trace);
    const again = await runCli(["sim", "--host", "--trace", file, "--shrink", shrunk, "--json"]);
    expect(again.code, again.stderr).toBe(1);
    const { digest, rule } = result;
    expect(JSON.parse(again.stdout)).toMatchObject({ digest, rule, passedOver: 0 });
    expect(again.stderr).toContain(`${trace.injections.length} faults shrunk to 0 in `);
    const drawn = await runCli(["sim", "--host", "--trace", shrunk, "--diagram"]);
    expect(drawn.code).toBe(1);
    expect(drawn.stdout).toContain("becomes PRE_CANDIDATE");
    expect(drawn.stdout).toContain(`digest ${readHostTrace(shrunk).digest}\n`);
    expect(drawn.stderr).toContain('seed 1 breaks "liveness"');
  });

  it("refuses a trace that was not made so, and says of one that was changed by hand what came of it", async () => {
    const file = join(temporaryFolder(), "run.trace");
    const { trace } = await recordHostRun({ seed: 1, steps: 300, faults: parseHostFaults("short:3,kill") });
    writeHostTrace(file, { ...trace, digest: "0000000000000000" });
    const other = await runCli(["sim", "--host", "--trace", file]);
    expect(other.stderr).toContain(
      `digest ${trace.digest}, no rule broken, and the trace says digest 0000000000000000`,
    );
    expect(other.code).toBe(1);
    const short = trace.injections.filter(({ fault }) => fault === "short");
    expect(short.length).toBeGreaterThan(0);
    const injections = short.map((one) => ({ ...one, nth: one.nth + 1_000_000 }));
    writeHostTrace(file, { ...trace, exact: false, injections });
    const changed = await runCli(["sim", "--host", "--trace", file, "--shrink", join(temporaryFolder(), "x")]);
    expect(changed.stderr).toMatch(/(\d+) of \1 faults had no chance and were passed over/);
    expect(changed.stderr).toContain("no rule is broken: nothing is written to ");
    expect(changed.code, changed.stderr).toBe(0);
  });

  it.each([
    [["--faults", "gremlins"], "choose among lost, "],
    [["--nodes", "9"], "up to 7"],
    [["--trace", "/nowhere/x.trace"], "the trace /nowhere/x.trace cannot be read"],
    [["--campaign", "--shrink", "x.trace"], "--shrink does not go with --host --campaign"],
  ])("%j is refused with a way out", async (args, message) => {
    const { code, stderr } = await runCli(["sim", "--host", ...args]);
    expect(stderr).toContain(message);
    expect(code).toBe(1);
  });
});
