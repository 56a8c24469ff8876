/**
 * One simulated node: the core under test, its disk, its clock and its timers. It takes the core's effects, judges them by
 * the rules, and lets messages go when their barrier is lifted. What happens to it is decided by the World.
 */

import { EntryKind, Role, SnapshotAnswer, StatusCode, StorageAnswer } from "../../host/core/abi.js";
import type { Plan } from "../../host/core/plan.js";
import { FlushStep, type Rules } from "../checkers/invariants.js";
import type { CoreEffects, CoreUnderTest, NodeUnderTest, Region } from "../core-under-test.js";
import type { Digest } from "../digest.js";
import type { LogTree } from "../log-tree.js";
import type { Random } from "../random.js";
import type { Report } from "../violation.js";
import { Disk } from "./disk.js";
import { EffectGate } from "./effect-gate.js";
import { judgeLeaving } from "./leaving.js";
import type { SimMachine } from "./machine.js";
import type { Envelope, Network } from "./network.js";
import { NodeLog } from "./node-log.js";
import { NodeReads } from "./node-reads.js";
import { NodeSnapshots } from "./node-snapshots.js";

/** Number of the timer kinds. */
export const TIMER_KINDS = 2;
/** The deadline of a timer that is not armed. */
export const UNARMED = -1;
/** In place of a term: no flush has changed it. */
const UNCHANGED = -1;
/** Reads and heartbeat rounds of one life: more than any run has. */
const LIFE = 2 ** 32;
/** All observer events. */
const ALL_EVENTS = 0xffffffff | 0;
/** Flushes of a node that keeps answering MORE: a bound on hanging. Each applies a thousand entries. */
const FLUSHES = 100_000;

/** Effects that can be made to fail. */
export const FailingEffect = { NONE: 0, HARD_STATE: 1, TRUNCATE: 2, APPEND: 3, READ: 4, APPLY: 5, COMPACT: 6 } as const;
export type FailingEffect = (typeof FailingEffect)[keyof typeof FailingEffect];

/** What all nodes of a world share. */
export interface Surroundings {
  readonly core: CoreUnderTest;
  readonly tree: LogTree;
  readonly network: Network;
  readonly rules: Rules;
  readonly random: Random;
  readonly digest: Digest;
  readonly report: Report;
  /** Whether the core's invariants are asked for after each call. */
  readonly askInvariants: boolean;
  /** The node with this id. */
  node(id: number): SimNode;
  /** The node's state is as it will be until its next input: judge it. */
  settled(node: SimNode): void;
  /** The node came to the effect behind which it dies: judge what it let out, and crash it. */
  died(node: SimNode): void;
  /** The node's observer told something. */
  event(node: SimNode, kind: number, first: number, second: number): void;
  /** Configuration in wire form as of an entry of the tree. */
  configurationBytes(id: number): Uint8Array;
  /** Highest index that is committed. */
  readonly committed: number;
  /** Whether clocks keep to the bound that leases rely on. */
  readonly leasesHold: boolean;
}

export class SimNode implements CoreEffects {
  readonly disk: Disk;
  /** This node's clock, in ms. Nodes' clocks are not related, unless a run has leases. */
  clock = 0;
  /** Of this clock's ms in one of true time. */
  rate = 1;
  #fraction = 0;
  #lives = 0;
  /** When each timer fires, by this node's clock; UNARMED if it is not armed. */
  readonly deadlines: number[] = [UNARMED, UNARMED];
  /** Messages that wait for writes to become durable, oldest first. */
  readonly held: Envelope[] = [];
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
  /** What all effects of this node's cores go through. */
  readonly gate = new EffectGate(this);
  /** Inputs since the last flush, and inputs that were flushed while messages waited. */
  unflushed = 0;
  heldInputs = 0;
  /** Messages that the last flush let out, whether they had to wait or not. */
  sent = 0;
  /** Storage effects since the beginning, by kind, deaths between two effects, and what befell effects and flushes. */
  readonly counts = {
    reads: 0,
    truncations: 0,
    appends: 0,
    hardStates: 0,
    compactions: 0,
    chunksRead: 0,
    chunksWritten: 0,
    snapshots: 0,
    installs: 0,
    readsAnswered: 0,
    readsRefused: 0,
    deaths: 0,
    /** Effects that failed. */
    effectsFailed: 0,
    /** Writes that were not durable when they returned. */
    writesLater: 0,
    /** Reads of the disk that were answered later. */
    readsLater: 0,
    /** Flushes that came after several inputs. */
    batches: 0,
  };

