/**
 * Where disks may be lost. A node that is lost never comes back under its id, so no rule is in danger: it is as if it had
 * crashed for good. But a cluster recovers only while majorities are left, which is for the operator to see to.
 */

import { EMPTY_LOG } from "../log-tree.js";
import { voterSets } from "../messages.js";
import type { SimNode } from "./sim-node.js";
import type { World } from "./world.js";

/** Whether a node may be lost with its disk: every configuration that may yet come into force keeps a majority of its
 * voters, and there is another node to take its place, which holds nothing yet. A witness may be ahead of all others that are left: where there is
 * one, none may be lost. */
export function mayLoseDisk(world: World, node: SimNode): boolean {
  const { nodes } = world;
  if (node.isLost || isNew(node) || nodes.some(({ isWitness }) => isWitness)) return false;
  const others = nodes.filter((other) => other !== node);
  return others.some(isNew) && configurations(world).every((configuration) => keepsMajority(others, configuration));
}

/** Whether a configuration has a majority of its voters among the nodes that are not lost. */
export function keepsMajority(nodes: readonly SimNode[], configuration: Uint8Array): boolean {
  return voterSets(configuration).every((set) => {
    const left = nodes.filter((node) => !node.isLost && set.includes(node.id));
    return set.length === 0 || left.length * 2 > set.length;
  });
}

/** Whether a node was never a member: it holds nothing. */
export function isNew({ bootstrap, disk, isLost }: SimNode): boolean {
  return !isLost && bootstrap.length === 0 && disk.written.last === 0 && disk.snapshot === null;
}

/** All configurations in nodes' logs from the newest committed one on, and those in force. */
function configurations(world: World): Uint8Array[] {
  const { committed, nodes, tree } = world;
  const ids = new Set<number>();
  for (const { disk, isLost } of nodes) {
    if (isLost) continue;
    for (const log of [disk.written, disk.durable]) {
      let id = tree.configuration(log.tip);
      for (ids.add(id); id !== EMPTY_LOG && tree.index(id) > committed; ids.add(id)) {
        id = tree.configuration(tree.parent(id));
      }
    }
  }
  const inForce = nodes.filter((node) => node.isUp && node.core.state.members > 0);
  return [...[...ids].map((id) => world.configurationBytes(id)), ...inForce.map(({ core }) => core.configuration())];
}
