/**
 * A snapshot that a leader sends: its chunks are written to the store as they come, and when all are there the image is
 * made durable, read back and handed over. Nothing of the node's own state is touched before.
 */

import { StatusCode } from "../core/abi.js";
import { splitImage } from "../storage/snapshot/image.js";
import type { SnapshotStore, SnapshotWriter } from "../storage/snapshot/store.js";
import type { NodeContext } from "./context.js";
import type { KeptSnapshot } from "./snapshots.js";

/** Bytes that may wait to be written. A chunk above that is not taken, and comes again after a heartbeat interval. */
const MOST_WAITING = 16 << 20;
const TAKEN = 0;
const REFUSED = 1;

/** Whoever keeps what came in. */
export interface SnapshotKeeper {
  /** It is durable: takes it over, as an input of the core, and answers the core's status. */
  install(snapshot: KeptSnapshot & { readonly machine: Uint8Array }): number;
  /** It could not be kept, and may have got its name before that could be made durable. Never rejects. */
  discard(index: number): Promise<void>;
}

interface Transfer {
  readonly index: number;
  readonly term: number;
  readonly writer: SnapshotWriter;
  /** Bytes taken so far. */
  offset: number;
  isWhole: boolean;
}

export class Incoming {
  readonly #context: NodeContext;
  readonly #store: SnapshotStore;
  readonly #keeper: SnapshotKeeper;
  #transfer: Transfer | undefined;
  /** The core expects chunks that this side cannot take: it is told after the flush. */
  #isLost = false;

  constructor(context: NodeContext, store: SnapshotStore, keeper: SnapshotKeeper) {
    this.#context = context;
    this.#store = store;
    this.#keeper = keeper;
  }

  /** Effect: a chunk. */
  write(index: number, term: number, offset: number, bytes: Uint8Array, last: boolean): number {
    if (offset === 0) this.#begin(index, term);
    const transfer = this.#transfer;
    if (transfer === undefined || transfer.index !== index || transfer.offset !== offset || transfer.isWhole) {
      this.#isLost = true;
      return REFUSED;
    }
    if (transfer.writer.waiting > MOST_WAITING) return REFUSED;
    transfer.offset += bytes.length;
    transfer.isWhole = last;
    const written = transfer.writer.write(bytes);
    const done = last ? written.then(() => this.#finish(transfer)) : written;
    done.catch((error: unknown) => this.#failed(transfer, error));
    return TAKEN;
  }

  /** After a flush. */
  settle(): void {
    if (!this.#isLost) return;
    this.#isLost = false;
    this.#giveUp();
    this.#context.input(() => this.#context.core.snapshotFailed());
  }

  /** Gives up what is under way. */
  async abort(): Promise<void> {
    const transfer = this.#transfer;
    this.#transfer = undefined;
    await transfer?.writer.abort();
  }

  #begin(index: number, term: number): void {
    this.#giveUp();
    this.#transfer = { index, term, writer: this.#store.begin({ index, term }), offset: 0, isWhole: false };
  }

  #giveUp(): void {
    const transfer = this.#transfer;
    this.#transfer = undefined;
    // One that is whole is on its way to the disk, and of use if it gets there.
    if (transfer !== undefined && !transfer.isWhole) void transfer.writer.abort();
  }

  async #finish(transfer: Transfer): Promise<void> {
    const { index, term, writer } = transfer;
    const { bytes } = await writer.commit();
    const { image } = await this.#store.load(index);
    if (this.#transfer === transfer) this.#transfer = undefined;
    const parts = splitImage(image);
    if (parts === undefined) throw new Error("its image does not begin with a configuration");
    const { configuration, machine } = parts;
    const status = this.#context.input(() => this.#keeper.install({ index, term, bytes, configuration, machine }));
    if (status !== undefined && status < 0 && status !== StatusCode.STOPPED) {
      throw new Error(`the core refused it with status ${status}`);
    }
  }

  #failed(transfer: Transfer, error: unknown): void {
    if (!this.#context.running) return;
    const reason = error instanceof Error ? error.message : String(error);
    const message = `the leader's snapshot of index ${transfer.index} could not be kept, and is asked for again: ${reason}`;
    this.#context.notice({ kind: "snapshot-failed", message });
    void transfer.writer.abort().then(() => this.#keeper.discard(transfer.index));
    if (this.#transfer === transfer || this.#transfer === undefined) {
      this.#transfer = undefined;
      this.#context.input(() => this.#context.core.snapshotFailed());
    }
  }
}
