/**
 * The core on V8: all nodes of a world side by side in one instance, so that a crash and a restart cost no instantiation
 * and the place of a released arena is used again.
 */

import { CoreInstance, type Effects } from "../host/core/instance.js";
import { type CoreModule, shippedCore } from "../host/core/module.js";
import { CoreNode } from "../host/core/node.js";
import type { Plan } from "../host/core/plan.js";
import { blankState, readState } from "./core-state.js";
import type { CoreEffects, CoreUnderTest, NodeUnderTest, Region } from "./core-under-test.js";
import { Digest } from "./digest.js";

/** Gives effects the instance's memory as it is at the call: growing replaces it. */
class EffectsWithMemory implements Effects {
  constructor(
    readonly instance: CoreInstance,
    readonly to: CoreEffects,
  ) {}

  hardState(term: number, vote: number): number {
    return this.to.hardState(term, vote);
  }
  truncate(from: number): number {
    return this.to.truncate(from);
  }
  append(first: number, count: number, lastTerm: number, entries: number, length: number): number {
    return this.to.append(first, count, lastTerm, this.instance, entries, length);
  }
  compact(index: number): number {
    return this.to.compact(index);
  }
  read(index: number, count: number, into: number, capacity: number): number {
    return this.to.read(index, count, this.instance, into, capacity);
  }
  send(to: number, message: number, length: number, barrier: boolean): void {
    this.to.send(to, this.instance, message, length, barrier);
  }
  arm(kind: number, delay: number, jitter: number): void {
    this.to.arm(kind, delay, jitter);
  }
  cancel(kind: number): void {
    this.to.cancel(kind);
  }
  apply(index: number, term: number, command: number, length: number): number {
    return this.to.apply(index, term, this.instance, command, length);
  }
  readSnapshot(index: number, offset: number, into: number, capacity: number, witness: boolean): number {
    return this.to.readSnapshot(index, offset, this.instance, into, capacity, witness);
  }
  writeSnapshot(index: number, term: number, offset: number, bytes: number, length: number, last: boolean): number {
    return this.to.writeSnapshot(index, term, offset, this.instance, bytes, length, last);
  }
  reads(ticket: number, index: number, answered: boolean): void {
    this.to.reads(ticket, index, answered);
  }
  event(kind: number, first: number, second: number): void {
    this.to.event(kind, first, second);
  }
}

class V8Node implements NodeUnderTest {
  readonly state = blankState();
  readonly #node: CoreNode;

  constructor(node: CoreNode, eventMask: number) {
    this.#node = node;
    node.observe(eventMask);
    this.#refresh();
  }

  get maxPayload(): number {
    return this.#node.maxPayload;
  }
  restoreHardState(term: number, vote: number): void {
    this.#node.restoreHardState(term, vote);
    this.#refresh();
  }
  restoreSnapshot(index: number, term: number, configuration: Uint8Array, compacted: number): void {
    this.#node.restoreSnapshot(index, term, configuration, compacted);
    this.#refresh();
  }
  restoreEntries(entries: Uint8Array): void {
    this.#node.restoreEntries(entries);
    this.#refresh();
  }
  start(now: number): void {
    this.#node.start(now);
    this.#refresh();
  }

  receive(now: number, message: Region, length: number): number {
    const node = this.#node;
    // Messages are a few dozen words: a loop beats making a view of the right length.
    if ((length & 3) === 0 && length <= node.plan.maxMessage) {
      const to = node.instance.words;
      const from = message.words;
      for (let at = node.inbox >>> 2, i = 0; i < length >>> 2; i++) to[at + i] = from[i] as number;
      return this.#answer(node.receiveInbox(now, length));
    }
    return this.#answer(node.receive(now, message.bytes.subarray(0, length)));
  }
  timer(now: number, kind: number): number {
    return this.#answer(this.#node.timer(now, kind));
  }
  propose(command: Uint8Array): number {
    return this.#answer(this.#node.propose(command));
  }
  durableUpTo(index: number, term: number): number {
    return this.#answer(this.#node.durableUpTo(index, term));
  }
  unreachable(peer: number): number {
    return this.#answer(this.#node.unreachable(peer));
  }
  read(now: number, kind: number): number {
    return this.#answer(this.#node.read(now, kind));
  }
  reconfigure(configuration: Uint8Array): number {
    return this.#answer(this.#node.reconfigure(configuration));
  }
  transfer(now: number, target: number): number {
    return this.#answer(this.#node.transfer(now, target));
  }
  snapshot(index: number, term: number, configuration: Uint8Array): number {
    return this.#answer(this.#node.snapshot(index, term, configuration));
  }
  snapshotFailed(): number {
    return this.#answer(this.#node.snapshotFailed());
  }
  flush(now: number): number {
    return this.#answer(this.#node.flush(now));
  }

  configuration(): Uint8Array {
    return this.#node.configuration;
  }
  brokenInvariant(): number {
    return this.#node.brokenInvariant();
  }
  arenaHash(): string {
    const arena = this.#node.arena;
    const digest = new Digest();
    digest.words(new Int32Array(arena.buffer, arena.byteOffset, arena.length >>> 2), 0, arena.length >>> 2);
    return digest.hex();
  }
  release(): void {
    this.#node.release();
  }

  #answer(status: number): number {
    this.#refresh();
    return status;
  }

  #refresh(): void {
    const { instance, handle } = this.#node;
    readState(instance.words, handle, this.state);
  }
}

/** The core on this process's own engine; the shipped module unless another is given. */
export class V8Core implements CoreUnderTest {
  readonly name = "v8";
  readonly sha256: string;
  readonly #instance: CoreInstance;

  constructor(module: CoreModule = shippedCore()) {
    this.sha256 = module.sha256;
    this.#instance = new CoreInstance(module);
  }

  create(plan: Plan, effects: CoreEffects, eventMask: number): NodeUnderTest {
    return new V8Node(new CoreNode(this.#instance, plan, new EffectsWithMemory(this.#instance, effects)), eventMask);
  }
}
