/**
 * Stands between a core and its node: lets effects through, counts them, and shuts for good behind the one after which the
 * node dies. What comes then never reaches the node's disk, its network, its machine or its observer. The core is answered
 * that its storage failed, so that its flush comes to an end, and is dropped: on every engine, without unwinding it.
 */

import { SnapshotAnswer, StorageAnswer } from "../../host/core/abi.js";
import type { CoreEffects, Region } from "../core-under-test.js";

/** Kinds of effects: the imports of the core. */
export const EFFECT_KINDS = [
  "hardState",
  "truncate",
  "append",
  "compact",
  "read",
  "send",
  "arm",
  "cancel",
  "apply",
  "readSnapshot",
  "writeSnapshot",
  "reads",
  "event",
] as const satisfies readonly (keyof CoreEffects)[];
export type EffectKind = (typeof EFFECT_KINDS)[number];

/** The place of each kind in EFFECT_KINDS. */
const Place = {
  hardState: 0,
  truncate: 1,
  append: 2,
  compact: 3,
  read: 4,
  send: 5,
  arm: 6,
  cancel: 7,
  apply: 8,
  readSnapshot: 9,
  writeSnapshot: 10,
  reads: 11,
  event: 12,
} as const satisfies Record<EffectKind, number>;

/** What a node's disk keeps when it dies. */
export interface Death {
  /** Most writes under way that survive; the oldest do. */
  readonly keep: number;
  /** Entries of the next write that survive, if it is an append. */
  readonly torn: number;
}

/** Answers a machine that did not apply. */
const NOT_APPLIED = -1;
const NONE: Death = { keep: 0, torn: 0 };

export class EffectGate implements CoreEffects {
  /** The kind of the last one before the last death, or before the one that is armed; null if there was none. */
  last: EffectKind | null = null;
  /** What the disk keeps. */
  death = NONE;
  /** Effects that may still go through; infinite unless a death is armed. */
  #left = Number.POSITIVE_INFINITY;
  /** Effects that went through, by the place of their kind: they are counted all the time, and asked for rarely. */
  readonly #counts = new Float64Array(EFFECT_KINDS.length);

  constructor(readonly to: CoreEffects) {}

  /** Effects that went through since the node began, by kind. */
  get passed(): Readonly<Record<EffectKind, number>> {
    const counts = EFFECT_KINDS.map((kind, i) => [kind, this.#counts[i] as number] as const);
    return Object.fromEntries(counts) as Record<EffectKind, number>;
  }

  /** Whether the node dies, now that nothing goes through any more. */
  get isShut(): boolean {
    return this.#left === 0;
  }

  /** The node dies behind the `effects`th effect from here on; before the first one of its next flush if that is 0. */
  dieAfter(effects: number, death: Death): void {
    this.#left = effects;
    this.last = null;
    this.death = death;
  }

  /** No death is armed any more. */
  open(): void {
    this.#left = Number.POSITIVE_INFINITY;
  }

  hardState(term: number, vote: number): number {
    return this.#passes(Place.hardState) ? this.to.hardState(term, vote) : StorageAnswer.FAILED;
  }
  truncate(from: number): number {
    return this.#passes(Place.truncate) ? this.to.truncate(from) : StorageAnswer.FAILED;
  }
  append(first: number, count: number, lastTerm: number, memory: Region, offset: number, length: number): number {
    return this.#passes(Place.append)
      ? this.to.append(first, count, lastTerm, memory, offset, length)
      : StorageAnswer.FAILED;
  }
  compact(index: number): number {
    return this.#passes(Place.compact) ? this.to.compact(index) : StorageAnswer.FAILED;
  }
  read(index: number, count: number, memory: Region, offset: number, capacity: number): number {
    return this.#passes(Place.read) ? this.to.read(index, count, memory, offset, capacity) : StorageAnswer.FAILED;
  }
  send(to: number, memory: Region, offset: number, length: number, barrier: boolean): void {
    if (this.#passes(Place.send)) this.to.send(to, memory, offset, length, barrier);
  }
  arm(kind: number, delay: number, jitter: number): void {
    if (this.#passes(Place.arm)) this.to.arm(kind, delay, jitter);
  }
  cancel(kind: number): void {
    if (this.#passes(Place.cancel)) this.to.cancel(kind);
  }
  apply(index: number, term: number, memory: Region, offset: number, length: number): number {
    return this.#passes(Place.apply) ? this.to.apply(index, term, memory, offset, length) : NOT_APPLIED;
  }
  readSnapshot(
    index: number,
    place: number,
    memory: Region,
    offset: number,
    capacity: number,
    witness: boolean,
  ): number {
    return this.#passes(Place.readSnapshot)
      ? this.to.readSnapshot(index, place, memory, offset, capacity, witness)
      : SnapshotAnswer.FAILED;
  }
  writeSnapshot(
    index: number,
    term: number,
    place: number,
    memory: Region,
    offset: number,
    length: number,
    last: boolean,
  ): number {
    return this.#passes(Place.writeSnapshot)
      ? this.to.writeSnapshot(index, term, place, memory, offset, length, last)
      : SnapshotAnswer.FAILED;
  }
  reads(ticket: number, index: number, answered: boolean): void {
    if (this.#passes(Place.reads)) this.to.reads(ticket, index, answered);
  }
  event(kind: number, first: number, second: number): void {
    if (this.#passes(Place.event)) this.to.event(kind, first, second);
  }

  #passes(kind: number): boolean {
    if (this.#left === 0) return false;
    this.#counts[kind] = (this.#counts[kind] as number) + 1;
    if (this.#left < Number.POSITIVE_INFINITY) {
      this.#left--;
      this.last = EFFECT_KINDS[kind] ?? null;
    }
    return true;
  }
}
