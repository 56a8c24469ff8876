/**
 * A deterministic world of nodes in which nothing happens by itself: every delivery, timer, durable write, lost message,
 * crash and restart is an action that a test or a driver takes. After each action the rules of `checkers/invariants.ts`
 * are asked, and everything that happens goes into a digest.
 *
 * Fault model: that of the network (network.ts) and of the disks (disk.ts); nodes crash and restart at any moment between
 * two calls, or are lost for good with their disks; clocks stand still, jump ahead or run at other rates independently of
 * each other, and never go back while a node runs.
 */

import { EventKind, Header, ReadKind, Role, StatusCode, type TimerKind } from "../../host/core/abi.js";
import { type Capacity, MICRO_CAPACITY } from "../../host/core/plan.js";
import { Rules } from "../checkers/invariants.js";
import type { CoreState, CoreUnderTest } from "../core-under-test.js";
import { Digest } from "../digest.js";
import { EMPTY_LOG, LogTree } from "../log-tree.js";
import { voterSets } from "../messages.js";
import { Random } from "../random.js";
import { type Step, type Tap, toText } from "../trace/step.js";
import { InvariantViolation, type Report } from "../violation.js";
import { Action, ActionLog } from "./action.js";
import { judgeMemory } from "./bounded-memory.js";
import { damage } from "./damage.js";
import type { Disk } from "./disk.js";
import { RecordingMachine, type SimMachine } from "./machine.js";
import { type Envelope, type Hindrance, isOfThisVersion, kindOf, type Link, Network } from "./network.js";
import { type NodeSetup, prepareDisk } from "./node-setup.js";
import { OperationCounts } from "./operation-counts.js";
import { APPLIED_KIND, type FailingEffect, SimNode, type Surroundings, UNARMED } from "./sim-node.js";

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

/** Stands in the digest for a death between two effects. */
const DIED = 0x50;

/** The rule that whatever is malformed, or of another version, does nothing. */
const REFUSALS = "malformed messages are refused";

/** The cluster's id unless stated. */
export const DEFAULT_CLUSTER = 0x4d52n;

/** The term in a message's header. */
function termOf({ words }: Envelope): number {
  const low = Header.term >> 2;
  return (words[low + 1] as number) * 2 ** 32 + ((words[low] as number) >>> 0);
}

export class World implements Surroundings {
  readonly core: CoreUnderTest;
  readonly tree: LogTree;
  readonly network: Network;
  readonly rules: Rules;
  readonly random: Random;
  readonly digest = new Digest();
  /** Whether the core's own invariants are asked for after each call. */
  askInvariants: boolean;
  readonly nodes: readonly SimNode[];
  /** Every input is followed by a flush. A driver that flushes by itself turns it off. */
  autoFlush = true;
  /** Hears of every action before it is taken. */
  tap: Tap | null = null;
  /** Whether clocks keep to the bound that leases rely on: else reads by lease are not judged. */
  leasesHold = true;
  /** Messages of another version, and damaged ones, that were refused; messages of an earlier term than their receiver's
   * that arrived after they were held up; nodes lost with their disks; reads that a leader took although another led in a
   * later term, and reads that a lease answered; restarts from a snapshot of a later term than the durable one. */
  readonly counts = {
    refused: 0,
    arrivedInLaterTerm: 0,
    disksLost: 0,
    readsAtDeposedLeaders: 0,
    readsByLease: 0,
    restartsBehindSnapshot: 0,
    /** Damaged messages that reached a node that runs, messages that were dropped, and such as arrived before older ones of
     * their link. */
    damaged: 0,
    dropped: 0,
    overtakes: 0,
    /** Copies among those that arrived in a later term. */
    copiesInLaterTerm: 0,
    /** Timers that fired before their time, and clocks that went on at another rate. */
    firedEarly: 0,
    ratesChanged: 0,
    /** Changes of members, and transfers, that leaders took on. */
    changesTaken: 0,
    transfersTaken: 0,
  };
  /** What leaders did with their members. */
  readonly operations = new OperationCounts();
  /** Hears of every crash. */
  onCrash: ((node: SimNode) => void) | null = null;
  /** Elections won, and times that each event was told. */
  elections = 0;
  readonly events = new Float64Array(EventKind.COUNT);

