/** A quorum that is lost for good, in the host world: a cluster is recovered from a node that is left, and keeps what that had. */

import { describe, expect, it } from "vitest";
import {
  type HostRunResult,
  parseHostFaults,
  recordHostRun,
  replayHostTrace,
  runHostWorld,
} from "../../sim/host-world/index.js";
import type { HostSettings, Sabotage } from "../../sim/host-world/settings.js";
import { withoutSync } from "./host-sabotage.js";

const DISASTERS: Partial<HostSettings> = {
  faults: parseHostFaults("disaster:40,power,kill,drop,lost,partition:5"),
  steps: 5000,
  chaos: 150,
  thinking: 10,
};
const MOST_SEEDS = 20;

/** Runs of some seeds, until one breaks a rule. */
async function runs(count: number, settings: Partial<HostSettings>): Promise<HostRunResult[]> {
  const results: HostRunResult[] = [];
  for (let seed = 1; seed <= count && results.at(-1)?.rule == null; seed++) {
    results.push(await runHostWorld({ ...DISASTERS, ...settings, seed }));
  }
  return results;
}

/** The first rule that is broken; undefined if none is. */
async function brokenBy(sabotage: Sabotage, settings: Partial<HostSettings> = {}) {
  return (await runs(MOST_SEEDS, { ...settings, sabotage })).at(-1)?.rule;
}

describe("after a disaster", () => {
  it.each([2, 3, 4, 5])("of %i nodes another cluster goes on, and keeps every rule", async (nodes) => {
    const results = await runs(3, { nodes });
    expect(results.map(({ detail, rule }) => [rule, detail])).toEqual(results.map(() => [null, null]));
    const sum = (probe: string) => results.reduce((total, { probes }) => total + (probes[probe] ?? 0), 0);
    expect(sum("clusters recovered")).toBe(results.reduce((total, { faults }) => total + faults.disaster, 0));
    expect(sum("clusters recovered")).toBeGreaterThan(3);
    expect(sum("recoveries interrupted")).toBeGreaterThan(0);
    expect(sum("messages of another cluster")).toBeGreaterThan(0);
  });

  it("some of what was acknowledged may be gone, and some of what was not may have come to stay", async () => {
    const awaited = ["recoveries that lost writes", "recoveries that committed more", "recoveries of several members"];
    const missed = new Set(awaited);
    for (let seed = 1; seed <= MOST_SEEDS && missed.size > 0; seed++) {
      const { probes, rule } = await runHostWorld({ ...DISASTERS, seed });
      expect(rule).toBeNull();
      for (const probe of Object.keys(probes)) missed.delete(probe);
    }
    expect([...missed]).toEqual([]);
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
      await brokenBy({ keepsName: true }, often),
    );
  });

  it("a recovery that is not durable when it is told", async () => {
    const faults = parseHostFaults("disaster:40,lost");
    expect(["durability", "liveness"]).toContain(await brokenBy({ fileSystem: withoutSync }, { faults }));
  });
});
