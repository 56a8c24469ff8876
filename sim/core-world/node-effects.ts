/**
 * What the core of a simulated node brings about. Each effect goes into the digest and is judged by the rules; then it
 * happens to the node's disk, its messages, its timers or its machine, or fails if it is to.
 */

import { Role, SnapshotAnswer, StorageAnswer } from "../../host/core/abi.js";
import { FlushStep } from "../checkers/invariants.js";
import type { CoreEffects, Region } from "../core-under-test.js";
import type { Disk } from "./disk.js";
import type { NodeCounts } from "./node-counts.js";
import type { SimNode } from "./sim-node.js";
import type { Surroundings } from "./surroundings.js";

/** Number of the timer kinds. */
export const TIMER_KINDS = 2;
/** The deadline of a timer that is not armed. */
export const UNARMED = -1;
/** In place of a term: no flush has changed it. */
const UNCHANGED = -1;

/** Effects that can be made to fail. */
export const FailingEffect = { NONE: 0, HARD_STATE: 1, TRUNCATE: 2, APPEND: 3, READ: 4, APPLY: 5, COMPACT: 6 } as const;
export type FailingEffect = (typeof FailingEffect)[keyof typeof FailingEffect];

export class NodeEffects implements CoreEffects {
  readonly id: number;
  readonly around: Surroundings;
  readonly disk: Disk;
  readonly counts: NodeCounts;
  #failing: FailingEffect = FailingEffect.NONE;
  #failedIsKept = false;
  #ids = new Int32Array(64);
  /** The term as handed to the disk before this flush changed it; UNCHANGED while it has not. */
  #termBefore = UNCHANGED;

  constructor(readonly node: SimNode) {
    this.id = node.id;
    this.around = node.around;
    this.disk = node.disk;
    this.counts = node.counts;
  }

  /** The effects of another flush follow. */
  begins(): void {
    this.#termBefore = UNCHANGED;
  }

  /** The node crashed: nothing is to fail any more. */
  lost(): void {
    this.#failing = FailingEffect.NONE;
  }

  /** Lets the next effect of a kind fail; the write that fails is nevertheless done if it is `kept`. */
  failNext(effect: FailingEffect, kept: boolean): void {
    this.#failing = effect;
    this.#failedIsKept = kept;
  }