  readonly #actions = new ActionLog();
  readonly #seed: number | null;
  readonly #onEvent: WorldOptions["onEvent"];
  readonly #byId: SimNode[] = [];
  /** Nodes' disks, by id. */
  readonly #disks: Disk[] = [];
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
      this.#disks[id] = node.disk;
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
    if (position > 0) this.counts.overtakes++;
    const envelope = this.network.take(link, position);
    this.#begin(Action.DELIVER, envelope.serial, envelope.to);
    const node = this.node(envelope.to);
    const status = isOfThisVersion(envelope) ? this.#receive(node, envelope) : this.#refuse(node, envelope);
    this.network.pool.release(envelope);
    return status;
  }

  /** Delivers the message at a position of a link in such a state that it has to be refused; see damage.ts. */
  corrupt(link: Link, position: number, way: number, draw: number): number {
    if (this.tap !== null) this.note({ do: "CORRUPT", ...this.#nameOf(link.messages, position), way, draw });
    const envelope = this.network.take(link, position);
    this.#begin(Action.CORRUPT, envelope.serial, envelope.to);
    damage(envelope, way, draw);
    if (position > 0) this.counts.overtakes++;
    if (this.node(link.to).isUp) this.counts.damaged++;
    const status = this.#refuse(this.node(link.to), envelope);
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
    this.counts.dropped++;
    this.network.pool.release(envelope);
  }

  duplicate(link: Link, position: number): void {
    if (this.tap !== null) this.#tellOfMessage("DUPLICATE", link, position);
    this.#begin(Action.DUPLICATE, position, link.to);
    this.network.duplicate(link, position);
  }

  /** Takes a message off its link; it arrives after it is let go. */
  holdUp(link: Link, position: number): Envelope {
    if (this.tap !== null) this.#tellOfMessage("HOLD_UP", link, position);
    const envelope = this.network.holdUp(link, position);
    this.#begin(Action.HOLD_UP, envelope.serial, envelope.to);
    return envelope;
  }

  /** Lets the message at a position of those that are held up go on. */
  letGo(position: number): void {
    if (this.tap !== null) this.note({ do: "LET_GO", ...this.#nameOf(this.network.heldUp, position) });
    const envelope = this.network.letGo(position);
    this.#begin(Action.LET_GO, envelope.serial, envelope.to);
    if (!this.isOld(envelope)) return;
    this.counts.arrivedInLaterTerm++;
    if (envelope.isCopy) this.counts.copiesInLaterTerm++;
  }

  /** Whether a message is of an earlier term than its receiver, which runs. */
  isOld(envelope: Envelope): boolean {
    const node = this.node(envelope.to);
    return node.isUp && termOf(envelope) < node.core.state.term;
  }

  /** Fires an armed timer: the node's clock goes to its deadline, if it has not passed it. */
  fire(node: SimNode, kind: TimerKind): number {
    const deadline = node.deadlines[kind] ?? UNARMED;
    if (deadline === UNARMED) throw new Error(`timer ${kind} of node ${node.id} is not armed`);
    if (this.tap !== null) this.note({ do: "TIMER", node: node.id, timer: kind });
    this.#begin(Action.TIMER, node.id, kind);
    if (deadline > node.clock) this.counts.firedEarly++;
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

  /** Lets a node's clock run at another rate, in its ms per second of true time. */
  setRate(node: SimNode, rate: number): void {
    if (this.tap !== null) this.note({ do: "RATE", node: node.id, rate });
    this.#begin(Action.RATE, node.id, rate);
    if (node.rate !== rate / 1000) this.counts.ratesChanged++;
    node.rate = rate / 1000;
  }

  /**
   * @param step whose proposal it is: what says so in a trace
   * @param onStatus hears the answer before a flush follows
   */
  propose(node: SimNode, command: Uint8Array, step?: Step, onStatus?: (node: SimNode, status: number) => void): number {
    if (this.tap !== null) this.note(step ?? { do: "COMMAND", node: node.id, payload: toText(command) });
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
    this.#crash(node, keep, torn);
  }

  /**
   * Lets a node die at a boundary between two effects of a flush: behind the `effects`th from here on, or before the first of
   * its next flush if that is 0. Then at most `keep` writes under way survive, and `torn` entries of the next.
   */
  dieAfter(node: SimNode, effects: number, keep = 0, torn = 0): void {
    if (this.tap !== null) this.note({ do: "BOUNDARY", node: node.id, effects, keep, torn });
    this.#begin(Action.BOUNDARY, node.id, effects);
    node.gate.dieAfter(effects, { keep, torn });
  }

  restart(node: SimNode): void {
    if (node.isLost) throw new Error(`node ${node.id} is lost with its disk`);
    if (this.tap !== null) this.note({ do: "RESTART", node: node.id });
    this.#begin(Action.RESTART, node.id, 0);
    if (node.snapshots.found().term > node.disk.term) this.counts.restartsBehindSnapshot++;
    node.start();
    node.flush();
  }

  /** The node stops and its disk is lost with it: nobody hears from it again. What it made durable counts as it did, as
   * nobody without it may believe otherwise. */
  loseDisk(node: SimNode): void {
    if (this.tap !== null) this.note({ do: "LOSE_DISK", node: node.id });
    this.#begin(Action.LOSE_DISK, node.id, 0);
    if (node.isUp) this.#crash(node, 0, 0);
    node.isLost = true;
    this.counts.disksLost++;
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
    const isDeposed = this.#isDeposed(node);
    const status = node.askRead(kind);
    if (isDeposed && status >= 0) this.counts.readsAtDeposedLeaders++;
    if (kind === ReadKind.LEASE && status === StatusCode.READY) this.counts.readsByLease++;
    return this.#done(node, status);
  }

  reconfigure(node: SimNode, configuration: Uint8Array): number {
    if (this.tap !== null) this.note({ do: "RECONFIGURE", node: node.id, configuration: toText(configuration) });
    this.#begin(Action.RECONFIGURE, node.id, configuration.length);
    const status = node.reconfigure(configuration);
    if (status >= 0) {
      this.counts.changesTaken++;
      this.operations.reconfigured(node);
    }
    return this.#done(node, status);
  }

  /** Lets a leader hand over; to the best if `target` is 0. */
  transfer(node: SimNode, target: number): number {
    if (this.tap !== null) this.note({ do: "TRANSFER", node: node.id, target });
    this.#begin(Action.TRANSFER, node.id, target);
    const status = node.transfer(target);
    if (status >= 0) this.counts.transfersTaken++;
    return this.#done(node, status);
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

  /** Lets a link suffer from something; null if from nothing any more. */
  hinder(link: Link, hindrance: Hindrance | null): void {
    const { from, to } = link;
    if (this.tap !== null)
      this.note(hindrance === null ? { do: "RELIEVE", from, to } : { do: "HINDER", from, to, ...hindrance });
    this.#begin(hindrance === null ? Action.RELIEVE : Action.HINDER, from, to);
    link.hindrance = hindrance;
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
    if (kind === EventKind.TRANSFER) this.operations.handsOver(node, first);
    this.#onEvent?.(node, kind, first, second);
  }

  configurationBytes(id: number): Uint8Array {
    return id === EMPTY_LOG ? this.#bootstrap : this.tree.payload(id).slice();
  }

  /** What a node has become within a flush it may have told others, so that it is judged although the node is gone. */
  died(node: SimNode): void {
    const { state } = node.core;
    this.#judgeOffice(node);
    if (state.commit !== node.seenCommit && this.#leads(node)) this.#judgeCommit(node, state.commit);
    const { keep, torn } = node.gate.death;
    this.digest.word(DIED);
    this.digest.word(node.id);
    node.counts.deaths++;
    this.#crash(node, Math.min(keep, node.disk.pending.length), torn);
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
    judgeMemory(node);
    this.#judgeOffice(node);
    if (state.commit !== node.seenCommit) this.#judgeCommit(node, state.commit);
    node.seenConfiguration = state.configurationIndex;
    if (state.applied !== node.seenApplied) {
      const { durable, snapshot } = node.disk;
      const id = snapshot?.index === state.applied ? snapshot.id : durable.at(state.applied);
      this.rules.machine.holdsCommitted(node.id, state.applied, id);
      node.seenApplied = state.applied;
    }
  }

  /** Judges whether the node may lead, if it does since it was last looked at. */
  #judgeOffice(node: SimNode): void {
    const { role, term } = node.core.state;
    if (role === Role.LEADER && (node.seenRole !== Role.LEADER || node.seenTerm !== term)) {
      if (this.rules.election.leads(node.id, term)) {
        this.elections++;
        this.operations.elected(node);
        this.#judgeElection(node, term);
      }
    }
    node.seenRole = role;
    node.seenTerm = term;
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
    const id = node.disk.written.at(commit);
    if (this.#leads(node) || this.#isPartial) this.#judgeCommitOfLeader(node, commit, id);
    this.rules.machine.holdsCommitted(node.id, commit, id);
    node.seenCommit = commit;
  }

  #judgeCommitOfLeader(node: SimNode, commit: number, id: number): void {
    const { committed, completeness, machine, quorum } = this.rules;
    const { term } = node.core.state;
    const before = committed.last;
    if (commit > before) {
      if (before > 0) machine.holdsCommitted(node.id, before, node.disk.written.at(before));
      if (!this.#isPartial) {
        quorum.commits(node.id, id, term, this.#votersFor(node), this.#disks, this.#votersBefore(node));
      }
      committed.extend(id, term);
    } else if (committed.termAt(commit) > term) {
      committed.confirm(commit, term);
    } else return;
    completeness.commits(term, id);
  }

  /** The sets of voters of the newest configuration in a node's log; it may not be handed to the disk yet. */
  #votersFor(node: SimNode): readonly (readonly number[])[] {
    if (node.core.state.configurationIndex > node.disk.written.last) return voterSets(node.core.configuration());
    return this.#votersAt(node.disk.written.tip);
  }

  /** Those of the configuration before, if the newest is new since the node was last looked at: a leader that commits a
   * change may append the next one by itself, with the same input. */
  #votersBefore(node: SimNode): readonly (readonly number[])[] | undefined {
    const { commit, configurationIndex } = node.core.state;
    if (configurationIndex === node.seenConfiguration || configurationIndex <= commit) return undefined;
    const { written } = node.disk;
    return this.#votersAt(written.at(Math.max(0, Math.min(configurationIndex - 1, written.last))));
  }

  /** The sets of voters of the configuration in force at an entry. */
  #votersAt(entry: number): readonly (readonly number[])[] {
    const id = this.tree.configuration(entry);
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

  /** Whether the node leads although another one does in a later term. */
  #isDeposed(node: SimNode): boolean {
    if (!node.leads) return false;
    const { term } = node.core.state;
    return this.nodes.some((other) => other.leads && other.core.state.term > term);
  }

  #receive(node: SimNode, envelope: Envelope): number {
    if (!node.isUp) return 0;
    return this.#done(node, node.receive(envelope));
  }

  /** A message that a receiver can tell to be none for it: nothing may come of it. */
  #refuse(node: SimNode, envelope: Envelope): number {
    if (!node.isUp) return 0;
    const before: CoreState = { ...node.core.state };
    const status = node.receive(envelope);
    const { state } = node.core;
    if (status >= 0) this.report(REFUSALS, `node ${node.id} takes a message that is none, with status ${status}`);
    for (const field of Object.keys(before) as (keyof CoreState)[]) {
      if (state[field] === before[field]) continue;
      this.report(
        REFUSALS,
        `node ${node.id} changes ${field} from ${before[field]} to ${state[field]} by what it refuses`,
      );
    }
    this.counts.refused++;
    return this.#done(node, status);
  }

  #tellOfMessage(what: "DELIVER" | "DROP" | "DUPLICATE" | "HOLD_UP", link: Link, position: number): void {
    if (position < link.messages.length) this.note({ do: what, ...this.#nameOf(link.messages, position) });
  }

  /** What names the message at a position: its place is that among those of its link and kind. */
  #nameOf(messages: readonly Envelope[], position: number) {
    const envelope = messages[position];
    if (envelope === undefined) throw new RangeError(`there is no message ${position}`);
    const { from, nth, to } = envelope;
    const kind = kindOf(envelope);
    const isAlike = (other: Envelope) => other.from === from && other.to === to && kindOf(other) === kind;
    return { from, to, kind, nth, at: messages.slice(0, position).filter(isAlike).length };
  }

  #crash(node: SimNode, keep: number, torn: number): void {
    node.crash(keep, torn);
    this.onCrash?.(node);
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
    if (state.configurationIndex !== node.seenConfiguration) this.operations.changed(node);
    node.seenConfiguration = state.configurationIndex;
    node.unflushed++;
    if (this.autoFlush) node.flush();
    return status;
  }
}
