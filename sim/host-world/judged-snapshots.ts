/**
 * The snapshots of a node, with the configuration in each held against the log, and against what other nodes have in
 * theirs of the same index.
 */

import type { EntryPosition } from "../../host/machine/machine.js";
import { splitImage } from "../../host/storage/snapshot/image.js";
import type { LoadedSnapshot, SnapshotInfo, SnapshotStore, SnapshotWriter } from "../../host/storage/snapshot/store.js";
import type { LogRecord } from "./log-record.js";

/** The snapshots that came to be on a disk; outlives the processes. */
export class SnapshotRecord {
  /** Those that the node took itself. */
  readonly own = new Set<number>();
  /** The configuration in each of all that there were, in base64, by index. */
  readonly configurations = new Map<number, string>();

  constructor(
    private readonly log: LogRecord,
    /** The configuration of the first start, in base64; undefined for a node that joins. */
    private readonly bootstrap: string | undefined,
  ) {}

  /** The configuration in force at an index that is applied; undefined if nothing tells. */
  configurationAt(index: number): string | undefined {
    const entry = this.log.configurationAt(index);
    const older = [...this.configurations.keys()].filter((known) => known <= index);
    const newest = older.length === 0 ? 0 : Math.max(...older);
    if (entry !== undefined && entry.index > newest) return entry.configuration;
    return newest > 0 ? this.configurations.get(newest) : this.bootstrap;
  }
}

export interface SnapshotJudge {
  readonly record: SnapshotRecord;
  /** Whether the node is taking one of its own: asked when it is begun. */
  readonly takes: () => boolean;
  readonly isAlive: () => boolean;
  /** One was committed, with this configuration. */
  readonly committed: (index: number, configuration: string) => void;
  readonly broken: (detail: string) => void;
}

export class JudgedSnapshots implements SnapshotStore {
  constructor(
    private readonly inner: SnapshotStore,
    private readonly judge: SnapshotJudge,
  ) {}

  get place(): string {
    return this.inner.place;
  }

  open(): Promise<readonly number[]> {
    return this.inner.open();
  }

  load(index: number): Promise<LoadedSnapshot> {
    return this.inner.load(index);
  }

  read(index: number, offset: number, into: Uint8Array): number {
    return this.inner.read(index, offset, into);
  }

  begin(position: EntryPosition): SnapshotWriter {
    const { judge } = this;
    const { record } = judge;
    const { index } = position;
    const isOwn = judge.takes();
    const expected = isOwn ? record.configurationAt(index) : undefined;
    const writer = this.inner.begin(position);
    const pieces: Uint8Array[] = [];
    return {
      get waiting() {
        return writer.waiting;
      },
      write: (bytes) => {
        pieces.push(bytes.slice());
        return writer.write(bytes);
      },
      commit: async (): Promise<SnapshotInfo> => {
        const info = await writer.commit();
        if (!judge.isAlive()) return info;
        const parts = splitImage(Buffer.concat(pieces));
        const found = parts === undefined ? "" : Buffer.from(parts.configuration).toString("base64");
        if (expected !== undefined && found !== expected) {
          judge.broken(`takes a snapshot of index ${index} with a configuration that is not in force there`);
        }
        if (isOwn) record.own.add(index);
        else record.own.delete(index);
        record.configurations.set(index, found);
        judge.committed(index, found);
        return info;
      },
      abort: () => writer.abort(),
    };
  }

  remove(index: number): Promise<void> {
    return this.inner.remove(index);
  }

  close(): Promise<void> {
    return this.inner.close();
  }
}
