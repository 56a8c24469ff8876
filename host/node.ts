/**
 * A running node: the core and one realization of each trait. Inputs come from the transport, the timers, the storage's
 * reports and `propose`; the core is flushed once a turn of the event loop, so that everything that came in during the
 * turn shares one append, one message a peer and one sync.
 */

import { Barrier } from "./barrier.js";
import { EventKind, NodeFormat, Role, RoleName, SnapshotAnswer, StatusCode, StorageAnswer } from "./core/abi.js";
import { encodeConfiguration, type MemberInfo } from "./core/configuration.js";
import { entrySizeAt } from "./core/entry.js";
import { CoreInstance, type Effects } from "./core/instance.js";
import { type CoreModule, shippedCore } from "./core/module.js";
import { CoreNode, statusName } from "./core/node.js";
import { type Capacity, SERVER_CAPACITY } from "./core/plan.js";
import { BusyError, NodeFailedError, NotLeaderError, StoppedError, TooLargeError } from "./errors.js";
import type { StateMachine } from "./machine/machine.js";
import type { Observer } from "./observer/observer.js";
import { PendingProposals } from "./pending.js";
import { type EntryRun, READ_FAILED, type Storage } from "./storage/storage.js";
import type { Timers } from "./timer/timer.js";
import type { NodeId, Transport } from "./transport/transport.js";

export interface RaftNodeOptions<Result> {
  /** The cluster's id, not 0. Messages of other clusters are refused. */
  readonly cluster: bigint;
  /** The group within the cluster; 0 unless stated. */
  readonly group?: number;
  /** This node's id: 1 to 4294967295, unique, never used again after the node lost its disk. */
  readonly id: NodeId;
  /** The members that the cluster starts with, this node included, the same on all nodes. */
  readonly members: readonly MemberInfo[];
  readonly transport: Transport;
  readonly storage: Storage;
  readonly timers: Timers;
  readonly machine: StateMachine<Result>;
  readonly observer?: Observer;
  /** What differs from SERVER_CAPACITY. */
  readonly capacity?: Partial<Capacity>;
  /** How long `propose` waits for an outcome, in ms; 10,000 unless stated. */
  readonly proposalTimeout?: number;
  /** The core to run; the shipped one unless stated. */
  readonly core?: CoreModule;
  /** The instance to live in, side by side with other nodes; one of its own unless stated. */
  readonly instance?: CoreInstance;
  /** The node follows another leader (0: none) or is one itself. */
  readonly onLeader?: (leader: NodeId, term: number) => void;
  /** The node cannot go on and has stopped. Unless stated, the error is thrown where nobody can catch it. */
  readonly onFailure?: (error: NodeFailedError) => void;
}

/** What a node knows of itself. */
export interface NodeStatus {
  readonly id: NodeId;
  readonly role: "FOLLOWER" | "PRE_CANDIDATE" | "CANDIDATE" | "LEADER";
  readonly term: number;
  /** Id of the leader, 0 if not known. */
  readonly leader: NodeId;
  readonly commit: number;
  readonly applied: number;
  readonly lastIndex: number;
  readonly durable: number;
  /** Hex sha256 of the core that runs. */
  readonly core: string;
  readonly abiVersion: number;
}

const DEFAULT_PROPOSAL_TIMEOUT = 10_000;
/** Flushes in one turn before the event loop gets its turn: a long backlog of applies must not starve the sockets. */
const FLUSHES_A_TURN = 16;
/** Events that this class itself wants. */
const OWN_EVENTS = 1 << EventKind.LEADER;

type Stage = "new" | "running" | "stopping" | "stopped";

export class RaftNode<Result> {
  readonly #options: RaftNodeOptions<Result>;
  readonly #module: CoreModule;
  readonly #instance: CoreInstance;
  readonly #core: CoreNode;
  readonly #barrier = new Barrier();
  readonly #pending = new PendingProposals<Result>();
  readonly #stopped: Promise<void>;
  #resolveStopped: () => void = () => undefined;
  #stage: Stage = "new";
  #turnIsDue = false;
  #cause: unknown;

