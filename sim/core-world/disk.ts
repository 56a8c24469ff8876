/**
 * A node's simulated disk, without time: a list of writes that are handed over but not durable yet, and what is durable.
 *
 * Fault model. Writes become durable in the order in which they were handed over, when the test says so and not before.
 * A crash keeps a prefix of them, of the test's choosing, and loses the rest; the write at the edge may be torn, then a
 * prefix of an append's entries is kept (a hard state and a truncation are whole or not there). A write may fail; the
 * failed write itself is then kept or not, again of the test's choosing. What is durable stays as it was written: bytes
 * do not rot, and a lost disk is a lost node. Reads see what is handed over, durable or not, and may be deferred.
 */

import { EMPTY_LOG, LogPath, type LogTree } from "../log-tree.js";

export const WriteKind = { HARD_STATE: 0, TRUNCATE: 1, APPEND: 2, COMPACT: 3 } as const;

/** A snapshot: what it covers, and its image. */
export interface Snapshot {
  readonly index: number;
  readonly term: number;
  /** The last entry that it covers. */
  readonly id: number;
  readonly image: Uint8Array;
}

/** One write under way. */
export interface Write {
  kind: number;
  /** HARD_STATE. */
  term: number;
  /** HARD_STATE. */
  vote: number;
  /** TRUNCATE, APPEND: the first index it touches. COMPACT: the last one it removes. */
  first: number;
  /** APPEND: id of the last entry. COMPACT: the snapshot's entry. */
  tip: number;
}

/** What a disk starts with, and what the log lies on. */
export class Disk {
  /** The log as handed over. */
  readonly written = new LogPath();
  /** The log as it would be found after a crash. */
  readonly durable = new LogPath();
  /** Term and vote as they would be found after a crash. */
  term = 0;
  vote = 0;
  /** The newest durable snapshot; it is durable the moment it is kept. */
  snapshot: Snapshot | null = null;
  /** Entries up to here are gone: as handed over, and durably. */
  compacted = 0;
  compactedDurably = 0;
  /** Writes handed over so far, and how many of them are durable. */
  issued = 0;
  done = 0;
  /** Writes under way, oldest first. */
  readonly pending: Write[] = [];
  readonly #spare: Write[] = [];
  readonly #tree: LogTree;

  constructor(tree: LogTree) {
    this.#tree = tree;
  }

  /** Term and vote as handed over. */
  get hardStateWritten(): { readonly term: number; readonly vote: number } {
    return this.pending.findLast((write) => write.kind === WriteKind.HARD_STATE) ?? this;
  }

  hardState(term: number, vote: number): void {
    this.#issue(WriteKind.HARD_STATE, term, vote, 0, EMPTY_LOG);
  }

  truncate(from: number): void {
    this.written.truncate(from);
    this.#issue(WriteKind.TRUNCATE, 0, 0, from, EMPTY_LOG);
  }

  /** Removes the entries up to `index`, which the snapshot covers. */
  compact(index: number): void {
    const id = this.snapshot?.id ?? EMPTY_LOG;
    this.compacted = index;
    if (this.written.at(index) !== id && index >= (this.snapshot?.index ?? 0)) this.#tree.trace(id, this.written);
    this.#issue(WriteKind.COMPACT, 0, 0, index, id);
  }

  /** Takes the log back to where the snapshot ends, as a node does that restarts with a log that does not continue it. */
  resetToSnapshot(): void {
    if (this.snapshot === null || this.durable.at(this.snapshot.index) === this.snapshot.id) return;
    this.#tree.trace(this.snapshot.id, this.durable);
    this.#tree.trace(this.snapshot.id, this.written);
    this.compacted = this.snapshot.index;
    this.compactedDurably = this.snapshot.index;
  }

  /** Appends the entries behind the last one up to `tip`; `ids` holds them in order. */
  append(ids: Int32Array, count: number): void {
    const first = this.written.last + 1;
    for (let i = 0; i < count; i++) this.written.push(ids[i] as number);
    this.#issue(WriteKind.APPEND, 0, 0, first, this.written.tip);
  }

  /** Makes the oldest write durable. */
  completeOne(): void {
    const write = this.pending.shift();
    if (write === undefined) return;
    this.done++;
    if (write.kind === WriteKind.HARD_STATE) {
      this.term = write.term;
      this.vote = write.vote;
    } else if (write.kind === WriteKind.TRUNCATE) {
      this.durable.truncate(write.first);
    } else if (write.kind === WriteKind.COMPACT) {
      this.compactedDurably = write.first;
      if (
        write.tip !== EMPTY_LOG &&
        write.first === this.#tree.index(write.tip) &&
        this.durable.at(write.first) !== write.tip
      ) {
        this.#tree.trace(write.tip, this.durable);
      }
    } else {
      this.#extendDurable(write.first, write.tip, this.#tree.index(write.tip));
    }
    this.#spare.push(write);
  }

  /** Highest index that may be reported as durable: not one that a truncation under way will reach. */
  get reportable(): number {
    let last = this.durable.last;
    for (const write of this.pending) if (write.kind === WriteKind.TRUNCATE) last = Math.min(last, write.first - 1);
    return last;
  }

  /** Loses what is not durable, but keeps the first `torn` entries of the oldest write if that is an append. */
  crash(torn: number): void {
    const edge = this.pending[0];
    if (edge?.kind === WriteKind.APPEND && torn > 0) {
      this.#extendDurable(edge.first, edge.tip, Math.min(edge.first + torn - 1, this.#tree.index(edge.tip)));
    }
    let touched = this.durable.last + 1;
    for (const write of this.pending) {
      if (write.kind === WriteKind.COMPACT) touched = 1;
      else if (write.kind !== WriteKind.HARD_STATE) touched = Math.min(touched, write.first);
    }
    this.compacted = this.compactedDurably;
    this.#spare.push(...this.pending);
    this.pending.length = 0;
    this.done = this.issued;
    this.written.copyFrom(this.durable, touched);
  }

  #issue(kind: number, term: number, vote: number, first: number, tip: number): void {
    const write = this.#spare.pop() ?? { kind, term, vote, first, tip };
    write.kind = kind;
    write.term = term;
    write.vote = vote;
    write.first = first;
    write.tip = tip;
    this.issued++;
    this.pending.push(write);
  }

  /** Puts the entries from `first` to `last` on the path to `tip` behind the durable log. */
  #extendDurable(first: number, tip: number, last: number): void {
    const ids: number[] = [];
    let id = tip;
    for (let index = this.#tree.index(tip); index >= first; index--, id = this.#tree.parent(id)) {
      if (index <= last) ids.push(id);
    }
    for (let i = ids.length - 1; i >= 0; i--) this.durable.push(ids[i] as number);
  }
}
