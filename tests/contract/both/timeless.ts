/**
 * Stories without time: a simulated world in which the driver takes every step, always the same ones. What is under way is
 * delivered round by round; only when nothing is does time go on, to the next timer. Every rule of the simulator is judged
 * after every step. A wait is bounded by steps.
 */

import { ReadKind as Kind, MemberRole, StatusCode, StatusCodeName, TimerKind } from "../../../host/core/abi.js";
import { encodeConfiguration, type MemberInfo } from "../../../host/core/configuration.js";
import { planChange } from "../../../host/node/change-plan.js";
import type { CoreUnderTest } from "../../../sim/core-under-test.js";
import type { Link } from "../../../sim/core-world/network.js";
import { type SimNode, UNARMED } from "../../../sim/core-world/sim-node.js";
import { World } from "../../../sim/core-world/world.js";
import { membersOf as decodeMembers } from "../../../sim/messages.js";
import { Random } from "../../../sim/random.js";
import {
  Driver,
  downView,
  type NodeView,
  newOffer,
  newRequest,
  type Offer,
  type ReadKind,
  type Request,
  type Settled,
} from "./driver.js";
import { describeAnswer, HostedMachine } from "./machine.js";
import { membersOf, type Setting, STORY_CAPACITY, strangersOf } from "./story.js";

/** Steps that a wait may take: some hundred election timeouts. */
const MOST_STEPS = 5000;
const TIMERS = [TimerKind.ELECTION, TimerKind.HEARTBEAT] as const;
const KINDS = { index: Kind.INDEX, lease: Kind.LEASE } as const;

/** An offer that waits for its outcome. */
interface Waiting {
  readonly offer: Settled<Offer>;
  readonly node: number;
  readonly index: number;
  readonly term: number;
}

export class TimelessDriver extends Driver {
  readonly world: World;
  readonly ids: readonly number[];
  readonly #random = new Random(1);
  readonly #machines = new Map<number, HostedMachine>();
  #waiting: Waiting[] = [];
  #transfers: { readonly request: Settled<Request>; readonly node: number; readonly term: number }[] = [];
  #oneIn = 0;

  constructor(core: CoreUnderTest, setting: Setting) {
    super();
    const members = membersOf(setting);
    const strangers = strangersOf(setting);
    const all = [...members, ...strangers].sort((a, b) => a.id - b.id);
    this.ids = all.map(({ id }) => id);
    this.world = new World({
      core,
      configuration: encodeConfiguration(members),
      capacity: { ...STORY_CAPACITY, ...setting.capacity },
      nodes: all.map((node) => ({
        synchronous: true,
        isStranger: strangers.includes(node),
        isWitness: ((node.roles ?? 0) & MemberRole.WITNESS) !== 0,
      })),
      machine: (id) => {
        const machine = new HostedMachine();
        this.#machines.set(id, machine);
        return machine;
      },
    });
  }

  node(id: number): NodeView {
    const node = this.world.node(id);
    if (!node.isUp) return downView(id);
    const { applied, commit, configurationFlags, configurationIndex, last, leader, quiet, snapshotIndex, term } =
      node.core.state;
    return {
      id,
      isUp: true,
      leads: node.leads,
      term,
      leader,
      commit,
      applied,
      last,
      snapshot: snapshotIndex,
      commands: this.#machine(id).inner.commands,
      members: decodeMembers(node.core.configuration()),
      isJoint: configurationFlags !== 0,
      isChanging: configurationIndex > commit,
      rests: quiet !== 0,
    };
  }

  mute(from: number, ...to: readonly number[]): void {
    for (const other of to) {
      const link = this.world.network.link(from, other);
      // What is under way would be handed over by now, or lost.
      while (link.messages.length > 0) this.world.drop(link, 0);
      if (!link.blocked) this.world.block(link);
    }
  }

  loseOneIn(messages: number): void {
    this.#oneIn = messages;
  }

  protected healLinks(): void {
    this.#oneIn = 0;
    for (const link of this.world.network.links) if (link.blocked) this.world.unblock(link);
  }

