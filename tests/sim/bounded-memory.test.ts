/** What a node keeps for others stays within bounds: a core, or a node, that keeps more and more is found. */

import { describe, expect, it } from "vitest";
import { MessageKind, ReadKind } from "../../host/core/abi.js";
import type { Fault } from "../../sim/core-world/faults.js";
import { JudgedActions } from "../../sim/core-world/judged-actions.js";
import { recover } from "../../sim/core-world/liveness.js";
import { runSimulation } from "../../sim/core-world/run.js";
import { openRun, settle, TINY_CAPACITY } from "../../sim/core-world/settings.js";
import type { SimNode } from "../../sim/core-world/sim-node.js";
import { V8Core } from "../../sim/v8-core.js";
import { FalsifiedCore, type Falsify, kindAt } from "./falsified-core.js";

const FAULTS: readonly Fault[] = ["drop", "reorder", "durability", "crash"];

/** Sends what is acknowledged several times. */
function repeated(times: number, barrier: boolean): Falsify {
  return (effects) => ({
    send: (to, memory, offset, length, waits) => {
      const isReply = kindAt(memory, offset) === MessageKind.APPEND_REPLY;
      for (let i = 0; i < (isReply ? times : 1); i++)
        effects.send(to, memory, offset, length, waits || (isReply && barrier));
    },
  });
}

function settled() {
  const options = { seed: 3, nodes: 3, steps: 1, faults: [], membership: "voters", capacity: TINY_CAPACITY } as const;
  const { settings, random } = settle(options);
  const run = openRun(settings, new V8Core(), random);
  recover(run);
  const leader = run.world.nodes.find((node) => node.leads) as SimNode;
  return { ...run, leader, actions: new JudgedActions(run.world, run.clients) };
}

describe("bounded memory", () => {
  const run = (falsify: Falsify) =>
    runSimulation({
      ...{ seed: 5, nodes: 3, steps: 20_000, faults: FAULTS, membership: "voters", capacity: TINY_CAPACITY },
      core: new FalsifiedCore(falsify),
    });

  it("is kept by the core as it is", () => {
    expect(run(() => ({})).violation).toBeNull();
  });

  it("is not by one that sends everything so often", () => {
    expect(run(repeated(60, false)).violation).toMatch(/^bounded memory: node \d sends \d+ messages at once/);
  });

  it("is not by one that holds a few messages more with every input", () => {
    expect(run(repeated(8, true)).violation).toMatch(/^bounded memory: node \d holds \d+ messages, where \d+ may be/);
  });

  it("is not by a node that does not let go what waits for nothing any more", () => {
    const { leader, world } = settled();
    const { network } = world;
    const bytes = new Uint8Array(64);
    const region = { bytes, words: new Int32Array(bytes.buffer) };
    const envelope = network.pool.fill(leader.id, 1, region, 0, bytes.length, true);
    envelope.awaits = leader.disk.done;
    leader.held.push(envelope);
    expect(() => world.flush(leader)).toThrow(/^bounded memory: node \d holds a message that waits for nothing/);
  });

  it("is not by a leader that takes more than it has room for", () => {
    const { actions, leader, world } = settled();
    for (const link of world.network.links) world.block(link);
    Object.assign(leader, { plan: { ...leader.plan, windowEntries: 3, maxMessage: 16 } });
    const ask = (client: number) => actions.propose(leader, { client, key: 1, write: true, length: 8 });
    for (let client = 0; client < 4; client++) ask(client);
    expect(() => ask(4)).toThrow(
      /^bounded memory: leader \d took 5 entries that are not committed, and has room for 4/,
    );
  });

  it("is not by a node on which more and more reads wait", () => {
    const { leader, world } = settled();
    for (const link of world.network.links) world.block(link);
    const readAll = () => {
      for (let i = 0; i < 300; i++) world.read(leader, ReadKind.INDEX);
    };
    expect(readAll).toThrow(/^bounded memory: 257 reads wait on node \d/);
  });
});
