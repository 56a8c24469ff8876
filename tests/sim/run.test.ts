/** Random runs: the same seed is the same run, every rule holds, and the rare paths are reached often. */

import { describe, expect, it } from "vitest";
import { checkLinearizable } from "../../sim/checkers/linearizability.js";
import { Clients, RegisterMachine } from "../../sim/core-world/clients.js";
import { formatFaultMix, parseFaultMix, weightsOf } from "../../sim/core-world/fault-mix.js";
import { FAULTS, USUAL_FAULTS, WEIGHTS } from "../../sim/core-world/faults.js";
import {
  ROOMY_CAPACITY,
  runSimulation,
  SimulationError,
  type SimulationOptions,
  TINY_CAPACITY,
} from "../../sim/core-world/run.js";
import { Digest } from "../../sim/digest.js";
import { FaultListError, MOST_FACTOR } from "../../sim/fault-list.js";
import { Random } from "../../sim/random.js";
import { V8Core } from "../../sim/v8-core.js";

function expectSound(options: SimulationOptions) {
  const result = runSimulation(options);
  expect(result.violation).toBeNull();
  expect(result.linearizable).toBe(true);
  return result;
}

describe("a run", () => {
  it("is the same for the same seed, in another instance too, and another one for another seed", () => {
    const options = { seed: 11, steps: 20_000 };
    const { wallMs: first, ...one } = runSimulation(options);
    const { wallMs: second, ...same } = runSimulation({ ...options, core: new V8Core() });
    expect([first, second].every((ms) => ms >= 0)).toBe(true);
    expect(same).toEqual(one);
    expect(runSimulation({ ...options, seed: 12 }).digest).not.toBe(one.digest);
  });

  it("reaches elections, commits, conflicts and recoveries often", () => {
    const { elections, commits, answered, actions, probes } = expectSound({
      seed: 1,
      steps: 200_000,
      membership: "voters",
      capacity: { ...ROOMY_CAPACITY, keepEntries: 1000 },
    });
    const floors = { ELECTIONS: 100, COMMITS: 3000, ANSWERED: 2000, CRASHES: 200, PARTITIONS: 100, STOPPED: 10 };
    const reached = {
      ELECTIONS: elections,
      COMMITS: commits,
      ANSWERED: answered,
      CRASHES: actions.crash,
      PARTITIONS: actions.partition,
      STOPPED: probes["STOPPED"] ?? 0,
    };
    expectAtLeast(reached, floors);
    expectAtLeast(probes, {
      truncations: 8,
      REJECTED: 500,
      QUORUM_LOST: 20,
      LOYAL: 300,
      INFLIGHT_FULL: 200,
      reads: 200,
    });
  });

  it("reaches snapshots, changes of members, hand-overs, reads and rest often", () => {
    const probes: Record<string, number> = {};
    for (const [nodes, features] of [
      [5, {}],
      [5, { leaseDrift: 200 }],
      [2, { quiesceRounds: 1 }],
    ] as const) {
      const run = expectSound({ seed: 2, nodes, steps: 60_000, capacity: { ...ROOMY_CAPACITY, ...features } });
      for (const [name, count] of Object.entries(run.probes)) probes[name] = (probes[name] ?? 0) + count;
    }
    expectAtLeast(probes, {
      snapshots: 100,
      compactions: 100,
      chunksWritten: 40,
      installs: 8,
      CONFIGURATION: 100,
      TRANSFER: 5,
      readsAnswered: 500,
      readsRefused: 50,
      QUIET: 10,
    });
  });

  it("reaches the limits of a tiny window: refused proposals, read-backs, full in-flight windows", () => {
    const { probes } = expectSound({
      seed: 3,
      steps: 100_000,
      membership: "voters",
      capacity: { ...TINY_CAPACITY, keepEntries: 1000 },
    });
    expectAtLeast(probes, { FULL: 100, reads: 500, READ_BACK: 300, INFLIGHT_FULL: 500, truncations: 2 });
  });

  it.each([1, 2, 3, 4, 5, 7])("keeps every rule with %i nodes", (nodes) => {
    for (let seed = 1; seed <= 6; seed++) expectSound({ seed: seed * 1000 + nodes, nodes, steps: 8000 });
  });

  it.each(["learner", "joint", "witness"] as const)(
    "keeps every rule with a configuration of kind %s",
    (membership) => {
      let commits = 0;
      for (let seed = 1; seed <= 6; seed++) commits += expectSound({ seed, steps: 8000, membership }).commits;
      expect(commits).toBeGreaterThan(500);
    },
  );

  it.each(["none", "drop,duplicate,reorder", "crash,durability", "partition,timer", "crash,storage,durability,batch"])(
    "keeps every rule with the faults %s",
    (list) => {
      for (let seed = 1; seed <= 3; seed++) {
        expect(expectSound({ seed, steps: 8000, faults: [...parseFaultMix(list).keys()] }).commits).toBeGreaterThan(50);
      }
    },
  );

  it("without faults elects one leader and keeps it", () => {
    const result = expectSound({
      seed: 5,
      steps: 20_000,
      faults: [],
      membership: "voters",
      capacity: TINY_CAPACITY,
    });
    expect(result.elections).toBe(1);
    expect(result.commits).toBeGreaterThan(1000);
  });

  it("refuses options that are out of range", () => {
    expect(() => runSimulation({ seed: 1, steps: 1, nodes: 99 })).toThrow(SimulationError);
    expect(() => runSimulation({ seed: -1, steps: 1 })).toThrow("seed is -1");
    expect(() => runSimulation({ seed: 1, steps: 0.5 })).toThrow("steps is 0.5");
  });
});