  protected async crashOne(id: number): Promise<void> {
    this.world.crash(this.world.node(id));
    this.#settle(({ node }) => node === id);
    for (const { node, request } of this.#transfers) if (node === id) refuse(request, "STOPPED");
  }

  protected async restartOne(id: number): Promise<void> {
    this.world.restart(this.world.node(id));
  }

  offer(id: number, command: string | Uint8Array): Offer {
    const offer = newOffer(id, this.node(id).term);
    const node = this.world.node(id);
    const bytes = typeof command === "string" ? new TextEncoder().encode(command) : command;
    let index = 0;
    const status = this.world.propose(node, bytes, undefined, () => {
      index = node.core.state.last;
    });
    if (status !== StatusCode.OK) refuse(offer, nameOf(status));
    else this.#waiting.push({ offer, node: id, index, term: node.core.state.term });
    this.#look();
    return offer;
  }

  ask(id: number, kind: ReadKind = "index"): Request {
    const request = newRequest(id, this.node(id).term);
    const node = this.world.node(id);
    let isSettled = false;
    node.pendingReads.onNext = (answered) => {
      isSettled = true;
      if (answered) done(request, [...this.#machine(id).inner.commands]);
      else refuse(request, "");
    };
    const status = this.world.read(node, KINDS[kind]);
    if (request.state === "refused" || (!isSettled && status !== StatusCode.OK)) refuse(request, nameOf(status));
    return request;
  }

  reconfigure(id: number, members: readonly MemberInfo[]): Request {
    const request = newRequest(id, this.node(id).term);
    const node = this.world.node(id);
    const present = this.node(id).members.map((member) => ({ roles: 0, address: "", priority: 0, ...member }));
    const plan = planChange({ members: present, joint: false, autoLeave: false }, members, "auto");
    const status = this.world.reconfigure(node, encodeConfiguration(plan.members, plan.flags));
    if (status === StatusCode.OK) done(request);
    else refuse(request, nameOf(status));
    return request;
  }

  transfer(id: number, target = 0): Request {
    const request = newRequest(id, this.node(id).term);
    const node = this.world.node(id);
    const status = this.world.transfer(node, target);
    if (status !== StatusCode.OK) refuse(request, nameOf(status));
    else this.#transfers.push({ request, node: id, term: node.core.state.term });
    return request;
  }

  async pass(timeouts: number): Promise<void> {
    const { electionJitter, electionTimeout } = STORY_CAPACITY;
    const [first] = this.world.nodes;
    if (first === undefined) return;
    const end = first.clock + timeouts * (electionTimeout + electionJitter);
    while (first.clock < end) await this.step();
  }

  /** One round: all that is under way, or the next timer. */
  protected async step(): Promise<void> {
    const { world } = this;
    const underWay = world.network.links.filter(({ messages }) => messages.length > 0);
    const counts = underWay.map(({ messages }) => messages.length);
    for (const [i, link] of underWay.entries()) {
      for (let left = Math.min(counts[i] ?? 0, link.messages.length); left > 0; left--) this.#deliver(link);
    }
    for (const node of world.nodes) {
      if (!node.isUp || !node.snapshots.isComplete) continue;
      world.keepSnapshot(node);
      world.tellSnapshot(node);
    }
    if (underWay.length === 0) this.#goOn();
    this.#look();
  }

  protected mark(): number {
    return 0;
  }

  protected isTooLong(steps: number): boolean {
    return steps > MOST_STEPS;
  }

  protected async takeSnapshot(id: number): Promise<boolean> {
    const node = this.world.node(id);
    if (!this.world.takeSnapshot(node)) return false;
    return this.world.tellSnapshot(node) === StatusCode.OK;
  }

  #machine(id: number): HostedMachine {
    const machine = this.#machines.get(id);
    if (machine === undefined) throw new RangeError(`there is no node ${id}`);
    return machine;
  }

  #deliver(link: Link): void {
    if (link.messages.length === 0) return;
    if (this.#oneIn > 0 && this.#random.oneIn(this.#oneIn)) this.world.drop(link, 0);
    else this.world.deliver(link, 0);
  }

  /** Time passes until the next timer is due. */
  #goOn(): void {
    const { world } = this;
    const wait = Math.min(...world.nodes.flatMap((node) => this.#deadlines(node).map((at) => at - node.clock)));
    world.advanceAll(Number.isFinite(wait) ? Math.max(0, wait) : STORY_CAPACITY.electionTimeout);
    for (const node of world.nodes) {
      for (const kind of TIMERS) {
        const deadline = node.deadlines[kind] ?? UNARMED;
        if (node.isUp && deadline !== UNARMED && deadline <= node.clock) world.fire(node, kind);
      }
    }
  }

  #deadlines(node: SimNode): number[] {
    return node.isUp ? TIMERS.map((kind) => node.deadlines[kind] ?? UNARMED).filter((at) => at !== UNARMED) : [];
  }

  /** What became of the offers and transfers. */
  #look(): void {
    this.#settle(() => false);
    this.#transfers = this.#transfers.filter(({ node: id, request, term }) => {
      const node = this.world.node(id);
      if (!node.isUp) return false;
      const { leader, transferTarget } = node.core.state;
      if (!node.leads && leader !== 0 && leader !== id) done(request);
      else if (node.leads && (transferTarget === 0 || node.core.state.term !== term)) refuse(request, "GIVEN_UP");
      return request.state === "waiting";
    });
  }

  /** @param isGone says of which offers nobody will hear */
  #settle(isGone: (waiting: Waiting) => boolean): void {
    this.#waiting = this.#waiting.filter((waiting) => {
      const { index, node, offer, term } = waiting;
      const answer = this.#machine(node).answer(index, term);
      if (isGone(waiting)) offer.state = "unknown";
      else if (answer !== undefined) {
        offer.state = "committed";
        offer.answer = describeAnswer(answer);
      } else if (this.world.node(node).core.state.applied >= index) {
        offer.state = this.world.node(node).core.state.snapshotIndex >= index ? "unknown" : "lost";
      }
      return offer.state === "waiting";
    });
  }
}

function refuse(what: Settled<Offer> | Settled<Request>, why: string): void {
  what.state = "refused";
  what.why = why;
}

function done(request: Settled<Request>, seen: readonly string[] = []): void {
  request.state = "done";
  request.seen = seen;
}

function nameOf(status: number): string {
  return StatusCodeName[status] ?? `${status}`;
}
