/** How random nodes end and come back: crashes between two inputs, deaths between two effects, restarts. */

import { Role } from "../../host/core/abi.js";
import type { Random } from "../random.js";
import type { JudgedActions } from "./judged-actions.js";
import type { RandomNodes } from "./random-nodes.js";
import type { World } from "./world.js";

/** Effects that a node may let out before it dies between two of them, exclusive: flushes have few. */
const MOST_EFFECTS = 12;
/** Writes under way that survive such a death when they do not all, exclusive. */
const MOST_KEPT = 4;
/** As many as are under way. */
const KEEP_ALL = 1 << 16;
/** Entries of an append that a crash may leave behind of it. */
const MOST_TORN = 4;

export class RandomCrashes {
  constructor(
    readonly world: World,
    readonly random: Random,
    readonly actions: JudgedActions,
    readonly nodes: RandomNodes,
  ) {}

  crash(): boolean {
    const { nodes, random } = this;
    // Mostly the leader: that is where most can go wrong.
    const leader = this.world.nodes.find((one) => one.isUp && one.core.state.role === Role.LEADER);
    const node = leader !== undefined && random.oneIn(2) ? leader : nodes.any();
    if (!node.isUp) return false;
    const keep = random.below(node.disk.pending.length + 1);
    nodes.stop(node, keep, random.below(MOST_TORN + 1));
    return true;
  }

  /** Lets a node die between two effects; mostly one that leads, or has just much to let out. */
  dieAtBoundary(): boolean {
    const { nodes, random, world } = this;
    const leader = world.nodes.find((one) => one.leads);
    const node = leader !== undefined && random.oneIn(3) ? leader : nodes.any();
    if (!node.isUp || node.core.state.failure !== 0) return false;
    const keep = random.oneIn(2) ? random.below(MOST_KEPT) : KEEP_ALL;
    world.dieAfter(node, random.below(MOST_EFFECTS), keep, random.below(MOST_TORN + 1));
    return true;
  }

  /** Restarts a node that is down, or that stopped because an effect failed. */
  restart(): boolean {
    const node = this.nodes.any();
    if (node.isLost) return false;
    if (node.isUp) {
      if (node.core.state.failure === 0) return false;
      this.actions.judgeFailure(node);
      this.nodes.stop(node, node.disk.pending.length, 0);
    }
    this.world.restart(node);
    return true;
  }
}