describe("a list of faults", () => {
  it("has names, factors and sets, and what is named last counts", () => {
    expect([...parseFaultMix("all").keys()]).toEqual(FAULTS);
    expect(parseFaultMix("none")).toEqual(new Map());
    expect(parseFaultMix("")).toEqual(new Map());
    expect(parseFaultMix("drop, crash:0.5,drop:10")).toEqual(
      new Map([
        ["drop", 10],
        ["crash", 0.5],
      ]),
    );
    const usual = new Map(USUAL_FAULTS.map((fault) => [fault, 1]));
    expect(parseFaultMix("usual,crash:3,delay")).toEqual(new Map([...usual, ["crash", 3], ["delay", 1]]));
  });

  it.each(["none", "all", "usual", "drop", "drop:10,crash", "usual,crash:0.25", "drop,delay:1000,batch"])(
    "is written down as it is read: %s",
    (list) => {
      expect(formatFaultMix(parseFaultMix(list))).toBe(list);
    },
  );

  it.each([
    ["drop,flood", '"flood" is no fault; there are: drop, duplicate'],
    ["toString", '"toString" is no fault'],
    ["drop:0", '"drop:0": a factor is a number above 0 and up to 1000'],
    ["drop:", '"drop:": a factor is'],
    ["drop:-1", '"drop:-1": a factor is'],
    ["drop:x", '"drop:x": a factor is'],
    ["drop:1:2", '"drop:1:2": a factor is'],
    [`drop:${MOST_FACTOR + 1}`, "up to 1000"],
    ["usual:2", '"usual:2": a factor stands behind the name of one fault'],
    ["batch:2", '"batch:2": batch is there or not, and takes no factor'],
  ])("%s is refused", (list, message) => {
    expect(() => parseFaultMix(list)).toThrow(FaultListError);
    expect(() => parseFaultMix(list)).toThrow(message);
  });

  it("makes faults come more or less often, and nothing else: weights stay whole numbers", () => {
    expect(weightsOf(parseFaultMix("drop:10,crash"), WEIGHTS)).toEqual({ ...WEIGHTS, drop: WEIGHTS.drop * 10 });
    const rarer = weightsOf(parseFaultMix("storage:0.5"), WEIGHTS);
    expect(rarer.storage / rarer.deliver).toBeCloseTo(WEIGHTS.storage / WEIGHTS.deliver / 2);
    expect(Object.values(rarer).every(Number.isInteger)).toBe(true);
    const dropped = (list: string) => {
      const mix = parseFaultMix(list);
      const options = { seed: 4, steps: 3000, faults: [...mix.keys()] };
      return expectSound({ ...options, weights: weightsOf(mix, WEIGHTS) }).injected.drop;
    };
    expect(dropped("drop:10")).toBeGreaterThan(4 * dropped("drop"));
    expect(dropped("drop:0.1")).toBeLessThan(dropped("drop"));
  });
});

describe("the clients of a run", () => {
  it("tell the linearizability checker what they saw: a read that misses a write is found", () => {
    const random = new Random(1);
    const clients = new Clients(1, 1, 64, random);
    const machine = new RegisterMachine(1, clients);
    for (let index = 1; index <= 200; index++) {
      const request = clients.draw();
      if (request === null) throw new Error("the client waits");
      const bytes = clients.command(request).slice();
      const padded = new Uint8Array((bytes.length + 7) & ~7);
      padded.set(bytes);
      clients.taken(1, index, 1);
      // A state machine that forgets everything half way.
      if (index === 100) machine.load(new Uint8Array());
      machine.apply(index, 1, { bytes: padded, words: new Int32Array(padded.buffer) }, 0, bytes.length);
    }
    expect(clients.answered).toBe(200);
    expect(checkLinearizable(clients.history()).verdict).toBe("not linearizable");
  });
});

describe("chance and digest", () => {
  it("are the same on every machine", () => {
    const random = new Random(42);
    expect([random.next(), random.next(), random.next()]).toEqual([951622425, 547831437, 699355280]);
    const digest = new Digest();
    digest.word(1);
    digest.number(2 ** 40 + 3);
    digest.words(Int32Array.from([4, -5]), 0, 2);
    expect(digest.hex()).toBe("a366ed5781bc347b");
  });

  it("draw every number below a bound, and none above", () => {
    const random = new Random(7);
    const seen = new Set(Array.from({ length: 1000 }, () => random.below(10)));
    expect([...seen].sort((a, b) => a - b)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
  });
});

function expectAtLeast(reached: Readonly<Record<string, number>>, floors: Readonly<Record<string, number>>): void {
  const missed = Object.entries(floors).filter(([name, floor]) => (reached[name] ?? 0) < floor);
  expect(missed.map(([name, floor]) => `${name}: ${reached[name] ?? 0} of ${floor}`)).toEqual([]);
}
