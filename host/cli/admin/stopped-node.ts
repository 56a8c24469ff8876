/**
 * The data folder of a node that is stopped: what it holds, a copy of it, and a new configuration at the end of its log.
 * Reading changes nothing. Writing goes through the storage that the node itself uses, so what it finds at its next
 * start was written as it writes.
 */

import { closeSync, constants, cpSync, existsSync, fsyncSync, openSync, readdirSync, rmSync, statSync } from "node:fs";
import { dirname, join } from "node:path";
import { Entry, EntryKind } from "../../core/abi.js";
import {
  type ConfigurationInfo,
  decodeConfiguration,
  encodeConfiguration,
  type MemberInfo,
} from "../../core/configuration.js";
import { entrySizeAt, entrySizeOf } from "../../core/entry.js";
import { DiskSnapshotStore } from "../../storage/snapshot/disk.js";
import { snapshotIndex } from "../../storage/snapshot/format.js";
import { splitImage } from "../../storage/snapshot/image.js";
import { StorageError } from "../../storage/storage.js";
import type { FolderLock } from "../../storage/wal/file-system.js";
import { getInteger, putInteger } from "../../storage/wal/format.js";
import { lockFolder } from "../../storage/wal/lock.js";
import { Log } from "../../storage/wal/log.js";
import { NodeFileSystem } from "../../storage/wal/node-file-system.js";
import { LogReader } from "../../storage/wal/reader.js";
import { recover } from "../../storage/wal/recovery.js";
import { WalStorage } from "../../storage/wal/wal.js";
import { UsageError } from "../output.js";

/** By how much the term rises: by more than any majority can have gone through since this node last heard of it; at an
 * election a second, in eleven days without a pause. */
const TERM_LEAP = 1_000_000;
const LOCK_PREFIX = "lock.";

/** What a folder holds. */
export interface StoppedState {
  readonly term: number;
  /** Index of the last entry, or of the snapshot if there is none behind it. */
  readonly lastIndex: number;
  readonly lastTerm: number;
  /** Up to where the newest sound snapshot reaches; 0 without one. */
  readonly snapshotIndex: number;
  /** The configuration in force; undefined if neither log nor snapshot has one, so that it is that of the first start. */
  readonly configuration: ConfigurationInfo | undefined;
  /** Why newer snapshots cannot be used. */
  readonly damagedSnapshots: readonly string[];
}

export interface WrittenConfiguration {
  readonly term: number;
  readonly index: number;
}

/** The folder of a stopped node, locked until `release`. */
export class StoppedNode {
  readonly #lock: FolderLock;

  /** @throws {UsageError | StorageError} when there is no node's data, or the node runs. */
  constructor(readonly folder: string) {
    if (!existsSync(folder) || !statSync(folder).isDirectory()) {
      throw new UsageError(`${folder} is no folder: give the --data of a node that is stopped`);
    }
    this.#lock = lockFolder(folder);
  }

  release(): void {
    this.#lock.release();
  }

  /** Reads all of it. @throws {StorageError} when it is damaged. */
  async read(): Promise<StoppedState> {
    const fs = new NodeFileSystem();
    const recovered = recover(fs, this.folder);
    if (recovered === undefined) {
      throw new UsageError(`${this.folder} holds no log: give the --data of a node that has run`);
    }
    const { index, state } = recovered.replay;
    const found = readLog(new LogReader(fs, new Log(state, index)));
    const { damaged, snapshot } = await this.#newestSnapshot();
    if (state.compacted > (snapshot?.index ?? 0)) {
      const why = damaged.length === 0 ? "there is no snapshot of them" : damaged.join("; ");
      throw new StorageError(
        `the log in ${this.folder} begins at entry ${state.compacted + 1}, and the entries before it cannot be had: ` +
          `${why}. Recover from another node's folder, or from a copy of this one.`,
        this.folder,
      );
    }
    const behind = snapshot !== undefined && snapshot.index >= state.last;
    return {
      term: state.term,
      lastIndex: behind ? snapshot.index : state.last,
      lastTerm: behind ? snapshot.term : found.lastTerm,
      snapshotIndex: snapshot?.index ?? 0,
      configuration: found.configuration ?? snapshot?.configuration,
      damagedSnapshots: damaged,
    };
  }

