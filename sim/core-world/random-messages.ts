/**
 * What a random network does to single messages: which one arrives next, is lost, comes twice, is held up, kept until it is
 * old, or damaged.
 */

import type { Random } from "../random.js";
import type { Agenda } from "./agenda.js";
import { DAMAGE_NAMES } from "./damage.js";
import type { JudgedActions } from "./judged-actions.js";
import type { Envelope, Link } from "./network.js";
import type { RandomNodes } from "./random-nodes.js";
import type { SimNode } from "./sim-node.js";
import type { World } from "./world.js";

/** Messages held up at once: a network holds no more. */
const MOST_HELD_UP = 64;
/** Copies kept of each link's messages. */
const MOST_KEPT = 4;
/** Actions for which a message is held up: the shortest, and how often it is doubled at random, exclusive. Every second
 * one waits twice as long, without an end that would matter to a run. */
const SHORTEST_DELAY = 8;
const DOUBLINGS = 12;
/** Actions between two looks whether a kept copy has become old, and how many there are. */
const LOOK = 200;
const LOOKS = 20;

export class RandomMessages {
  readonly world: World;

  /** @param reorders whether any message of a link may be the next one */
  constructor(
    readonly random: Random,
    readonly agenda: Agenda,
    readonly actions: JudgedActions,
    readonly nodes: RandomNodes,
    readonly reorders: boolean,
  ) {
    this.world = nodes.world;
  }

  deliver(): boolean {
    const link = this.#link();
    if (link === null) return false;
    this.actions.deliver(link, this.#position(link));
    this.#arrived(link);
    return true;
  }

  /** Delivers a message damaged. */
  corrupt(): boolean {
    const link = this.#link();
    if (link === null) return false;
    const { random } = this;
    this.world.corrupt(link, this.#position(link), random.below(DAMAGE_NAMES.length), random.next());
    this.#arrived(link);
    return true;
  }

  drop(): boolean {
    const link = this.#link();
    if (link !== null) this.world.drop(link, this.#position(link));
    return link !== null;
  }

  duplicate(): boolean {
    const link = this.#link();
    if (link !== null) this.world.duplicate(link, this.#position(link));
    return link !== null;
  }

  /** Holds a message up. */
  delay(): boolean {
    const link = this.#link();
    return link !== null && this.#delay(link, this.#position(link));
  }

  /** Keeps a copy of a message until its receiver is in a later term, or for as long as a run may go on. */
  stale(): boolean {
    const link = this.#link();
    return link !== null && this.#keepCopy(link, this.#position(link));
  }

  /** Draws a link with a message for a node that is not held, by going on from a random one. */
  #link(): Link | null {
    const { network, nodes } = this.world;
    if (network.count === 0) return null;
    const { links } = network;
    const start = this.random.below(links.length);
    for (let i = 0; i < links.length; i++) {
      const link = links[start + i < links.length ? start + i : start + i - links.length] as Link;
      if (link.messages.length > 0 && !this.nodes.isHeld(nodes[link.to - 1] as SimNode)) return link;
    }
    return null;
  }

  #position(link: Link): number {
    if (!this.reorders || link.messages.length === 1) return 0;
    return this.random.oneIn(2) ? this.random.below(link.messages.length) : 0;
  }

  #arrived(link: Link): void {
    const node = this.world.node(link.to);
    if (node.isUp) this.nodes.touched(node);
  }

  #delay(link: Link, position: number): boolean {
    if (this.world.network.heldUp.length >= MOST_HELD_UP) return false;
    const envelope = this.world.holdUp(link, position);
    const { random } = this;
    let doublings = 0;
    while (doublings < DOUBLINGS && random.oneIn(2)) doublings++;
    const shortest = SHORTEST_DELAY << doublings;
    this.agenda.add(this.world.steps + shortest + random.below(shortest), () => this.#letGo(envelope));
    return true;
  }

  #keepCopy(link: Link, position: number): boolean {
    const { heldUp } = this.world.network;
    if (heldUp.length >= MOST_HELD_UP || link.blocked || link.hindrance !== null) return false;
    if (heldUp.filter(({ from, to }) => from === link.from && to === link.to).length >= MOST_KEPT) return false;
    this.world.duplicate(link, position);
    const envelope = this.world.holdUp(link, link.messages.length - 1);
    this.#lookAt(envelope, LOOKS);
    return true;
  }

  #lookAt(envelope: Envelope, looks: number): void {
    this.agenda.add(this.world.steps + 1 + this.random.below(2 * LOOK), () => {
      if (looks > 0 && !this.world.isOld(envelope)) this.#lookAt(envelope, looks - 1);
      else this.#letGo(envelope);
    });
  }

  #letGo(envelope: Envelope): void {
    this.world.letGo(this.world.network.heldUp.indexOf(envelope));
  }
}
