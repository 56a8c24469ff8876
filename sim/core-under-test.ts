/**
 * A core as the simulator sees it: whatever takes the ABI's inputs and answers with its effects. The simulator and the
 * contract tests know only these interfaces, so that the same scenarios run on every engine that hosts the module.
 *
 * Calls are synchronous. All nodes of a world belong to one core under test.
 */

import type { Plan } from "../host/core/plan.js";

/** Bytes, seen both as bytes and as signed little-endian words of the same buffer. */
export interface Region {
  readonly bytes: Uint8Array;
  readonly words: Int32Array;
}

/**
 * What a flush lets out, in the order of the durability contract. A place is a region, an offset that is a multiple of
 * 8, and a length in bytes; it holds only during the call, and whoever wants to keep the bytes copies them.
 */
export interface CoreEffects {
  /** Answers a StorageAnswer. */
  hardState(term: number, vote: number): number;
  /** Answers a StorageAnswer. */
  truncate(from: number): number;
  /** Answers a StorageAnswer. */
  append(first: number, count: number, lastTerm: number, memory: Region, offset: number, length: number): number;
  /** Answers a StorageAnswer. */
  compact(index: number): number;
  /** Copies whole entries to the place: answers their bytes, 0 for later, below 0 for a failure. */
  read(index: number, count: number, memory: Region, offset: number, capacity: number): number;
  send(to: number, memory: Region, offset: number, length: number, barrier: boolean): void;
  arm(kind: number, delay: number, jitter: number): void;
  cancel(kind: number): void;
  /** Answers 0, or anything else to stop the node. */
  apply(index: number, term: number, memory: Region, offset: number, length: number): number;
  /** Copies a piece of the image: answers its bytes, fewer than `capacity` only where it ends, or a SnapshotAnswer. */
  readSnapshot(
    index: number,
    place: number,
    memory: Region,
    offset: number,
    capacity: number,
    witness: boolean,
  ): number;
  /** Takes a chunk of an image, which begins at `place` in it: answers 0 if taken. */
  writeSnapshot(
    index: number,
    term: number,
    place: number,
    memory: Region,
    offset: number,
    length: number,
    last: boolean,
  ): number;
  reads(ticket: number, index: number, answered: boolean): void;
  event(kind: number, first: number, second: number): void;
}

/** What a node says of itself; the fields of the ABI's Node that keep their meaning. */
export interface CoreState {
  readonly role: number;
  readonly term: number;
  readonly vote: number;
  readonly leader: number;
  readonly commit: number;
  readonly applied: number;
  readonly first: number;
  readonly last: number;
  readonly lastTerm: number;
  readonly durable: number;
  readonly members: number;
  readonly snapshotIndex: number;
  readonly snapshotTerm: number;
  readonly configurationIndex: number;
  readonly configurationFlags: number;
  readonly readTicket: number;
  readonly lastHeard: number;
  /** Whom this leader hands over to; 0 if to nobody. */
  readonly transferTarget: number;
  /** 0 unless the group rests. */
  readonly quiet: number;
  /** 0 while the node works, else the status code that says why it stopped. */
  readonly failure: number;
}

/** One node. Inputs answer the core's status codes; what has to be restored throws when it is refused. */
export interface NodeUnderTest {
  /** As of the end of the last call. One object, updated in place. */
  readonly state: CoreState;
  /** Longest payload of a proposal, in bytes. */
  readonly maxPayload: number;

  restoreHardState(term: number, vote: number): void;
  /** Where the log begins; `configuration` is in wire form, empty if none is known. Storage holds the entries behind
   * `compacted`. */
  restoreSnapshot(index: number, term: number, configuration: Uint8Array, compacted: number): void;
  /** Whole entries, at most `maxMessage` bytes. */
  restoreEntries(entries: Uint8Array): void;
  start(now: number): void;

  receive(now: number, message: Region, length: number): number;
  timer(now: number, kind: number): number;
  propose(command: Uint8Array): number;
  durableUpTo(index: number, term: number): number;
  unreachable(peer: number): number;
  read(now: number, kind: number): number;
  reconfigure(configuration: Uint8Array): number;
  transfer(now: number, target: number): number;
  snapshot(index: number, term: number, configuration: Uint8Array): number;
  snapshotFailed(): number;
  /** Lets out what is due; answers OK, MORE, or why the node stopped. */
  flush(now: number): number;

  /** The configuration in force in wire form; empty if none is known. */
  configuration(): Uint8Array;
  /** Number of the broken invariant of the core, 0 if all hold. */
  brokenInvariant(): number;
  /** Hash of all there is of this node, to compare engines. */
  arenaHash(): string;
  /** Gives the node's memory back; it must not be used afterwards. */
  release(): void;
}

/** An engine with the module in it. */
export interface CoreUnderTest {
  /** Which engine: "v8". */
  readonly name: string;
  /** Digest of the module. */
  readonly sha256: string;
  /** Makes a node that observes the events in `eventMask`; it is to be restored and started. */
  create(plan: Plan, effects: CoreEffects, eventMask: number): NodeUnderTest;
}
