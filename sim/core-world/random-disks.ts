/** What random disks do: writes become durable some at a time, effects fail, reads are answered later. */

import type { Random } from "../random.js";
import type { RandomNodes } from "./random-nodes.js";
import { FailingEffect } from "./sim-node.js";
import type { World } from "./world.js";

export class RandomDisks {
  constructor(
    readonly world: World,
    readonly random: Random,
    readonly nodes: RandomNodes,
  ) {}

  makeDurable(): boolean {
    const node = this.nodes.any();
    const { length } = node.disk.pending;
    if (length === 0 || !node.isUp || this.nodes.isHeld(node)) return false;
    this.world.makeDurable(node, this.random.oneIn(2) ? length : 1 + this.random.below(length));
    this.nodes.touched(node);
    return true;
  }

  fail(): boolean {
    const node = this.nodes.any();
    if (!node.isUp || node.core.state.failure !== 0) return false;
    const effect = (1 + this.random.below(FailingEffect.COMPACT)) as FailingEffect;
    this.world.failNext(node, effect, this.random.oneIn(2));
    return true;
  }

  deferReads(): boolean {
    const node = this.nodes.any();
    if (!node.isUp) return false;
    this.world.deferReads(node, !node.readsDeferred);
    return true;
  }
}
