/** Campaigns of the host world: the same seeds come to the same, what fails is shrunk and drawn, and errors are failures, too. */

import { describe, expect, it } from "vitest";
import { shippedCore } from "../../host/core/module.js";
import { SIMULATOR_ERROR } from "../../sim/campaign/index.js";
import { HOST_FAULTS, parseHostFaults } from "../../sim/host-world/faults.js";
import {
  drawHostSwarm,
  drawHostTrace,
  formatHostTrace,
  parseHostTrace,
  recordHostRun,
  replayHostTrace,
  runHostCampaign,
  runHostWorld,
} from "../../sim/host-world/index.js";
import type { Sabotage } from "../../sim/host-world/settings.js";
import { hostSimulator } from "../../sim/host-world/simulator.js";
import { missedBy } from "../../sim/host-world/tally.js";
import { runSome } from "./campaign-runs.js";
import { withoutSync } from "./host-sabotage.js";

/** Runs that break a rule soon. */
const BROKEN = {
  faults: parseHostFaults("lost,power:3,kill,drop"),
  steps: 2000,
  chaos: 100,
  sabotage: { fileSystem: withoutSync },
};

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

  it("has an error of a run among its failures, and goes on", async () => {
    const instance = () => {
      throw new Error("no room");
    };
    const settingsOf = (seed: number) => ({ seed, steps: 300, sabotage: seed === 41 ? { instance } : {} });
    const { failures, tally } = await runSome(hostSimulator(shippedCore(), settingsOf), 3, 40);
    expect(failures).toMatchObject([{ seed: 41, rule: SIMULATOR_ERROR, trace: null, troubles: [] }]);
    expect(failures[0]?.detail).toMatch(/^Error: no room\n +at /);
    expect(tally).toMatchObject({ runs: 3, events: expect.any(Number) });
    expect(tally.events).toBeGreaterThan(600);
  });

  it("shrinks what fails, and draws it", async () => {
    const settingsOf = (seed: number) => ({ ...BROKEN, seed });
    const { failures, tally } = await runSome(hostSimulator(shippedCore(), settingsOf), 2, 5);
    expect(tally.runs).toBe(2);
    expect(failures.map(({ seed }) => seed)).toEqual([5, 6]);
    const { sabotage } = BROKEN;
    for (const { diagram, left, recorded, rule, seed, trace, troubles } of failures) {
      const read = parseHostTrace(trace ?? "", `seed ${seed}`);
      expect(read.injections).toHaveLength(left);
      expect(left).toBeLessThan(recorded);
      expect((await replayHostTrace(read, shippedCore(), { sabotage })).result.rule).toBe(rule);
      expect(diagram?.split("\n")).toEqual(await drawHostTrace(read, shippedCore(), { sabotage }));
      expect(troubles).toEqual([]);
    }
  });

  it("keeps all of a trace that cannot be shrunk for an error, and says so", async () => {
    let made = 0;
    let most = Number.POSITIVE_INFINITY;
    const fileSystem: Sabotage["fileSystem"] = (fs) => {
      if (++made > most) throw new Error("no room");
      return withoutSync(fs);
    };
    const settings = { ...BROKEN, seed: 5, sabotage: { fileSystem } };
    const { trace: whole } = await recordHostRun(settings);
    // Enough for the run itself, and for recording it.
    most = 3 * made;
    const { failures, tally } = await runSome(
      hostSimulator(shippedCore(), () => settings),
      1,
      5,
    );
    expect(tally.runs).toBe(1);
    const { injections, rule } = whole;
    expect(failures).toMatchObject([{ rule, trace: formatHostTrace(whole), left: injections.length, diagram: null }]);
    expect(failures[0]?.troubles.map((trouble) => trouble.split("\n")[0])).toEqual([
      "shrinking it failed: Error: no room",
      "drawing it failed: Error: no room",
    ]);
  });

  it("misses a fault that is never injected, and a path that is never reached", () => {
    const all = Object.fromEntries(HOST_FAULTS.map((fault) => [fault, 1]));
    const { eio: _, ...others } = all;
    expect(missedBy(others, {})).toContain("eio");
    expect(missedBy(all, { stops: 1 })).not.toContain("stops");
    expect(missedBy(all, {})).toContain("stops");
  });
});
