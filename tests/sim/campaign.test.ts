/** Campaigns: the same seeds come to the same, what fails is shrunk and told, and what once failed never does again. */

import { readFileSync } from "node:fs";
import * as v from "valibot";
import { describe, expect, it } from "vitest";
import { MessageKind } from "../../host/core/abi.js";
import { drawSwarm, REQUIRED_PROBES, runCampaign } from "../../sim/campaign/index.js";
import { missedProbes } from "../../sim/campaign/probes.js";
import { runSeeds, Shared } from "../../sim/campaign/runner.js";
import type { CoreUnderTest } from "../../sim/core-under-test.js";
import { RARER_FAULTS, USUAL_FAULTS } from "../../sim/faults.js";
import { ELECTABILITY } from "../../sim/liveness.js";
import { runSimulation } from "../../sim/run.js";
import { parseTrace, replayTrace } from "../../sim/trace/index.js";
import { FalsifiedCore, withoutBarrier } from "./falsified-core.js";

const MINUTES = 10;

const corpusSchema = v.array(
  v.object({
    seed: v.number(),
    reason: v.string(),
    swarm: v.boolean(),
    /** All that the seed draws, the rarer faults and sessions too. */
    rarer: v.optional(v.boolean(), false),
    nodes: v.optional(v.number()),
  }),
);

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
    const drawn = Array.from({ length: 50 }, (_, seed) => drawSwarm(seed));
    expect(new Set(drawn.map(({ faults }) => faults?.join())).size).toBeGreaterThan(30);
    expect(new Set(drawn.map(({ nodes }) => nodes)).size).toBe(7);
    // Every second mix is of usual faults alone; the others reach each of the rarer ones.
    const rarer = drawn.map(({ faults = [] }) => RARER_FAULTS.filter((fault) => faults.includes(fault)));
    expect(rarer.filter(({ length }) => length === 0).length).toBeGreaterThan(15);
    expect(new Set(rarer.flat())).toEqual(new Set(RARER_FAULTS));
    expect(new Set(drawn.map(({ capacity }) => JSON.stringify(capacity))).size).toBeGreaterThan(30);
    expect(drawSwarm(7)).toEqual(drawSwarm(7));
  });

  it("tells of each failure, with a trace that repeats it", () => {
    const core = new FalsifiedCore(withoutBarrier(MessageKind.VOTE_REPLY));
    const shared = new SharedArrayBuffer(Shared.WORDS * 4);
    const task = { seed: 1, runs: 5, allowed: [ELECTABILITY], deadline: Number.MAX_SAFE_INTEGER, shared };
    const failures: string[] = [];
    runSeeds(task, core, (report) => {
      for (const { rule, seed, shrunkSteps, trace } of report.failures) {
        failures.push(rule);
        const read = parseTrace(trace, `seed ${seed}`);
        expect(read.steps).toHaveLength(shrunkSteps);
        expect(replayTrace(read, core).verdict.rule).toBe(rule);
      }
    });
    expect(failures.length).toBeGreaterThan(0);
  });

  it("ends with the seed of a run that ends with an error, on every worker", () => {
    const core: CoreUnderTest = {
      name: "none",
      sha256: "",
      create: () => {
        throw new Error("no room");
      },
    };
    const shared = new SharedArrayBuffer(Shared.WORDS * 4);
    const task = { seed: 41, runs: 5, allowed: [], deadline: Number.MAX_SAFE_INTEGER, shared };
    const again = "to repeat it: metalraft sim --swarm --seed 41";
    expect(() => runSeeds(task, core, () => undefined)).toThrow(`seed 41 ends with an error: no room; ${again}`);
    runSeeds(task, core, () => undefined);
    expect(Atomics.load(new Int32Array(shared), Shared.NEXT)).toBe(1);
  });

  it("fails when a rare path is not reached", () => {
    const all = Object.fromEntries(REQUIRED_PROBES.map((name) => [name, 1]));
    expect(missedProbes(all)).toEqual([]);
    expect(missedProbes({ ...all, installs: 0 })).toEqual(["installs"]);
    const { TRANSFER: _, ...others } = all;
    expect(missedProbes(others)).toEqual(["TRANSFER"]);
  });
});

describe("what once failed does not fail again", () => {
  const file = new URL("../../sim/corpus.json", import.meta.url);
  const corpus = v.parse(corpusSchema, JSON.parse(readFileSync(file, "utf8")));

  it.each(corpus)("seed $seed: $reason", ({ nodes, rarer, seed, swarm }) => {
    // Those that there were when they failed: what else a seed draws now would make it another run.
    const drawn = drawSwarm(seed);
    const faults = drawn.faults?.filter((fault) => USUAL_FAULTS.some((usual) => usual === fault)) ?? [];
    const known = rarer ? drawn : { ...drawn, faults, sessions: false };
    const options = swarm ? known : { seed, nodes: nodes ?? 5, steps: 4000, liveness: true };
    const { explanation, violation } = runSimulation(options);
    expect([violation, explanation]).toEqual([null, null]);
  });
});
