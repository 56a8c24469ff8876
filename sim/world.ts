/**
 * A deterministic world of nodes in which nothing happens by itself: every delivery, timer, durable write, lost message,
 * crash and restart is an action that a test or a driver takes. After each action the rules of `checkers/invariants.ts`
 * are asked, and everything that happens goes into a digest.
 *
 * Fault model: that of the network (network.ts) and of the disks (disk.ts); nodes crash and restart at any moment between
 * two calls, clocks stand still or jump ahead independently of each other, and never go back while a node runs.
 */

import { EventKind, Role, type TimerKind } from "../host/core/abi.js";
import { type Capacity, MICRO_CAPACITY } from "../host/core/plan.js";
import { Action, ActionLog } from "./action.js";
import { Rules } from "./checkers/invariants.js";
import type { CoreUnderTest } from "./core-under-test.js";
import { Digest } from "./digest.js";
import { EMPTY_LOG, LogPath, LogTree } from "./log-tree.js";
import { RecordingMachine, type SimMachine } from "./machine.js";
import { voterSets } from "./messages.js";
import { type Envelope, kindOf, type Link, Network } from "./network.js";
import { type NodeSetup, prepareDisk } from "./node-setup.js";
import { Random } from "./random.js";
import { APPLIED_KIND, type FailingEffect, SimNode, type Surroundings, UNARMED } from "./sim-node.js";
import { type Step, type Tap, toText } from "./trace/step.js";
import { InvariantViolation, type Report } from "./violation.js";

export interface WorldOptions {
  readonly core: CoreUnderTest;
  /** The nodes, whose ids are 1, 2, ... */
  readonly nodes: readonly NodeSetup[];
  /** The bootstrap configuration in wire form. */
  readonly configuration: Uint8Array;
  /** Capacity of every node. */
  readonly capacity?: Capacity;
  /** For the jitter of timers, and for reports; null where a test decides everything. */
  readonly seed?: number | null;
  readonly cluster?: bigint;
  /** Whether the core's own invariants are asked for after each call; true unless stated. */
  readonly askInvariants?: boolean;
  /** The state machine of a node; a recording one unless stated. */
  readonly machine?: (id: number) => SimMachine;
  /** Gets what nodes' observers are told. */
  readonly onEvent?: (node: SimNode, kind: number, first: number, second: number) => void;
}

/** The cluster's id unless stated. */
export const DEFAULT_CLUSTER = 0x4d52n;

export class World implements Surroundings {
  readonly core: CoreUnderTest;
  readonly tree: LogTree;
  readonly network: Network;
  readonly rules: Rules;
  readonly random: Random;
  readonly digest = new Digest();
  readonly askInvariants: boolean;
  readonly nodes: readonly SimNode[];
  /** Every input is followed by a flush. A driver that flushes by itself turns it off. */
  autoFlush = true;
  /** Hears of every action before it is taken. */
  tap: Tap | null = null;
  /** Elections won, and times that each event was told. */
  elections = 0;
  readonly events = new Float64Array(EventKind.COUNT);

  readonly #actions = new ActionLog();
  readonly #seed: number | null;
  readonly #onEvent: WorldOptions["onEvent"];
  readonly #byId: SimNode[] = [];
  /** Nodes' durable logs, by id. */
  readonly #durableLogs: LogPath[] = [new LogPath()];
  readonly #bootstrap: Uint8Array;
  /** Sets of voters by configuration entry. */
  readonly #voterSets = new Map<number, readonly (readonly number[])[]>();
  /** Whether some voters are played by the test: then commits cannot be judged by what disks hold. */
  readonly #isPartial: boolean;

