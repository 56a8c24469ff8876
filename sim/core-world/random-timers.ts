/** Lets random time pass: for all nodes until the next timer fires, or for one alone, whose clock is ahead of the others'. */

import type { TimerKind } from "../../host/core/abi.js";
import type { Random } from "../random.js";
import type { RandomNodes } from "./random-nodes.js";
import { type SimNode, TIMER_KINDS, UNARMED } from "./sim-node.js";
import type { World } from "./world.js";

export class RandomTimers {
  constructor(
    readonly world: World,
    readonly random: Random,
    readonly nodes: RandomNodes,
  ) {}

  /** Time passes for everybody, until the next timer fires. */
  time(): boolean {
    let next: SimNode | null = null;
    let wait = Number.POSITIVE_INFINITY;
    for (const node of this.world.nodes) {
      if (this.nodes.isHeld(node)) continue;
      for (let kind = 0; kind < TIMER_KINDS; kind++) {
        const deadline = node.deadlines[kind] ?? UNARMED;
        if (deadline === UNARMED || deadline - node.clock >= wait) continue;
        wait = Math.max(0, deadline - node.clock);
        next = node;
      }
    }
    if (next === null) return false;
    if (wait > 0) this.world.advanceAll(wait);
    return this.fireDue(next);
  }

  /** Fires a timer of a node whose time has come. */
  fireDue(node: SimNode): boolean {
    if (!node.isUp) return false;
    for (let kind = 0; kind < TIMER_KINDS; kind++) {
      const deadline = node.deadlines[kind] ?? UNARMED;
      if (deadline !== UNARMED && deadline <= node.clock) return this.#fire(node, kind as TimerKind);
    }
    return false;
  }

  /** Fires any timer of any node. */
  fireAny(): boolean {
    return this.nodes.onAny((node) => this.#fireAnyOf(node));
  }

  #fireAnyOf(node: SimNode): boolean {
    // Leases rely on clocks that drift no further than the bound.
    if (node.plan.leaseDrift > 0) return this.fireDue(node);
    const start = this.random.below(TIMER_KINDS);
    for (let i = 0; i < TIMER_KINDS; i++) {
      const kind = (start + i) % TIMER_KINDS;
      if (node.isUp && node.deadlines[kind] !== UNARMED) return this.#fire(node, kind as TimerKind);
    }
    return false;
  }

  #fire(node: SimNode, kind: TimerKind): boolean {
    this.world.fire(node, kind);
    this.nodes.touched(node);
    return true;
  }
}
