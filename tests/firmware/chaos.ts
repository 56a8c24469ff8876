/**
 * Nodes that are told anything: messages as they were sent, mutated or made up; timers, proposals, changes, reads,
 * transfers, snapshots; storage that answers late or fails; restarts. No rule of Raft is judged and a cluster makes little
 * progress: this is for comparing engines on inputs that no world would give. Everything follows from the seed.
 */

import { ConfigurationFlag, EventKind, StatusCode, StorageAnswer } from "../../host/core/abi.js";
import { encodeConfiguration } from "../../host/core/configuration.js";
import { CoreError } from "../../host/core/node.js";
import type { Capacity, Plan } from "../../host/core/plan.js";
import type { CoreEffects, CoreUnderTest, NodeUnderTest, Region } from "../../sim/core-under-test.js";
import { region } from "../../sim/driven/region.js";
import { Random } from "../../sim/random.js";
import { ChaosDisk } from "./chaos-disk.js";

const NODES = 4;
const CLUSTER = 0x4d52n;
const ALL_EVENTS = 2 ** EventKind.COUNT - 1;
/** Messages remembered for delivery. */
const MOST_MESSAGES = 64;
const TIMERS = 2;
/** Ids that changes and transfers may name. */
const MOST_ID = NODES + 2;

interface Message {
  readonly to: number;
  readonly bytes: Uint8Array;
}

class ChaosNode implements CoreEffects {
  readonly disk = new ChaosDisk();
  node: NodeUnderTest;
  clock = 1;
  applied = { index: 0, term: 0 };

  constructor(
    readonly plan: Plan,
    readonly chaos: Chaos,
  ) {
    this.node = this.#create();
  }

  /** Starts again from its disk, or from nothing when the core refuses what is on it. */
  restart(): void {
    this.node.release();
    this.node = this.#create();
  }

  hardState(term: number, vote: number): number {
    const answer = this.chaos.storageAnswer();
    if (answer !== StorageAnswer.FAILED) Object.assign(this.disk, { term, vote });
    return answer;
  }
  truncate(from: number): number {
    this.disk.truncate(from);
    return this.chaos.storageAnswer();
  }
  append(first: number, count: number, _term: number, memory: Region, offset: number, length: number): number {
    this.disk.append(first, count, memory.bytes.slice(offset, offset + length));
    return this.chaos.storageAnswer();
  }
  compact(index: number): number {
    this.disk.compact(index);
    return this.chaos.storageAnswer();
  }
  read(index: number, count: number, memory: Region, offset: number, capacity: number): number {
    if (this.chaos.random.oneIn(4)) return 0;
    return this.disk.read(index, count, memory.bytes.subarray(offset, offset + capacity));
  }
  send(to: number, memory: Region, offset: number, length: number): void {
    this.chaos.post({ to, bytes: memory.bytes.slice(offset, offset + length) });
  }
  arm(): void {}
  cancel(): void {}
  apply(index: number, term: number): number {
    this.applied = { index, term };
    return this.chaos.random.oneIn(500) ? -1 : 0;
  }
  readSnapshot(_index: number, place: number, memory: Region, offset: number, capacity: number): number {
    if (this.chaos.random.oneIn(8)) return -1 - this.chaos.random.below(2);
    const piece = this.disk.image.subarray(place, place + capacity);
    memory.bytes.set(piece, offset);
    return piece.length;
  }
  writeSnapshot(
    index: number,
    term: number,
    _place: number,
    ...[, , , last]: [Region, number, number, boolean]
  ): number {
    if (last) this.chaos.received = { node: this, index, term };
    return this.chaos.random.oneIn(8) ? 1 : 0;
  }
  reads(): void {}
  event(): void {}

  #create(): NodeUnderTest {
    const { core, configuration } = this.chaos;
    const node = core.create(this.plan, this, ALL_EVENTS);
    try {
      const { term, vote, snapshot, entries, compacted } = this.disk;
      node.restoreHardState(term, vote);
      node.restoreSnapshot(snapshot.index, snapshot.term, snapshot.configuration ?? configuration, compacted);
      for (const bytes of entries()) node.restoreEntries(bytes);
      node.start(this.clock);
      return node;
    } catch (error) {
      if (!(error instanceof CoreError)) throw error;
    }
    node.release();
    this.disk.clear();
    const empty = core.create(this.plan, this, ALL_EVENTS);
    empty.restoreSnapshot(0, 0, configuration, 0);
    empty.start(this.clock);
    return empty;
  }
}

export class Chaos {
  readonly random: Random;
  readonly configuration: Uint8Array;
  /** An image that is complete and was not reported yet. */
  received: { readonly node: ChaosNode; readonly index: number; readonly term: number } | null = null;
  readonly #messages: Message[] = [];
  readonly #nodes: ChaosNode[] = [];
  readonly #inbox: Region;

  constructor(
    readonly core: CoreUnderTest,
    seed: number,
    capacity: Capacity,
  ) {
    this.random = new Random(seed);
    this.configuration = this.#someConfiguration(true);
    this.#inbox = region(2 * capacity.maxMessage);
    for (let id = 1; id <= NODES; id++) {
      const limits = { keepEntries: this.random.below(8), leaseDrift: 100, quiesceRounds: this.random.below(3) };
      this.#nodes.push(new ChaosNode({ ...capacity, ...limits, cluster: CLUSTER, group: 0, id }, this));
    }
  }

