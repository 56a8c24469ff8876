/**
 * A deterministic world of nodes in which nothing happens by itself: every delivery, timer, durable write, lost message,
 * crash and restart is an action that a test or a driver takes. After each action the rules of `checkers/invariants.ts`
 * are asked, and everything that happens goes into a digest.
 *
 * Fault model: that of the network (network.ts) and of the disks (disk.ts); nodes crash and restart at any moment between
 * two calls, or are lost for good with their disks; clocks stand still, jump ahead or run at other rates independently of
 * each other, and never go back while a node runs.
 */

import { ReadKind, StatusCode, type TimerKind } from "../../host/core/abi.js";
import { type Step, type Tap, toText } from "../trace/step.js";
import { Action } from "./action.js";
import { Cluster } from "./cluster.js";
import { MessageActions } from "./message-actions.js";
import type { Envelope, Hindrance, Link } from "./network.js";
import { type FailingEffect, type SimNode, UNARMED } from "./sim-node.js";
import { WorldCounts } from "./world-counts.js";

export { DEFAULT_CLUSTER, type WorldOptions } from "./cluster.js";

/** A cluster, and all that can be done to it. An action that is an input answers the core's status code. */
export class World extends Cluster {
  /** Hears of every action before it is taken. */
  tap: Tap | null = null;
  readonly counts = new WorldCounts();
  readonly #messages = new MessageActions(this);

  // Messages.

  /** Delivers the message at a position of a link; to a node that is down it is lost. */
  deliver(link: Link, position: number): number {
    return this.#messages.deliver(link, position);
  }

  /** Delivers the message at a position of a link in such a state that it has to be refused; see damage.ts. */
  corrupt(link: Link, position: number, way: number, draw: number): number {
    return this.#messages.corrupt(link, position, way, draw);
  }

  /** Delivers a message that the test made. */
  inject(message: Uint8Array): number {
    return this.#messages.inject(message);
  }

  drop(link: Link, position: number): void {
    this.#messages.drop(link, position);
  }

  duplicate(link: Link, position: number): void {
    this.#messages.duplicate(link, position);
  }

  /** Takes a message off its link; it arrives after it is let go. */
  holdUp(link: Link, position: number): Envelope {
    return this.#messages.holdUp(link, position);
  }

  /** Lets the message at a position of those that are held up go on. */
  letGo(position: number): void {
    this.#messages.letGo(position);
  }

  /** Whether a message is of an earlier term than its receiver, which runs. */
  isOld(envelope: Envelope): boolean {
    return this.#messages.isOld(envelope);
  }

  // Time.

  /** Fires an armed timer: the node's clock goes to its deadline, if it has not passed it. */
  fire(node: SimNode, kind: TimerKind): number {
    const deadline = node.deadlines[kind] ?? UNARMED;
    if (deadline === UNARMED) throw new Error(`timer ${kind} of node ${node.id} is not armed`);
    if (this.tap !== null) this.note({ do: "TIMER", node: node.id, timer: kind });
    this.begin(Action.TIMER, node.id, kind);
    if (deadline > node.clock) this.counts.firedEarly++;
    node.clock = Math.max(node.clock, deadline);
    return this.done(node, node.timer(kind));
  }

  /** Lets time pass on a node. */
  advance(node: SimNode, ms: number): void {
    if (this.tap !== null) this.note({ do: "ADVANCE", node: node.id, ms });
    this.begin(Action.ADVANCE, node.id, ms);
    node.clock += ms;
  }

  /** Lets the same time pass on all nodes. */
  advanceAll(ms: number): void {
    if (this.tap !== null) this.note({ do: "ADVANCE", node: 0, ms });
    this.begin(Action.ADVANCE, 0, ms);
    for (const node of this.nodes) node.pass(ms);
  }

  /** Lets a node's clock run at another rate, in its ms per second of true time. */
  setRate(node: SimNode, rate: number): void {
    if (this.tap !== null) this.note({ do: "RATE", node: node.id, rate });
    this.begin(Action.RATE, node.id, rate);
    if (node.rate !== rate / 1000) this.counts.ratesChanged++;
    node.rate = rate / 1000;
  }

