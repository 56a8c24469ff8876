/** A quorum that is lost for good, in the host world: a cluster is recovered from a node that is left, and keeps what that had. */

import { describe, expect, it } from "vitest";
import { parseHostFaults, recordHostRun, replayHostTrace, runHostWorld } from "../../sim/host-world/index.js";
import type { HostSettings } from "../../sim/host-world/settings.js";
import { brokenBy, MOST_SEEDS, withoutSync } from "./host-sabotage.js";

const DISASTERS: Partial<HostSettings> = {
  faults: parseHostFaults("disaster:40,power,kill,drop,lost,partition:5"),
  steps: 5000,
  chaos: 150,
  thinking: 10,
};

/** Runs seeds, which keep every rule, until all these rare paths were reached. @returns those that were not */
async function missedOf(awaited: readonly string[], settings: Partial<HostSettings>): Promise<string[]> {
  const missed = new Set(awaited);
  for (let seed = 1; seed <= MOST_SEEDS && missed.size > 0; seed++) {
    const { detail, probes, rule } = await runHostWorld({ ...DISASTERS, ...settings, seed });
    expect([rule, detail]).toEqual([null, null]);
    for (const [probe, count] of Object.entries(probes)) if (count > 0) missed.delete(probe);
  }
  return [...missed];
}

describe("after a disaster", () => {
  it.each([2, 3, 4, 5])("of %i nodes another cluster goes on, and keeps every rule", async (nodes) => {
    const awaited = ["clusters recovered", "recoveries interrupted", "messages of another cluster"];
    expect(await missedOf(awaited, { nodes })).toEqual([]);
  });

  it("some of what was acknowledged may be gone, and some of what was not may have come to stay", async () => {
    const awaited = ["recoveries that lost writes", "recoveries that committed more", "recoveries of several members"];
    expect(await missedOf(awaited, {})).toEqual([]);
  });

  it("a trace repeats the run", async () => {
    const { result, trace } = await recordHostRun({ ...DISASTERS, seed: 2 });
    expect(result.probes).toHaveProperty("clusters recovered");
    expect((await replayHostTrace(trace)).result.digest).toBe(result.digest);
  });
});

describe("the checkers notice", () => {
  it("a recovered cluster that keeps the name of the lost one, whose nodes come back", async () => {
    const often = { faults: parseHostFaults("disaster:40,kill"), chaos: 200, thinking: 40 };
    expect(["liveness", "linearizability", "state machine safety"]).toContain(
      await brokenBy({ ...DISASTERS, ...often, sabotage: { keepsName: true } }),
    );
  });

  it("a recovery that is not durable when it is told", async () => {
    const faults = parseHostFaults("disaster:40,lost");
    expect(["durability", "liveness", "recovery"]).toContain(
      await brokenBy({ ...DISASTERS, faults, sabotage: { fileSystem: withoutSync } }),
    );
  });
});
