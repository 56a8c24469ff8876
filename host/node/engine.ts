/**
 * What makes a node run: recovery, inputs, turns, and the end. The core is flushed once a turn of the event loop, so that
 * everything that came in during the turn shares one append, one message a peer and one sync.
 */

import { Barrier } from "../barrier.js";
import { EventKind, StatusCode } from "../core/abi.js";
import { encodeConfiguration } from "../core/configuration.js";
import { CoreInstance } from "../core/instance.js";
import { type CoreModule, shippedCore } from "../core/module.js";
import { CoreNode, statusName } from "../core/node.js";
import { drawIncarnation, SERVER_CAPACITY } from "../core/plan.js";
import { NodeFailedError, OutcomeUnknownError, SnapshotError, StoppedError, TooLargeError } from "../errors.js";
import { PendingProposals } from "../pending.js";
import type { Recovered } from "../storage/storage.js";
import type { NodeId } from "../transport/transport.js";
import { Changes } from "./changes.js";
import type { NodeContext } from "./context.js";
import { Dialing } from "./dialing.js";
import { makeEffects } from "./effects.js";
import {
  DEFAULT_PROPOSAL_TIMEOUT,
  DEFAULT_TRANSFER_TIMEOUT,
  type NodeNotice,
  type RaftNodeOptions,
} from "./options.js";
import { Reads } from "./reads.js";
import { findSnapshot, restoreCore } from "./recovery.js";
import { refusal } from "./refusal.js";
import { EVENT_LOOP, type Runtime } from "./runtime.js";
import { Snapshots } from "./snapshots.js";
import { TermReader } from "./term-reader.js";
import { Transfers } from "./transfers.js";

/** Flushes in one turn before the event loop gets its turn: a long backlog of applies must not starve the sockets. */
const FLUSHES_A_TURN = 16;
/** Events that are wanted here, whatever the observer wants. */
const OWN_EVENTS = (1 << EventKind.LEADER) | (1 << EventKind.CONFIGURATION);

type Stage = "new" | "running" | "stopping" | "stopped";

export class Engine<Result> implements NodeContext {
  readonly id: NodeId;
  readonly module: CoreModule;
  readonly core: CoreNode;
  readonly reads: Reads;
  readonly changes: Changes;
  readonly transfers: Transfers;
  readonly snapshots: Snapshots;
  readonly runtime: Runtime;
  /** Resolves when the node has stopped, for whatever reason. */
  readonly stopped: Promise<void>;
  /** Whether a leader was ever heard of. */
  hadLeader = false;
  readonly #options: RaftNodeOptions<Result>;
  readonly #barrier = new Barrier();
  readonly #pending: PendingProposals<Result>;
  readonly #dialing: Dialing;
  #resolveStopped: () => void = () => undefined;
  #stage: Stage = "new";
  /** The core has been restored and takes inputs. */
  #takesInputs = false;
  #turnIsDue = false;
  #cause: unknown;

