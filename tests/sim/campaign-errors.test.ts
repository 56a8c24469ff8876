/**
 * Errors in campaigns that are no broken rules: of the simulator, of a core, of a worker. Each is a failure of its seed, and
 * the campaign goes on and comes to its report.
 */

import { describe, expect, it, onTestFinished } from "vitest";
import { MessageKind } from "../../host/core/abi.js";
import { runAllSeeds } from "../../sim/campaign/all-seeds.js";
import { coreSimulator } from "../../sim/campaign/core-simulator.js";
import { SIMULATOR_ERROR } from "../../sim/campaign/index.js";
import { MOST_FAILURES, sharedWords, takeSeeds, takeUnfinished } from "../../sim/campaign/seeds.js";
import type { Simulator, Sums } from "../../sim/campaign/simulator.js";
import type { CoreUnderTest } from "../../sim/core-under-test.js";
import { ELECTABILITY } from "../../sim/core-world/liveness.js";
import { parseTrace, replayTrace } from "../../sim/trace/index.js";
import { V8Core } from "../../sim/v8-core.js";
import { runSome } from "./campaign-runs.js";
import { FalsifiedCore, withoutBarrier } from "./falsified-core.js";

/** A core some of whose nodes cannot be made. */
function refusing(core: CoreUnderTest, refuses: (...args: Parameters<CoreUnderTest["create"]>) => boolean) {
  const create: CoreUnderTest["create"] = (...args) => {
    if (refuses(...args)) throw new Error("no room");
    return core.create(...args);
  };
  return { name: core.name, sha256: core.sha256, create };
}

/** A simulator whose traces are numbers, and whose runs pass unless something else is said. */
function simulatorOf(changes: Partial<Simulator<Sums, number>>): Simulator<Sums, number> {
  return {
    emptyTally: () => ({ runs: 0 }),
    addTally: (tally, other) => {
      tally.runs += other.runs;
    },
    run: (_, tally) => {
      tally.runs++;
      return null;
    },
    record: (seed) => 100 * seed,
    shrink: () => 1,
    draw: (trace) => ["drawn", `${trace}`],
    lengthOf: (trace) => trace,
    format: (trace) => `trace ${trace}`,
    ...changes,
  };
}

const breaks: Simulator<Sums, number>["run"] = (seed, tally) => {
  tally.runs++;
  return seed === 2 ? { rule: "a rule", detail: "broken" } : null;
};

function fails(): never {
  throw new RangeError("too deep", { cause: new Error("the reason") });
}

describe("a run that ends with an error", () => {
  it("is a failure with the stack, is counted, and the next one is run", async () => {
    // Every second time that the core is opened; what follows an error has one of its own.
    let opened = 0;
    const open = () => {
      const isBad = opened++ % 2 === 0;
      return refusing(new V8Core(), () => isBad);
    };
    const { failures, tally } = await runSome(coreSimulator(open, [ELECTABILITY]), 4, 500);
    expect(tally.runs).toBe(4);
    expect(failures).toMatchObject([{ seed: 500, rule: SIMULATOR_ERROR, trace: null, troubles: [] }]);
    expect(failures[0]?.detail).toMatch(/^Error: no room\n +at /);
    expect(tally.actions).toBeGreaterThan(0);
  });

  it("ends a campaign only when there are too many of them", async () => {
    const { failures, tally } = await runSome(simulatorOf({ run: fails }), 50, 41);
    expect(failures.map(({ seed }) => seed)).toEqual(Array.from({ length: MOST_FAILURES }, (_, i) => 41 + i));
    expect(failures[0]?.detail).toContain("the reason");
    expect(tally.runs).toBe(MOST_FAILURES);
  });

  it("may leave a promise that is rejected later, which ends no process", async () => {
    const others = process.listeners("unhandledRejection");
    process.removeAllListeners("unhandledRejection");
    onTestFinished(() => {
      for (const listener of others) process.on("unhandledRejection", listener);
    });
    const run = (seed: number, tally: Sums) => {
      if (seed < 3) void Promise.reject(new Error("left behind"));
      if (seed === 1) fails();
      tally.runs++;
      return null;
    };
    const { failures, tally } = await runSome(simulatorOf({ run }), 4);
    expect(failures.map(({ detail, seed }) => [seed, detail.split("\n")[0]])).toEqual([
      [1, "RangeError: too deep"],
      [2, "Error: left behind"],
    ]);
    expect(tally.runs).toBe(4);
    expect(process.listenerCount("unhandledRejection")).toBe(0);
  });
});

