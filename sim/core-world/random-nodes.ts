/** Draws the nodes that random actions are about, and remembers which of them have inputs that no flush followed. */

import type { Random } from "../random.js";
import type { RandomProcess } from "./random-process.js";
import type { SimNode } from "./sim-node.js";
import type { World } from "./world.js";

export class RandomNodes {
  /** Whether a node has something to flush, by id. */
  readonly #dirty: boolean[] = [];

  constructor(
    readonly world: World,
    readonly random: Random,
    readonly process: RandomProcess,
  ) {}

  any(): SimNode {
    return this.world.nodes[this.random.below(this.world.nodes.length)] as SimNode;
  }

  /** Whether nothing reaches a node now. */
  isHeld(node: SimNode): boolean {
    return this.process.held > 0 && this.process.isHeld(node);
  }

  /** Acts on any node, unless that is held. */
  onAny(act: (node: SimNode) => boolean): boolean {
    const node = this.any();
    return !this.isHeld(node) && act(node);
  }

  /** Hands something to a leader. */
  withLeader(act: (leader: SimNode) => boolean): boolean {
    const leader = this.world.nodes.find((node) => node.leads);
    if (leader === undefined || this.isHeld(leader) || !act(leader)) return false;
    this.touched(leader);
    return true;
  }

  /** A node has taken an input. */
  touched(node: SimNode): void {
    this.#dirty[node.id] = !this.world.autoFlush;
  }

  /** A node stops, and has nothing to flush any more. */
  stop(node: SimNode, keep: number, torn: number): void {
    this.world.crash(node, keep, torn);
    this.#dirty[node.id] = false;
  }

  isDirty(node: SimNode): boolean {
    return this.#dirty[node.id] === true;
  }
}
