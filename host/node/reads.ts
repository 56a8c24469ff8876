/**
 * Linearizable reads. All reads of one turn share a ticket of the core and a promise: however many there are, they cost
 * one round of heartbeats.
 */

import { ReadKind, Role, StatusCode } from "../core/abi.js";
import { type RaftError, ReadRefusedError } from "../errors.js";
import type { NodeContext } from "./context.js";
import { refusal } from "./refusal.js";

/**
 * How a read is made linearizable. "index": a round of heartbeats confirms the leader (ReadIndex, thesis 6.4). "lease": the
 * leader relies on the time of the last one, if its plan has leases and one holds, else as "index" (thesis 6.4.1).
 */
export type ReadConsistency = "index" | "lease";

interface Batch {
  readonly ticket: number;
  readonly promise: Promise<void>;
  readonly resolve: () => void;
  readonly reject: (error: RaftError) => void;
}

const KINDS = { index: ReadKind.INDEX, lease: ReadKind.LEASE } as const;
const READY = Promise.resolve();
const NEVER = -1;

export class Reads {
  readonly #context: NodeContext;
  /** What a read of each kind in this turn joins. */
  #indexBatch: Batch | undefined;
  #leaseBatch: Batch | undefined;
  /** In ascending order of tickets. At most one of each kind a turn; the core answers or refuses each. */
  readonly #waiting: Batch[] = [];
  /** Until the next input and within this ms a lease is known to hold. */
  #leaseAt = NEVER;

  constructor(context: NodeContext) {
    this.#context = context;
  }

  /** Resolves when the state machine may be read. */
  read(kind: ReadConsistency): Promise<void> {
    const open = kind === "index" ? this.#indexBatch : this.#leaseBatch;
    if (open !== undefined) return open.promise;
    const { core } = this.#context;
    const now = this.#context.now();
    if (kind === "lease" && now === this.#leaseAt) return READY;
    const status = this.#context.input(() => core.read(now, KINDS[kind])) ?? StatusCode.STOPPED;
    if (status === StatusCode.READY) {
      this.#leaseAt = now;
      return READY;
    }
    if (status !== StatusCode.OK) return Promise.reject(refusal(status, core));
    const batch = makeBatch(core.readTicket);
    this.#waiting.push(batch);
    if (kind === "index") this.#indexBatch = batch;
    else this.#leaseBatch = batch;
    return batch.promise;
  }

  /** Whether a lease holds now, so that the state machine may be read at once. */
  tryLease(): boolean {
    const now = this.#context.now();
    if (now === this.#leaseAt) return true;
    const { core, running } = this.#context;
    if (core.plan.leaseDrift === 0 || !running || core.role !== Role.LEADER) return false;
    const status = this.#context.input(() => core.read(now, ReadKind.LEASE));
    if (status === StatusCode.READY) this.#leaseAt = now;
    return status === StatusCode.READY;
  }

  /** An input or a flush may change what was found out. */
  disturb(): void {
    this.#leaseAt = NEVER;
  }

  /** A flush begins: what it lets out confirms no read that comes later. */
  endTurn(): void {
    this.#indexBatch = undefined;
    this.#leaseBatch = undefined;
  }

  /** Reads up to this ticket may be answered, or are refused. */
  answer(ticket: number, answered: boolean): void {
    while (this.#waiting[0] !== undefined && this.#waiting[0].ticket <= ticket) {
      const batch = this.#waiting.shift();
      if (answered) batch?.resolve();
      else batch?.reject(new ReadRefusedError());
    }
  }

  /** No read will be answered any more. */
  abandon(error: RaftError): void {
    this.endTurn();
    this.disturb();
    for (const batch of this.#waiting.splice(0)) batch.reject(error);
  }
}

function makeBatch(ticket: number): Batch {
  let resolve: () => void = () => undefined;
  let reject: (error: RaftError) => void = () => undefined;
  const promise = new Promise<void>((onResolve, onReject) => {
    resolve = onResolve;
    reject = onReject;
  });
  return { ticket, promise, resolve, reject };
}