describe("a run that broke a rule is told with what there is", () => {
  it("when shrinking ends with an error: with all of its trace", async () => {
    const sound = new FalsifiedCore(withoutBarrier(MessageKind.VOTE_REPLY));
    // Only a trace that is being shrunk has timers without chance.
    const core = refusing(sound, ({ electionJitter }) => electionJitter === 1);
    const { failures, tally } = await runSome(
      coreSimulator(() => core, [ELECTABILITY]),
      5,
      9,
    );
    expect(tally.runs).toBe(5);
    expect(failures.length).toBeGreaterThan(0);
    for (const { diagram, left, recorded, rule, seed, trace, troubles } of failures) {
      expect(rule).toBe("durable before sent");
      expect(troubles).toHaveLength(1);
      expect(troubles[0]).toMatch(/^shrinking it failed: Error: no room\n +at /);
      expect(left).toBe(recorded);
      const read = parseTrace(trace ?? "", `seed ${seed}`);
      expect(read.steps).toHaveLength(recorded);
      expect(replayTrace(read, core).verdict.rule).toBe(rule);
      expect(diagram).toContain("becomes");
    }
  });

  it.each([
    ["recording", { record: fails }, { trace: null, diagram: null, recorded: 0, left: 0 }],
    ["shrinking", { shrink: fails }, { trace: "trace 200", diagram: "drawn\n200", recorded: 200, left: 200 }],
    ["drawing", { draw: fails }, { trace: "trace 1", diagram: null, recorded: 200, left: 1 }],
  ])("when %s ends with an error", async (what, changes, left) => {
    const { failures, tally } = await runSome(simulatorOf({ run: breaks, ...changes }), 3);
    expect(failures).toMatchObject([{ seed: 2, rule: "a rule", detail: "broken", ...left }]);
    expect(failures[0]?.troubles).toHaveLength(1);
    expect(failures[0]?.troubles[0]).toMatch(
      new RegExp(`^${what} it failed: RangeError: too deep\n +at [^]*the reason`),
    );
    expect(tally.runs).toBe(3);
  });
});

describe("a campaign", () => {
  it("tells of a failure before the next seed is run", async () => {
    const told: number[] = [];
    const toldBefore: number[][] = [];
    const run: typeof breaks = (seed, tally) => {
      toldBefore.push([...told]);
      return seed === 3 ? fails() : breaks(seed, tally);
    };
    const options = { seed: 1, runs: 4, minutes: 10, jobs: 1 };
    const nowhere = { script: new URL("file:///nowhere"), data: {} };
    const all = await runAllSeeds(options, simulatorOf({ run }), nowhere, (_, news) => {
      told.push(...news.map(({ seed }) => seed));
    });
    expect(toldBefore).toEqual([[], [], [2], [2, 3]]);
    expect(all.failures.map(({ seed }) => seed)).toEqual([2, 3]);
    expect(all).toMatchObject({ tally: { runs: 4 }, endedEarly: false });
  });
});

describe("the seeds of a worker", () => {
  it("are known while it is at them, for as long as nobody has asked", () => {
    const shared = sharedWords(2);
    const tasks = [0, 1].map((worker) => ({ seed: 70, runs: 3, deadline: Number.MAX_SAFE_INTEGER, shared, worker }));
    const [one, other] = tasks.map((task) => ({ task, seeds: takeSeeds(task) }));
    if (one === undefined || other === undefined) expect.unreachable();
    const unfinished = () => tasks.map(takeUnfinished);
    expect(unfinished()).toEqual([null, null]);
    expect([one.seeds.next().value, other.seeds.next().value]).toEqual([70, 71]);
    expect(unfinished()).toEqual([70, 71]);
    expect(unfinished()).toEqual([null, null]);
    expect([one.seeds.next().value, other.seeds.next().done]).toEqual([72, true]);
    expect(one.seeds.next().done).toBe(true);
    expect(unfinished()).toEqual([null, null]);
  });
});

