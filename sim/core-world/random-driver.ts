/**
 * Takes random actions in a world: which one, on which node, which message, is drawn from the seeded generator. Faults
 * are kinds of actions that can be left out. Everything that the driver may draw is bounded, and no action depends on
 * anything but the seed and the options.
 */

import type { Random } from "../random.js";
import { Agenda } from "./agenda.js";
import type { Clients } from "./clients.js";
import { type Draw, type Fault, WEIGHTS, type Weights } from "./faults.js";
import { JudgedActions } from "./judged-actions.js";
import { type Act, type DrawCounts, type Lot, Lots } from "./lots.js";
import { RandomCrashes } from "./random-crashes.js";
import { RandomDisks } from "./random-disks.js";
import { RandomMessages } from "./random-messages.js";
import { RandomNetwork } from "./random-network.js";
import { RandomNodes } from "./random-nodes.js";
import { RandomOperator } from "./random-operator.js";
import { RandomProcess } from "./random-process.js";
import { RandomReplacement } from "./random-replacement.js";
import { RandomRequests } from "./random-requests.js";
import { RandomTimers } from "./random-timers.js";
import type { SimNode } from "./sim-node.js";
import type { World } from "./world.js";

export type { DrawCounts } from "./lots.js";

/** Messages under way above which the driver only delivers: a network that is not lossy is bounded too. */
const MOST_UNDER_WAY = 256;
/** Draws without an action that could be taken, before time passes. */
const DRAWS = 8;

/** What is done when one of these is drawn. */
type Acts = Partial<Record<Draw, Act>>;

export class RandomDriver {
  readonly #batches: boolean;
  readonly #actions: JudgedActions;
  readonly #agenda = new Agenda();
  readonly #process: RandomProcess;
  readonly #nodes: RandomNodes;
  readonly #timers: RandomTimers;
  readonly #lots: Lots;

  constructor(
    readonly world: World,
    readonly clients: Clients,
    readonly random: Random,
    faults: readonly Fault[],
    weights: Weights = WEIGHTS,
  ) {
    this.#batches = faults.includes("batch");
    this.#actions = new JudgedActions(world, clients);
    this.#process = new RandomProcess(world, random, this.#agenda, (node) => this.#awake(node));
    this.#nodes = new RandomNodes(world, random, this.#process);
    this.#timers = new RandomTimers(world, random, this.#nodes);
    const acts = {
      ...this.#onMessages(faults.includes("reorder")),
      ...this.#onLinks(),
      ...this.#onNodes(),
      ...this.#asked(),
    };
    this.#lots = new Lots({ faults, weights, sessions: clients.sessions !== null }, acts);
  }

  get counts(): DrawCounts {
    return this.#lots.counts;
  }

  /** Takes actions until the world has taken `steps`. */
  run(steps: number): void {
    while (this.world.steps < steps) {
      if (this.#agenda.due <= this.world.steps) this.#agenda.run(this.world.steps);
      this.#act();
    }
  }

  #act(): void {
    const { all } = this.#lots;
    if (this.world.network.count > MOST_UNDER_WAY) {
      if (!this.#take(all.deliver)) this.#process.awakeAll();
      return;
    }
    for (let i = 0; i < DRAWS; i++) if (this.#take(this.#lots.draw(this.random))) return;
    const isRestarted = this.#take(all.restart);
    if (!this.#take(all.time) && !isRestarted) this.#process.awakeAll();
  }

  #take(lot: Lot): boolean {
    this.world.autoFlush = !this.#batches || !this.random.oneIn(4);
    const taken = lot.act();
    if (taken) lot.taken++;
    return taken;
  }

  // What may be drawn.

  #onMessages(reorders: boolean) {
    const messages = new RandomMessages(this.random, this.#agenda, this.#actions, this.#nodes, reorders);
    return {
      deliver: () => messages.deliver(),
      drop: () => messages.drop(),
      duplicate: () => messages.duplicate(),
      delay: () => messages.delay(),
      stale: () => messages.stale(),
      corrupt: () => messages.corrupt(),
    } satisfies Acts;
  }

  #onLinks() {
    const network = new RandomNetwork(this.world, this.random, this.#agenda);
    return {
      heal: () => network.heal(),
      partition: () => network.partition(),
      halves: () => network.halves(),
      alone: () => network.alone(),
      oneway: () => network.oneway(),
      bridge: () => network.bridge(),
      ring: () => network.ring(),
      flap: () => network.flap(),
      swizzle: () => network.swizzle(),
      burst: () => network.burst(),
      kinds: () => network.kinds(),
      queue: () => network.queue(),
      version: () => network.version(),
    } satisfies Acts;
  }

  #onNodes() {
    const crashes = new RandomCrashes(this.world, this.random, this.#actions, this.#nodes);
    const disks = new RandomDisks(this.world, this.random, this.#nodes);
    return {
      time: () => this.#timers.time(),
      timer: () => this.#timers.fireAny(),
      flush: () => this.#flush(),
      unreachable: () => this.#unreachable(),
      crash: () => crashes.crash(),
      boundary: () => crashes.dieAtBoundary(),
      restart: () => crashes.restart(),
      durable: () => disks.makeDurable(),
      storage: () => disks.fail(),
      read: () => disks.deferReads(),
      pause: () => this.#process.pause(),
      slow: () => this.#process.slow(),
      jump: () => this.#process.jump(),
      drift: () => this.#process.drift(),
    } satisfies Acts;
  }

  /** What clients and operators ask for. */
  #asked() {
    const nodes = this.#nodes;
    const operator = new RandomOperator(this.world, this.clients, this.random, this.#actions);
    const requests = new RandomRequests(this.clients, this.random, this.#actions, nodes, operator);
    const replacement = new RandomReplacement(this.random, this.#agenda, nodes, operator);
    return {
      propose: () => requests.propose(),
      giveUp: () => requests.giveUp(),
      session: () => requests.session(),
      abandon: () => requests.abandon(),
      query: () => requests.query(),
      leaderQuery: () => requests.queryLeader(),
      snapshot: () => nodes.onAny((node) => operator.snapshot(node)),
      membership: () => nodes.withLeader((leader) => operator.reconfigure(leader)),
      transfer: () => nodes.withLeader((leader) => operator.transfer(leader)),
      disk: () => replacement.loseDisk(),
    } satisfies Acts;
  }

  #flush(): boolean {
    const node = this.#nodes.any();
    if (!this.#nodes.isDirty(node) || !node.isUp || this.#nodes.isHeld(node)) return false;
    this.world.autoFlush = true;
    this.world.flush(node);
    this.#nodes.touched(node);
    return true;
  }

  #unreachable(): boolean {
    const node = this.#nodes.any();
    const peer = this.#nodes.any();
    if (!node.isUp || node === peer || this.#nodes.isHeld(node)) return false;
    this.world.unreachable(node, peer.id);
    this.#nodes.touched(node);
    return true;
  }

  /** A node that stood still gets everything at once: what came for it, and before or after it the timers that are due. */
  #awake(node: SimNode): void {
    const { random, world } = this;
    const timersFirst = random.oneIn(2);
    if (timersFirst) this.#timers.fireDue(node);
    for (const link of world.network.links) {
      if (link.to !== node.id) continue;
      for (let left = link.messages.length; left > 0 && node.isUp; left--) {
        world.autoFlush = random.oneIn(2);
        this.#actions.deliver(link, 0);
      }
    }
    world.autoFlush = true;
    if (!timersFirst) this.#timers.fireDue(node);
    if (!node.isUp) return;
    world.flush(node);
    this.#nodes.touched(node);
  }
}
