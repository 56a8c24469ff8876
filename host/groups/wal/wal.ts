/**
 * One write-ahead log for many groups: what all of them write between two syncs is made durable by one. It lies in a log of
 * the single-node kind (host/storage/wal/), whose handling of torn tails, damage, failed syncs and locks it shares.
 *
 * Sound, because a crash leaves a prefix of all writes, and so one of each group's; and a group's room is given back only
 * when what it wrote again elsewhere is durable (shared-log.ts).
 *
 * Memory: that of the log underneath; 12 bytes for each record of entries since its group's newest checkpoint; two buffers
 * of the largest record; and after opening up to 64 MiB of the log, until every group in it has written again.
 */

import { type Storage, StorageError, type StorageEvents } from "../../storage/storage.js";
import { type WalOptions, type WalStats, WalStorage } from "../../storage/wal/wal.js";
import { RecoveredRuns } from "./recovered-runs.js";
import { Replay } from "./replay.js";
import { SharedLog } from "./shared-log.js";
import { type GroupOwner, GroupStorage } from "./storage.js";

/** Smaller than a single node's: a log of many small groups is cut off in pieces of this. */
export const DEFAULT_GROUP_SEGMENT_BYTES = 16 * 1024 * 1024;
/** Bytes of groups that are written again before the next sync, so that cleaning does not hold up the groups for long. */
const CLEANING_STEP_BYTES = 1024 * 1024;

export interface GroupWalOptions extends WalOptions {
  /** Garbage in the log below which it is left alone, in bytes; a segment unless stated. */
  readonly garbageBytes?: number;
  /** Runs a sync at the end of the turn, when the groups have written. Default: the event loop's next round. */
  readonly schedule?: (task: () => void) => void;
}

export interface GroupWalStats extends WalStats {
  /** Bytes of records in the log. */
  readonly logBytes: number;
  /** Bytes of them that are needed. */
  readonly liveBytes: number;
}

export class GroupWal implements GroupOwner {
  readonly #folder: string;
  readonly #wal: WalStorage;
  readonly #garbageBytes: number;
  readonly #schedule: (task: () => void) => void;
  readonly #storages = new Map<number, GroupStorage>();
  /** Storages with writes that are not durable. */
  readonly #waiting = new Set<GroupStorage>();
  #log: SharedLog | undefined;
  #failure: Error | undefined;
  #syncIsDue = false;

  constructor(options: GroupWalOptions) {
    const { garbageBytes, schedule, segmentBytes = DEFAULT_GROUP_SEGMENT_BYTES, ...rest } = options;
    this.#folder = options.folder;
    this.#wal = new WalStorage({ ...rest, segmentBytes });
    this.#garbageBytes = garbageBytes ?? segmentBytes;
    this.#schedule = schedule ?? setImmediate;
  }

  get log(): SharedLog | undefined {
    return this.#log;
  }

  get failure(): Error | undefined {
    return this.#failure;
  }

  get sequence(): number {
    return this.#wal.written;
  }

  /** The groups that the log knows. */
  get groups(): readonly number[] {
    return this.#log?.groups ?? [];
  }

  get stats(): GroupWalStats {
    const { bytes: logBytes = 0, liveBytes = 0 } = this.#log ?? {};
    return { ...this.#wal.stats, logBytes, liveBytes };
  }

  /** Recovers what all groups wrote. @throws StorageError as WalStorage.open, or if this is the log of a single node */
  async open(): Promise<void> {
    if (this.#log !== undefined) throw new Error("the log of the groups is open already");
    this.#failure = undefined;
    const events: StorageEvents = {
      durable: (sequence) => this.#durable(sequence),
      failed: (error) => this.#failed(error),
    };
    const recovered = await this.#wal.open(events);
    try {
      const replay = new Replay(this.#folder);
      const runs = new RecoveredRuns();
      for (const run of recovered.entries) {
        replay.apply(run);
        runs.keep(run);
      }
      replay.finish();
      const next = Math.max(recovered.lastIndex, recovered.compacted) + 1;
      this.#log = new SharedLog(this.#wal, replay, next, runs);
    } catch (error) {
      await this.#wal.close();
      throw error;
    }
  }

  /** The storage of a group, always the same one; it is opened and closed by the group's node. */
  storage(group: number): Storage {
    const present = this.#storages.get(group);
    if (present !== undefined) return present;
    const storage = new GroupStorage(this, group);
    this.#storages.set(group, storage);
    return storage;
  }

  /** Forgets all that a group wrote; durably with the next sync. Its storage must be closed. */
  remove(group: number): void {
    if (this.#log === undefined) throw new Error("the log of the groups is not open");
    if (this.#storages.get(group)?.isOpen === true) throw new Error(`the storage of group ${group} is still open`);
    if (this.#failure !== undefined)
      throw new StorageError(`the log of the groups has failed: ${this.#failure.message}`);
    this.#storages.delete(group);
    this.#log.remove(group);
    this.sync();
  }

  /** Closes the storages of all groups, then the log. */
  async close(): Promise<void> {
    if (this.#log === undefined) return;
    await Promise.all([...this.#storages.values()].map((storage) => storage.close()));
    this.#log = undefined;
    await this.#wal.close();
  }

  wrote(storage: GroupStorage): void {
    this.#waiting.add(storage);
  }

  sync(): void {
    if (this.#syncIsDue) return;
    this.#syncIsDue = true;
    this.#schedule(() => {
      this.#syncIsDue = false;
      if (this.#log !== undefined && this.#failure === undefined) this.#wal.sync();
    });
  }

  #durable(sequence: number): void {
    for (const storage of [...this.#waiting]) {
      if (storage.acknowledge(sequence)) this.#waiting.delete(storage);
    }
    if (this.#failure !== undefined || this.#log === undefined) return;
    if (this.#log.clean(this.#garbageBytes, CLEANING_STEP_BYTES)) this.sync();
  }

  #failed(error: Error): void {
    this.#failure = error;
    this.#waiting.clear();
    for (const storage of this.#storages.values()) storage.fail(error);
  }
}