  // Nodes and their disks.

  /**
   * @param step whose proposal it is: what says so in a trace
   * @param onStatus hears the answer before a flush follows
   */
  propose(node: SimNode, command: Uint8Array, step?: Step, onStatus?: (node: SimNode, status: number) => void): number {
    if (this.tap !== null) this.note(step ?? { do: "COMMAND", node: node.id, payload: toText(command) });
    this.begin(Action.PROPOSE, node.id, command.length);
    const status = node.propose(command);
    onStatus?.(node, status);
    return this.done(node, status);
  }

  flush(node: SimNode): number {
    if (this.tap !== null) this.note({ do: "FLUSH", node: node.id });
    this.begin(Action.FLUSH, node.id, 0);
    return node.flush();
  }

  /** Makes the oldest `count` writes durable and reports it. */
  makeDurable(node: SimNode, count: number = node.disk.pending.length): void {
    if (this.tap !== null) this.note({ do: "DURABLE", node: node.id, count });
    this.begin(Action.DURABLE, node.id, count);
    node.makeDurable(count);
    this.done(node, 0);
  }

  /** Reports that the log is durable up to (index, term), whatever the disk holds. */
  reportDurable(node: SimNode, index: number, term: number): number {
    if (this.tap !== null) this.note({ do: "REPORT", node: node.id, index, term });
    this.begin(Action.REPORT, node.id, index);
    return this.done(node, node.reportDurable(index, term));
  }

  /** Crashes a node; the oldest `keep` writes under way survive, and `torn` entries of the next. */
  crash(node: SimNode, keep = 0, torn = 0): void {
    if (this.tap !== null) this.note({ do: "CRASH", node: node.id, keep, torn });
    this.begin(Action.CRASH, node.id, keep);
    this.stop(node, keep, torn);
  }

  /**
   * Lets a node die at a boundary between two effects of a flush: behind the `effects`th from here on, or before the first of
   * its next flush if that is 0. Then at most `keep` writes under way survive, and `torn` entries of the next.
   */
  dieAfter(node: SimNode, effects: number, keep = 0, torn = 0): void {
    if (this.tap !== null) this.note({ do: "BOUNDARY", node: node.id, effects, keep, torn });
    this.begin(Action.BOUNDARY, node.id, effects);
    node.gate.dieAfter(effects, { keep, torn });
  }

  restart(node: SimNode): void {
    if (node.isLost) throw new Error(`node ${node.id} is lost with its disk`);
    if (this.tap !== null) this.note({ do: "RESTART", node: node.id });
    this.begin(Action.RESTART, node.id, 0);
    if (node.snapshots.found().term > node.disk.term) this.counts.restartsBehindSnapshot++;
    node.start();
    node.flush();
  }

  /** The node stops and its disk is lost with it: nobody hears from it again. What it made durable counts as it did, as
   * nobody without it may believe otherwise. */
  loseDisk(node: SimNode): void {
    if (this.tap !== null) this.note({ do: "LOSE_DISK", node: node.id });
    this.begin(Action.LOSE_DISK, node.id, 0);
    if (node.isUp) this.stop(node, 0, 0);
    node.isLost = true;
    this.counts.disksLost++;
  }

  failNext(node: SimNode, effect: FailingEffect, kept = false): void {
    if (this.tap !== null) this.note({ do: "FAIL", node: node.id, effect, kept });
    this.begin(Action.FAIL, node.id, effect);
    node.failNext(effect, kept);
  }

  unreachable(node: SimNode, peer: number): number {
    if (this.tap !== null) this.note({ do: "UNREACHABLE", node: node.id, peer });
    this.begin(Action.UNREACHABLE, node.id, peer);
    return this.done(node, node.unreachable(peer));
  }

  /**
   * Asks for a linearizable read.
   * @param request whose read it is
   */
  read(node: SimNode, kind: number, request?: { readonly client: number; readonly key: number }): number {
    if (this.tap !== null) this.note({ do: "READ", node: node.id, kind, ...request });
    this.begin(Action.READ, node.id, kind);
    const isDeposed = this.#isDeposed(node);
    const status = node.askRead(kind);
    if (isDeposed && status >= 0) this.counts.readsAtDeposedLeaders++;
    if (kind === ReadKind.LEASE && status === StatusCode.READY) this.counts.readsByLease++;
    return this.done(node, status);
  }

