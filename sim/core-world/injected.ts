/**
 * How often each fault of a run had its effect, by what it does and not by how often it was asked for: a write that came to
 * be durable later, an effect that failed, a message that a link had no room for. Faults that act the moment that they are
 * drawn, or not at all, are counted there. Reads are no fault: what became of them is among what a run reached.
 */

import { FAULTS, type Fault } from "./faults.js";
import type { DrawCounts } from "./random-driver.js";
import type { SimNode } from "./sim-node.js";
import type { World } from "./world.js";

export type InjectedFault = Exclude<Fault, "query">;
export type InjectedCounts = Readonly<Record<InjectedFault, number>>;

/** Faults that are counted. */
export const INJECTED_FAULTS = FAULTS.filter((fault): fault is InjectedFault => fault !== "query");

/** @param drawn actions by what was drawn */
export function injectedIn(world: World, drawn: DrawCounts): InjectedCounts {
  const { counts, network } = world;
  return {
    ...actingAtOnce(drawn),
    drop: counts.dropped,
    duplicate: network.counts.duplicated,
    reorder: counts.overtakes,
    durability: sumOf(world, "writesLater"),
    timer: counts.firedEarly,
    storage: sumOf(world, "effectsFailed"),
    read: sumOf(world, "readsLater"),
    batch: sumOf(world, "batches"),
    snapshot: sumOf(world, "snapshots"),
    membership: counts.changesTaken,
    transfer: counts.transfersTaken,
    burst: network.counts.lostInBursts,
    kinds: network.counts.lostByKind,
    stale: counts.copiesInLaterTerm,
    corrupt: counts.damaged,
    version: network.counts.otherVersions,
    queue: network.counts.overflows,
    disk: counts.disksLost,
    drift: counts.ratesChanged,
    boundary: sumOf(world, "deaths"),
  };
}

/** Those that act the moment that they are drawn. */
function actingAtOnce({ alone, bridge, flap, halves, oneway, partition, ring, swizzle, ...drawn }: DrawCounts) {
  const { crash, delay, jump, pause, slow, unreachable } = drawn;
  const cuts = { partition, halves, alone, oneway, bridge, ring, flap, swizzle };
  return { ...cuts, crash, unreachable, delay, pause, slow, jump };
}

function sumOf({ nodes }: World, name: keyof SimNode["counts"]): number {
  return nodes.reduce((sum, { counts }) => sum + counts[name], 0);
}