  hardState(term: number, vote: number): number {
    const { rules, digest } = this.around;
    rules.order.takes(this.id, FlushStep.HARD_STATE);
    digest.word(0x10);
    digest.number(term);
    digest.word(vote);
    const fails = this.#fails(FailingEffect.HARD_STATE);
    if (fails && !this.#failedIsKept) return StorageAnswer.FAILED;
    this.writeHardState(term, vote);
    return fails ? StorageAnswer.FAILED : this.#answerWrite();
  }

  truncate(from: number): number {
    const { rules, digest } = this.around;
    rules.order.takes(this.id, FlushStep.TRUNCATE);
    digest.word(0x11);
    digest.number(from);
    const { core, seenRole, seenTerm } = this.node;
    const { role, term } = core.state;
    const led = seenRole === Role.LEADER && role === Role.LEADER && seenTerm === term;
    rules.appendOnly.truncates(this.id, led, from);
    const before = this.#termBefore === UNCHANGED ? this.disk.hardStateWritten.term : this.#termBefore;
    rules.machine.truncates(this.id, before, from, this.disk.written.at(from));
    const fails = this.#fails(FailingEffect.TRUNCATE);
    if (fails && !this.#failedIsKept) return StorageAnswer.FAILED;
    this.disk.truncate(from);
    this.counts.truncations++;
    return fails ? StorageAnswer.FAILED : this.#answerWrite();
  }

  append(first: number, count: number, lastTerm: number, memory: Region, offset: number, length: number): number {
    const { rules, digest, tree, report } = this.around;
    rules.order.takes(this.id, FlushStep.APPEND);
    digest.word(0x12);
    digest.words(memory.words, offset >>> 2, length >>> 2);
    const { written } = this.disk;
    if (first !== written.last + 1) {
      report("append order", `node ${this.id} appends from ${first} to a log that ends at ${written.last}`);
    }
    const fails = this.#fails(FailingEffect.APPEND);
    if (fails && !this.#failedIsKept) return StorageAnswer.FAILED;
    if (count > this.#ids.length) this.#ids = new Int32Array(count * 2);
    let id = written.tip;
    let place = offset;
    for (let i = 0; i < count; i++) {
      id = tree.add(id, memory, place);
      this.#ids[i] = id;
      place += this.node.log.sizeAt(memory, place);
    }
    if (place !== offset + length || tree.term(id) !== lastTerm) {
      report("append order", `node ${this.id} appends ${count} entries up to term ${lastTerm}, and hands over others`);
    }
    this.disk.append(this.#ids, count);
    this.counts.appends++;
    return fails ? StorageAnswer.FAILED : this.#answerWrite();
  }

  compact(index: number): number {
    const { rules, digest } = this.around;
    rules.order.takes(this.id, FlushStep.COMPACT);
    digest.word(0x17);
    digest.number(index);
    const { snapshot, written } = this.disk;
    rules.compaction.compacts(this.id, index, snapshot, written, this.node.plan.keepEntries);
    const fails = this.#fails(FailingEffect.COMPACT);
    if (fails && !this.#failedIsKept) return StorageAnswer.FAILED;
    this.disk.compact(index);
    this.counts.compactions++;
    return fails ? StorageAnswer.FAILED : this.#answerWrite();
  }

  readSnapshot(
    index: number,
    place: number,
    memory: Region,
    offset: number,
    capacity: number,
    witness: boolean,
  ): number {
    this.counts.chunksRead++;
    if (this.#fails(FailingEffect.READ)) return SnapshotAnswer.FAILED;
    if (this.node.readsDeferred) {
      this.counts.readsLater++;
      return SnapshotAnswer.LATER;
    }
    return this.node.snapshots.read(index, place, memory.bytes.subarray(offset, offset + capacity), witness);
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
    const { rules, digest } = this.around;
    rules.order.takes(this.id, FlushStep.CHUNK);
    digest.word(last ? 0x19 : 0x18);
    digest.number(place);
    this.counts.chunksWritten++;
    return this.node.snapshots.write({ index, term, place, last }, memory.bytes.subarray(offset, offset + length));
  }

  reads(ticket: number, index: number, answered: boolean): void {
    const { rules, digest } = this.around;
    rules.order.takes(this.id, FlushStep.READ);
    digest.word(answered ? 0x32 : 0x31);
    digest.number(ticket);
    digest.number(index);
    this.node.pendingReads.told(ticket, index, answered);
  }

  read(index: number, count: number, memory: Region, offset: number, capacity: number): number {
    const { report, digest } = this.around;
    const { written } = this.disk;
    digest.word(0x13);
    digest.number(index);
    this.counts.reads++;
    if (this.#fails(FailingEffect.READ)) return StorageAnswer.FAILED;
    if (index <= this.disk.compacted || index + count - 1 > written.last) {
      report("read-back", `node ${this.id} reads ${count} entries from ${index} of a log that ends at ${written.last}`);
    }
    if (this.node.readsDeferred) {
      this.counts.readsLater++;
      return 0;
    }
    const bytes = this.node.log.read(index, count, memory, offset, capacity);
    if (bytes === 0) report("read-back", `entry ${index} does not fit ${capacity} bytes on node ${this.id}`);
    return bytes;
  }

  send(to: number, memory: Region, offset: number, length: number, barrier: boolean): void {
    const { rules, digest } = this.around;
    rules.order.takes(this.id, FlushStep.SEND);
    digest.word(barrier ? 0x15 : 0x14);
    digest.words(memory.words, offset >>> 2, length >>> 2);
    this.node.outbox.send(to, memory, offset, length, barrier);
  }

  arm(kind: number, delay: number, jitter: number): void {
    this.around.rules.order.takes(this.id, FlushStep.TIMER);
    this.around.digest.word(0x16 + kind);
    const { clock, deadlines } = this.node;
    deadlines[kind] = clock + delay + (jitter === 0 ? 0 : this.around.random.below(jitter + 1));
  }

  cancel(kind: number): void {
    this.around.rules.order.takes(this.id, FlushStep.TIMER);
    this.around.digest.word(0x20 + kind);
    this.node.deadlines[kind] = UNARMED;
  }

  apply(index: number, term: number, memory: Region, offset: number, length: number): number {
    const { rules, digest, tree, report } = this.around;
    rules.order.takes(this.id, FlushStep.APPLY);
    digest.word(0x30);
    digest.number(index);
    if (this.#fails(FailingEffect.APPLY)) return -1;
    const { disk } = this;
    rules.applies.applies(this.id, index, term, disk.written, disk.durable.last);
    if (!tree.payloadEquals(disk.written.at(index), memory, offset, length)) {
      report("apply order", `node ${this.id} applies ${index} with other bytes than its log has`);
    }
    this.node.machine.apply(index, term, memory, offset, length);
    return 0;
  }

  event(kind: number, first: number, second: number): void {
    const { rules, digest } = this.around;
    rules.order.takes(this.id, FlushStep.EVENT);
    digest.word(0x40 + kind);
    digest.number(first);
    digest.number(second);
    this.around.event(this.node, kind, first, second);
  }

  /** Hands a hard state to the disk. */
  writeHardState(term: number, vote: number): void {
    const { disk } = this;
    const before = disk.hardStateWritten;
    if (this.#termBefore === UNCHANGED) this.#termBefore = before.term;
    this.around.rules.votes.saves(this.id, term, vote, before.term, before.vote);
    disk.hardState(term, vote);
    this.counts.hardStates++;
  }

  #fails(effect: FailingEffect): boolean {
    if (this.#failing !== effect) return false;
    this.#failing = FailingEffect.NONE;
    this.counts.effectsFailed++;
    this.around.rules.order.fails();
    return true;
  }

  #answerWrite(): number {
    if (!this.node.synchronous) {
      this.counts.writesLater++;
      return StorageAnswer.TAKEN;
    }
    while (this.disk.pending.length > 0) {
      this.disk.completeOne();
      this.node.outbox.letGo();
    }
    return StorageAnswer.DURABLE;
  }
}