  reconfigure(node: SimNode, configuration: Uint8Array): number {
    if (this.tap !== null) this.note({ do: "RECONFIGURE", node: node.id, configuration: toText(configuration) });
    this.begin(Action.RECONFIGURE, node.id, configuration.length);
    const status = node.reconfigure(configuration);
    if (status >= 0) {
      this.counts.changesTaken++;
      this.operations.reconfigured(node);
    }
    return this.done(node, status);
  }

  /** Lets a leader hand over; to the best if `target` is 0. */
  transfer(node: SimNode, target: number): number {
    if (this.tap !== null) this.note({ do: "TRANSFER", node: node.id, target });
    this.begin(Action.TRANSFER, node.id, target);
    const status = node.transfer(target);
    if (status >= 0) this.counts.transfersTaken++;
    return this.done(node, status);
  }

  // Snapshots.

  /** Saves the state machine durably; the core does not know yet. False if that is not possible now. */
  takeSnapshot(node: SimNode): boolean {
    if (this.tap !== null) this.note({ do: "SNAPSHOT", node: node.id });
    this.begin(Action.SNAPSHOT, node.id, 0);
    return node.snapshots.save();
  }

  /** Tells the core of the durable snapshot. */
  tellSnapshot(node: SimNode): number {
    if (this.tap !== null) this.note({ do: "TELL", node: node.id });
    this.begin(Action.TELL, node.id, 0);
    return this.done(node, node.tellSnapshot());
  }

  /** Makes the whole image that came in durable; the core does not know yet. */
  keepSnapshot(node: SimNode): void {
    if (this.tap !== null) this.note({ do: "INSTALL", node: node.id });
    this.begin(Action.INSTALL, node.id, 0);
    node.snapshots.keepIncoming();
  }

  /** Loses the image that is coming in. */
  loseSnapshot(node: SimNode): number {
    if (this.tap !== null) this.note({ do: "LOSE", node: node.id });
    this.begin(Action.LOSE, node.id, 0);
    return this.done(node, node.snapshotFailed());
  }

  // Links.

  block(link: Link): void {
    if (this.tap !== null) this.note({ do: "BLOCK", from: link.from, to: link.to });
    this.begin(Action.BLOCK, link.from, link.to);
    link.blocked = true;
  }

  unblock(link: Link): void {
    if (this.tap !== null) this.note({ do: "UNBLOCK", from: link.from, to: link.to });
    this.begin(Action.UNBLOCK, link.from, link.to);
    link.blocked = false;
  }

  /** Lets a link suffer from something; null if from nothing any more. */
  hinder(link: Link, hindrance: Hindrance | null): void {
    const { from, to } = link;
    if (this.tap !== null)
      this.note(hindrance === null ? { do: "RELIEVE", from, to } : { do: "HINDER", from, to, ...hindrance });
    this.begin(hindrance === null ? Action.RELIEVE : Action.HINDER, from, to);
    link.hindrance = hindrance;
  }

  // What is no action: nothing happens now.

  /** Lets a node's storage answer reads later, or at once again. */
  deferReads(node: SimNode, on: boolean): void {
    if (this.tap !== null) this.note({ do: "DEFER_READS", node: node.id, on });
    node.readsDeferred = on;
  }

  /** Lets a node's host refuse chunks of snapshots, or take them again. */
  refuseChunks(node: SimNode, on: boolean): void {
    if (this.tap !== null && node.snapshots.busy !== on) this.note({ do: "REFUSE_CHUNKS", node: node.id, on });
    node.snapshots.busy = on;
  }

  /** Tells whoever listens of a step. */
  note(step: Step): void {
    this.tap?.(step, !this.autoFlush);
  }

  /** Whether the node leads although another one does in a later term. */
  #isDeposed(node: SimNode): boolean {
    if (!node.leads) return false;
    const { term } = node.core.state;
    return this.nodes.some((other) => other.leads && other.core.state.term > term);
  }
}
