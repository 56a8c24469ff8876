/** Campaigns: the same seeds come to the same, what fails is shrunk and told. */

import { describe, expect, it } from "vitest";
import { MessageKind } from "../../host/core/abi.js";
import { coreSimulator } from "../../sim/campaign/core-simulator.js";
import { drawSwarm, huntingRuns, MIX_NAMES, mixOf, REQUIRED_PROBES, runCampaign } from "../../sim/campaign/index.js";
import { missedProbes } from "../../sim/campaign/probes.js";
import { addRun, emptyTally } from "../../sim/campaign/tally.js";
import { RARER_FAULTS, WEIGHTS } from "../../sim/core-world/faults.js";
import { ELECTABILITY } from "../../sim/core-world/liveness.js";
import { runSimulation } from "../../sim/core-world/run.js";
import { drawTrace, parseTrace, replayTrace } from "../../sim/trace/index.js";
import { runSome } from "./campaign-runs.js";
import { FalsifiedCore, withoutBarrier } from "./falsified-core.js";

const MINUTES = 10;

describe("a campaign", () => {
  it("of the same seeds comes to the same", async () => {
    const options = { seed: 500, runs: 6, minutes: MINUTES, jobs: 1, allowed: [ELECTABILITY] };
    const { wallMs: _, actionsPerSecond: __, eventsPerSecond: ___, ...one } = await runCampaign(options);
    expect(await runCampaign(options)).toMatchObject(one);
    expect(one.runs).toBe(6);
    expect(one.failures).toEqual([]);
    // A handful of runs cannot reach everything, which is told.
    expect(one.missedProbes.length).toBeGreaterThan(0);
    expect(one.passed).toBe(false);
  });

  it("draws another mix for each seed, and the same one for the same seed", () => {
    const seeds = Array.from({ length: 90 }, (_, seed) => seed);
    const drawn = seeds.filter((seed) => mixOf(seed) === null).map(drawSwarm);
    expect(drawn.length).toBeGreaterThan(50);
    expect(new Set(drawn.map(({ faults }) => faults?.join())).size).toBeGreaterThan(30);
    expect(new Set(drawn.map(({ nodes }) => nodes)).size).toBe(7);
    // Every second mix is of usual faults alone; the others reach each of the rarer ones.
    const rarer = drawn.map(({ faults = [] }) => RARER_FAULTS.filter((fault) => faults.includes(fault)));
    expect(rarer.filter(({ length }) => length === 0).length).toBeGreaterThan(15);
    expect(new Set(rarer.flat())).toEqual(new Set(RARER_FAULTS));
    expect(new Set(drawn.map(({ capacity }) => JSON.stringify(capacity))).size).toBeGreaterThan(30);
    for (const seed of seeds) expect(drawSwarm(seed)).toEqual(drawSwarm(seed));
  });

  it("has for one seed in three a mix that is about one thing, and each of these for some", () => {
    const mixes = Array.from({ length: 600 }, (_, seed) => mixOf(seed)).filter((mix) => mix !== null);
    expect(mixes.length).toBeGreaterThan(160);
    expect(mixes.length).toBeLessThan(240);
    expect(new Set(mixes)).toEqual(new Set(MIX_NAMES));
  });

  it("leaves nobody without what a run goes on by", () => {
    const seeds = Array.from({ length: 200 }, (_, seed) => seed).filter((seed) => mixOf(seed) === null);
    expect(seeds.length).toBeGreaterThan(100);
    for (const seed of seeds) {
      const { weights } = drawSwarm(seed);
      expect(weights?.deliver).toBeGreaterThanOrEqual(WEIGHTS.deliver);
      expect(weights?.durable).toBeGreaterThanOrEqual(WEIGHTS.durable);
    }
  });

  it("counts runs in which next to nothing was committed before faults stopped", () => {
    const tally = emptyTally();
    addRun(tally, runSimulation({ seed: 1, nodes: 3, steps: 2000, liveness: true }));
    expect(tally).toMatchObject({ runs: 1, inertRuns: 0, inertActions: 0 });
    // Nobody is ever asked for anything before, and one write is asked for when faults have stopped.
    addRun(tally, runSimulation({ seed: 1, nodes: 3, steps: 50, liveness: true, faults: [] }));
    expect(tally).toMatchObject({ runs: 2, inertRuns: 1 });
    expect([50, 51]).toContain(tally.inertActions);
    expect(tally.actions).toBe(tally.inertActions + 2000);
  });

  it("hunts with runs of each mix, and of the usual faults, each one another", () => {
    const times = 4;
    const count = times * (MIX_NAMES.length + 1);
    const runs = [...huntingRuns(count)];
    expect(new Set(runs.map(({ name }) => name)).size).toBe(count);
    for (const mix of MIX_NAMES) {
      expect(runs.filter(({ name }) => name.startsWith(`${mix}, `)).length).toBe(times);
    }
    expect(runs).toEqual([...huntingRuns(count)]);
  });

  it("tells of each failure with a trace that repeats it, and its diagram", async () => {
    const core = new FalsifiedCore(withoutBarrier(MessageKind.VOTE_REPLY));
    const { failures } = await runSome(
      coreSimulator(() => core, [ELECTABILITY]),
      5,
    );
    expect(failures.length).toBeGreaterThan(0);
    for (const { diagram, left, recorded, rule, seed, trace, troubles } of failures) {
      const read = parseTrace(trace ?? "", `seed ${seed}`);
      expect(read.steps).toHaveLength(left);
      expect(left).toBeLessThan(recorded);
      expect(replayTrace(read, core).verdict.rule).toBe(rule);
      expect(diagram?.split("\n")).toEqual(drawTrace(read, core));
      expect(troubles).toEqual([]);
    }
  });

  it("fails when a rare path is not reached", () => {
    const all = Object.fromEntries(REQUIRED_PROBES.map((name) => [name, 1]));
    expect(missedProbes(all)).toEqual([]);
    expect(missedProbes({ ...all, installs: 0 })).toEqual(["installs"]);
    const { TRANSFER: _, ...others } = all;
    expect(missedProbes(others)).toEqual(["TRANSFER"]);
  });
});
