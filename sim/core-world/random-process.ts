/**
 * What random processes, clocks and disks do beside crashing: nodes that stand still or are slow, clocks that jump or run
 * at other rates, nodes that are lost with their disks.
 */

import { Role } from "../../host/core/abi.js";
import type { Random } from "../random.js";
import type { Agenda } from "./agenda.js";
import { mayLoseDisk } from "./lost-disks.js";
import type { SimNode } from "./sim-node.js";
import type { World } from "./world.js";

const Hold = { NONE: 0, PAUSED: 1, SLOW: 2 } as const;
/** Actions for which a node stands still or is slow: 2 to the power of at least, and beside that. */
const HOLD_BITS = 5;
const MORE_HOLD_BITS = 6;
/** A slow node gets one turn of so many. */
const SLOWNESS = 16;
/** A clock jumps by a number of ms of up to so many bits, exclusive. */
const JUMP_BITS = 13;
/** Rates of clocks that keep to no bound, in thousandths. */
const RATES = [1500, 3000, 8000];
const TRUE_RATE = 1000;

export class RandomProcess {
  /** Nodes that stand still or are slow. */
  held = 0;
  readonly #holds: number[] = [];
  /** Counts a node's holds, so that the end of one does not end the next. */
  readonly #nth: number[] = [];

  /** @param onAwake is told of a node that stands still no more: everything comes at once */
  constructor(
    readonly world: World,
    readonly random: Random,
    readonly agenda: Agenda,
    readonly onAwake: (node: SimNode) => void,
  ) {
    for (const { id } of world.nodes) {
      this.#holds[id] = Hold.NONE;
      this.#nth[id] = 0;
    }
  }

  /** Whether nothing reaches the node now. To be asked only while some node is held: of slow ones it is drawn. */
  isHeld(node: SimNode): boolean {
    const hold = this.#holds[node.id];
    return hold === Hold.PAUSED || (hold === Hold.SLOW && !this.random.oneIn(SLOWNESS));
  }

  /** A node stands still: mostly one whose clock others rely on, or that is about to be elected. */
  pause(): boolean {
    return this.#hold(this.#exposed(), Hold.PAUSED);
  }

  slow(): boolean {
    return this.#hold(this.#anyone(), Hold.SLOW);
  }

  /** Nodes go on, as nothing else can happen. */
  awakeAll(): void {
    for (const node of this.world.nodes) this.#awake(node);
  }

  /** A clock jumps ahead. Leases rely on followers' clocks: there only a leader's may. */
  jump(): boolean {
    const node = this.#exposed();
    if (!node.isUp || (node.plan.leaseDrift > 0 && this.world.leasesHold && node.core.state.role !== Role.LEADER)) {
      return false;
    }
    this.world.advance(node, 1 + this.random.below(1 << this.random.below(JUMP_BITS)));
    return true;
  }

  /** A clock goes on at another rate, or all but a leader's do: then others have long elected another one by the time
   * that its lease ends. */
  drift(): boolean {
    const { random, world } = this;
    const rate = RATES[random.below(RATES.length + 1)] ?? TRUE_RATE;
    const one = this.#exposed();
    if (random.oneIn(2)) world.setRate(one, rate);
    else for (const node of world.nodes) world.setRate(node, node === one ? TRUE_RATE : rate);
    return true;
  }

  /** Loses a node with its disk; answers which, null if none may be lost. */
  loseDisk(): SimNode | null {
    const node = this.#exposed();
    if (!mayLoseDisk(this.world, node)) return null;
    this.#release(node);
    this.world.loseDisk(node);
    return node;
  }

  #hold(node: SimNode, hold: number): boolean {
    if (!node.isUp || this.#holds[node.id] !== Hold.NONE) return false;
    this.#holds[node.id] = hold;
    this.held++;
    const nth = ++(this.#nth[node.id] as number);
    const long = this.random.below(1 << (HOLD_BITS + this.random.below(MORE_HOLD_BITS)));
    this.agenda.add(this.world.steps + 1 + long, () => {
      if (this.#nth[node.id] === nth) this.#awake(node);
    });
    return true;
  }

  #awake(node: SimNode): void {
    const wasPaused = this.#holds[node.id] === Hold.PAUSED;
    this.#release(node);
    if (wasPaused && node.isUp) this.onAwake(node);
  }

  #release(node: SimNode): void {
    if (this.#holds[node.id] === Hold.NONE) return;
    this.#holds[node.id] = Hold.NONE;
    this.held--;
  }

  #anyone(): SimNode {
    return this.world.nodes[this.random.below(this.world.nodes.length)] as SimNode;
  }

  /** Mostly a leader, or a candidate. */
  #exposed(): SimNode {
    const anyone = this.#anyone();
    if (this.random.oneIn(3)) return anyone;
    const isBusy = (node: SimNode) => node.isUp && node.core.state.role !== Role.FOLLOWER;
    const { nodes } = this.world;
    return [...nodes.slice(anyone.id - 1), ...nodes].find(isBusy) ?? anyone;
  }
}
