/**
 * What a random network does to links: partitions of known shapes, links that come and go or suffer from something. What is
 * cut or hindered here heals when everything does, or by itself. Single messages are in random-messages.ts.
 */

import { MessageKind } from "../../host/core/abi.js";
import { type Random, shuffled } from "../random.js";
import type { Agenda } from "./agenda.js";
import { type Hindrance, kindOf, type Link, UNHINDERED } from "./network.js";
import type { SimNode } from "./sim-node.js";
import type { World } from "./world.js";

/** Kinds of messages, which begin with 1. */
const KINDS = Object.keys(MessageKind).length;
/** Room of a link with little of it, exclusive and without none. */
const MOST_ROOM = 6;
/** Times that a link comes and goes, at least and beside that. */
const FLAPS = 4;
const MORE_FLAPS = 16;
/** Actions between two changes of a link that comes and goes: 2 to the power of at least, and beside that. */
const FLAP_BITS = 2;
const MORE_FLAP_BITS = 6;
/** Links that a swizzle takes in, at most. */
const MOST_SWIZZLED = 16;
/** Actions between two links of it, exclusive. */
const SWIZZLE_PACE = 32;

/** Actions for which nothing else heals a network that was cut into a known shape, or hindered as a whole: 2 to the power
 * of at least, and beside that. Long enough now and then for those who are cut off to elect somebody. */
const LASTING_BITS = 6;
const MORE_LASTING_BITS = 6;

export class RandomNetwork {
  /** Actions until which nothing heals. */
  #lastsTo = 0;

  constructor(
    readonly world: World,
    readonly random: Random,
    readonly agenda: Agenda,
  ) {}

  /** Cuts a group off from the others, in both directions or in one. */
  partition(): boolean {
    const { nodes, network } = this.world;
    if (nodes.length === 1) return false;
    const group = 1 + this.random.below(2 ** nodes.length - 2);
    const directions = this.random.below(4);
    for (const link of network.links) {
      const fromInside = ((group >> (link.from - 1)) & 1) === 1;
      const toInside = ((group >> (link.to - 1)) & 1) === 1;
      if (fromInside === toInside || link.blocked) continue;
      if (directions < 2 || (directions === 2) === fromInside) this.world.block(link);
    }
    return true;
  }

