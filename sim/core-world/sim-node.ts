/**
 * One simulated node: the core under test, its disk, its clock and its timers; what it begins with, what it is handed, and
 * how it ends. What its core brings about is in node-effects.ts. What happens to it is decided by the World.
 */

import { Header, MessageFlag, MessageKind, Role, StatusCode } from "../../host/core/abi.js";
import type { Plan } from "../../host/core/plan.js";
import type { NodeUnderTest } from "../core-under-test.js";
import { voterSets } from "../messages.js";
import { Disk } from "./disk.js";
import { EffectGate } from "./effect-gate.js";
import type { SimMachine } from "./machine.js";
import { type Envelope, kindOf } from "./network.js";
import { NodeCounts } from "./node-counts.js";
import { type FailingEffect, NodeEffects, UNARMED } from "./node-effects.js";
import { NodeLog } from "./node-log.js";
import { NodeReads } from "./node-reads.js";
import { NodeSnapshots } from "./node-snapshots.js";
import { Outbox } from "./outbox.js";
import type { Surroundings } from "./surroundings.js";

export { FailingEffect, TIMER_KINDS, UNARMED } from "./node-effects.js";

/** Reads and heartbeat rounds of one life: more than any run has. */
const LIFE = 2 ** 32;
/** All observer events. */
const ALL_EVENTS = 0xffffffff | 0;
/** Flushes of a node that keeps answering MORE: a bound on hanging. Each applies a thousand entries. */
const FLUSHES = 100_000;

export class SimNode {
  readonly disk: Disk;
  /** This node's clock, in ms. Nodes' clocks are not related, unless a run has leases. */
  clock = 0;
  /** Of this clock's ms in one of true time. */
  rate = 1;
  #fraction = 0;
  #lives = 0;
  /** When each timer fires, by this node's clock; UNARMED if it is not armed. */
  readonly deadlines: number[] = [UNARMED, UNARMED];
  /** Every storage effect is durable when it returns. */
  synchronous = false;
  /** Reads of the disk answer "later". */
  readsDeferred = false;
  /** Keeps terms and no payloads. */
  isWitness = false;
  /** Down for good: its disk is lost. */
  isLost = false;
  readonly log = new NodeLog(this);
  readonly snapshots = new NodeSnapshots(this);
  readonly pendingReads = new NodeReads(this);
  readonly outbox: Outbox;
  /** What all effects of this node's cores go through. */
  readonly gate: EffectGate;
  /** Inputs since the last flush. */
  unflushed = 0;
  readonly counts = new NodeCounts();

  #core: NodeUnderTest | null = null;
  readonly #effects: NodeEffects;
  // What was last judged.
  seenTerm = 0;
  seenRole = 0;
  seenCommit = 0;
  seenConfiguration = 0;
  seenApplied = 0;

