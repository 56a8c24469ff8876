/**
 * Takes random actions in a world: which one, on which node, which message, is drawn from the seeded generator. Faults
 * are kinds of actions that can be left out. Everything that the driver may draw is bounded, and no action depends on
 * anything but the seed and the options.
 */

import { Role, type TimerKind } from "../host/core/abi.js";
import type { Clients } from "./clients.js";
import { type Draw, FAULT_DRAWS, type Fault, WEIGHTS, type Weights } from "./faults.js";
import { JudgedActions } from "./judged-actions.js";
import type { Link } from "./network.js";
import type { Random } from "./random.js";
import { RandomOperator } from "./random-operator.js";
import { FailingEffect, type SimNode, TIMER_KINDS, UNARMED } from "./sim-node.js";
import type { World } from "./world.js";

/** Messages under way above which the driver only delivers: a network that is not lossy is bounded too. */
const MOST_UNDER_WAY = 256;
/** Draws without an action that could be taken, before time passes. */
const DRAWS = 8;
/** Entries of an append that a crash may leave behind of it. */
const MOST_TORN = 4;

/** Actions taken, by what was drawn. */
export type DrawCounts = Record<Draw, number>;

export class RandomDriver {
  readonly counts: DrawCounts;
  readonly #draws: readonly Draw[];
  readonly #total: number;
  readonly #faults: ReadonlySet<Fault>;
  readonly #dirty: boolean[] = [];
  readonly #actions: JudgedActions;
  readonly #operator: RandomOperator;
  readonly #weights: Weights;

  constructor(
    readonly world: World,
    readonly clients: Clients,
    readonly random: Random,
    faults: readonly Fault[],
    weights: Weights = WEIGHTS,
  ) {
    this.#weights = weights;
    this.#faults = new Set(faults);
    this.#actions = new JudgedActions(world, clients);
    this.#operator = new RandomOperator(world, clients, random, this.#actions);
    const draws = Object.keys(WEIGHTS) as Draw[];
    const isLeftOut = (draw: Draw) => FAULT_DRAWS.some((fault) => fault === draw && !this.#faults.has(fault));
    this.#draws = draws.filter((draw) => !isLeftOut(draw));
    this.#total = this.#draws.reduce((sum, draw) => sum + weights[draw], 0);
    this.counts = Object.fromEntries(draws.map((draw) => [draw, 0])) as DrawCounts;
  }

  /** Takes actions until the world has taken `steps`. */
  run(steps: number): void {
    while (this.world.steps < steps) this.#act();
  }

  #act(): void {
    if (this.world.network.count > MOST_UNDER_WAY) {
      this.#take("deliver");
      return;
    }
    for (let i = 0; i < DRAWS; i++) if (this.#take(this.#draw())) return;
    this.#take("restart");
    this.#take("time");
  }

  #draw(): Draw {
    let rest = this.random.below(this.#total);
    for (const draw of this.#draws) {
      rest -= this.#weights[draw];
      if (rest < 0) return draw;
    }
    throw new Error("the weights do not add up");
  }

  #take(draw: Draw): boolean {
    const { world, random } = this;
    world.autoFlush = !this.#faults.has("batch") || !random.oneIn(4);
    const taken = this.#perform(draw);
    if (taken) this.counts[draw]++;
    return taken;
  }

