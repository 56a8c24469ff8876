/**
 * The data folder of a node that is stopped: what it holds, and a new configuration at the end of its log. With that a
 * cluster whose majority is lost for good goes on from what one node has (docs/operations.md says when, and what may be lost).
 * Reading changes nothing. Writing goes through the storage that the node itself uses, so what it finds at its next
 * start was written as it writes, and a power failure at any moment leaves a folder that can be recovered again.
 */

import { Entry, EntryKind, MemberRole } from "./core/abi.js";
import {
  type ConfigurationInfo,
  decodeConfiguration,
  encodeConfiguration,
  type MemberInfo,
} from "./core/configuration.js";
import { entrySizeAt, entrySizeOf } from "./core/entry.js";
import { BadConfigurationError } from "./errors.js";
import type { NodeNotice } from "./node/options.js";
import { chooseSnapshot, continuesFrom } from "./node/recovery.js";
import { DiskSnapshotStore } from "./storage/snapshot/disk.js";
import { snapshotIndex } from "./storage/snapshot/format.js";
import { type EntryRun, type Storage, StorageError } from "./storage/storage.js";
import { CheckedFileSystem } from "./storage/wal/checked-file-system.js";
import type { FileSystem, FolderLock } from "./storage/wal/file-system.js";
import { getInteger, putInteger } from "./storage/wal/format.js";
import { Log } from "./storage/wal/log.js";
import { NodeFileSystem } from "./storage/wal/node-file-system.js";
import { LogReader } from "./storage/wal/reader.js";
import { recover } from "./storage/wal/recovery.js";
import { WalStorage } from "./storage/wal/wal.js";
import type { NodeId } from "./transport/transport.js";

/** By how much the term rises: by more than any majority can have gone through since this node last heard of it; at an
 * election a second, in eleven days without a pause. */
const TERM_LEAP = 1_000_000;
/** What helps when a cluster cannot go on from this folder. */
const WAY_OUT = "Nothing was changed. Recover from another node's folder, or from a copy of this one";

export interface StoppedNodeOptions {
  readonly id: NodeId;
  readonly folder: string;
  readonly fileSystem?: FileSystem;
  /** Makes the write-ahead log that is written to, not open yet, its folder locked already; for who wants to look on. */
  readonly storage?: (lock: FolderLock) => Storage;
}

/** What a folder holds. */
export interface StoppedState {
  readonly term: number;
  /** Index of the last entry, or of the snapshot if there is none behind it. */
  readonly lastIndex: number;
  readonly lastTerm: number;
  /** Up to where the newest sound snapshot reaches; 0 without one. */
  readonly snapshotIndex: number;
  /** A snapshot from a leader takes the place of the whole log: the node would find so at its next start, too. */
  readonly isLogSuperseded: boolean;
  /** The configuration in force; undefined if neither log nor snapshot has one, so that it is that of the first start. */
  readonly configuration: ConfigurationInfo | undefined;
  /** Why newer snapshots cannot be used; undefined if there are none. */
  readonly damagedSnapshots: string | undefined;
}

export interface WrittenConfiguration {
  readonly term: number;
  readonly index: number;
}

/** The folder of a stopped node, locked until `release`. */
export class StoppedNode {
  readonly #id: NodeId;
  readonly #folder: string;
  readonly #fs: FileSystem;
  readonly #storage: (lock: FolderLock) => Storage;
  readonly #lock: FolderLock;

  /** @throws {StorageError} when there is no such folder, or the node runs. */
  constructor({ fileSystem = new NodeFileSystem(), folder, id, storage }: StoppedNodeOptions) {
    this.#id = id;
    this.#folder = folder;
    this.#fs = new CheckedFileSystem(fileSystem);
    this.#storage = storage ?? ((lock) => new WalStorage({ folder, fileSystem, lock }));
    this.#lock = lock(this.#fs, folder);
  }

  release(): void {
    this.#lock.release();
  }