describe("a worker that dies", () => {
  const options = { seed: 70, runs: 6, minutes: 10, jobs: 2 };
  const start = (body: string) => {
    const script = `
      import { parentPort, workerData } from "node:worker_threads";
      const { runs, shared, worker } = workerData.task;
      const words = new Int32Array(shared);
      ${body}`;
    return { script: new URL(`data:text/javascript,${encodeURIComponent(script)}`), data: {} };
  };

  it("costs its seed, and another one takes its place", async () => {
    const workers = start(`
      for (let nth = Atomics.add(words, 0, 1); nth < runs; nth = Atomics.add(words, 0, 1)) {
        Atomics.store(words, 2 + worker, 1 + nth);
        if (nth === 1) throw new RangeError("no room");
        if (nth === 4) process.exit(3);
        parentPort.postMessage({ tally: { runs: 1 }, failures: [] });
        Atomics.store(words, 2 + worker, 0);
      }`);
    const told: number[] = [];
    const onProgress = (_: Sums, news: readonly { seed: number }[]) => void told.push(...news.map(({ seed }) => seed));
    const all = await runAllSeeds(options, simulatorOf({}), workers, onProgress);
    const { endedEarly, failures, tally, troubles } = all;
    expect(failures).toMatchObject([
      { seed: 71, rule: SIMULATOR_ERROR, trace: null },
      { seed: 74, rule: SIMULATOR_ERROR, trace: null },
    ]);
    expect(failures[0]?.detail).toMatch(/^RangeError.*: no room\n/);
    expect(failures[1]?.detail).toContain("a worker ended with exit code 3");
    expect(told.sort()).toEqual([71, 74]);
    expect(tally.runs).toBe(options.runs);
    expect([endedEarly, troubles]).toEqual([false, []]);
  });

  it("before it takes a seed has no place any more, and what was found before is reported", async () => {
    // One that does nothing, and one that does not even begin when it takes the place of another.
    const workers = start(`
      if (worker === 0) {
        if (Atomics.load(words, 0) > 0) throw new Error("no thread");
        Atomics.store(words, 2 + worker, 1 + Atomics.add(words, 0, 1));
        process.exit(3);
      }`);
    const all = await runAllSeeds(options, simulatorOf({}), workers, () => undefined);
    expect(all.failures).toMatchObject([{ seed: 70, rule: SIMULATOR_ERROR }]);
    expect(all.tally.runs).toBe(1);
    expect(all.troubles).toEqual([expect.stringMatching(/^a worker ended at no seed.*: Error: no thread\n/)]);
    // Nobody was left to run the others.
    expect(all.endedEarly).toBe(true);
  });

  it("behind its last seed is told of, and leaves no seed out", async () => {
    const workers = start(`
      if (worker === 0 && Atomics.load(words, 0) === 0) {
        Atomics.store(words, 2 + worker, 1 + Atomics.add(words, 0, 1));
        process.exit(3);
      }
      if (worker === 0) {
        Atomics.store(words, 0, runs);
        process.exit(4);
      }`);
    const all = await runAllSeeds(options, simulatorOf({}), workers, () => undefined);
    expect(all.troubles).toEqual([expect.stringContaining("a worker ended with exit code 4")]);
    expect(all.endedEarly).toBe(false);
  });

  it("before anything else ends the campaign: the next one would die, too", async () => {
    const workers = start('throw new RangeError("no room");');
    await expect(runAllSeeds(options, simulatorOf({}), workers, () => undefined)).rejects.toThrow("no room");
  });
});