  constructor(options: WorldOptions) {
    const { seed = null, cluster = DEFAULT_CLUSTER, capacity = MICRO_CAPACITY } = options;
    this.core = options.core;
    this.askInvariants = options.askInvariants ?? true;
    this.tree = new LogTree(this.report);
    this.network = new Network(options.nodes.length);
    this.rules = new Rules(this.report, this.tree, APPLIED_KIND);
    this.random = new Random(seed ?? 0);
    this.#seed = seed;
    this.#onEvent = options.onEvent;
    this.#bootstrap = options.configuration;
    const makeMachine = options.machine ?? (() => new RecordingMachine());
    this.nodes = options.nodes.map((setup, i) => {
      const id = i + 1;
      const plan = { ...capacity, ...setup.capacity, cluster, group: 0, id };
      const bootstrap = setup.isStranger === true ? new Uint8Array() : options.configuration;
      const node = new SimNode(id, plan, bootstrap, makeMachine(id), this);
      // Clocks that leases rely on differ in their rates by no more than the bound.
      if (plan.leaseDrift > 0 && seed !== null) node.rate = this.#drawRate(plan.leaseDrift);
      this.#byId[id] = node;
      this.#durableLogs[id] = node.disk.durable;
      prepareDisk(node, setup);
      return node;
    });
    this.#isPartial = voterSets(options.configuration).some((set) => set.some((id) => id > this.nodes.length));
    for (const node of this.nodes) {
      node.start();
      node.flush();
    }
  }

