/**
 * Liveness, which no single step shows: once faults stop, the cluster recovers. Links heal, nodes restart, disks and
 * operators do what they owe, every message arrives, time passes. Then within a bounded number of election timeouts there
 * is a leader, it commits what it is asked for, everything that clients wait for is answered or can be refused, what clients
 * with sessions ask for again is answered, and all members have equal logs and state machines. Then every member answers or
 * refuses whatever it is asked for. Meanwhile no more messages are under way than windows allow.
 *
 * Nodes that are no members any more owe nothing but to refuse reads: nobody sends them anything. Those that are lost with
 * their disks owe nothing at all.
 */

import { RoleName } from "../../host/core/abi.js";
import { membersOf } from "../messages.js";
import { describeConfiguration } from "../trace/words.js";
import { RegisterMachine } from "./clients.js";
import { someCanBeElected } from "./electability.js";
import { JudgedActions } from "./judged-actions.js";
import { type GivenUp, LAST_REQUEST, LastRequests } from "./last-requests.js";
import type { OpenRun } from "./settings.js";
import { type SimNode, TIMER_KINDS, UNARMED } from "./sim-node.js";

/** Election timeouts, each with its longest jitter, within which a cluster has to recover. Split votes, members that wait
 * because of their priority, and joint changes under way each take some. */
const MOST_TIMEOUTS = 40;
/** Actions without time passing, above which messages breed messages. */
const MOST_AT_ONCE = 200_000;
/** Messages on a link beside those that carry entries: votes, heartbeats, answers to both. */
const BESIDE_WINDOW = 16;
/** What a message under way at first may grow to while nobody waits: its answer, what the answer lets go, and reads that
 * followers ask again for with every answer until they have caught up. */
const ANSWERS = 16;
/** The rate of a clock that keeps true time, in its ms a second. */
const TRUE_RATE = 1000;
const RULE = "liveness";
/** The rule that somebody can be elected as long as no node is lost. */
export const ELECTABILITY = "electability";

/** How a cluster recovered. */
export interface Recovery {
  /** Election timeouts, each with its longest jitter, until everything was settled. */
  readonly timeouts: number;
  /** Actions until then. */
  readonly actions: number;
  /** Requests of before that clients gave up in the end. */
  readonly givenUp: GivenUp;
}

/** Lets faults stop, and judges whether the cluster recovers. */
export function recover(run: OpenRun): Recovery {
  return new Recovering(run).run();
}

class Recovering {
  readonly #actions: JudgedActions;
  readonly #requests: LastRequests;
  readonly #timeout: number;
  /** True time that passed, in ms. */
  #elapsed = 0;

  constructor(readonly open: OpenRun) {
    this.#actions = new JudgedActions(open.world, open.clients);
    this.#requests = new LastRequests(open, this.#actions);
    const { electionJitter, electionTimeout } = (open.world.nodes[0] as SimNode).plan;
    this.#timeout = electionTimeout + electionJitter;
  }

  run(): Recovery {
    const { world } = this.open;
    const before = world.steps;
    this.#heal();
    this.#until(() => this.#isSettled());
    this.#until(() => this.#isWritten());
    this.#until(() => this.#isSettled());
    this.#until(() => this.#haveSessionsAnswers());
    const givenUp = this.#requests.giveUp(this.#members());
    this.#requests.ask(this.#members());
    this.#until(() => this.#leader() !== null && this.#requests.areEnded(this.#members()));
    return { timeouts: Math.ceil(this.#elapsed / this.#timeout), actions: world.steps - before, givenUp };
  }

  #heal(): void {
    const { world } = this.open;
    world.autoFlush = true;
    for (const link of world.network.links) {
      if (link.blocked) world.unblock(link);
      if (link.hindrance !== null) world.hinder(link, null);
    }
    while (world.network.heldUp.length > 0) world.letGo(0);
    const lost = world.nodes.filter(({ isLost }) => isLost);
    for (const node of world.nodes) {
      if (!world.leasesHold) world.setRate(node, TRUE_RATE);
      world.deferReads(node, false);
      world.refuseChunks(node, false);
      node.gate.open();
      if (!node.isUp) continue;
      // Hosts flush after they have handed over what they have.
      world.flush(node);
      // They notice when nobody is there any more: a group that rests would not, and would never elect another leader.
      for (const { id } of lost) world.unreachable(node, id);
    }
  }

  /** Lets everything that can happen happen, and then time pass, until a condition holds. */
  #until(isReached: () => boolean): void {
    for (;;) {
      this.#exhaust();
      if (isReached()) return;
      if (this.#elapsed > MOST_TIMEOUTS * this.#timeout || !this.#time()) this.#report();
    }
  }

  /** Acts until nothing is left to do without time passing. */
  #exhaust(): void {
    const { network, nodes, steps } = this.open.world;
    const window = (nodes[0] as SimNode).plan.inflightMessages + BESIDE_WINDOW;
    // What waited for a disk comes out now.
    const begun = nodes.reduce((sum, node) => sum + node.held.length, network.count);
    const most = begun * ANSWERS + network.links.length * window;
    while (this.#serve() || this.#deliver()) {
      if (network.count > most) {
        this.open.world.report("bounded memory", `${network.count} messages are under way, where ${most} may be`);
      }
      if (this.open.world.steps - steps > MOST_AT_ONCE) {
        this.open.world.report(RULE, `messages go on although no time passes: ${MOST_AT_ONCE} actions`);
      }
    }
  }