  /** Copies the folder as it is, durably. @returns where to. */
  copy({ lastIndex, term }: StoppedState): string {
    const target = `${this.folder.replace(/\/+$/, "")}.backup-${term}-${lastIndex}`;
    if (existsSync(target)) throw new UsageError(`${target} is there already, from an earlier time: move it away`);
    try {
      const mode = constants.COPYFILE_FICLONE;
      const filter = (source: string) => !source.startsWith(join(this.folder, LOCK_PREFIX));
      cpSync(this.folder, target, { recursive: true, mode, preserveTimestamps: true, filter });
      for (const name of readdirSync(target)) sync(join(target, name));
      sync(target);
      sync(dirname(target));
    } catch (error) {
      rmSync(target, { recursive: true, force: true });
      const reason = error instanceof Error ? error.message : String(error);
      throw new UsageError(
        `cannot copy ${this.folder} to ${target} (${reason}): nothing was changed. Make room for it there`,
      );
    }
    return target;
  }

  /** Puts a configuration at the end of the log, in a term of its own, and makes it durable. */
  async write(state: StoppedState, members: readonly MemberInfo[]): Promise<WrittenConfiguration> {
    const term = Math.max(state.term, state.lastTerm) + TERM_LEAP;
    const index = state.lastIndex + 1;
    const storage = new WalStorage({ folder: this.folder, fileSystem: new LockedFileSystem() });
    let settle: (error?: Error) => void = () => undefined;
    const written = new Promise<void>((resolve, reject) => {
      settle = (error) => (error === undefined ? resolve() : reject(error));
    });
    const { lastIndex } = await storage.open({
      durable: (sequence) => {
        if (sequence === storage.written) settle();
      },
      failed: settle,
    });
    storage.writeHardState({ term, vote: 0 });
    if (lastIndex < state.lastIndex) storage.compact(state.lastIndex);
    storage.append(index, encodeEntry(term, encodeConfiguration(members)));
    storage.sync();
    try {
      await written;
    } finally {
      await storage.close();
    }
    return { term, index };
  }

  /** The newest sound snapshot, and what is wrong with newer ones. */
  async #newestSnapshot() {
    const store = new DiskSnapshotStore({ folder: this.folder });
    const damaged: string[] = [];
    const indexes = readdirSync(this.folder)
      .map(snapshotIndex)
      .filter((index) => index !== undefined)
      .sort((a, b) => b - a);
    for (const index of indexes) {
      try {
        const { image, term } = await store.load(index);
        const configuration = splitImage(image)?.members;
        if (configuration !== undefined) return { damaged, snapshot: { index, term, configuration } };
        damaged.push(`the snapshot of index ${index} has no configuration`);
      } catch (error) {
        if (!(error instanceof StorageError)) throw error;
        damaged.push(error.message);
      }
    }
    return { damaged, snapshot: undefined };
  }
}

/** The file system of a folder that is locked already. */
class LockedFileSystem extends NodeFileSystem {
  override lock(): FolderLock {
    return { release: () => undefined };
  }
}

/** The newest configuration in the log, and the term of its last entry; 0 for an empty one. */
function readLog(reader: LogReader): { configuration: ConfigurationInfo | undefined; lastTerm: number } {
  let configuration: ConfigurationInfo | undefined;
  let lastTerm = 0;
  try {
    for (const { bytes } of reader.runs()) {
      const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
      for (let at = 0; at < bytes.length; at += entrySizeAt(view, at)) {
        lastTerm = getInteger(view, at + Entry.term);
        if (view.getUint8(at + Entry.kind) !== EntryKind.CONFIGURATION) continue;
        configuration = decodeConfiguration(bytes.subarray(at + Entry.size));
      }
    }
  } finally {
    reader.close();
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

function sync(file: string): void {
  const descriptor = openSync(file, "r");
  try {
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}
