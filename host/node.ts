/**
 * A running node, as a program that embeds it sees it: the core and one realization of each trait, run by node/engine.ts.
 */

import { Role } from "./core/abi.js";
import type { ConfigurationInfo, MemberInfo } from "./core/configuration.js";
import { StoppedError } from "./errors.js";
import { Engine } from "./node/engine.js";
import { type ChangeOptions, Membership, type NewMember, type ReconfigureOptions } from "./node/membership.js";
import { DEFAULT_CHANGE_TIMEOUT, type RaftNodeOptions } from "./node/options.js";
import type { ReadConsistency } from "./node/reads.js";
import { membersOf, type NodeReport, type NodeStatus, stalenessOf, statusOf } from "./node/status.js";
import type { SnapshotInfo } from "./storage/snapshot/store.js";
import type { NodeId } from "./transport/transport.js";

export type { ChangeOptions, NewMember, ReconfigureOptions } from "./node/membership.js";
export type { NodeNotice, RaftNodeOptions, SnapshotThresholds } from "./node/options.js";
export type { Progress } from "./node/peers.js";
export type { ReadConsistency } from "./node/reads.js";
export { EVENT_LOOP, type Runtime } from "./node/runtime.js";
export type { MemberReport, NodeReport, NodeStatus } from "./node/status.js";

export class RaftNode<Result> {
  readonly #engine: Engine<Result>;
  readonly #membership: Membership;

  constructor(options: RaftNodeOptions<Result>) {
    this.#engine = new Engine(options);
    const timeout = options.changeTimeout ?? DEFAULT_CHANGE_TIMEOUT;
    this.#membership = new Membership(this.#engine, this.#engine.changes, timeout, this.#engine.runtime);
  }

  /** Recovers from storage and joins the cluster. Rejects if storage, snapshots or transport cannot be opened. */
  start(): Promise<void> {
    return this.#engine.start();
  }

  /**
   * Proposes a command; resolves with what `machine.apply` returned for it on this node, once it is committed.
   * @throws {NotLeaderError | BusyError | TransferringError | TooLargeError | LostError | OutcomeUnknownError | StoppedError}
   */
  propose(command: Uint8Array): Promise<Result> {
    return this.#engine.propose(command);
  }

  /**
   * Resolves when the state machine of this node, leader or not, may be read linearizably: it has all that was committed
   * when the call was made. All reads of one turn of the event loop share a promise: any number costs one round.
   * @throws {NotLeaderError | NotReadyError | ReadRefusedError | StoppedError} nothing is lost: try again
   */
  read(kind: ReadConsistency): Promise<void> {
    return this.#engine.running ? this.#engine.reads.read(kind) : Promise.reject(new StoppedError());
  }

  /** True: this is a leader with a lease, and its state machine may be read linearizably at once, before anything is awaited.
   * False: use {@link read}, which says why, or waits. */
  tryRead(kind: ReadConsistency): boolean {
    return kind === "lease" && this.#engine.reads.tryLease();
  }

  /** How old this node's state may be at the least, in ms: the time since it last heard from a leader, or as a leader was in
   * contact with a quorum. Infinity before the first contact. What is committed meanwhile may not be here; nor what is
   * on its way, or waits to be applied. Of a node that its leader has just woken from a rest: the time since before that rest,
   * until its next message. */
  staleness(): number {
    return stalenessOf(this.#engine.core, this.#engine.now(), this.#engine.hadLeader);
  }

  /**
   * Changes the members to any others, and resolves when that is committed; on the leader. New voters have to be learners
   * that hold the log, unless `catchUp` allows them time to become so.
   * @throws {NotLeaderError | NotReadyError | ChangePendingError | NotCaughtUpError | NoVoterError | BadChangeError |
   *   BadConfigurationError | TransferringError | LostError | OutcomeUnknownError | StoppedError}
   */
  reconfigure(target: readonly MemberInfo[], options: ReconfigureOptions = {}): Promise<void> {
    return this.#membership.reconfigure(target, options);
  }

  /** Adds a member as a learner; with `promote` it becomes a voter once it holds the log, and the promise resolves then.
   * @throws as {@link reconfigure} */
  addMember(member: NewMember, options: ChangeOptions & { readonly promote?: boolean } = {}): Promise<void> {
    return this.#membership.add(member, options);
  }

  /** Removes a member; the leader itself too, which then steps down. @throws UnknownNodeError, and as {@link reconfigure} */
  removeMember(id: NodeId, options: ChangeOptions = {}): Promise<void> {
    return this.#membership.remove(id, options);
  }

  /** Puts a new node in the place of one that is lost. @throws UnknownNodeError, and as {@link reconfigure} */
  replaceMember(
    dead: NodeId,
    by: NewMember,
    options: ChangeOptions & { readonly catchUp?: number } = {},
  ): Promise<void> {
    return this.#membership.replace(dead, by, options);
  }

  /** Makes a learner a voter; with `wait` as soon as it holds the log. @throws UnknownNodeError, and as {@link reconfigure} */
  promoteMember(id: NodeId, options: ChangeOptions & { readonly wait?: boolean } = {}): Promise<void> {
    return this.#membership.promote(id, options);
  }

  /** Gives a member another address or priority. @throws UnknownNodeError, and as {@link reconfigure} */
  updateMember(
    id: NodeId,
    change: { readonly address?: string; readonly priority?: number },
    options: ChangeOptions = {},
  ): Promise<void> {
    return this.#membership.update(id, change, options);
  }

  /** The members of the configuration in force. */
  members(): readonly Required<MemberInfo>[] {
    return this.#engine.changes.configuration.members;
  }

  /** The configuration in force, the index of its entry, and whether that is not committed yet. */
  configuration(): ConfigurationInfo & { readonly index: number; readonly pending: boolean } {
    const { configuration, isPending: pending } = this.#engine.changes;
    return { ...configuration, index: this.#engine.core.configurationIndex, pending };
  }

  /** Hands leadership over, to the member most fit unless one is named. Resolves with the leader that came of it.
   * @throws {NotLeaderError | UnknownNodeError | TransferFailedError | StoppedError} */
  transfer(target: NodeId = 0): Promise<NodeId> {
    return this.#engine.transfers.transfer(target);
  }

  /** Takes a snapshot now. @throws {SnapshotError | StoppedError} */
  snapshot(): Promise<SnapshotInfo> {
    return this.#engine.snapshots.demand();
  }

  /** The longest command there may be, in bytes. */
  get maxCommandBytes(): number {
    return this.#engine.core.maxPayload;
  }

  get status(): NodeStatus {
    return statusOf(this.#engine.core, this.#engine.module.sha256);
  }

  /** The status, with the members and how far a leader is with each. */
  report(): NodeReport {
    const members = membersOf(this.#engine.core, this.#engine.changes.configuration, this.#engine.now());
    return { ...this.status, members, staleness: this.staleness() };
  }

  get isLeader(): boolean {
    return this.#engine.running && this.#engine.core.role === Role.LEADER;
  }

  /** Resolves when the node has stopped, for whatever reason. */
  get stopped(): Promise<void> {
    return this.#engine.stopped;
  }

  /** Stops as {@link stop}; with `handOver` a leader first hands over, if another can take over in time. */
  async close({ handOver = false }: { readonly handOver?: boolean } = {}): Promise<void> {
    // Whatever came of it: the others elect one anyway, only later.
    if (handOver && this.isLeader) await this.transfer().catch(() => undefined);
    await this.stop();
  }

  /** Stops: what was written becomes durable, proposals without an outcome are rejected as unknown. */
  stop(): Promise<void> {
    return this.#engine.stop();
  }
}