  #perform(draw: Draw): boolean {
    switch (draw) {
      case "deliver":
        return this.#deliver();
      case "durable":
        return this.#durable();
      case "propose":
        return this.#propose();
      case "flush":
        return this.#flush();
      case "time":
        return this.#time();
      case "giveUp":
        return this.#giveUp();
      case "restart":
        return this.#restart();
      case "heal":
        return this.#heal();
      default:
        return this.#fault(draw);
    }
  }

  #fault(draw: Draw): boolean {
    switch (draw) {
      case "drop":
        return this.#onMessage((link, position) => this.world.drop(link, position));
      case "duplicate":
        return this.#onMessage((link, position) => this.world.duplicate(link, position));
      case "partition":
        return this.#partition();
      case "crash":
        return this.#crash();
      case "timer":
        return this.#fireAny(this.#node());
      case "storage":
        return this.#failStorage();
      case "read":
        return this.#deferReads();
      case "snapshot":
        return this.#operator.snapshot(this.#node());
      case "membership":
        return this.#withLeader((leader) => this.#operator.reconfigure(leader));
      case "transfer":
        return this.#withLeader((leader) => this.#operator.transfer(leader));
      case "query":
        return this.#operator.query(this.#node());
      default:
        return this.#unreachable();
    }
  }

  #withLeader(act: (leader: SimNode) => boolean): boolean {
    const leader = this.world.nodes.find((node) => node.leads);
    if (leader === undefined || !act(leader)) return false;
    this.#touched(leader);
    return true;
  }

  #node(): SimNode {
    return this.world.nodes[this.random.below(this.world.nodes.length)] as SimNode;
  }

  /** Notes that a node has taken an input. */
  #touched(node: SimNode): void {
    if (!this.world.autoFlush) {
      this.#dirty[node.id] = true;
      return;
    }
    this.#dirty[node.id] = false;
  }

  /** Draws a link with a message, by going on from a random one. */
  #link(): Link | null {
    const { links } = this.world.network;
    if (this.world.network.count === 0) return null;
    const start = this.random.below(links.length);
    for (let i = 0; i < links.length; i++) {
      const link = links[start + i < links.length ? start + i : start + i - links.length] as Link;
      if (link.messages.length > 0) return link;
    }
    return null;
  }

  #position(link: Link): number {
    if (!this.#faults.has("reorder") || link.messages.length === 1) return 0;
    return this.random.oneIn(2) ? this.random.below(link.messages.length) : 0;
  }

  #onMessage(act: (link: Link, position: number) => void): boolean {
    const link = this.#link();
    if (link === null) return false;
    act(link, this.#position(link));
    return true;
  }

  #deliver(): boolean {
    const link = this.#link();
    if (link === null) return false;
    this.#actions.deliver(link, this.#position(link));
    const node = this.world.node(link.to);
    if (node.isUp) this.#touched(node);
    return true;
  }

  #durable(): boolean {
    const node = this.#node();
    const { length } = node.disk.pending;
    if (length === 0 || !node.isUp) return false;
    this.world.makeDurable(node, this.random.oneIn(2) ? length : 1 + this.random.below(length));
    this.#touched(node);
    return true;
  }

  #propose(): boolean {
    const node = this.#proposer();
    if (node === null) return false;
    const request = this.clients.draw();
    if (request === null) return false;
    this.#actions.propose(node, request);
    this.#touched(node);
    return true;
  }

  #giveUp(): boolean {
    const client = this.clients.drawImpatient();
    if (client === null) return false;
    this.#actions.giveUp(client);
    return true;
  }

  /** Draws a node that leads, rarely any that runs. */
  #proposer(): SimNode | null {
    const { nodes } = this.world;
    const start = this.random.below(nodes.length);
    const anyone = this.random.oneIn(256);
    for (let i = 0; i < nodes.length; i++) {
      const node = nodes[(start + i) % nodes.length] as SimNode;
      if (node.leads || (anyone && node.isUp)) return node;
    }
    return null;
  }

  #flush(): boolean {
    const node = this.#node();
    if (this.#dirty[node.id] !== true || !node.isUp) return false;
    this.world.autoFlush = true;
    this.world.flush(node);
    this.#touched(node);
    return true;
  }

  /** Time passes for everybody, until the next timer fires. */
  #time(): boolean {
    let next: SimNode | null = null;
    let wait = Number.POSITIVE_INFINITY;
    for (const node of this.world.nodes) {
      for (let kind = 0; kind < TIMER_KINDS; kind++) {
        const deadline = node.deadlines[kind] ?? UNARMED;
        if (deadline === UNARMED || deadline - node.clock >= wait) continue;
        wait = Math.max(0, deadline - node.clock);
        next = node;
      }
    }
    if (next === null) return false;
    if (wait > 0) this.world.advanceAll(wait);
    return this.#fireDue(next);
  }

  #fireDue(node: SimNode): boolean {
    if (!node.isUp) return false;
    for (let kind = 0; kind < TIMER_KINDS; kind++) {
      const deadline = node.deadlines[kind] ?? UNARMED;
      if (deadline !== UNARMED && deadline <= node.clock) return this.#fire(node, kind as TimerKind);
    }
    return false;
  }

  #fireAny(node: SimNode): boolean {
    // Leases rely on clocks that drift no further than the bound.
    if (node.plan.leaseDrift > 0) return this.#fireDue(node);
    const start = this.random.below(TIMER_KINDS);
    for (let i = 0; i < TIMER_KINDS; i++) {
      const kind = (start + i) % TIMER_KINDS;
      if (node.isUp && node.deadlines[kind] !== UNARMED) return this.#fire(node, kind as TimerKind);
    }
    return false;
  }

  #fire(node: SimNode, kind: TimerKind): boolean {
    this.world.fire(node, kind);
    this.#touched(node);
    return true;
  }

  #crash(): boolean {
    const { random } = this;
    // Mostly the leader: that is where most can go wrong.
    const leader = this.world.nodes.find((one) => one.isUp && one.core.state.role === Role.LEADER);
    const node = leader !== undefined && random.oneIn(2) ? leader : this.#node();
    if (!node.isUp) return false;
    const keep = random.below(node.disk.pending.length + 1);
    this.#stop(node, keep, random.below(MOST_TORN + 1));
    return true;
  }

  #stop(node: SimNode, keep: number, torn: number): void {
    this.#actions.stop(node, keep, torn);
    this.#dirty[node.id] = false;
  }

  /** Restarts a node that is down, or that stopped because an effect failed. */
  #restart(): boolean {
    const node = this.#node();
    if (node.isUp) {
      if (node.core.state.failure === 0) return false;
      this.#actions.judgeFailure(node);
      this.#stop(node, node.disk.pending.length, 0);
    }
    this.world.restart(node);
    return true;
  }

  #failStorage(): boolean {
    const node = this.#node();
    if (!node.isUp || node.core.state.failure !== 0) return false;
    const effect = (1 + this.random.below(FailingEffect.COMPACT)) as FailingEffect;
    this.world.failNext(node, effect, this.random.oneIn(2));
    return true;
  }

  #deferReads(): boolean {
    const node = this.#node();
    if (!node.isUp) return false;
    this.world.deferReads(node, !node.readsDeferred);
    return true;
  }

  #unreachable(): boolean {
    const node = this.#node();
    const peer = this.#node();
    if (!node.isUp || node === peer) return false;
    this.world.unreachable(node, peer.id);
    this.#touched(node);
    return true;
  }

  /** Cuts a group off from the others, in both directions or in one. */
  #partition(): boolean {
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

  #heal(): boolean {
    let healed = false;
    for (const link of this.world.network.links) {
      if (!link.blocked) continue;
      this.world.unblock(link);
      healed = true;
    }
    return healed;
  }
}
