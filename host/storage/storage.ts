/**
 * The storage trait: what a node needs in order to remember. One hard-state record (term and vote together), a log of
 * encoded entries, and a way to read back entries that have left the core's window.
 *
 * Calls that write are made from inside the core's `flush`, in the order of the durability contract: hard state,
 * truncation, append. A realization must make them durable in that same order: after a crash, what is found is the
 * effect of a prefix of the writes. Every write has a sequence number; `sync` asks that all writes so far become
 * durable, and the realization reports progress as "durable up to sequence s".
 *
 * Errors: what comes from outside (a full disk, a damaged file) rejects `open`, or goes to `StorageEvents.failed`, as a
 * {@link StorageError}. A call that only a mistake of the caller can bring about (an append that leaves a gap, bytes that
 * are not whole entries, a read above the last index, any call while the storage is not open) throws a plain Error and
 * changes nothing.
 *
 * Entries are moved, never interpreted: `entries` is a run of whole entries in their wire form (see docs/abi.md), each
 * `entrySize(...)` bytes long, which is all that a realization needs to know to find entry boundaries.
 */

/** Term and vote. They are one record: written apart, a crash between them could lead to two votes in one term. */
export interface HardState {
  /** The latest term the node has seen; 0 before the first. */
  readonly term: number;
  /** The id of the node voted for in `term`; 0 when none. */
  readonly vote: number;
}

/** A run of whole, consecutive entries in wire form. */
export interface EntryRun {
  /** Index of the first entry. */
  readonly first: number;
  /** The encoded entries. Valid until the iterator is advanced. */
  readonly bytes: Uint8Array;
}

/** What was found when a storage was opened. */
export interface Recovered {
  readonly hardState: HardState;
  /** Entries up to and including this index are gone: the log begins behind it. 0 if none was ever compacted. */
  readonly compacted: number;
  /** The log in order, without a gap; each run begins where the one before it ended. To be read before the first write.
   * Throws a {@link StorageError} when the disk fails meanwhile. */
  readonly entries: Iterable<EntryRun>;
  /** Index of the last entry; 0 when the log is empty. */
  readonly lastIndex: number;
}

/** Where a realization reports what happens behind the caller's back. */
export interface StorageEvents {
  /** All writes with a sequence number up to `sequence` are durable now. Never called from inside a write call. */
  durable(sequence: number): void;
  /** A write or a sync failed. Nothing written after the last durable sequence may be relied upon; the storage accepts
   * no further writes. Called at most once. */
  failed(error: Error): void;
}

/** Returned by {@link Storage.read} when the entries are not at hand yet: ask again at a later flush. */
export const READ_LATER = 0;
/** Returned by {@link Storage.read} when the entries have been compacted away. */
export const READ_COMPACTED = -1;
/** Returned by {@link Storage.read} when reading failed; the reason has gone to {@link StorageEvents.failed}. */
export const READ_FAILED = -2;

export interface Storage {
  /** Sequence number of the newest write since the storage was opened; 0 before the first. Counts up by one a write. */
  readonly written: number;
  /** Sequence number up to which all writes are durable. A realization whose writes are durable when they return
   * (memory) keeps this equal to `written`. */
  readonly durable: number;

  /** Opens the storage and recovers what it holds. Rejects with a {@link StorageError} that names file and offset when
   * what it finds cannot be trusted. */
  open(events: StorageEvents): Promise<Recovered>;
  /** Replaces the hard state. */
  writeHardState(state: HardState): void;
  /** Removes the entries from `from` on, as far as there are any. */
  truncate(from: number): void;
  /** Appends a run of at least one whole entry; `first` is one above the last index, or above the compaction point when
   * no entry is held. A hard state was written before. `entries` lies in the core's memory and is valid only during the
   * call. */
  append(first: number, entries: Uint8Array): void;
  /**
   * Copies up to `count` whole entries from `index` on into `into`, as many as fit; `into` has room for one at least.
   * @returns the bytes copied (at least one entry), or READ_LATER, READ_COMPACTED or READ_FAILED.
   */
  read(index: number, count: number, into: Uint8Array): number;
  /** Entries up to and including `index` are no longer needed; they are not found again, though their room may be given
   * back later. A write, unless `index` is at or below the compaction point already. `index` may lie above the last
   * index, as after a snapshot was installed: the log is then empty, and goes on at `index` + 1. */
  compact(index: number): void;
  /** Asks that everything written so far becomes durable; returns at once. While one sync is under way, further calls
   * gather into the next one (group commit). */
  sync(): void;
  /** Makes what has been written durable, then releases files and locks. If that cannot be done, it is reported as
   * failed. Afterwards the storage can be opened again. */
  close(): Promise<void>;
}

/** A storage could not be opened, or what it holds is damaged. The message names the file and the way out. */
export class StorageError extends Error {
  override readonly name = "StorageError";
  constructor(
    message: string,
    /** The file concerned, if one is. */
    readonly file?: string,
    /** Byte offset in that file, if known. */
    readonly offset?: number,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}