  #core: NodeUnderTest | null = null;
  #failing: FailingEffect = FailingEffect.NONE;
  #failedIsKept = false;
  #ids = new Int32Array(64);
  /** The term as handed to the disk before this flush changed it; UNCHANGED while it has not. */
  #termBefore = UNCHANGED;
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
    if (isBehind) this.#writeHardState(term, 0);
    if (index > 0 || configuration.length > 0) core.restoreSnapshot(index, snapshotTerm, configuration, disk.compacted);
    this.log.restore(core, index + 1);
    core.start(this.clock);
    this.#core = core;
    this.machine.load(state);
    around.rules.monotonic.restarts(this.id, term);
    around.rules.applies.restarts(this.id, index);
    this.seenTerm = term;
    this.seenRole = Role.FOLLOWER;
    this.seenCommit = 0;
    this.seenConfiguration = 0;
    this.seenApplied = 0;
    this.#checkCore();
  }

  /** Stops at once. Keeps the oldest `keep` writes under way, and `torn` entries of the next. */
  crash(keep: number, torn: number): void {
    const { disk, around } = this;
    for (let i = 0; i < keep; i++) disk.completeOne();
    this.#forgetUnseenTerms();
    disk.crash(torn);
    for (const envelope of this.held) around.network.pool.release(envelope);
    this.held.length = 0;
    this.unflushed = 0;
    this.heldInputs = 0;
    this.deadlines.fill(UNARMED);
    this.#failing = FailingEffect.NONE;
    this.gate.open();
    this.snapshots.lost();
    this.pendingReads.lost();
    this.core.release();
    this.#core = null;
  }

  /** Lets the next effect of a kind fail; the write that fails is nevertheless done if it is `kept`. */
  failNext(effect: FailingEffect, kept: boolean): void {
    this.#failing = effect;
    this.#failedIsKept = kept;
  }

  /** True time passes. */
  pass(ms: number): void {
    const passed = ms * this.rate + this.#fraction;
    this.clock += Math.floor(passed);
    this.#fraction = passed - Math.floor(passed);
  }

  // Inputs.

  receive(envelope: Envelope): number {
    const status = this.core.receive(this.clock, envelope, envelope.length);
    this.#checkCore();
    return status;
  }
  timer(kind: number): number {
    this.deadlines[kind] = UNARMED;
    const status = this.core.timer(this.clock, kind);
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
    this.#termBefore = UNCHANGED;
    if (this.unflushed > 1) this.counts.batches++;
    this.heldInputs = this.held.length === 0 ? 0 : this.heldInputs + this.unflushed;
    this.unflushed = 0;
    this.sent = 0;
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
      this.#letGo();
    }
    const index = disk.reportable;
    if (this.#core === null || index <= this.core.state.durable) return;
    this.reportDurable(index, this.around.tree.term(disk.durable.at(index)));
  }

  // Effects.

  hardState(term: number, vote: number): number {
    const { rules, digest } = this.around;
    rules.order.takes(this.id, FlushStep.HARD_STATE);
    digest.word(0x10);
    digest.number(term);
    digest.word(vote);
    const fails = this.#fails(FailingEffect.HARD_STATE);
    if (fails && !this.#failedIsKept) return StorageAnswer.FAILED;
    this.#writeHardState(term, vote);
    return fails ? StorageAnswer.FAILED : this.#answerWrite();
  }

  truncate(from: number): number {
    const { rules, digest } = this.around;
    rules.order.takes(this.id, FlushStep.TRUNCATE);
    digest.word(0x11);
    digest.number(from);
    const { role, term } = this.core.state;
    const led = this.seenRole === Role.LEADER && role === Role.LEADER && this.seenTerm === term;
    rules.appendOnly.truncates(this.id, led, from);
    const before = this.#termBefore === UNCHANGED ? this.disk.hardStateWritten.term : this.#termBefore;
    rules.machine.truncates(this.id, before, from, this.disk.written.at(from));
    const fails = this.#fails(FailingEffect.TRUNCATE);
    if (fails && !this.#failedIsKept) return StorageAnswer.FAILED;
    this.disk.truncate(from);
    this.counts.truncations++;
    return fails ? StorageAnswer.FAILED : this.#answerWrite();
  }

  append(first: number, count: number, lastTerm: number, memory: Region, offset: number, length: number): number {
    const { rules, digest, tree, report } = this.around;
    rules.order.takes(this.id, FlushStep.APPEND);
    digest.word(0x12);
    digest.words(memory.words, offset >>> 2, length >>> 2);
    const { written } = this.disk;
    if (first !== written.last + 1) {
      report("append order", `node ${this.id} appends from ${first} to a log that ends at ${written.last}`);
    }
    const fails = this.#fails(FailingEffect.APPEND);
    if (fails && !this.#failedIsKept) return StorageAnswer.FAILED;
    if (count > this.#ids.length) this.#ids = new Int32Array(count * 2);
    let id = written.tip;
    let place = offset;
    for (let i = 0; i < count; i++) {
      id = tree.add(id, memory, place);
      this.#ids[i] = id;
      place += this.log.sizeAt(memory, place);
    }
    if (place !== offset + length || tree.term(id) !== lastTerm) {
      report("append order", `node ${this.id} appends ${count} entries up to term ${lastTerm}, and hands over others`);
    }
    this.disk.append(this.#ids, count);
    this.counts.appends++;
    return fails ? StorageAnswer.FAILED : this.#answerWrite();
  }

  compact(index: number): number {
    const { rules, digest } = this.around;
    rules.order.takes(this.id, FlushStep.COMPACT);
    digest.word(0x17);
    digest.number(index);
    if (index > (this.disk.snapshot?.index ?? 0)) {
      this.around.report("compaction", `node ${this.id} compacts up to ${index} without a snapshot of it`);
    }
    const fails = this.#fails(FailingEffect.COMPACT);
    if (fails && !this.#failedIsKept) return StorageAnswer.FAILED;
    this.disk.compact(index);
    this.counts.compactions++;
    return fails ? StorageAnswer.FAILED : this.#answerWrite();
  }

  readSnapshot(
    index: number,
    place: number,
    memory: Region,
    offset: number,
    capacity: number,
    witness: boolean,
  ): number {
    this.counts.chunksRead++;
    if (this.#fails(FailingEffect.READ)) return SnapshotAnswer.FAILED;
    if (this.readsDeferred) {
      this.counts.readsLater++;
      return SnapshotAnswer.LATER;
    }
    return this.snapshots.read(index, place, memory.bytes.subarray(offset, offset + capacity), witness);
  }

  writeSnapshot(
    index: number,
    term: number,
    place: number,
    memory: Region,
    offset: number,
    length: number,
    last: boolean,
  ): number {
    const { rules, digest } = this.around;
    rules.order.takes(this.id, FlushStep.CHUNK);
    digest.word(last ? 0x19 : 0x18);
    digest.number(place);
    this.counts.chunksWritten++;
    return this.snapshots.write({ index, term, place, last }, memory.bytes.subarray(offset, offset + length));
  }

  reads(ticket: number, index: number, answered: boolean): void {
    const { rules, digest } = this.around;
    rules.order.takes(this.id, FlushStep.READ);
    digest.word(answered ? 0x32 : 0x31);
    digest.number(ticket);
    digest.number(index);
    this.pendingReads.told(ticket, index, answered);
  }

  read(index: number, count: number, memory: Region, offset: number, capacity: number): number {
    const { report, digest } = this.around;
    const { written } = this.disk;
    digest.word(0x13);
    digest.number(index);
    this.counts.reads++;
    if (this.#fails(FailingEffect.READ)) return StorageAnswer.FAILED;
    if (index <= this.disk.compacted || index + count - 1 > written.last) {
      report("read-back", `node ${this.id} reads ${count} entries from ${index} of a log that ends at ${written.last}`);
    }
    if (this.readsDeferred) {
      this.counts.readsLater++;
      return 0;
    }
    const bytes = this.log.read(index, count, memory, offset, capacity);
    if (bytes === 0) report("read-back", `entry ${index} does not fit ${capacity} bytes on node ${this.id}`);
    return bytes;
  }

  send(to: number, memory: Region, offset: number, length: number, barrier: boolean): void {
    const { rules, digest, network } = this.around;
    rules.order.takes(this.id, FlushStep.SEND);
    digest.word(barrier ? 0x15 : 0x14);
    digest.words(memory.words, offset >>> 2, length >>> 2);
    this.sent++;
    const envelope = network.pool.fill(this.id, to, memory, offset, length, barrier);
    if (barrier && this.disk.done < this.disk.issued) {
      envelope.awaits = this.disk.issued;
      this.held.push(envelope);
    } else {
      this.#leave(envelope);
    }
  }

  arm(kind: number, delay: number, jitter: number): void {
    this.around.rules.order.takes(this.id, FlushStep.TIMER);
    this.around.digest.word(0x16 + kind);
    this.deadlines[kind] = this.clock + delay + (jitter === 0 ? 0 : this.around.random.below(jitter + 1));
  }

  cancel(kind: number): void {
    this.around.rules.order.takes(this.id, FlushStep.TIMER);
    this.around.digest.word(0x20 + kind);
    this.deadlines[kind] = UNARMED;
  }

  apply(index: number, term: number, memory: Region, offset: number, length: number): number {
    const { rules, digest, tree, report } = this.around;
    rules.order.takes(this.id, FlushStep.APPLY);
    digest.word(0x30);
    digest.number(index);
    if (this.#fails(FailingEffect.APPLY)) return -1;
    const { disk } = this;
    rules.applies.applies(this.id, index, term, disk.written, disk.durable.last);
    if (!tree.payloadEquals(disk.written.at(index), memory, offset, length)) {
      report("apply order", `node ${this.id} applies ${index} with other bytes than its log has`);
    }
    this.machine.apply(index, term, memory, offset, length);
    return 0;
  }

  event(kind: number, first: number, second: number): void {
    const { rules, digest } = this.around;
    rules.order.takes(this.id, FlushStep.EVENT);
    digest.word(0x40 + kind);
    digest.number(first);
    digest.number(second);
    this.around.event(this, kind, first, second);
  }

  // What is behind them.

  #checkCore(): void {
    const { rules, askInvariants } = this.around;
    if (askInvariants) rules.core.holds(this.id, this.core.brokenInvariant());
    const { term, commit, applied } = this.core.state;
    rules.monotonic.observes(this.id, term, commit, applied);
  }

  #fails(effect: FailingEffect): boolean {
    if (this.#failing !== effect) return false;
    this.#failing = FailingEffect.NONE;
    this.counts.effectsFailed++;
    this.around.rules.order.fails();
    return true;
  }

  #writeHardState(term: number, vote: number): void {
    const { disk } = this;
    const before = disk.hardStateWritten;
    if (this.#termBefore === UNCHANGED) this.#termBefore = before.term;
    this.around.rules.votes.saves(this.id, term, vote, before.term, before.vote);
    disk.hardState(term, vote);
    this.counts.hardStates++;
  }

  #answerWrite(): number {
    if (!this.synchronous) {
      this.counts.writesLater++;
      return StorageAnswer.TAKEN;
    }
    while (this.disk.pending.length > 0) {
      this.disk.completeOne();
      this.#letGo();
    }
    return StorageAnswer.DURABLE;
  }

  /** Sends what waited only for writes that are durable now. */
  #letGo(): void {
    while (this.held.length > 0) {
      const envelope = this.held[0] as Envelope;
      if (envelope.awaits > this.disk.done) return;
      this.held.shift();
      this.#leave(envelope);
    }
  }

  #leave(envelope: Envelope): void {
    judgeLeaving(this, envelope);
    this.around.network.send(envelope);
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

/** The kind of entry that a state machine gets. */
export const APPLIED_KIND = EntryKind.NORMAL;
