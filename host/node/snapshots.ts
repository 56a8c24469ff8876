/**
 * This node's snapshots: when one is taken, which are kept, what the leader's chunks are read from, and how far the log may
 * be compacted. The newest two are kept, and the log back to the older one: if the newest turns out to be damaged, the
 * older one and its log say the same.
 */

import { MemberRole, PeerState, SnapshotAnswer, StatusCode } from "../core/abi.js";
import { decodeConfiguration } from "../core/configuration.js";
import { statusName } from "../core/node.js";
import { type RaftError, SnapshotError } from "../errors.js";
import type { StateMachine } from "../machine/machine.js";
import type { SnapshotInfo, SnapshotStore } from "../storage/snapshot/store.js";
import { StorageError } from "../storage/storage.js";
import type { NodeContext } from "./context.js";
import { Incoming } from "./incoming.js";
import { DEFAULT_SNAPSHOT_BYTES, DEFAULT_SNAPSHOT_ENTRIES, type SnapshotThresholds } from "./options.js";
import { hasPeer } from "./peers.js";
import type { Runtime } from "./runtime.js";

/** Bytes of an image that are handed over at a time, with a turn of the event loop after each. */
const PIECE_BYTES = 1 << 20;

/** Answers a chunk that is not taken. */
const CHUNK_REFUSED = 1;
/** What helps when the newest snapshot turns out to be damaged while a follower is sent it. */
const DAMAGED_WAY_OUT =
  "Start the node again: the snapshot before it serves instead, with the log behind that one; if that cannot be, the start says what helps";
/** How many times the threshold is waited for while a follower is being sent the snapshot before. */
const PATIENCE = 2;

/** A snapshot that is kept, and the configuration it begins with. */
export interface KeptSnapshot extends SnapshotInfo {
  readonly configuration: Uint8Array;
}

export interface SnapshotsOptions {
  readonly store: SnapshotStore | undefined;
  readonly machine: StateMachine<unknown>;
  readonly thresholds: SnapshotThresholds;
  /** Term of the entry at an index of the log, undefined if that cannot be told now. */
  readonly termAt: (index: number) => number | undefined;
  /** Entries up to this index were taken over with a snapshot. */
  readonly onInstalled: (index: number) => void;
  readonly runtime: Runtime;
}

interface Demand {
  readonly resolve: (info: SnapshotInfo) => void;
  readonly reject: (error: RaftError) => void;
}

export class Snapshots {
  readonly #context: NodeContext;
  readonly #options: SnapshotsOptions;
  readonly #incoming: Incoming | undefined;
  readonly #entries: number;
  readonly #bytes: number;
  /** The one that the core knows of. */
  #newest: KeptSnapshot | undefined;
  /** Index of the one before it, 0 if there is none: the log is kept back to here. */
  #older = 0;
  /** Index of a snapshot that took the log's place, until storage was told. */
  #installed = 0;
  /** Indexes of all in the store. */
  #stored = new Set<number>();
  #demands: Demand[] = [];
  #busy = false;
  #toldOfNoPlace = false;
  /** Where the last attempt to take one began: the next one by itself waits for as much again. */
  #base = 0;
  /** Bytes of entries appended since then. */
  #grown = 0;

