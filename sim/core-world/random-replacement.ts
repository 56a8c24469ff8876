/** Nodes that are lost with their disks, and whom an operator puts in their place, one step at a time. */

import type { Random } from "../random.js";
import type { Agenda } from "./agenda.js";
import { isNew } from "./lost-disks.js";
import type { RandomNodes } from "./random-nodes.js";
import type { RandomOperator } from "./random-operator.js";
import type { SimNode } from "./sim-node.js";

/** Actions between two steps to replace a node that is lost, exclusive, and how many there are. */
const REPLACING = 300;
const MOST_REPLACING = 100;

export class RandomReplacement {
  /** Nodes that are to take the place of others. */
  readonly #newcomers = new Set<SimNode>();

  constructor(
    readonly random: Random,
    readonly agenda: Agenda,
    readonly nodes: RandomNodes,
    readonly operator: RandomOperator,
  ) {}

  /** Loses a node with its disk; the operator puts another one in its place. */
  loseDisk(): boolean {
    const { process, world } = this.nodes;
    const newcomer = world.nodes.find((node) => isNew(node) && !this.#newcomers.has(node));
    const lost = newcomer === undefined ? null : process.loseDisk();
    if (newcomer === undefined || lost === null) return false;
    this.#newcomers.add(newcomer);
    this.#replace(lost, newcomer, MOST_REPLACING);
    return true;
  }

  #replace(lost: SimNode, newcomer: SimNode, left: number): void {
    const { nodes, operator } = this;
    this.agenda.add(nodes.world.steps + 1 + this.random.below(REPLACING), () => {
      const isDone = nodes.withLeader((leader) => operator.replace(leader, lost, newcomer));
      if (!isDone && left > 0) this.#replace(lost, newcomer, left - 1);
    });
  }
}
