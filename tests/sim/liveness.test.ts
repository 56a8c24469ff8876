/** Liveness: when faults stop a cluster recovers, and one that cannot is told apart from one that is slow. */

import { describe, expect, it } from "vitest";
import { MessageKind } from "../../host/core/abi.js";
import { someCanBeElected } from "../../sim/electability.js";
import { recover } from "../../sim/liveness.js";
import { runSimulation } from "../../sim/run.js";
import { openRun, settle } from "../../sim/settings.js";
import { recordRun, replayTrace, shrinkTrace } from "../../sim/trace/index.js";
import { V8Core } from "../../sim/v8-core.js";
import { FalsifiedCore, type Falsify, kindAt } from "./falsified-core.js";

/** Election timeouts that a cluster needs at the most, in these runs. */
const TIMEOUTS = 8;

/** Sends no messages of a kind. */
function without(kind: number): Falsify {
  return (effects) => ({
    send: (to, memory, offset, length, barrier) => {
      if (kindAt(memory, offset) !== kind) effects.send(to, memory, offset, length, barrier);
    },
  });
}

describe("when faults stop", () => {
  it.each([1, 2, 3, 4, 5, 7])("a cluster of %i nodes recovers within a few election timeouts", (nodes) => {
    for (let seed = 1; seed <= 5; seed++) {
      const options = { seed, nodes, steps: 3000, liveness: true, membership: "voters" as const };
      const faults = ["drop", "duplicate", "reorder", "partition", "crash", "durability", "timer", "storage"] as const;
      const { recovery, violation } = runSimulation({ ...options, faults });
      expect(violation).toBeNull();
      expect(recovery?.timeouts).toBeLessThanOrEqual(TIMEOUTS);
      expect(recovery?.actions).toBeGreaterThan(0);
    }
  });

  it("what happened before is not changed by it", () => {
    const options = { seed: 9, steps: 3000 };
    const { digest, steps } = runSimulation(options);
    expect(runSimulation({ ...options, liveness: true })).toMatchObject({ digest, steps });
  });

  it.each([
    ["votes", MessageKind.VOTE_REPLY],
    ["acknowledgements", MessageKind.APPEND_REPLY],
    ["entries", MessageKind.APPEND],
  ])("a core that sends no %s is found to hang", (_, kind) => {
    const core = new FalsifiedCore(without(kind));
    const { recovery, rule, violation } = runSimulation({ seed: 3, nodes: 3, steps: 500, core, liveness: true });
    expect([rule, recovery]).toEqual(["liveness", null]);
    expect(violation).toMatch(/^liveness: not recovered \d+ election timeouts after faults stopped/);
    expect(violation).toContain("node 3: ");
  });

  it("a core whose timers are lost is found to hang, and the trace of it shrinks to nothing", () => {
    const core = new FalsifiedCore(() => ({ arm: () => undefined }));
    const { trace } = recordRun({ seed: 3, nodes: 3, steps: 500, core, liveness: true });
    expect(trace.rule).toBe("liveness");
    const shrunk = shrinkTrace(trace, core).trace;
    expect(shrunk.steps).toEqual([]);
    expect(replayTrace(shrunk, core).verdict.rule).toBe("liveness");
  });

  it("state machines that differ although the logs are equal are found", () => {
    const { settings, random } = settle({ seed: 3, nodes: 3, steps: 1, membership: "voters" });
    const run = openRun(settings, new V8Core(), random);
    const { machine } = run.world.node(2);
    const state = machine.save();
    state[0] = 77;
    machine.load(state);
    expect(() => recover(run)).toThrow(
      /^state machines converge: nodes 1 and 2 applied the same log up to \d+ and differ/,
    );
  });

  it("a cluster in which nobody can be elected is told apart", () => {
    const { settings, random } = settle({ seed: 3, nodes: 3, steps: 1, membership: "voters" });
    const { world } = openRun(settings, new V8Core(), random);
    expect(someCanBeElected(world.nodes)).toBe(true);
    for (const node of world.nodes) node.isWitness = true;
    expect(someCanBeElected(world.nodes)).toBe(false);
    for (const node of world.nodes) node.isWitness = node.id !== 2;
    expect(someCanBeElected(world.nodes)).toBe(true);
  });
});