  constructor(
    readonly id: number,
    readonly plan: Plan,
    /** The bootstrap configuration, empty for a node that is to be added. */
    readonly bootstrap: Uint8Array,
    readonly machine: SimMachine,
    readonly around: Surroundings,
  ) {
    this.disk = new Disk(around.tree);
    this.outbox = new Outbox(this);
    this.#effects = new NodeEffects(this);
    this.gate = new EffectGate(this.#effects);
  }

  /** Whether the node runs. A node whose core has stopped still does. */
  get isUp(): boolean {
    return this.#core !== null;
  }
  /** The running core. */
  get core(): NodeUnderTest {
    if (this.#core === null) throw new Error(`node ${this.id} is down`);
    return this.#core;
  }
  get leads(): boolean {
    return this.#core !== null && this.#core.state.role === Role.LEADER && this.#core.state.failure === 0;
  }
  /** Messages that wait for writes to become durable, oldest first. */
  get held(): Envelope[] {
    return this.outbox.held;
  }
  /** Inputs that were flushed while messages waited. */
  get heldInputs(): number {
    return this.outbox.heldInputs;
  }
  /** Messages that the last flush let out, whether they had to wait or not. */
  get sent(): number {
    return this.outbox.sent;
  }

  // The life of a node.

  /** Starts from what the disk holds durably. */
  start(): void {
    const { disk, around } = this;
    const core = around.core.create({ ...this.plan, incarnation: this.#lives++ * LIFE }, this.gate, ALL_EVENTS);
    disk.resetToSnapshot();
    const { index, term: snapshotTerm, configuration, state } = this.snapshots.found();
    // As hosts do: a snapshot of a later term may have become durable before the term did. No vote was given in that term.
    const isBehind = snapshotTerm > disk.term;
    const term = Math.max(disk.term, snapshotTerm);
    core.restoreHardState(term, isBehind ? 0 : disk.vote);
    if (isBehind) this.#effects.writeHardState(term, 0);
    if (index > 0 || configuration.length > 0) core.restoreSnapshot(index, snapshotTerm, configuration, disk.compacted);
    this.log.restore(core, index + 1);
    core.start(this.clock);
    this.#core = core;
    this.machine.load(state);
    around.rules.monotonic.restarts(this.id, term);
    around.rules.applies.restarts(this.id, index);
    around.rules.loyalty.restarts(this.id, this.clock, this.plan.electionTimeout);
    around.rules.compaction.restarts(this.id);
    this.seenTerm = term;
    this.seenRole = Role.FOLLOWER;
    this.seenCommit = 0;
    this.seenConfiguration = 0;
    this.seenApplied = 0;
    this.#checkCore();
  }

  /** Stops at once. Keeps the oldest `keep` writes under way, and `torn` entries of the next. */
  crash(keep: number, torn: number): void {
    const { disk } = this;
    for (let i = 0; i < keep; i++) disk.completeOne();
    this.#forgetUnseenTerms();
    disk.crash(torn);
    this.outbox.lost();
    this.unflushed = 0;
    this.deadlines.fill(UNARMED);
    this.#effects.lost();
    this.gate.open();
    this.snapshots.lost();
    this.pendingReads.lost();
    this.core.release();
    this.#core = null;
  }

  /** Lets the next effect of a kind fail; the write that fails is nevertheless done if it is `kept`. */
  failNext(effect: FailingEffect, kept: boolean): void {
    this.#effects.failNext(effect, kept);
  }

  /** True time passes. */
  pass(ms: number): void {
    const passed = ms * this.rate + this.#fraction;
    this.clock += Math.floor(passed);
    this.#fraction = passed - Math.floor(passed);
  }

  // Inputs.

  receive(envelope: Envelope): number {
    const { term } = this.core.state;
    const status = this.core.receive(this.clock, envelope, envelope.length);
    if (status === StatusCode.OK) this.#judgeTaken(envelope, term);
    this.#checkCore();
    return status;
  }
  timer(kind: number): number {
    this.deadlines[kind] = UNARMED;
    const before = this.core.state.term;
    const status = this.core.timer(this.clock, kind);
    const { term } = this.core.state;
    if (term > before) this.around.rules.preVote.raisesByTimer(this.id, term, voterSets(this.core.configuration()));
    this.#checkCore();
    return status;
  }
  propose(command: Uint8Array): number {
    const status = this.core.propose(command);
    this.#checkCore();
    return status;
  }
  unreachable(peer: number): number {
    const status = this.core.unreachable(peer);
    this.#checkCore();
    return status;
  }
  askRead(kind: number): number {
    const status = this.pendingReads.ask(kind);
    this.#checkCore();
    return status;
  }
  reconfigure(configuration: Uint8Array): number {
    const status = this.core.reconfigure(configuration);
    this.#checkCore();
    return status;
  }
  transfer(target: number): number {
    const status = this.core.transfer(this.clock, target);
    this.#checkCore();
    return status;
  }
  /** Tells the core of the newest durable snapshot. */
  tellSnapshot(): number {
    const status = this.snapshots.tell();
    this.#checkCore();
    return status;
  }
  snapshotFailed(): number {
    this.snapshots.lost();
    const status = this.core.snapshotFailed();
    this.#checkCore();
    return status;
  }
  reportDurable(index: number, term: number): number {
    const status = this.core.durableUpTo(index, term);
    this.#checkCore();
    return status;
  }

  /** Lets out what is due; answers STOPPED if the node died over it. */
  flush(): number {
    this.#effects.begins();
    if (this.unflushed > 1) this.counts.batches++;
    this.outbox.begins(this.unflushed);
    this.unflushed = 0;
    let status: number = StatusCode.MORE;
    for (let i = 0; status === StatusCode.MORE; i++) {
      if (i === FLUSHES)
        this.around.report("termination", `node ${this.id} has more to flush after ${FLUSHES} flushes`);
      this.around.rules.order.begins();
      status = this.core.flush(this.clock);
      if (this.gate.isShut) {
        this.around.died(this);
        return StatusCode.STOPPED;
      }
      this.#checkCore();
    }
    this.around.settled(this);
    return status;
  }

  /** Makes the oldest `count` writes durable, lets go what waited for them, and reports the log's durable end. */
  makeDurable(count: number): void {
    const { disk } = this;
    for (let i = 0; i < count; i++) {
      disk.completeOne();
      this.outbox.letGo();
    }
    const index = disk.reportable;
    if (this.#core === null || index <= this.core.state.durable) return;
    this.reportDurable(index, this.around.tree.term(disk.durable.at(index)));
  }

  // What is behind them.

  /** Judges what a message has brought about that the core took in the term `before`. */
  #judgeTaken(envelope: Envelope, before: number): void {
    const { id, clock } = this;
    const { loyalty } = this.around.rules;
    const kind = kindOf(envelope);
    if (kind === MessageKind.APPEND || kind === MessageKind.INSTALL_SNAPSHOT) loyalty.hears(id, clock);
    if (kind !== MessageKind.VOTE_REQUEST) return;
    const { from, words } = envelope;
    const flags = words[Header.flags >> 2] as number;
    const handsOver = (flags & MessageFlag.TRANSFER) !== 0;
    const { term } = this.core.state;
    if ((flags & MessageFlag.PRE_VOTE) !== 0) loyalty.asksForPreVote(id, from, clock, handsOver);
    else if (term > before && !handsOver) loyalty.takesOver(id, from, clock, term);
  }

  #checkCore(): void {
    const { rules, askInvariants } = this.around;
    if (askInvariants) rules.core.holds(this.id, this.core.brokenInvariant());
    const { term, commit, applied } = this.core.state;
    rules.monotonic.observes(this.id, term, commit, applied);
  }

  /**
   * A node that is a quorum by itself leads as soon as it wants to, before the term is durable. A crash then takes the
   * term back and the entries with it: nobody has seen them (see DurableBeforeSent), and the term may come again.
   */
  #forgetUnseenTerms(): void {
    const { tree, rules } = this.around;
    const { written, durable, term } = this.disk;
    for (let index = written.last; index > 0 && index > durable.last; index--) {
      const id = written.at(index);
      if (tree.term(id) > term && rules.election.leaderOf(tree.term(id)) === this.id) tree.forget(id);
    }
    if (this.seenTerm <= term) return;
    rules.election.forget(this.id, term);
    rules.completeness.forget(this.id, term);
  }
}