  /** Reports a broken rule, with how the world came here. */
  readonly report: Report = (rule, detail) => {
    const actions = this.#actions.describe();
    throw new InvariantViolation(rule, detail, { seed: this.#seed, step: this.#actions.count, actions });
  };

  /** Actions taken. */
  get steps(): number {
    return this.#actions.count;
  }
  /** Highest index that is committed. */
  get committed(): number {
    return this.rules.committed.last;
  }

  node(id: number): SimNode {
    const node = this.#byId[id];
    if (node === undefined) throw new RangeError(`there is no node ${id}`);
    return node;
  }

  // Actions. Each answers the core's status code where it is an input.

  /** Delivers the message at a position of a link; to a node that is down it is lost. */
  deliver(link: Link, position: number): number {
    if (this.tap !== null) this.#tellOfMessage("DELIVER", link, position);
    const envelope = this.network.take(link, position);
    this.#begin(Action.DELIVER, envelope.serial, envelope.to);
    const status = this.#receive(this.node(envelope.to), envelope);
    this.network.pool.release(envelope);
    return status;
  }

  /** Delivers a message that the test made. */
  inject(message: Uint8Array): number {
    if (this.tap !== null) this.note({ do: "INJECT", message: toText(message) });
    const bytes = new Uint8Array((message.length + 7) & ~7);
    bytes.set(message);
    const region = { bytes, words: new Int32Array(bytes.buffer) };
    const to = region.words[4] as number;
    const envelope = this.network.pool.fill(region.words[3] as number, to, region, 0, message.length, false);
    this.#begin(Action.DELIVER, envelope.serial, to);
    const status = this.#receive(this.node(to), envelope);
    this.network.pool.release(envelope);
    return status;
  }

  drop(link: Link, position: number): void {
    if (this.tap !== null) this.#tellOfMessage("DROP", link, position);
    const envelope = this.network.take(link, position);
    this.#begin(Action.DROP, envelope.serial, envelope.to);
    this.network.pool.release(envelope);
  }

  duplicate(link: Link, position: number): void {
    if (this.tap !== null) this.#tellOfMessage("DUPLICATE", link, position);
    this.#begin(Action.DUPLICATE, position, link.to);
    this.network.duplicate(link, position);
  }

  /** Fires an armed timer: the node's clock goes to its deadline, if it has not passed it. */
  fire(node: SimNode, kind: TimerKind): number {
    const deadline = node.deadlines[kind] ?? UNARMED;
    if (deadline === UNARMED) throw new Error(`timer ${kind} of node ${node.id} is not armed`);
    if (this.tap !== null) this.note({ do: "TIMER", node: node.id, timer: kind });
    this.#begin(Action.TIMER, node.id, kind);
    node.clock = Math.max(node.clock, deadline);
    return this.#done(node, node.timer(kind));
  }

  /** Lets time pass on a node. */
  advance(node: SimNode, ms: number): void {
    if (this.tap !== null) this.note({ do: "ADVANCE", node: node.id, ms });
    this.#begin(Action.ADVANCE, node.id, ms);
    node.clock += ms;
  }

  /** Lets the same time pass on all nodes. */
  advanceAll(ms: number): void {
    if (this.tap !== null) this.note({ do: "ADVANCE", node: 0, ms });
    this.#begin(Action.ADVANCE, 0, ms);
    for (const node of this.nodes) node.pass(ms);
  }

  /**
   * @param request whose proposal it is
   * @param onStatus hears the answer before a flush follows
   */
  propose(
    node: SimNode,
    command: Uint8Array,
    request?: Pick<Extract<Step, { do: "PROPOSE" }>, "client" | "key" | "write">,
    onStatus?: (node: SimNode, status: number) => void,
  ): number {
    if (this.tap !== null) {
      if (request === undefined) this.note({ do: "COMMAND", node: node.id, payload: toText(command) });
      else this.note({ do: "PROPOSE", node: node.id, ...request, length: command.length });
    }
    this.#begin(Action.PROPOSE, node.id, command.length);
    const status = node.propose(command);
    onStatus?.(node, status);
    return this.#done(node, status);
  }

  flush(node: SimNode): number {
    if (this.tap !== null) this.note({ do: "FLUSH", node: node.id });
    this.#begin(Action.FLUSH, node.id, 0);
    return node.flush();
  }

  /** Makes the oldest `count` writes durable and reports it. */
  makeDurable(node: SimNode, count: number = node.disk.pending.length): void {
    if (this.tap !== null) this.note({ do: "DURABLE", node: node.id, count });
    this.#begin(Action.DURABLE, node.id, count);
    node.makeDurable(count);
    this.#done(node, 0);
  }

  /** Reports that the log is durable up to (index, term), whatever the disk holds. */
  reportDurable(node: SimNode, index: number, term: number): number {
    if (this.tap !== null) this.note({ do: "REPORT", node: node.id, index, term });
    this.#begin(Action.REPORT, node.id, index);
    return this.#done(node, node.reportDurable(index, term));
  }

  /** Crashes a node; the oldest `keep` writes under way survive, and `torn` entries of the next. */
  crash(node: SimNode, keep = 0, torn = 0): void {
    if (this.tap !== null) this.note({ do: "CRASH", node: node.id, keep, torn });
    this.#begin(Action.CRASH, node.id, keep);
    node.crash(keep, torn);
  }

  restart(node: SimNode): void {
    if (this.tap !== null) this.note({ do: "RESTART", node: node.id });
    this.#begin(Action.RESTART, node.id, 0);
    node.start();
    node.flush();
  }

  failNext(node: SimNode, effect: FailingEffect, kept = false): void {
    if (this.tap !== null) this.note({ do: "FAIL", node: node.id, effect, kept });
    this.#begin(Action.FAIL, node.id, effect);
    node.failNext(effect, kept);
  }

  unreachable(node: SimNode, peer: number): number {
    if (this.tap !== null) this.note({ do: "UNREACHABLE", node: node.id, peer });
    this.#begin(Action.UNREACHABLE, node.id, peer);
    return this.#done(node, node.unreachable(peer));
  }

  /**
   * Asks for a linearizable read.
   * @param request whose read it is
   */
  read(node: SimNode, kind: number, request?: { readonly client: number; readonly key: number }): number {
    if (this.tap !== null) this.note({ do: "READ", node: node.id, kind, ...request });
    this.#begin(Action.READ, node.id, kind);
    return this.#done(node, node.askRead(kind));
  }

  reconfigure(node: SimNode, configuration: Uint8Array): number {
    if (this.tap !== null) this.note({ do: "RECONFIGURE", node: node.id, configuration: toText(configuration) });
    this.#begin(Action.RECONFIGURE, node.id, configuration.length);
    return this.#done(node, node.reconfigure(configuration));
  }

  /** Lets a leader hand over; to the best if `target` is 0. */
  transfer(node: SimNode, target: number): number {
    if (this.tap !== null) this.note({ do: "TRANSFER", node: node.id, target });
    this.#begin(Action.TRANSFER, node.id, target);
    return this.#done(node, node.transfer(target));
  }

  /** Saves the state machine durably; the core does not know yet. False if that is not possible now. */
  takeSnapshot(node: SimNode): boolean {
    if (this.tap !== null) this.note({ do: "SNAPSHOT", node: node.id });
    this.#begin(Action.SNAPSHOT, node.id, 0);
    return node.snapshots.save();
  }

  /** Tells the core of the durable snapshot. */
  tellSnapshot(node: SimNode): number {
    if (this.tap !== null) this.note({ do: "TELL", node: node.id });
    this.#begin(Action.TELL, node.id, 0);
    return this.#done(node, node.tellSnapshot());
  }

  /** Makes the whole image that came in durable; the core does not know yet. */
  keepSnapshot(node: SimNode): void {
    if (this.tap !== null) this.note({ do: "INSTALL", node: node.id });
    this.#begin(Action.INSTALL, node.id, 0);
    node.snapshots.keepIncoming();
  }

  /** Loses the image that is coming in. */
  loseSnapshot(node: SimNode): number {
    if (this.tap !== null) this.note({ do: "LOSE", node: node.id });
    this.#begin(Action.LOSE, node.id, 0);
    return this.#done(node, node.snapshotFailed());
  }

  block(link: Link): void {
    if (this.tap !== null) this.note({ do: "BLOCK", from: link.from, to: link.to });
    this.#begin(Action.BLOCK, link.from, link.to);
    link.blocked = true;
  }

  unblock(link: Link): void {
    if (this.tap !== null) this.note({ do: "UNBLOCK", from: link.from, to: link.to });
    this.#begin(Action.UNBLOCK, link.from, link.to);
    link.blocked = false;
  }

  /** Lets a node's storage answer reads later, or at once again. No action: nothing happens now. */
  deferReads(node: SimNode, on: boolean): void {
    if (this.tap !== null) this.note({ do: "DEFER_READS", node: node.id, on });
    node.readsDeferred = on;
  }

  /** Lets a node's host refuse chunks of snapshots, or take them again. No action: nothing happens now. */
  refuseChunks(node: SimNode, on: boolean): void {
    if (this.tap !== null && node.snapshots.busy !== on) this.note({ do: "REFUSE_CHUNKS", node: node.id, on });
    node.snapshots.busy = on;
  }

  /** Tells whoever listens of a step. */
  note(step: Step): void {
    this.tap?.(step, !this.autoFlush);
  }

  /** Gives the nodes' memory back: nothing can happen any more. */
  close(): void {
    for (const node of this.nodes) if (node.isUp) node.core.release();
  }

  // Surroundings of the nodes.

  event(node: SimNode, kind: number, first: number, second: number): void {
    this.events[kind] = (this.events[kind] as number) + 1;
    this.#onEvent?.(node, kind, first, second);
  }

  configurationBytes(id: number): Uint8Array {
    return id === EMPTY_LOG ? this.#bootstrap : this.tree.payload(id).slice();
  }

  /** Judges a node whose effects are all out. */
  settled(node: SimNode): void {
    const { state } = node.core;
    // What a stopped node holds in memory is no longer its log: it could not write it. What it committed before, it may
    // have told others.
    if (state.failure !== 0) {
      if (state.commit !== node.seenCommit && this.#leads(node)) this.#judgeCommit(node, state.commit);
      return;
    }
    if (state.role === Role.LEADER && (node.seenRole !== Role.LEADER || node.seenTerm !== state.term)) {
      if (this.rules.election.leads(node.id, state.term)) {
        this.elections++;
        this.#judgeElection(node, state.term);
      }
    }
    node.seenRole = state.role;
    node.seenTerm = state.term;
    if (state.commit !== node.seenCommit) this.#judgeCommit(node, state.commit);
    if (state.applied !== node.seenApplied) {
      const { durable, snapshot } = node.disk;
      const id = snapshot?.index === state.applied ? snapshot.id : durable.at(state.applied);
      this.rules.machine.holdsCommitted(node.id, state.applied, id);
      node.seenApplied = state.applied;
    }
  }

  /** A leader's log at its election is its log before the entry that opens its term. */
  #judgeElection(node: SimNode, term: number): void {
    const { written } = node.disk;
    let index = written.last;
    while (index > 0 && this.tree.term(written.at(index)) === term) index--;
    this.rules.completeness.elected(node.id, term, written.at(index));
  }

  /** Whether what the node commits it commits as leader; one that is no voter any more steps down as it does. */
  #leads(node: SimNode): boolean {
    const { role, term } = node.core.state;
    return role === Role.LEADER || (node.seenRole === Role.LEADER && node.seenTerm === term);
  }

  #judgeCommit(node: SimNode, commit: number): void {
    const { rules } = this;
    const id = node.disk.written.at(commit);
    if (commit > rules.committed.last && (this.#leads(node) || this.#isPartial)) {
      const { term } = node.core.state;
      const before = rules.committed.last;
      if (before > 0) rules.machine.holdsCommitted(node.id, before, node.disk.written.at(before));
      if (!this.#isPartial) rules.quorum.commits(node.id, id, this.#votersFor(node), this.#durableLogs);
      rules.committed.extend(id, term);
      rules.completeness.commits(term, id);
    }
    rules.machine.holdsCommitted(node.id, commit, id);
    node.seenCommit = commit;
  }

  /** The sets of voters of the newest configuration in a node's log; it may not be handed to the disk yet. */
  #votersFor(node: SimNode): readonly (readonly number[])[] {
    if (node.core.state.configurationIndex > node.disk.written.last) return voterSets(node.core.configuration());
    const id = this.tree.configuration(node.disk.written.tip);
    let sets = this.#voterSets.get(id);
    if (sets === undefined) {
      sets = voterSets(this.configurationBytes(id));
      this.#voterSets.set(id, sets);
    }
    return sets;
  }

  /** From 1 to what a clock may run ahead of one that goes at 1. */
  #drawRate(drift: number): number {
    const fastest = 1000 / (1000 - drift);
    return 1 + ((fastest - 1) * this.random.below(5)) / 4;
  }

  #receive(node: SimNode, envelope: Envelope): number {
    if (!node.isUp) return 0;
    return this.#done(node, node.receive(envelope));
  }

  #tellOfMessage(what: "DELIVER" | "DROP" | "DUPLICATE", link: Link, position: number): void {
    const { from, messages, to } = link;
    const envelope = messages[position];
    if (envelope === undefined) return;
    const kind = kindOf(envelope);
    let at = 0;
    for (let i = 0; i < position; i++) if (kindOf(messages[i] as Envelope) === kind) at++;
    this.note({ do: what, from, to, kind, nth: envelope.nth, at });
  }

  #begin(action: Action, a: number, b: number): void {
    this.#actions.add(action, a, b);
    this.digest.word(action);
    this.digest.word(a);
    this.digest.word(b);
  }

  #done(node: SimNode, status: number): number {
    this.digest.word(status);
    // A leader may step down before it flushes: what it commits is judged at once.
    const { state } = node.core;
    if (state.commit !== node.seenCommit && this.#leads(node)) this.#judgeCommit(node, state.commit);
    if (this.autoFlush) node.flush();
    return status;
  }
}
