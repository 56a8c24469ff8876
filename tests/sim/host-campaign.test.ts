/** Campaigns of the host world: the same seeds come to the same, what fails is shrunk and told, and an error ends them. */

import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { saveHostFailures } from "../../host/cli/sim/host-campaign.js";
import { compileCore, shippedCore } from "../../host/core/module.js";
import { Shared, sharedWords } from "../../sim/campaign/seeds.js";
import { HOST_FAULTS, parseHostFaults } from "../../sim/host-world/faults.js";
import {
  drawHostSwarm,
  parseHostTrace,
  replayHostTrace,
  runHostCampaign,
  runHostWorld,
} from "../../sim/host-world/index.js";
import { type HostFailure, runHostSeeds } from "../../sim/host-world/runner.js";
import { missedBy } from "../../sim/host-world/tally.js";
import { temporaryFolder } from "../integration/harness.js";
import { withoutSync } from "./host-sabotage.js";

describe("a campaign", () => {
  it("adds its runs up, and tells what it has missed", async () => {
    const result = await runHostCampaign({ seed: 8, runs: 2, minutes: 10, jobs: 1 });
    expect(result).toMatchObject({ runs: 2, failures: [], passed: false });
    const run = await runHostWorld(drawHostSwarm(9));
    const alone = await runHostCampaign({ seed: 9, runs: 1, minutes: 10, jobs: 1 });
    expect(alone).toMatchObject({ events: run.steps, faults: run.faults, probes: run.probes });
    expect(result.events).toBeGreaterThan(run.steps);
    expect(result.missed.length).toBeGreaterThan(0);
  });

  it("ends with the seed of a run that ends with an error, on every worker", async () => {
    // A module without any of the core's exports.
    const empty = compileCore(Uint8Array.of(0, 0x61, 0x73, 0x6d, 1, 0, 0, 0));
    const task = { seed: 41, runs: 5, deadline: Number.MAX_SAFE_INTEGER, shared: sharedWords() };
    const again = "to repeat it: metalraft sim --host --swarm --seed 41";
    await expect(runHostSeeds(task, empty, () => undefined)).rejects.toThrow(
      new RegExp(`^seed 41 ends with an error: .+; ${again}$`),
    );
    await runHostSeeds(task, empty, () => undefined);
    expect(Atomics.load(new Int32Array(task.shared), Shared.NEXT)).toBe(1);
  });

  it("shrinks what fails, and writes it as a trace and as a diagram", async () => {
    const sabotage = { fileSystem: withoutSync };
    const faults = parseHostFaults("lost,power:3,kill,drop");
    const draw = (seed: number) => ({ seed, faults, steps: 2000, chaos: 100, sabotage });
    const task = { seed: 5, runs: 2, deadline: Number.MAX_SAFE_INTEGER, shared: sharedWords() };
    const failures: HostFailure[] = [];
    await runHostSeeds(task, shippedCore(), (report) => failures.push(...report.failures), draw);
    expect(failures.map(({ seed }) => seed)).toEqual([5, 6]);
    for (const { injected, rule, seed, shrunk, trace } of failures) {
      const read = parseHostTrace(trace, `seed ${seed}`);
      expect(read.injections).toHaveLength(shrunk);
      expect(shrunk).toBeLessThan(injected);
      expect((await replayHostTrace(read, shippedCore(), { sabotage })).result.rule).toBe(rule);
    }
    const folder = join(temporaryFolder(), "failures");
    const result = await runHostCampaign({ seed: 5, runs: 0, minutes: 1, jobs: 1 });
    await saveHostFailures(folder, { ...result, failures }, shippedCore(), (seed) => `again ${seed}`);
    const files = [
      "host-report.json",
      ...[5, 6].flatMap((seed) => [`host-seed-${seed}.trace`, `host-seed-${seed}.txt`]),
    ];
    expect(readdirSync(folder).sort()).toEqual(files);
    expect(readFileSync(join(folder, "host-seed-5.trace"), "utf8")).toBe(failures[0]?.trace);
    const drawn = readFileSync(join(folder, "host-seed-5.txt"), "utf8");
    expect(drawn).toMatch(/^again 5\nbreaks "/);
    expect(drawn).toContain("becomes LEADER");
  });

  it("misses a fault that is never injected, and a path that is never reached", () => {
    const all = Object.fromEntries(HOST_FAULTS.map((fault) => [fault, 1]));
    const { eio: _, ...others } = all;
    expect(missedBy(others, {})).toContain("eio");
    expect(missedBy(all, { stops: 1 })).not.toContain("stops");
    expect(missedBy(all, {})).toContain("stops");
  });
});