  /** Restarts nodes, makes writes durable, and does what snapshots need. Answers whether there was anything. */
  #serve(): boolean {
    const { world } = this.open;
    let served = false;
    for (const node of world.nodes) {
      const { disk, snapshots } = node;
      if (node.isLost) continue;
      if (node.isUp && node.core.state.failure !== 0) {
        this.#actions.judgeFailure(node);
        world.crash(node, disk.pending.length);
      }
      if (!node.isUp) world.restart(node);
      else if (disk.pending.length > 0) world.makeDurable(node);
      else if (snapshots.isComplete) world.keepSnapshot(node);
      else if (snapshots.isUntold) world.tellSnapshot(node);
      else continue;
      served = true;
    }
    return served;
  }

  /** Delivers the oldest message of every link. */
  #deliver(): boolean {
    let delivered = false;
    for (const link of this.open.world.network.links) {
      if (link.messages.length === 0) continue;
      this.#actions.deliver(link, 0);
      delivered = true;
    }
    return delivered;
  }

  /** Time passes until the next timer fires; false if none is armed. */
  #time(): boolean {
    const { world } = this.open;
    let next: SimNode | null = null;
    let kind = 0;
    let wait = Number.POSITIVE_INFINITY;
    for (const node of world.nodes) {
      for (let timer = 0; timer < TIMER_KINDS; timer++) {
        const deadline = node.deadlines[timer] ?? UNARMED;
        if (deadline === UNARMED || deadline - node.clock >= wait) continue;
        wait = Math.max(0, deadline - node.clock);
        kind = timer;
        next = node;
      }
    }
    if (next === null) return false;
    this.#elapsed += wait;
    if (wait > 0) world.advanceAll(wait);
    world.fire(next, kind as 0 | 1);
    return true;
  }

  #leader(): SimNode | null {
    const leaders = this.open.world.nodes.filter((node) => node.leads);
    return leaders.sort((a, b) => b.core.state.term - a.core.state.term)[0] ?? null;
  }

  /** Members that are not lost, as the leader has them; none while nobody leads. */
  #members(): SimNode[] {
    const leader = this.#leader();
    return leader === null ? [] : this.#membersOf(leader);
  }

  #membersOf(leader: SimNode): SimNode[] {
    const { world } = this.open;
    const members = membersOf(leader.core.configuration()).map(({ id }) => world.node(id));
    return members.filter((node) => !node.isLost);
  }

  #isSettled(): boolean {
    const leader = this.#leader();
    if (leader === null || leader.core.state.commit !== leader.core.state.last) return false;
    const members = this.#membersOf(leader);
    const behind = members.some(
      ({ core, disk, pendingReads }) =>
        disk.written.tip !== leader.disk.written.tip ||
        core.state.commit !== leader.core.state.commit ||
        core.state.applied !== core.state.commit ||
        pendingReads.count > 0,
    );
    if (behind || this.#requests.isWriteAwaited(members)) return false;
    this.#judgeMachines(members);
    return true;
  }

  #judgeMachines(members: readonly SimNode[]): void {
    const [first, ...others] = members.filter((node) => !node.isWitness);
    if (first === undefined) return;
    const state = first.machine.save();
    const other = others.find((node) => Buffer.compare(node.machine.save(), state) !== 0);
    if (other === undefined) return;
    this.open.world.report(
      "state machines converge",
      `nodes ${first.id} and ${other.id} applied the same log up to ${first.core.state.applied} and differ`,
    );
  }

  /** Asks for one more write; whether the leader took it. */
  #isWritten(): boolean {
    const { clients } = this.open;
    const leader = this.#leader();
    if (leader === null || !(leader.machine instanceof RegisterMachine)) return false;
    const { last } = leader.core.state;
    clients.giveUp(LAST_REQUEST.client);
    this.#actions.propose(leader, LAST_REQUEST);
    return leader.core.state.last > last;
  }

  /** Clients with sessions ask the leader again; whether all that they began is answered. */
  #haveSessionsAnswers(): boolean {
    const { sessions } = this.open.clients;
    const leader = this.#leader();
    if (sessions === null) return true;
    if (leader !== null) for (const step of [...sessions.unasked(leader)]) this.#actions.session(leader, step);
    return sessions.open === 0;
  }

  #report(): never {
    const { clients, world } = this.open;
    const timeouts = Math.ceil(this.#elapsed / this.#timeout);
    const waiting = [...clients.waiting()].length + (clients.sessions?.open ?? 0);
    const nodes = world.nodes.map(describeNode).join("\n  ");
    return world.report(
      this.#leader() === null && !someCanBeElected(world.nodes) ? ELECTABILITY : RULE,
      `not recovered ${timeouts} election timeouts after faults stopped, ${waiting} clients wait\n  ${nodes}`,
    );
  }
}

function describeNode(node: SimNode): string {
  if (node.isLost) return `node ${node.id} is lost with its disk`;
  const { core, disk, id, pendingReads } = node;
  const { applied, commit, configurationIndex, last, leader, role, snapshotIndex, term } = core.state;
  const log = `log ${last}, commit ${commit}, applied ${applied}, snapshot ${snapshotIndex}`;
  const waits = `${disk.pending.length} writes and ${pendingReads.count} reads wait`;
  const configuration = `configuration ${configurationIndex} is ${describeConfiguration(core.configuration())}`;
  return `node ${id}: ${RoleName[role] ?? role} of term ${term}, leader ${leader}, ${log}, ${waits}, ${configuration}`;
}