  /** Gives so many inputs. */
  run(inputs: number): void {
    for (let i = 0; i < inputs; i++) {
      const node = this.#nodes[this.random.below(NODES)] as ChaosNode;
      node.clock += this.random.below(30);
      this.#input(node);
      if (!this.random.oneIn(4)) this.#flush(node);
    }
  }

  storageAnswer(): number {
    if (this.random.oneIn(400)) return StorageAnswer.FAILED;
    return this.random.oneIn(4) ? StorageAnswer.TAKEN : StorageAnswer.DURABLE;
  }

  post(message: Message): void {
    if (this.#messages.length >= MOST_MESSAGES) this.#messages.splice(this.random.below(MOST_MESSAGES), 1);
    this.#messages.push(message);
  }

  #flush(chaosNode: ChaosNode): void {
    const { node, clock } = chaosNode;
    let status: number = StatusCode.MORE;
    for (let i = 0; i < 64 && status === StatusCode.MORE; i++) status = node.flush(clock);
    if (node.state.failure !== 0) chaosNode.restart();
  }

  #input(chaosNode: ChaosNode): void {
    const { node, clock, disk, applied } = chaosNode;
    const { random } = this;
    const draw = random.below(100);
    if (draw < 50) this.#deliver();
    else if (draw < 66) node.timer(clock, random.below(TIMERS + (random.oneIn(20) ? 1 : 0)));
    else if (draw < 80) node.propose(this.#someBytes(random.below(node.maxPayload + 2)));
    else if (draw < 86) node.durableUpTo(disk.last, disk.lastTerm);
    else if (draw < 88) node.unreachable(random.below(MOST_ID));
    else if (draw < 91) node.read(clock, random.below(3));
    else if (draw < 93) node.reconfigure(this.#someConfiguration(false));
    else if (draw < 94) node.transfer(clock, random.below(MOST_ID));
    else if (draw < 96) this.#takeSnapshot(chaosNode, applied);
    else if (draw < 97) node.snapshotFailed();
    else if (draw < 98) node.snapshot(random.below(200), random.below(20), this.#someBytes(random.below(64)));
    else if (draw < 99) this.#reportReceived();
    else chaosNode.restart();
  }

  /** Delivers a message, to whom it is for or to anybody, as it is or mutated. */
  #deliver(): void {
    const { random } = this;
    const message = this.#messages[random.below(Math.max(this.#messages.length, 1))];
    if (message === undefined) return;
    const anybody = random.oneIn(10) ? random.below(NODES) + 1 : message.to;
    const receiver = this.#nodes[anybody - 1];
    if (receiver === undefined) return;
    const length = random.oneIn(4) ? this.#mutate(message.bytes) : this.#copy(message.bytes);
    receiver.node.receive(receiver.clock, this.#inbox, length);
    if (random.oneIn(2)) this.#messages.splice(this.#messages.indexOf(message), 1);
  }

  #copy(bytes: Uint8Array): number {
    this.#inbox.bytes.set(bytes);
    return bytes.length;
  }

  /** A message with a few bits turned over, words made small or large, or another length. */
  #mutate(bytes: Uint8Array): number {
    const { random } = this;
    const inbox = this.#inbox;
    let length = this.#copy(bytes);
    for (let i = random.below(3); i >= 0; i--) {
      const at = random.below(length >>> 2);
      const word = inbox.words[at] as number;
      const choices = [word ^ (1 << random.below(32)), word + 1, word - 1, random.below(8), -1, random.next() | 0];
      inbox.words[at] = choices[random.below(choices.length)] as number;
    }
    if (random.oneIn(6)) length = random.below(inbox.bytes.length);
    return length;
  }

  #takeSnapshot({ node, disk }: ChaosNode, applied: { readonly index: number; readonly term: number }): void {
    const configuration = node.configuration();
    const status = node.snapshot(applied.index, applied.term, configuration);
    if (status === StatusCode.OK) disk.keepSnapshot(applied.index, applied.term, configuration);
  }

  #reportReceived(): void {
    if (this.received === null) return;
    const { node, index, term } = this.received;
    this.received = null;
    const status = node.node.snapshot(index, term, this.configuration);
    if (status !== StatusCode.OK) return;
    node.disk.keepSnapshot(index, term, this.configuration);
    node.applied = { index, term };
  }

  #someBytes(length: number): Uint8Array {
    return Uint8Array.from({ length }, () => this.random.below(256));
  }

  #someConfiguration(isSound: boolean): Uint8Array {
    const { random } = this;
    const members = Array.from({ length: NODES }, (_, i) => ({ id: i + 1, roles: 1 }));
    if (isSound) return encodeConfiguration(members);
    for (const member of members) member.roles = 1 + random.below(random.oneIn(8) ? 31 : 7);
    if (random.oneIn(3)) members.push({ id: NODES + 1, roles: 1 + random.below(7) });
    const flags = random.oneIn(2) ? 0 : ConfigurationFlag.JOINT | random.below(4);
    return encodeConfiguration(members.slice(random.below(3)), flags);
  }
}