  constructor(context: NodeContext, options: SnapshotsOptions) {
    this.#context = context;
    this.#options = options;
    this.#entries = options.thresholds.entries ?? DEFAULT_SNAPSHOT_ENTRIES;
    this.#bytes = options.thresholds.bytes ?? DEFAULT_SNAPSHOT_BYTES;
    const { store } = options;
    if (store === undefined) return;
    this.#incoming = new Incoming(context, store, {
      install: (image) => this.#install(store, image),
      discard: (index) => this.#removeUnneeded(store, index),
    });
  }

  /** Takes note of what recovery found; `grown` bytes of entries lie behind it. */
  recovered(newest: KeptSnapshot | undefined, stored: readonly number[], grown: number): void {
    this.#newest = newest;
    this.#base = newest?.index ?? 0;
    // One that was damaged, or that its log does not reach, is of no use to fall back to.
    this.#stored = new Set(stored);
    this.#older = this.#base;
    this.#grown = grown;
  }

  /** Entries of so many bytes were appended. */
  appended(bytes: number): void {
    this.#grown += bytes;
  }

  /** How far storage may compact the log, when the core allows `index`. */
  compaction(index: number): number {
    if (index === this.#installed) {
      this.#installed = 0;
      return index;
    }
    return Math.min(index, this.#older);
  }

  /** A snapshot as of now; one that is being taken serves all who asked for it before it was begun. */
  demand(): Promise<SnapshotInfo> {
    const objection = this.#objection();
    if (objection !== undefined) return Promise.reject(new SnapshotError(`no snapshot can be taken: ${objection}`));
    return new Promise((resolve, reject) => {
      this.#demands.push({ resolve, reject });
      this.#context.input(() => StatusCode.OK);
    });
  }

  /** After a flush: begins one if it is due. */
  settle(): void {
    this.#incoming?.settle();
    if (this.#busy || (this.#demands.length === 0 && !this.#isDue())) return;
    const { core } = this.#context;
    // The image begins with the configuration as of its index: one that is not applied yet is not that.
    if (core.configurationIndex > core.applied) return;
    const demands = this.#demands;
    if (core.applied === core.snapshotIndex) {
      this.#demands = [];
      for (const demand of demands) this.#answerPresent(demand);
      return;
    }
    const term = this.#options.termAt(core.applied);
    const { store } = this.#options;
    if (term === undefined || store === undefined) return;
    this.#demands = [];
    this.#busy = true;
    this.#base = core.applied;
    this.#grown = 0;
    void this.#take(store, core.applied, term)
      .then(
        (info) => {
          for (const { resolve } of demands) resolve(info);
        },
        (error: unknown) => {
          const reason = `a snapshot could not be taken: ${describe(error)}`;
          if (this.#context.running) this.#notice(reason);
          for (const { reject } of demands) reject(new SnapshotError(reason, { cause: error }));
        },
      )
      .finally(() => {
        this.#busy = false;
        // Others may have asked for one meanwhile.
        this.#context.input(() => StatusCode.OK);
      });
  }

  /** Effect: a piece of the newest image, for a follower. */
  readChunk(index: number, offset: number, into: Uint8Array, witness: boolean): number {
    const { store } = this.#options;
    const newest = this.#newest;
    if (newest === undefined || store === undefined || newest.index !== index) return SnapshotAnswer.FAILED;
    if (!witness) return readFrom(store, index, offset, into);
    const piece = newest.configuration.subarray(offset, offset + into.length);
    into.set(piece);
    return piece.length;
  }

  /** Effect: a chunk from the leader. Answers 0 if it was taken. */
  writeChunk(index: number, term: number, offset: number, bytes: Uint8Array, last: boolean): number {
    const takes = this.#options.machine.restore !== undefined || this.#isWitness();
    if (this.#incoming !== undefined && takes) return this.#incoming.write(index, term, offset, bytes, last);
    if (!this.#toldOfNoPlace) {
      const lacks = takes ? "the node has no snapshot store" : "the state machine cannot be restored from one";
      this.#notice(`the leader's snapshot of index ${index}, which this node needs, cannot be taken: ${lacks}`);
    }
    this.#toldOfNoPlace = true;
    return CHUNK_REFUSED;
  }

  /** The node stops. */
  async close(error: RaftError): Promise<void> {
    for (const { reject } of this.#demands.splice(0)) reject(error);
    await this.#incoming?.abort();
    await this.#options.store?.close();
  }

  #objection(): string | undefined {
    if (this.#options.store === undefined) return "the node has no snapshot store";
    if (this.#options.machine.snapshot === undefined && !this.#isWitness())
      return "the state machine does not support it";
    if (!this.#context.running) return "the node is not running";
    // The image begins with the configuration: one without it could never be read.
    if (this.#context.core.members === 0) return "the node does not know any members yet";
    return undefined;
  }

  #isDue(): boolean {
    const { core } = this.#context;
    const byEntries = this.#entries > 0 ? (core.applied - this.#base) / this.#entries : 0;
    const byBytes = this.#bytes > 0 ? this.#grown / this.#bytes : 0;
    const share = Math.max(byEntries, byBytes);
    if (share < 1 || this.#objection() !== undefined) return false;
    // A follower in the middle of the newest would have to begin again with a newer one.
    return share >= PATIENCE || !hasPeer(core, PeerState.SNAPSHOT);
  }

  #answerPresent({ reject, resolve }: Demand): void {
    if (this.#newest === undefined) reject(new SnapshotError("no snapshot can be taken: nothing has been applied yet"));
    else resolve({ index: this.#newest.index, term: this.#newest.term, bytes: this.#newest.bytes });
  }

  /** Takes one. The state is that of `index`, although it is written while the node goes on. */
  async #take(store: SnapshotStore, index: number, term: number): Promise<SnapshotInfo> {
    const { core } = this.#context;
    const { configuration } = core;
    const { machine, runtime } = this.#options;
    const state = this.#isWitness() ? [] : (machine.snapshot?.() ?? []);
    const writer = store.begin({ index, term });
    let info: SnapshotInfo;
    try {
      await writer.write(configuration);
      for (const piece of state instanceof Uint8Array ? [state] : state) {
        for (let at = 0; at < piece.length; at += PIECE_BYTES) {
          await writer.write(piece.subarray(at, at + PIECE_BYTES));
          await new Promise<void>((resolve) => runtime.nextTurn(resolve));
          if (!this.#context.running) throw new Error("the node was stopped");
        }
      }
      info = await writer.commit();
    } catch (error) {
      await writer.abort();
      // It may have got its name before that could be made durable.
      await this.#removeUnneeded(store, index);
      throw error;
    }
    this.#stored.add(index);
    const status = this.#context.input(() => {
      const answer = core.snapshot(index, term, configuration);
      if (answer === StatusCode.OK) this.#adopt({ ...info, configuration }, this.#newest?.index ?? 0);
      return answer;
    });
    // A newer one may have come from the leader meanwhile: then this one is of no use any more.
    if (status !== undefined && status < 0) throw new Error(`the core refused it: ${statusName(status)}`);
    if (status !== undefined) await this.#removeOthers(store);
    return info;
  }

  /** A snapshot from the leader is durable: it takes the place of the state, unless the log got there by itself. Called as
   * an input. */
  #install(store: SnapshotStore, snapshot: KeptSnapshot & { readonly machine: Uint8Array }): number {
    const { index, term, configuration } = snapshot;
    const { core, fail } = this.#context;
    const { machine, onInstalled } = this.#options;
    this.#stored.add(index);
    // While it was written the log may have come further: then it is as good as one of this node's own, and no more.
    const isAhead = index > core.applied;
    const status = core.snapshot(index, term, configuration);
    if (status === StatusCode.OK && !isAhead) this.#adopt(snapshot, this.#newest?.index ?? 0);
    else if (status === StatusCode.OK) {
      this.#adopt(snapshot, index);
      this.#installed = index;
      this.#base = index;
      this.#grown = 0;
      onInstalled(index);
      try {
        if (!this.#isWitness()) machine.restore?.(snapshot.machine);
      } catch (error) {
        fail(`the state machine cannot be restored from the leader's snapshot of index ${index}`, error);
        return StatusCode.STOPPED;
      }
    }
    void this.#removeOthers(store);
    return status;
  }

  #adopt({ bytes, configuration, index, term }: KeptSnapshot, older: number): void {
    this.#older = older;
    this.#newest = { index, term, bytes, configuration };
  }

  /** Removes all but the newest two. */
  async #removeOthers(store: SnapshotStore): Promise<void> {
    for (const index of [...this.#stored]) await this.#removeUnneeded(store, index);
  }

  /** Removes what is in the store under this index, whole or not, unless the log relies on it: a good one may have come by
   * another way. What cannot be removed is tried again with the others. Never rejects. */
  async #removeUnneeded(store: SnapshotStore, index: number): Promise<void> {
    if (index === this.#newest?.index || index === this.#older) return;
    this.#stored.delete(index);
    try {
      await store.remove(index);
    } catch (error) {
      this.#stored.add(index);
      if (this.#context.running) this.#notice(`a snapshot could not be removed: ${describe(error)}`);
    }
  }

  #isWitness(): boolean {
    const { core, id } = this.#context;
    if (core.members === 0) return false;
    const self = decodeConfiguration(core.configuration).members.find((member) => member.id === id);
    return self !== undefined && (self.roles & MemberRole.WITNESS) !== 0;
  }

  #notice(message: string): void {
    this.#context.notice({ kind: "snapshot-failed", message });
  }
}

/** Reads a piece of an image. @throws {StorageError} that says what helps when it is damaged */
function readFrom(store: SnapshotStore, index: number, offset: number, into: Uint8Array): number {
  try {
    return store.read(index, offset, into);
  } catch (error) {
    // What the system failed to read has its way out already.
    if (!(error instanceof StorageError) || error.cause !== undefined) throw error;
    throw new StorageError(`${error.message}. ${DAMAGED_WAY_OUT}.`, error.file, error.offset);
  }
}

function describe(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