  /** Links that are cut or hindered are well again. */
  heal(): boolean {
    if (this.world.steps < this.#lastsTo) return false;
    let healed = false;
    for (const link of this.world.network.links) {
      if (link.hindrance !== null) this.world.hinder(link, null);
      else if (!link.blocked) continue;
      if (link.blocked) this.world.unblock(link);
      healed = true;
    }
    return healed;
  }

  // Partitions of known shapes. Each takes the place of what was cut before.

  /** Two halves do not hear each other. */
  halves(): boolean {
    if (this.world.nodes.length < 2) return false;
    const side = this.#sides();
    return this.#cut((from, to) => side[from] !== side[to]);
  }

  /** Two halves do not hear each other; one node hears both. */
  bridge(): boolean {
    if (this.world.nodes.length < 3) return false;
    const side = this.#sides();
    const middle = this.#anyone().id;
    return this.#cut((from, to) => side[from] !== side[to] && from !== middle && to !== middle);
  }

  /** Each node hears those next to it in a ring: as few as are a majority with itself. */
  ring(): boolean {
    const { length } = this.world.nodes;
    const reach = (length + 2) >> 2;
    // Else everybody hears everybody.
    if (2 * reach + 1 >= length) return false;
    const place = this.#places();
    return this.#cut((from, to) => {
      const apart = Math.abs((place[from] as number) - (place[to] as number));
      return Math.min(apart, length - apart) > reach;
    });
  }

  /** One node is cut off. */
  alone(): boolean {
    if (this.world.nodes.length < 2) return false;
    const { id } = this.#leaderOrAnyone();
    return this.#cut((from, to) => from === id || to === id);
  }

  /** One node hears nobody, or is not heard. */
  oneway(): boolean {
    if (this.world.nodes.length < 2) return false;
    const { id } = this.#leaderOrAnyone();
    const hears = this.random.oneIn(2);
    return this.#cut((from, to) => (hears ? from : to) === id);
  }

  /** All that goes to or from a node, or over one link, is cut and heals many times. */
  flap(): boolean {
    if (this.world.nodes.length < 2) return false;
    const { random } = this;
    const { id } = this.#leaderOrAnyone();
    const all = this.world.network.links.filter((link) => link.from === id || link.to === id);
    const links = random.oneIn(2) ? all : [all[random.below(all.length)] as Link];
    this.#flap(links, true, FLAPS + random.below(MORE_FLAPS));
    return true;
  }

  /** Links are cut one after the other, and heal one after the other in another order ("swizzle-clogging", FoundationDB). */
  swizzle(): boolean {
    const { random } = this;
    const links = shuffled(this.world.network.links, random);
    if (links.length === 0) return false;
    const chosen = links.slice(0, 1 + random.below(Math.min(MOST_SWIZZLED, links.length)));
    let due = this.world.steps;
    const soon = (link: Link, blocked: boolean) => {
      due += random.below(SWIZZLE_PACE);
      this.agenda.add(due, () => this.#set(link, blocked));
    };
    for (const link of chosen) soon(link, true);
    for (const link of shuffled(chosen, random)) soon(link, false);
    return true;
  }

  // Links that suffer from something.

  burst(): boolean {
    // Three of four of a burst are lost.
    const losses = (this.random.next() | this.random.next()) >>> 0;
    return this.#hinderOne({ losses: losses >>> this.random.below(28) });
  }

  /** A kind of messages is lost, mostly one that is about. */
  kinds(): boolean {
    const { links } = this.world.network;
    if (links.length === 0) return false;
    const [message] = (links[this.random.below(links.length)] as Link).messages;
    const kinds = 1 << (message === undefined ? 1 + this.random.below(KINDS) : kindOf(message));
    return this.random.oneIn(2) ? this.#hinderOne({ kinds }) : this.#hinderAll({ kinds });
  }

  queue(): boolean {
    const hindrance = { room: 1 + this.random.below(MOST_ROOM), losesOldest: this.random.oneIn(2) };
    return this.random.oneIn(2) ? this.#hinderOne(hindrance) : this.#hinderAll(hindrance);
  }

  /** A node speaks another version: nobody understands it, and it perhaps nobody. */
  version(): boolean {
    if (this.world.nodes.length < 2) return false;
    const { id } = this.#anyone();
    const both = this.random.oneIn(2);
    for (const link of this.world.network.links) {
      if (link.from === id || (both && link.to === id)) this.#hinder(link, { otherVersion: true });
    }
    this.#last();
    return true;
  }

  #flap(links: readonly Link[], cut: boolean, left: number): void {
    for (const link of links) this.#set(link, cut);
    if (left === 0 && !cut) return;
    const pause = this.random.below(1 << (FLAP_BITS + this.random.below(MORE_FLAP_BITS)));
    this.agenda.add(this.world.steps + 1 + pause, () => this.#flap(links, !cut, Math.max(0, left - 1)));
  }

  #hinderOne(changed: Partial<Hindrance>): boolean {
    const { links } = this.world.network;
    if (links.length === 0) return false;
    this.#hinder(links[this.random.below(links.length)] as Link, changed);
    return true;
  }

  #hinderAll(changed: Partial<Hindrance>): boolean {
    for (const link of this.world.network.links) this.#hinder(link, changed);
    this.#last();
    return this.world.network.links.length > 0;
  }

  #hinder(link: Link, changed: Partial<Hindrance>): void {
    this.world.hinder(link, { ...(link.hindrance ?? UNHINDERED), ...changed });
  }

  #cut(isCut: (from: number, to: number) => boolean): boolean {
    for (const link of this.world.network.links) this.#set(link, isCut(link.from, link.to));
    this.#last();
    return true;
  }

  #last(): void {
    const long = this.random.below(1 << (LASTING_BITS + this.random.below(MORE_LASTING_BITS)));
    this.#lastsTo = Math.max(this.#lastsTo, this.world.steps + long);
  }

  #set(link: Link, blocked: boolean): void {
    if (link.blocked === blocked) return;
    if (blocked) this.world.block(link);
    else this.world.unblock(link);
  }

  #anyone(): SimNode {
    return this.world.nodes[this.random.below(this.world.nodes.length)] as SimNode;
  }

  #leaderOrAnyone(): SimNode {
    const leader = this.world.nodes.find((node) => node.leads);
    return leader !== undefined && !this.random.oneIn(3) ? leader : this.#anyone();
  }

  /** Each node's place in a random order, by id. */
  #places(): number[] {
    const places: number[] = [];
    for (const [place, { id }] of shuffled(this.world.nodes, this.random).entries()) places[id] = place;
    return places;
  }

  /** On which of two halves each node is, by id. */
  #sides(): number[] {
    return this.#places().map((place) => (place < this.world.nodes.length >> 1 ? 0 : 1));
  }
}
