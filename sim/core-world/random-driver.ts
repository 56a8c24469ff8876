/**
 * Takes random actions in a world: which one, on which node, which message, is drawn from the seeded generator. Faults
 * are kinds of actions that can be left out. Everything that the driver may draw is bounded, and no action depends on
 * anything but the seed and the options.
 */

import { Role, type TimerKind } from "../../host/core/abi.js";
import type { Random } from "../random.js";
import { Agenda } from "./agenda.js";
import type { Clients } from "./clients.js";
import { type Draw, type Fault, neededFor, SESSION_DRAWS, WEIGHTS, type Weights } from "./faults.js";
import { JudgedActions } from "./judged-actions.js";
import { isNew } from "./lost-disks.js";
import type { Link } from "./network.js";
import { RandomNetwork } from "./random-network.js";
import { RandomOperator } from "./random-operator.js";
import { RandomProcess } from "./random-process.js";
import { FailingEffect, type SimNode, TIMER_KINDS, UNARMED } from "./sim-node.js";
import type { World } from "./world.js";

/** Messages under way above which the driver only delivers: a network that is not lossy is bounded too. */
const MOST_UNDER_WAY = 256;
/** Draws without an action that could be taken, before time passes. */
const DRAWS = 8;
/** Effects that a node may let out before it dies between two of them, exclusive: flushes have few. */
const MOST_EFFECTS = 12;
/** Writes under way that survive such a death when they do not all, exclusive. */
const MOST_KEPT = 4;
/** As many as are under way. */
const KEEP_ALL = 1 << 16;
/** Entries of an append that a crash may leave behind of it. */
const MOST_TORN = 4;
/** Actions between two steps to replace a node that is lost, exclusive, and how many there are. */
const REPLACING = 300;
const MOST_REPLACING = 100;

/** Actions taken, by what was drawn. */
export type DrawCounts = Record<Draw, number>;

/** What may be drawn, how often it is among all draws, and how often an action came of it. */
interface Lot {
  readonly draw: Draw;
  readonly weight: number;
  taken: number;
}

export class RandomDriver {
  /** All lots, and those that this run has. */
  readonly #all: Readonly<Record<Draw, Lot>>;
  readonly #lots: readonly Lot[];
  readonly #total: number;
  readonly #batches: boolean;
  readonly #reorders: boolean;
  readonly #dirty: boolean[] = [];
  readonly #actions: JudgedActions;
  readonly #operator: RandomOperator;
  readonly #agenda = new Agenda();
  readonly #network: RandomNetwork;
  readonly #process: RandomProcess;
  /** Nodes that are to take the place of others. */
  readonly #newcomers = new Set<SimNode>();

  constructor(
    readonly world: World,
    readonly clients: Clients,
    readonly random: Random,
    faults: readonly Fault[],
    weights: Weights = WEIGHTS,
  ) {
    this.#batches = faults.includes("batch");
    this.#reorders = faults.includes("reorder");
    this.#actions = new JudgedActions(world, clients);
    this.#operator = new RandomOperator(world, clients, random, this.#actions);
    this.#network = new RandomNetwork(world, random, this.#agenda);
    this.#process = new RandomProcess(world, random, this.#agenda, (node) => this.#awake(node));
    const draws = Object.keys(WEIGHTS) as Draw[];
    const isLeftOut = (draw: Draw) => {
      const fault = neededFor(draw);
      if (fault !== undefined && !faults.includes(fault)) return true;
      return clients.sessions === null && SESSION_DRAWS.includes(draw);
    };
    const lots = draws.map((draw): Lot => ({ draw, weight: weights[draw], taken: 0 }));
    this.#all = Object.fromEntries(lots.map((lot) => [lot.draw, lot])) as Record<Draw, Lot>;
    this.#lots = lots.filter(({ draw }) => !isLeftOut(draw));
    this.#total = this.#lots.reduce((sum, { weight }) => sum + weight, 0);
  }

