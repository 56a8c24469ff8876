/** A node is its bytes: what follows from all of a node's state lying in one relocatable arena of a size fixed at the start. */

import { describe, expect, it } from "vitest";
import { StatusCode, TimerKind } from "../../host/core/abi.js";
import { encodeConfiguration } from "../../host/core/configuration.js";
import type { CoreInstance } from "../../host/core/instance.js";
import { CoreNode, planBytes } from "../../host/core/node.js";
import { MICRO_CAPACITY } from "../../host/core/plan.js";
import { type Effect, RecordingEffects } from "./disk.js";
import { newInstance, PLAN, TestNode } from "./node-kit.js";
import { Random } from "./random.js";
import { type Member, SmallCluster } from "./small-cluster.js";
import { harvest, SHAPES, type State } from "./states.js";

const MEMBERS = [1, 2, 3];

function cluster(instance: CoreInstance, seed: number, shape = 0): SmallCluster {
  const capacity = SHAPES[shape];
  if (capacity === undefined) throw new RangeError(`there is no shape ${shape}`);
  const plans = MEMBERS.map((id) => ({ ...capacity, cluster: 1n, group: 0, id }));
  const configuration = encodeConfiguration(MEMBERS.map((id) => ({ id })));
  return new SmallCluster({ instance, plans, configuration, random: new Random(seed) });
}

describe("nodes that get the same inputs", () => {
  it("have the same bytes, wherever they lie", () => {
    const instance = newInstance();
    const first = cluster(instance, 5);
    // In the same instance behind the first, and in another one at other addresses.
    const second = cluster(instance, 5);
    const elsewhere = newInstance();
    elsewhere.allocate(3000);
    const third = cluster(elsewhere, 5);
    for (let i = 0; i < 3000; i++) {
      for (const each of [first, second, third]) each.step();
      if (i % 100 !== 0) continue;
      for (const [at, member] of first.members.entries()) {
        const arena = Buffer.from(member.node.arena);
        for (const other of [second, third]) {
          expect(arena.equals(other.members[at]?.node.arena ?? new Uint8Array(0))).toBe(true);
        }
      }
    }
    expect(Math.max(...first.members.map(({ node }) => node.commit))).toBeGreaterThan(20);
  });
});

/** A node at an address of its own that continues from a state. */
function revive(instance: CoreInstance, state: State): Revived {
  const effects = new RecordingEffects(instance);
  effects.reset(state.disk.clone(), state.applied);
  const node = new CoreNode(instance, state.plan, effects);
  instance.bytes.set(state.arena, node.handle);
  return { node, effects };
}

interface Revived {
  readonly node: CoreNode;
  readonly effects: RecordingEffects;
}

/** Some inputs of every sort, and what comes of them. */
function goOn({ node, effects }: Revived, state: State): { statuses: number[]; effects: Effect[] } {
  const statuses: number[] = [];
  const later = state.now + 1000;
  node.observe(0xffffffff);
  statuses.push(node.receive(state.now, state.message), node.flush(state.now));
  statuses.push(node.durableUpTo(node.last, node.lastTerm), node.propose(new Uint8Array(20)), node.flush(state.now));
  statuses.push(node.timer(later, TimerKind.ELECTION), node.timer(later, TimerKind.HEARTBEAT), node.flush(later));
  return { statuses, effects: effects.take() };
}

describe("a copy of an arena", () => {
  it("is the node: at another address and in another instance it goes on in the same way", () => {
    const instance = newInstance();
    const { states } = harvest(instance, 11);
    expect(states.length).toBeGreaterThan(200);
    const elsewhere = newInstance();
    elsewhere.allocate(192);
    for (const state of states) {
      const nodes = [revive(instance, state), revive(instance, state), revive(elsewhere, state)];
      const [original, ...copies] = nodes.map((node) => ({
        ...goOn(node, state),
        arena: Buffer.from(node.node.arena),
      }));
      if (original === undefined) throw new Error("there is no original");
      expect(original.effects.length).toBeGreaterThan(0);
      for (const copy of copies) {
        expect(copy.statuses).toEqual(original.statuses);
        expect(copy.effects).toEqual(original.effects);
        expect(copy.arena.equals(original.arena)).toBe(true);
      }
      for (const { node } of nodes) node.release();
    }
  });
});

const GUARD = 256;
const PATTERN = 0xa5;

/** Has an instance put a band of pattern before and behind every arena. Answers whether the bands are whole. */
function guard(instance: CoreInstance): () => boolean {
  const allocate = instance.allocate.bind(instance);
  const release = instance.release.bind(instance);
  const places = new Set<number>();
  instance.allocate = (size) => {
    const place = allocate(size + 2 * GUARD);
    instance.bytes.fill(PATTERN, place, place + GUARD);
    instance.bytes.fill(PATTERN, place + GUARD + size, place + 2 * GUARD + size);
    places.add(place).add(place + GUARD + size);
    return place + GUARD;
  };
  instance.release = (address, size) => {
    places.delete(address - GUARD);
    places.delete(address + size);
    release(address - GUARD, size + 2 * GUARD);
  };
  const isWhole = (place: number) => instance.bytes.subarray(place, place + GUARD).every((byte) => byte === PATTERN);
  return () => [...places].every(isWhole);
}

describe("a node", () => {
  it.each([0, 1])("writes nothing outside of its arena, with capacities of shape %i", (shape) => {
    const instance = newInstance();
    const below = instance.exports.__heap_base.value as number;
    const areGuardsWhole = guard(instance);
    const clusters = [1, 2, 3].map((seed) => cluster(instance, seed, shape));
    for (let i = 0; i < 4000; i++) for (const each of clusters) each.step();
    expect(areGuardsWhole()).toBe(true);
    expect(instance.bytes.subarray(0, below).every((byte) => byte === 0)).toBe(true);
    const members: Member[] = clusters.flatMap((each) => each.members);
    for (const { node } of members) expect(node.first).toBeGreaterThan(1);
  });

  it("takes no more memory after 100,000 commits", () => {
    const instance = newInstance();
    const leader = new TestNode({ instance, members: [{ id: 1 }] });
    leader.timeOut();
    leader.flush();
    const pages = instance.memoryPages;
    const areaBehind = () => instance.bytes.slice(leader.handle + leader.node.size);
    const behind = Buffer.from(areaBehind());
    const disk = leader.effects.disk;
    while (leader.node.commit < 100_000) {
      expect(leader.node.propose(new Uint8Array(leader.node.last % 60))).toBe(StatusCode.OK);
      leader.flush();
      // What storage keeps is not of interest here: forget all but how many there are.
      disk.entries[disk.last - 1] = new Uint8Array(0);
    }
    expect(instance.memoryPages).toBe(pages);
    expect(behind.equals(areaBehind())).toBe(true);
    expect(leader.node.applied).toBe(100_000);
    expect(leader.node.brokenInvariant()).toBe(0);
  });

  it("of the microcontroller's plan takes at most 24 KiB", () => {
    const { nodes, windowEntries, windowBytes, maxMessage } = MICRO_CAPACITY;
    expect({ nodes, windowEntries, windowBytes, maxMessage }).toEqual({
      nodes: 5,
      windowEntries: 64,
      windowBytes: 8192,
      maxMessage: 1400,
    });
    expect(planBytes(newInstance(), PLAN)).toBeLessThanOrEqual(24 * 1024);
  });
});