  constructor(options: RaftNodeOptions<Result>) {
    this.#options = options;
    this.id = options.id;
    this.module = options.core ?? shippedCore();
    const { runtime = EVENT_LOOP } = options;
    this.runtime = runtime;
    this.#pending = new PendingProposals(runtime);
    const instance = options.instance ?? new CoreInstance(this.module);
    const { cluster, group = 0, id, machine, members, onConfiguration, storage, transport } = options;
    // Drawn anew: a late answer to a read of an earlier life must match no ticket of this one.
    const incarnation = drawIncarnation(() => runtime.random());
    const plan = { ...SERVER_CAPACITY, ...options.capacity, cluster, group, id, incarnation };
    this.core = new CoreNode(instance, plan, this.#effects(instance));
    const terms = new TermReader(storage, plan.maxMessage);
    const termAt = (index: number) => terms.termAt(index);
    this.reads = new Reads(this);
    this.changes = new Changes(this, termAt, runtime);
    this.transfers = new Transfers(this, options.transferTimeout ?? DEFAULT_TRANSFER_TIMEOUT, runtime);
    this.snapshots = new Snapshots(this, {
      store: options.snapshots,
      machine,
      thresholds: options.snapshot ?? {},
      termAt,
      onInstalled: (index) => this.#pending.covered(index),
      runtime,
    });
    this.#dialing = new Dialing(this.core, transport, members, onConfiguration);
    this.stopped = new Promise((resolve) => {
      this.#resolveStopped = resolve;
    });
  }

  get running(): boolean {
    return this.#stage === "running" && this.#takesInputs;
  }

  now(): number {
    return this.#options.timers.now();
  }

  /** Recovers and begins to take inputs. Rejects if storage, snapshots or transport cannot be opened. */
  async start(): Promise<void> {
    if (this.#stage !== "new") throw new StoppedError("a node starts once: make a new one");
    this.#stage = "running";
    const { observer, snapshots, storage, timers, transport } = this.#options;
    try {
      const recovered = await storage.open({
        durable: (sequence) => this.#whenDurable(sequence),
        failed: (error) => this.fail("storage failed", error),
      });
      await this.#recover(recovered);
      timers.start((kind) => void this.input(() => this.core.timer(timers.now(), kind)));
      this.#dialing.begin();
      await transport.start({
        message: (bytes) => void this.input(() => this.core.receive(timers.now(), bytes)),
        unreachable: (peer) => void this.input(() => this.core.unreachable(peer)),
      });
    } catch (error) {
      this.#stage = "stopping";
      timers.stop();
      // The first error is the one to tell.
      const closed = closeAll([() => snapshots?.close(), () => storage.close()]);
      await closed.catch(() => undefined);
      this.#end();
      throw error;
    }
    this.core.observe(OWN_EVENTS | (observer?.mask ?? 0));
    this.core.start(timers.now());
    this.#takesInputs = true;
    this.#scheduleTurn();
  }

  propose(command: Uint8Array): Promise<Result> {
    if (!this.running) return Promise.reject(new StoppedError());
    this.reads.disturb();
    const { core } = this;
    const status = core.propose(command);
    if (status === StatusCode.OK) {
      this.#scheduleTurn();
      return this.#pending.add(core.last, core.term, this.#options.proposalTimeout ?? DEFAULT_PROPOSAL_TIMEOUT);
    }
    if (status === StatusCode.TOO_LARGE) return Promise.reject(new TooLargeError(command.length, core.maxPayload));
    return Promise.reject(refusal(status, core));
  }

  input(take: () => number): number | undefined {
    if (!this.running) return undefined;
    this.reads.disturb();
    try {
      // A refused message is the sender's affair; the observer tells of it.
      const status = take();
      if (status !== StatusCode.STOPPED) this.#scheduleTurn();
      return status;
    } catch (error) {
      this.#trapped(error);
      return undefined;
    }
  }

  notice(notice: NodeNotice): void {
    this.#options.onNotice?.(notice);
  }

  fail(message: string, cause: unknown): void {
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

  /** Stops: what was written becomes durable, proposals without an outcome are rejected as unknown. */
  async stop(): Promise<void> {
    if (this.#stage === "new") this.#stage = "stopped";
    if (this.#stage === "running") await this.#shutDown("the node was stopped: the command may or may not take effect");
    else if (this.#stage === "stopping") await this.stopped;
  }

  async #shutDown(reason: string): Promise<void> {
    this.#stage = "stopping";
    const { storage, timers, transport } = this.#options;
    timers.stop();
    this.#pending.abandon(reason);
    const stopped = new StoppedError();
    this.reads.abandon(stopped);
    this.changes.abandon(new OutcomeUnknownError("the node was stopped: the change may or may not become complete"));
    this.transfers.abandon(stopped);
    try {
      await closeAll([() => transport.stop(), () => this.snapshots.close(stopped), () => storage.close()]);
    } finally {
      this.#end();
    }
  }

  #end(): void {
    this.#stage = "stopped";
    this.#resolveStopped();
  }

  /** Restores core and state machine. */
  async #recover(recovered: Recovered): Promise<void> {
    const { joins = false, machine, members, snapshots, storage } = this.#options;
    const notice = (what: NodeNotice) => this.notice(what);
    const { newest, stored } = await findSnapshot(snapshots, recovered, notice);
    const bootstrap = joins ? new Uint8Array(0) : encodeConfiguration(members);
    const grown = restoreCore(this.core, storage, recovered, newest, bootstrap, notice);
    this.snapshots.recovered(newest, stored, grown);
    // The image of a witness has no state.
    if (newest === undefined || newest.machine.length === 0) return;
    if (machine.restore === undefined) {
      throw new SnapshotError(`there is a snapshot of index ${newest.index}, and the state machine cannot be restored`);
    }
    machine.restore(newest.machine);
  }

  #effects(instance: CoreInstance) {
    const options = this.#options;
    return makeEffects({
      ...options,
      instance,
      observer: options.observer,
      barrier: this.#barrier,
      pending: this.#pending,
      reads: () => this.reads,
      snapshots: () => this.snapshots,
      leaderChanged: (leader, term) => {
        this.hadLeader ||= leader !== 0;
        // Not from inside the flush: who is told may want to propose.
        queueMicrotask(() => options.onLeader?.(leader, term));
      },
      configurationChanged: () => this.#dialing.configurationChanged(),
      failed: (cause) => {
        this.#cause = cause;
      },
    });
  }

  /** An assertion of the core failed: a bug. The arena is not to be trusted any more, what is on disk is. */
  #trapped(error: unknown): void {
    this.fail(`node ${this.id} with core ${this.module.sha256} broke an assertion`, error);
  }

  #scheduleTurn(): void {
    if (this.#turnIsDue) return;
    this.#turnIsDue = true;
    this.runtime.nextTurn(() => this.#turn());
  }

  #turn(): void {
    this.#turnIsDue = false;
    if (this.#stage !== "running") return;
    const { storage, timers } = this.#options;
    const { core } = this;
    this.#dialing.refresh();
    this.reads.endTurn();
    let status: number = StatusCode.MORE;
    try {
      for (let i = 0; i < FLUSHES_A_TURN && status === StatusCode.MORE; i++) status = core.flush(timers.now());
    } catch (error) {
      this.#trapped(error);
      return;
    }
    if (storage.written > storage.durable) storage.sync();
    if (status < 0) {
      this.fail(`node ${this.id} stopped: ${statusName(core.failure || status)}`, this.#cause);
      return;
    }
    if (status === StatusCode.MORE) this.#scheduleTurn();
    this.#pending.sweep(core.applied, core.term);
    this.#dialing.refresh();
    this.changes.settle();
    this.transfers.settle();
    this.snapshots.settle();
  }

  #whenDurable(sequence: number): void {
    if (this.#stage !== "running") return;
    this.reads.disturb();
    this.#barrier.durable(
      sequence,
      (index, term) => this.core.durableUpTo(index, term),
      (to, bytes) => this.#options.transport.send(to, bytes),
    );
    this.#scheduleTurn();
  }
}

/** Closes all of these, one after the other: what cannot be closed must not keep the others open. Rejects with the first
 * error. */
async function closeAll(parts: readonly (() => Promise<void> | undefined)[]): Promise<void> {
  const errors: unknown[] = [];
  for (const close of parts) {
    try {
      await close();
    } catch (error) {
      errors.push(error);
    }
  }
  if (errors.length > 0) throw errors[0];
}