  get counts(): DrawCounts {
    return Object.fromEntries(Object.values(this.#all).map(({ draw, taken }) => [draw, taken])) as DrawCounts;
  }

  /** Takes actions until the world has taken `steps`. */
  run(steps: number): void {
    while (this.world.steps < steps) {
      if (this.#agenda.due <= this.world.steps) this.#agenda.run(this.world.steps);
      this.#act();
    }
  }

  #act(): void {
    if (this.world.network.count > MOST_UNDER_WAY) {
      if (!this.#take(this.#all.deliver)) this.#process.awakeAll();
      return;
    }
    for (let i = 0; i < DRAWS; i++) if (this.#take(this.#draw())) return;
    const isRestarted = this.#take(this.#all.restart);
    if (!this.#take(this.#all.time) && !isRestarted) this.#process.awakeAll();
  }

  #draw(): Lot {
    let rest = this.random.below(this.#total);
    for (const lot of this.#lots) {
      rest -= lot.weight;
      if (rest < 0) return lot;
    }
    throw new Error("the weights do not add up");
  }

  #take(lot: Lot): boolean {
    this.world.autoFlush = !this.#batches || !this.random.oneIn(4);
    const taken = this.#perform(lot.draw);
    if (taken) lot.taken++;
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
      case "session":
        return this.#session();
      case "abandon":
        return this.#abandon();
      case "restart":
        return this.#restart();
      case "heal":
        return this.#network.heal();
      default:
        return this.#faultOnNode(draw);
    }
  }

  #faultOnNode(draw: Draw): boolean {
    switch (draw) {
      case "crash":
        return this.#crash();
      case "boundary":
        return this.#dieAtBoundary();
      case "timer":
        return this.#onNode((node) => this.#fireAny(node));
      case "storage":
        return this.#failStorage();
      case "read":
        return this.#deferReads();
      case "snapshot":
        return this.#onNode((node) => this.#operator.snapshot(node));
      case "membership":
        return this.#withLeader((leader) => this.#operator.reconfigure(leader));
      case "transfer":
        return this.#withLeader((leader) => this.#operator.transfer(leader));
      case "query":
        return this.#onNode((node) => this.#operator.query(node));
      case "leaderQuery":
        return this.#queryLeader();
      case "unreachable":
        return this.#unreachable();
      case "pause":
        return this.#process.pause();
      case "slow":
        return this.#process.slow();
      case "jump":
        return this.#process.jump();
      case "drift":
        return this.#process.drift();
      case "disk":
        return this.#loseDisk();
      default:
        return this.#faultOnNetwork(draw);
    }
  }

  #faultOnNetwork(draw: Draw): boolean {
    switch (draw) {
      case "drop":
      case "duplicate":
        return this.#onMessage((link, position) => {
          this.world[draw](link, position);
          return true;
        });
      case "delay":
      case "stale":
        return this.#onMessage((link, position) => this.#network[draw](link, position));
      case "corrupt":
        return this.#corrupt();
      case "partition":
      case "halves":
      case "alone":
      case "oneway":
      case "bridge":
      case "ring":
      case "flap":
      case "swizzle":
      case "burst":
      case "kinds":
      case "version":
      case "queue":
        return this.#network[draw]();
      default:
        throw new Error(`nothing is known of ${draw}`);
    }
  }

  #withLeader(act: (leader: SimNode) => boolean): boolean {
    const leader = this.world.nodes.find((node) => node.leads);
    if (leader === undefined || this.#isHeld(leader) || !act(leader)) return false;
    this.#touched(leader);
    return true;
  }

  #onNode(act: (node: SimNode) => boolean): boolean {
    const node = this.#node();
    return !this.#isHeld(node) && act(node);
  }

  /** Whether nothing reaches a node now. */
  #isHeld(node: SimNode): boolean {
    return this.#process.held > 0 && this.#process.isHeld(node);
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

  /** Draws a link with a message for a node that is not held, by going on from a random one. */
  #link(): Link | null {
    const { links } = this.world.network;
    if (this.world.network.count === 0) return null;
    const start = this.random.below(links.length);
    for (let i = 0; i < links.length; i++) {
      const link = links[start + i < links.length ? start + i : start + i - links.length] as Link;
      if (link.messages.length > 0 && !this.#isHeld(this.world.nodes[link.to - 1] as SimNode)) return link;
    }
    return null;
  }

  #position(link: Link): number {
    if (!this.#reorders || link.messages.length === 1) return 0;
    return this.random.oneIn(2) ? this.random.below(link.messages.length) : 0;
  }

  #onMessage(act: (link: Link, position: number) => boolean): boolean {
    const link = this.#link();
    return link !== null && act(link, this.#position(link));
  }

  #corrupt(): boolean {
    const link = this.#link();
    if (link === null) return false;
    this.#network.corrupt(link, this.#position(link));
    const node = this.world.node(link.to);
    if (node.isUp) this.#touched(node);
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
    if (length === 0 || !node.isUp || this.#isHeld(node)) return false;
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

  /** A client with a session asks, or asks again. */
  #session(): boolean {
    const { sessions } = this.clients;
    const node = this.#proposer();
    if (sessions === null || node === null || node.isWitness) return false;
    if (!this.#actions.session(node, sessions.draw(node.id))) return false;
    this.#touched(node);
    return true;
  }

  #abandon(): boolean {
    const drawn = this.clients.sessions?.drawAbandoned() ?? null;
    return drawn !== null && this.#actions.abandon(drawn.client, drawn.sequence);
  }

  /** A read at a node that believes it leads, perhaps wrongly. */
  #queryLeader(): boolean {
    const leaders = this.world.nodes.filter((node) => node.leads);
    const leader = leaders[this.random.below(leaders.length)];
    return leader !== undefined && !this.#isHeld(leader) && this.#operator.query(leader);
  }

  /** Draws a node that leads, rarely any that runs. */
  #proposer(): SimNode | null {
    const { nodes } = this.world;
    const start = this.random.below(nodes.length);
    const anyone = this.random.oneIn(256);
    for (let i = 0; i < nodes.length; i++) {
      const node = nodes[(start + i) % nodes.length] as SimNode;
      if ((node.leads || (anyone && node.isUp)) && !this.#isHeld(node)) return node;
    }
    return null;
  }

  #flush(): boolean {
    const node = this.#node();
    if (this.#dirty[node.id] !== true || !node.isUp || this.#isHeld(node)) return false;
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
      if (this.#isHeld(node)) continue;
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

  /** Lets a node die between two effects; mostly one that leads, or has just much to let out. */
  #dieAtBoundary(): boolean {
    const { random, world } = this;
    const leader = world.nodes.find((one) => one.leads);
    const node = leader !== undefined && random.oneIn(3) ? leader : this.#node();
    if (!node.isUp || node.core.state.failure !== 0) return false;
    const keep = random.oneIn(2) ? random.below(MOST_KEPT) : KEEP_ALL;
    world.dieAfter(node, random.below(MOST_EFFECTS), keep, random.below(MOST_TORN + 1));
    return true;
  }

  #stop(node: SimNode, keep: number, torn: number): void {
    this.world.crash(node, keep, torn);
    this.#dirty[node.id] = false;
  }

  /** Loses a node with its disk; the operator puts another one in its place. */
  #loseDisk(): boolean {
    const newcomer = this.world.nodes.find((node) => isNew(node) && !this.#newcomers.has(node));
    const lost = newcomer === undefined ? null : this.#process.loseDisk();
    if (newcomer === undefined || lost === null) return false;
    this.#newcomers.add(newcomer);
    this.#replace(lost, newcomer, MOST_REPLACING);
    return true;
  }

  #replace(lost: SimNode, newcomer: SimNode, left: number): void {
    this.#agenda.add(this.world.steps + 1 + this.random.below(REPLACING), () => {
      const isDone = this.#withLeader((leader) => this.#operator.replace(leader, lost, newcomer));
      if (!isDone && left > 0) this.#replace(lost, newcomer, left - 1);
    });
  }

  /** A node that stood still gets everything at once: what came for it, and before or after it the timers that are due. */
  #awake(node: SimNode): void {
    const { random, world } = this;
    const timersFirst = random.oneIn(2);
    if (timersFirst) this.#fireDue(node);
    for (const link of world.network.links) {
      if (link.to !== node.id) continue;
      for (let left = link.messages.length; left > 0 && node.isUp; left--) {
        world.autoFlush = random.oneIn(2);
        this.#actions.deliver(link, 0);
      }
    }
    world.autoFlush = true;
    if (!timersFirst) this.#fireDue(node);
    if (!node.isUp) return;
    world.flush(node);
    this.#touched(node);
  }

  /** Restarts a node that is down, or that stopped because an effect failed. */
  #restart(): boolean {
    const node = this.#node();
    if (node.isLost) return false;
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
    if (!node.isUp || node === peer || this.#isHeld(node)) return false;
    this.world.unreachable(node, peer.id);
    this.#touched(node);
    return true;
  }
}