  /** Reads all of it. @throws {StorageError} when there is no log, or it is damaged. */
  async read(): Promise<StoppedState> {
    const recovered = recover(this.#fs, this.#folder);
    if (recovered === undefined) {
      throw new StorageError(
        `${this.#folder} holds no log. Give the folder of a node that has run, and is stopped.`,
        this.#folder,
      );
    }
    const { index, state } = recovered.replay;
    const reader = new LogReader(this.#fs, new Log(state, index));
    try {
      const entries = { [Symbol.iterator]: () => reader.runs() };
      const log = { compacted: state.compacted, entries, hardState: state.hardState, lastIndex: state.last };
      let damagedSnapshots: string | undefined;
      const notice = ({ message }: NodeNotice) => {
        damagedSnapshots = message;
      };
      const stored = this.#snapshots();
      const store = new DiskSnapshotStore({ folder: this.#folder, fileSystem: this.#fs });
      const snapshot = await chooseSnapshot(store, stored, log, notice, WAY_OUT);
      const isLogSuperseded = snapshot !== undefined && !continuesFrom(log, snapshot);
      const found = isLogSuperseded ? undefined : newestIn(entries);
      const inSnapshot = snapshot === undefined ? undefined : decodeConfiguration(snapshot.configuration);
      const lastIndex = isLogSuperseded ? snapshot.index : state.last;
      return {
        term: Math.max(state.term, snapshot?.term ?? 0),
        lastIndex,
        lastTerm: lastIndex === snapshot?.index ? snapshot.term : (found?.lastTerm ?? 0),
        snapshotIndex: snapshot?.index ?? 0,
        isLogSuperseded,
        configuration: found?.configuration ?? inSnapshot,
        damagedSnapshots,
      };
    } finally {
      reader.close();
    }
  }

  /**
   * Puts a configuration at the end of the log, in a term of its own, and makes it durable.
   * @param members this node among them, which has all that there is: a voter, and no witness
   * @throws {BadConfigurationError} for members that cannot be, before anything is written
   * @throws {StorageError} as `read` does, and when the disk fails; it may be given again
   */
  async write(members: readonly MemberInfo[]): Promise<WrittenConfiguration> {
    this.#check(members);
    const state = await this.read();
    const { isLogSuperseded, lastIndex } = state;
    const term = Math.max(state.term, state.lastTerm) + TERM_LEAP;
    const index = lastIndex + 1;
    const storage = this.#storage(this.#lock);
    let settle: (error?: Error) => void = () => undefined;
    const written = new Promise<void>((resolve, reject) => {
      settle = (error) => (error === undefined ? resolve() : reject(error));
    });
    // Heard below, unless something else failed first.
    written.catch(() => undefined);
    const durable = (sequence: number) => {
      if (sequence === storage.written) settle();
    };
    try {
      const { lastIndex: end } = await storage.open({ durable, failed: settle });
      storage.writeHardState({ term, vote: 0 });
      if (isLogSuperseded) {
        if (end >= lastIndex) storage.truncate(lastIndex);
        storage.compact(lastIndex);
      }
      storage.append(index, encodeEntry(term, encodeConfiguration(members)));
      storage.sync();
      await written;
    } finally {
      await storage.close();
    }
    return { term, index };
  }

  #check(members: readonly MemberInfo[]): void {
    if (new Set(members.map(({ id }) => id)).size < members.length) {
      throw new BadConfigurationError("a node is named twice among the members: name each once");
    }
    const own = members.find(({ id }) => id === this.#id);
    if (own === undefined) {
      throw new BadConfigurationError(
        `the members lack node ${this.#id}, whose folder this is: only it has the data, so it must be there`,
      );
    }
    if (((own.roles ?? MemberRole.VOTER) & (MemberRole.VOTER | MemberRole.WITNESS)) !== MemberRole.VOTER) {
      throw new BadConfigurationError(`node ${this.#id} has to be a voter and no witness: only it has the data`);
    }
  }

  /** Indexes of the snapshots, newest first. */
  #snapshots(): number[] {
    const indexes = this.#fs.list(this.#folder).map(snapshotIndex);
    return indexes.filter((index) => index !== undefined).sort((a, b) => b - a);
  }
}

function lock(fs: FileSystem, folder: string): FolderLock {
  try {
    return fs.lock(folder);
  } catch (error) {
    const { cause } = error as Error;
    if (!(cause instanceof Error && "code" in cause && (cause.code === "ENOENT" || cause.code === "ENOTDIR")))
      throw error;
    throw new StorageError(
      `${folder} is no folder. Give that of a node that has run, and is stopped.`,
      folder,
      undefined,
      {
        cause,
      },
    );
  }
}

/** The newest configuration in a log, and the term of its last entry; 0 for an empty one. */
function newestIn(runs: Iterable<EntryRun>): { configuration: ConfigurationInfo | undefined; lastTerm: number } {
  let configuration: ConfigurationInfo | undefined;
  let lastTerm = 0;
  for (const { bytes } of runs) {
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    for (let at = 0; at < bytes.length; at += entrySizeAt(view, at)) {
      lastTerm = getInteger(view, at + Entry.term);
      if (view.getUint8(at + Entry.kind) !== EntryKind.CONFIGURATION) continue;
      configuration = decodeConfiguration(bytes.subarray(at + Entry.size));
    }
  }
  return { configuration, lastTerm };
}

function encodeEntry(term: number, payload: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(entrySizeOf(payload.length));
  const view = new DataView(bytes.buffer);
  putInteger(view, Entry.term, term);
  view.setUint32(Entry.length, payload.length, true);
  view.setUint8(Entry.kind, EntryKind.CONFIGURATION);
  bytes.set(payload, Entry.size);
  return bytes;
}
