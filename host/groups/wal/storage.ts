/** One group's storage: its share of the log of all groups. */

import type { HardState, Recovered, Storage, StorageEvents } from "../../storage/storage.js";
import { READ_COMPACTED, READ_FAILED, StorageError } from "../../storage/storage.js";
import type { SharedLog } from "./shared-log.js";

/** What a group's storage needs of the log of all. */
export interface GroupOwner {
  /** The log while it is open. */
  readonly log: SharedLog | undefined;
  /** Set once a write or sync has failed. */
  readonly failure: Error | undefined;
  /** Sequence number of the newest write to the log. */
  readonly sequence: number;
  /** The storage has written something that is not durable yet. */
  wrote(storage: GroupStorage): void;
  /** Asks that all that is written becomes durable. */
  sync(): void;
}

export class GroupStorage implements Storage {
  readonly #owner: GroupOwner;
  readonly #group: number;
  #events: StorageEvents | undefined;
  #written = 0;
  #durable = 0;
  /** For each write that is not durable yet, the sequence number in the log of all. */
  #waiting: number[] = [];
  /** Set while the storage closes. */
  #closed: (() => void) | undefined;
  #closing: Promise<void> | undefined;

  constructor(owner: GroupOwner, group: number) {
    this.#owner = owner;
    this.#group = group;
  }

  get isOpen(): boolean {
    return this.#events !== undefined;
  }

  get written(): number {
    return this.#written;
  }

  get durable(): number {
    return this.#durable;
  }

  async open(events: StorageEvents): Promise<Recovered> {
    if (this.#events !== undefined) throw new Error(`the storage of group ${this.#group} is open already`);
    const { failure, log } = this.#owner;
    if (log === undefined) throw new Error("the log of the groups is not open");
    if (failure !== undefined) throw new StorageError(`the log of the groups has failed: ${failure.message}`);
    this.#events = events;
    this.#written = 0;
    this.#durable = 0;
    const { compacted, hardState, lastIndex } = log.state(this.#group);
    const group = this.#group;
    return { hardState, compacted, entries: { [Symbol.iterator]: () => log.runs(group) }, lastIndex };
  }

  writeHardState({ term, vote }: HardState): void {
    this.#log().hardState(this.#group, term, vote);
    this.#wrote();
  }

  truncate(from: number): void {
    this.#log().truncate(this.#group, from);
    this.#wrote();
  }

  append(first: number, entries: Uint8Array): void {
    this.#log().append(this.#group, first, entries);
    this.#wrote();
  }

  compact(index: number): void {
    const log = this.#log();
    if (index <= log.state(this.#group).compacted) return;
    log.compact(this.#group, index);
    this.#wrote();
  }

  read(index: number, count: number, into: Uint8Array): number {
    const log = this.#log();
    if (this.#owner.failure !== undefined) return READ_FAILED;
    const { compacted, last } = log.state(this.#group);
    if (index <= compacted) return READ_COMPACTED;
    if (index > last) throw new Error(`read of entry ${index}, after last index ${last}`);
    return log.read(this.#group, index, count, into);
  }

  sync(): void {
    this.#log();
    this.#owner.sync();
  }

  close(): Promise<void> {
    if (this.#events === undefined) return Promise.resolve();
    this.#closing ??= this.#close().finally(() => {
      this.#closing = undefined;
    });
    return this.#closing;
  }

  /** All writes to the log of all up to this one are durable. @returns whether all of this storage are */
  acknowledge(sequence: number): boolean {
    const reached = this.#waiting.findIndex((each) => each > sequence);
    const count = reached < 0 ? this.#waiting.length : reached;
    if (count > 0) {
      this.#waiting.splice(0, count);
      this.#durable += count;
      this.#events?.durable(this.#durable);
    }
    if (this.#waiting.length > 0) return false;
    this.#closed?.();
    return true;
  }

  /** A write or sync failed. */
  fail(error: Error): void {
    this.#events?.failed(error);
    this.#closed?.();
  }

  async #close(): Promise<void> {
    if (this.#waiting.length > 0 && this.#owner.failure === undefined) {
      const settled = new Promise<void>((resolve) => {
        this.#closed = resolve;
      });
      this.#owner.sync();
      await settled;
    }
    this.#waiting = [];
    this.#events = undefined;
    this.#closed = undefined;
  }

  #log(): SharedLog {
    const { log } = this.#owner;
    if (this.#events === undefined || this.#closing !== undefined || log === undefined) {
      throw new Error(`the storage of group ${this.#group} is not open`);
    }
    return log;
  }

  #wrote(): void {
    this.#written++;
    this.#waiting.push(this.#owner.sequence);
    this.#owner.wrote(this);
  }
}
