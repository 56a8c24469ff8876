/** Liveness: when faults stop a cluster recovers, and one that cannot is told apart from one that is slow. */

import { describe, expect, it } from "vitest";
import { MessageKind, ReadKind, StatusCode, TimerKind } from "../../host/core/abi.js";
import { encodeConfiguration } from "../../host/core/configuration.js";
import type { CoreUnderTest, NodeUnderTest } from "../../sim/core-under-test.js";
import { someCanBeElected } from "../../sim/core-world/electability.js";
import { WEIGHTS } from "../../sim/core-world/faults.js";
import { JudgedActions } from "../../sim/core-world/judged-actions.js";
import { recover } from "../../sim/core-world/liveness.js";
import { runSimulation } from "../../sim/core-world/run.js";
import { openRun, settle, TINY_CAPACITY } from "../../sim/core-world/settings.js";
import type { SimNode } from "../../sim/core-world/sim-node.js";
import { membersOf } from "../../sim/messages.js";
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

  it("a core that tells of no reads any more is found to hang, although nobody read before", () => {
    const core = new FalsifiedCore(() => ({ reads: () => undefined }));
    const options = { seed: 3, nodes: 3, steps: 500, core, faults: [], membership: "voters" as const };
    expect(runSimulation(options).rule).toBeNull();
    expect(runSimulation({ ...options, liveness: true }).rule).toBe("liveness");
  });

  describe("a node that was removed", () => {
    /** A cluster one of whose nodes was removed, and knows it or not, while a client waits for a read there.
     * @param read how that node reads from then on, if not as it should */
    function withOneRemoved(knows: boolean, quiesceRounds = 0, read?: NodeUnderTest["read"]) {
      const stated = { seed: 3, nodes: 3, steps: 1, faults: [], membership: "voters" } as const;
      const { settings, random } = settle({ ...stated, capacity: { ...TINY_CAPACITY, quiesceRounds } });
      const core = new V8Core();
      const cores: NodeUnderTest[] = [];
      const create: CoreUnderTest["create"] = (...args) => {
        const node = core.create(...args);
        cores[args[0].id] = node;
        return node;
      };
      const run = openRun(settings, { name: "watched", sha256: core.sha256, create }, random);
      const { clients, world } = run;
      recover(run);
      const leader = world.nodes.find((node) => node.leads) as SimNode;
      const removed = world.nodes.find((node) => !node.leads) as SimNode;
      if (!knows)
        for (const link of world.network.links) if ([link.from, link.to].includes(removed.id)) world.block(link);
      new JudgedActions(world, clients).query(removed, { client: 7, key: 0 }, ReadKind.INDEX);
      const members = membersOf(leader.core.configuration()).filter(({ id }) => id !== removed.id);
      expect(world.reconfigure(leader, encodeConfiguration(members))).toBe(StatusCode.OK);
      if (read !== undefined) Object.assign(cores[removed.id] as NodeUnderTest, { read });
      return { run, removed };
    }

    it.each([
      [true, 0],
      [false, 0],
      [true, 2],
      [false, 2],
    ])("refuses its reads, whether it knows of it or not (%s), with %i rounds until it rests", (knows, rounds) => {
      const { removed, run } = withOneRemoved(knows, rounds);
      const { answered } = run.clients;
      recover(run);
      expect(removed.pendingReads.count).toBe(0);
      // The write before, and then a write of the leader and two reads of each of the two members.
      expect(run.clients.answered - answered).toBeGreaterThanOrEqual(6);
    });

    it("that answers them is found", () => {
      const { run } = withOneRemoved(true, 0, (_, kind) =>
        kind === ReadKind.LEASE ? StatusCode.READY : StatusCode.NOT_LEADER,
      );
      // Else another rule, that reads see what was committed, may be broken first.
      run.world.leasesHold = false;
      expect(() => recover(run)).toThrow(/^removed nodes refuse reads: node \d is no member/);
    });

    it("that leaves them waiting is found", () => {
      const { removed, run } = withOneRemoved(true);
      Object.assign(removed.pendingReads, { told: () => undefined });
      expect(() => recover(run)).toThrow(/^liveness: not recovered \d+ election timeouts .* [1-9] clients wait/);
    });
  });

  it("requests that can have no answer any more are given up, and counted by why", () => {
    const sums = { removed: 0, snapshot: 0 };
    const weights = { ...WEIGHTS, giveUp: 1, membership: 20 };
    for (let seed = 1; seed <= 12; seed++) {
      const { recovery } = runSimulation({ seed, nodes: 4, steps: 2500, liveness: true, weights });
      for (const why of ["removed", "snapshot"] as const) sums[why] += recovery?.givenUp[why] ?? 0;
    }
    expect(sums.removed).toBeGreaterThan(0);
    expect(sums.snapshot).toBeGreaterThan(0);
  });

  it("so are those whose entries are gone: four of a leader that was cut off, as two entries of the next one stand in their place", () => {
    const { settings, random } = settle({ seed: 3, nodes: 3, steps: 1, faults: [], capacity: TINY_CAPACITY });
    const run = openRun({ ...settings, membership: "voters" }, new V8Core(), random);
    const { clients, world } = run;
    recover(run);
    const [old, next] = [world.nodes.find((node) => node.leads), world.nodes.find((node) => !node.leads)] as SimNode[];
    if (old === undefined || next === undefined) throw new Error("nobody leads");
    for (const link of world.network.links) if ([link.from, link.to].includes(old.id)) world.block(link);
    const actions = new JudgedActions(world, clients);
    for (let client = 0; client < 6; client++) actions.propose(old, { client, key: 1, write: true, length: 8 });
    world.advanceAll(10 * (settings.capacity.electionTimeout + settings.capacity.electionJitter));
    world.fire(next, TimerKind.ELECTION);
    for (let left = 100; left > 0 && !next.leads; left--) {
      for (const link of world.network.links) if (link.messages.length > 0) actions.deliver(link, 0);
    }
    expect(next.leads).toBe(true);
    expect(recover(run).givenUp).toEqual({ removed: 0, snapshot: 0, gone: 4 });
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