  constructor(options: RaftNodeOptions<Result>) {
    this.#options = options;
    this.#module = options.core ?? shippedCore();
    this.#instance = options.instance ?? new CoreInstance(this.#module);
    const { cluster, group = 0, id } = options;
    const plan = { ...SERVER_CAPACITY, ...options.capacity, cluster, group, id };
    this.#core = new CoreNode(this.#instance, plan, this.#effects());
    this.#stopped = new Promise((resolve) => {
      this.#resolveStopped = resolve;
    });
  }

  /** Recovers from storage and joins the cluster. Rejects if storage or transport cannot be opened. */
  async start(): Promise<void> {
    if (this.#stage !== "new") throw new StoppedError("a node starts once: make a new one");
    this.#stage = "running";
    const { id, members, observer, storage, timers, transport } = this.#options;
    const recovered = await storage.open({
      durable: (sequence) => this.#whenDurable(sequence),
      failed: (error) => this.#fail("storage failed", error),
    });
    try {
      this.#core.restoreHardState(recovered.hardState.term, recovered.hardState.vote);
      this.#core.restoreSnapshot(0, 0, encodeConfiguration(members));
      for (const run of recovered.entries) this.#restore(run);
      timers.start((kind) => this.#input(() => this.#core.timer(timers.now(), kind)));
      for (const member of members) {
        if (member.id !== id && member.address !== undefined) transport.addPeer(member.id, member.address);
      }
      await transport.start({
        message: (bytes) => this.#input(() => this.#core.receive(timers.now(), bytes)),
        unreachable: (peer) => this.#input(() => this.#core.unreachable(peer)),
      });
    } catch (error) {
      this.#stage = "stopped";
      this.#resolveStopped();
      await storage.close();
      throw error;
    }
    this.#core.observe(OWN_EVENTS | (observer?.mask ?? 0));
    this.#core.start(timers.now());
    this.#scheduleTurn();
  }

  /**
   * Proposes a command; resolves with what `machine.apply` returned for it on this node, once it is committed.
   * @throws {NotLeaderError | BusyError | TooLargeError | LostError | OutcomeUnknownError | StoppedError}
   */
  propose(command: Uint8Array): Promise<Result> {
    if (this.#stage !== "running") return Promise.reject(new StoppedError());
    const status = this.#core.propose(command);
    if (status === StatusCode.OK) {
      this.#scheduleTurn();
      const timeout = this.#options.proposalTimeout ?? DEFAULT_PROPOSAL_TIMEOUT;
      return this.#pending.add(this.#core.last, this.#core.term, timeout);
    }
    return Promise.reject(this.#refusal(status, command.length));
  }

  /** The longest command there may be, in bytes. */
  get maxCommandBytes(): number {
    return this.#core.maxPayload;
  }

  get status(): NodeStatus {
    const core = this.#core;
    return {
      id: this.#options.id,
      role: RoleName[core.role] as NodeStatus["role"],
      term: core.term,
      leader: core.leader,
      commit: core.commit,
      applied: core.applied,
      lastIndex: core.last,
      durable: core.durable,
      core: this.#module.sha256,
      abiVersion: NodeFormat.ABI_VERSION,
    };
  }

  get isLeader(): boolean {
    return this.#stage === "running" && this.#core.role === Role.LEADER;
  }

  /** Resolves when the node has stopped, for whatever reason. */
  get stopped(): Promise<void> {
    return this.#stopped;
  }

  /** Stops: what was written becomes durable, proposals without an outcome are rejected as unknown. */
  async stop(): Promise<void> {
    if (this.#stage === "new") this.#stage = "stopped";
    if (this.#stage === "running") await this.#shutDown("the node was stopped: the command may or may not take effect");
    else if (this.#stage === "stopping") await this.#stopped;
  }

  async #shutDown(reason: string): Promise<void> {
    this.#stage = "stopping";
    const { storage, timers, transport } = this.#options;
    timers.stop();
    this.#pending.abandon(reason);
    await transport.stop();
    await storage.close();
    this.#stage = "stopped";
    this.#resolveStopped();
  }

  /** Takes an input and sees to it that a flush follows. */
  #input(take: () => number): void {
    if (this.#stage !== "running") return;
    try {
      // A refused message is the sender's affair; the observer tells of it.
      if (take() !== StatusCode.STOPPED) this.#scheduleTurn();
    } catch (error) {
      this.#trapped(error);
    }
  }

  /** An assertion of the core failed: a bug. The arena is not to be trusted any more, what is on disk is. */
  #trapped(error: unknown): void {
    this.#fail(`node ${this.#options.id} with core ${this.#module.sha256} broke an assertion`, error);
  }

  #scheduleTurn(): void {
    if (this.#turnIsDue) return;
    this.#turnIsDue = true;
    setImmediate(() => this.#turn());
  }

  #turn(): void {
    this.#turnIsDue = false;
    if (this.#stage !== "running") return;
    const { storage, timers } = this.#options;
    let status: number = StatusCode.MORE;
    try {
      for (let i = 0; i < FLUSHES_A_TURN && status === StatusCode.MORE; i++) status = this.#core.flush(timers.now());
    } catch (error) {
      this.#trapped(error);
      return;
    }
    if (storage.written > storage.durable) storage.sync();
    if (status < 0) {
      this.#fail(`node ${this.#options.id} stopped: ${statusName(this.#core.failure || status)}`, this.#cause);
      return;
    }
    this.#pending.sweep(this.#core.applied, this.#core.term);
    if (status === StatusCode.MORE) this.#scheduleTurn();
  }

  #whenDurable(sequence: number): void {
    if (this.#stage !== "running") return;
    this.#barrier.durable(
      sequence,
      (index, term) => this.#core.durableUpTo(index, term),
      (to, bytes) => this.#options.transport.send(to, bytes),
    );
    this.#scheduleTurn();
  }

  #fail(message: string, cause: unknown): void {
    if (this.#stage !== "running") return;
    const why = cause instanceof Error ? `${message}: ${cause.message}` : message;
    const error = new NodeFailedError(why, { cause });
    const report = () => {
      if (this.#options.onFailure === undefined) throw error;
      this.#options.onFailure(error);
    };
    // A storage that failed may also fail to close; the first failure is the one to tell.
    this.#shutDown(`${why}: the command may or may not take effect`).then(report, report);
  }

  #restore(run: EntryRun): void {
    const { maxMessage } = this.#core.plan;
    const view = new DataView(run.bytes.buffer, run.bytes.byteOffset, run.bytes.byteLength);
    let start = 0;
    let end = 0;
    while (end < run.bytes.length) {
      const size = entrySizeAt(view, end);
      if (size > maxMessage) {
        throw new RangeError(`an entry of ${size} bytes in the log does not fit maxMessage (${maxMessage}): raise it`);
      }
      if (end + size - start > maxMessage) {
        this.#core.restoreEntries(run.bytes.subarray(start, end));
        start = end;
      }
      end += size;
    }
    if (end > start) this.#core.restoreEntries(run.bytes.subarray(start, end));
  }

  #refusal(status: number, length: number): Error {
    switch (status) {
      case StatusCode.NOT_LEADER:
        return new NotLeaderError(this.#core.leader);
      case StatusCode.BUSY:
        return new BusyError();
      case StatusCode.TOO_LARGE:
        return new TooLargeError(length, this.#core.maxPayload);
      default:
        return new StoppedError(`the node takes no commands: ${statusName(status)}`);
    }
  }

  /** Does a write and answers whether it is durable already. */
  #write(write: (storage: Storage) => void): number {
    const { storage } = this.#options;
    try {
      write(storage);
    } catch (error) {
      this.#cause = error;
      return StorageAnswer.FAILED;
    }
    return storage.durable === storage.written ? StorageAnswer.DURABLE : StorageAnswer.TAKEN;
  }

  #slice(address: number, length: number): Uint8Array {
    return this.#instance.bytes.subarray(address, address + length);
  }

  #effects(): Effects {
    const { machine, observer, onLeader, storage, timers, transport } = this.#options;
    return {
      hardState: (term, vote) => this.#write((to) => to.writeHardState({ term, vote })),
      truncate: (from) => {
        this.#barrier.truncated(from);
        return this.#write((to) => to.truncate(from));
      },
      append: (first, count, lastTerm, entries, length) => {
        const answer = this.#write((to) => to.append(first, this.#slice(entries, length)));
        if (answer === StorageAnswer.TAKEN) this.#barrier.appended(storage.written, first + count - 1, lastTerm);
        return answer;
      },
      compact: (index) => this.#write((to) => to.compact(index)),
      read: (index, count, into, capacity) => {
        try {
          return storage.read(index, count, this.#slice(into, capacity));
        } catch (error) {
          this.#cause = error;
          return READ_FAILED;
        }
      },
      send: (to, message, length, barrier) => {
        const bytes = this.#slice(message, length);
        if (barrier && storage.durable < storage.written) this.#barrier.hold(storage.written, to, bytes);
        else transport.send(to, bytes);
      },
      arm: (kind, delay, jitter) => timers.arm(kind, delay, jitter),
      cancel: (kind) => timers.cancel(kind),
      apply: (index, term, command, length) => {
        try {
          const result = machine.apply(this.#slice(command, length), { index, term });
          this.#pending.applied(index, term, result);
          return 0;
        } catch (error) {
          this.#cause = error;
          return StatusCode.MACHINE_FAILED;
        }
      },
      readSnapshot: () => SnapshotAnswer.FAILED,
      writeSnapshot: () => -1,
      reads: () => undefined,
      event: (kind, first, second) => {
        // Not from inside the flush: who is told may want to propose.
        if (kind === EventKind.LEADER) queueMicrotask(() => onLeader?.(first, second));
        if (observer !== undefined && (observer.mask & (1 << kind)) !== 0) observer.event(kind, first, second);
      },
    };
  }
}
