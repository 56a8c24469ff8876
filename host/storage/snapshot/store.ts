/**
 * The snapshot store: where a node keeps the images of its snapshots. An image is the configuration as of its index in
 * wire form, then the state machine's bytes; it is the same on every host, and what a leader sends in chunks.
 *
 * A snapshot is there or it is not: until `commit` resolves, nothing of it is found after a crash, and whatever was kept
 * before is untouched. Errors from outside (a full disk, damage) are {@link StorageError}s that name the file.
 */

import type { EntryPosition } from "../../machine/machine.js";

/** A snapshot that is kept. */
export interface SnapshotInfo {
  /** Last index that it covers. */
  readonly index: number;
  /** Term of the entry there. */
  readonly term: number;
  /** Length of its image. */
  readonly bytes: number;
}

/** A snapshot as a whole, found sound. */
export interface LoadedSnapshot extends SnapshotInfo {
  readonly image: Uint8Array;
}

/** An image on its way in. Either `commit` or `abort` ends it. */
export interface SnapshotWriter {
  /** Bytes handed over that have not been written yet. */
  readonly waiting: number;
  /** Adds bytes to the image, and resolves when there is room for more. They may change once the call has returned. Need
   * not be waited for: a failure is told again by the next call and by `commit`. */
  write(bytes: Uint8Array): Promise<void>;
  /** Makes the image durable, in place of one of the same index; it is kept from then on. */
  commit(): Promise<SnapshotInfo>;
  /** Gives the image up. Never rejects. */
  abort(): Promise<void>;
}

export interface SnapshotStore {
  /** Where it keeps them, for people. */
  readonly place: string;
  /** Finds what is kept and throws away what was never committed. To be called after the storage of the log was opened,
   * whose lock guards a folder that both share.
   * @returns the indexes of the snapshots, newest first; whether they are sound shows when they are loaded */
  open(): Promise<readonly number[]>;
  /** The image of a snapshot, checked as a whole. Rejects with a {@link StorageError} if it is damaged or missing. */
  load(index: number): Promise<LoadedSnapshot>;
  /**
   * Copies bytes of a snapshot's image from `offset` on into `into`, and checks them.
   * @returns how many; fewer than fit only where the image ends
   */
  read(index: number, offset: number, into: Uint8Array): number;
  /** Begins an image. Several may be under way. */
  begin(position: EntryPosition): SnapshotWriter;
  /** Removes a snapshot, if it is there. */
  remove(index: number): Promise<void>;
  /** Ends: writers that are under way are given up. Afterwards it can be opened again. */
  close(): Promise<void>;
}
