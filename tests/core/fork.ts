/**
 * A node that can be put into any state of a harvest by copying that state's arena over its own, and that is watched: no
 * input may trap or break an invariant, a refusal changes nothing, and whatever it has been told, what it sends is
 * well-formed.
 */

import { Header, Node, StatusCode, StorageAnswer } from "../../host/core/abi.js";
import type { CoreInstance } from "../../host/core/instance.js";
import { high, low } from "../../host/core/instance.js";
import { CoreNode, statusName } from "../../host/core/node.js";
import type { Capacity } from "../../host/core/plan.js";
import { configurationOf, type Disk, RecordingEffects, type Snapshot } from "./disk.js";
import { readField, setFields } from "./messages.js";
import { SHAPES, type State } from "./states.js";

/** The id of the node that looks at what is sent; no other node has it. */
const INSPECTOR = 0xfffffff0;
const IDENTITY = { cluster: 0x1122334455667788n, group: 3 };
/** What `receive` says of bytes that are no message for the receiver. */
const ILL_FORMED: readonly number[] = [
  StatusCode.MALFORMED,
  StatusCode.BAD_VERSION,
  StatusCode.FOREIGN,
  StatusCode.OVERSIZED,
];

const FROM = { name: "from", offset: Header.from, bytes: 4 } as const;
const TO = { name: "to", offset: Header.to, bytes: 4 } as const;

/** Receives on behalf of whomever a message is for, and forgets it again. */
class Inspector {
  readonly #node: CoreNode;
  readonly #fresh: Uint8Array;

  constructor(instance: CoreInstance, capacity: Capacity) {
    this.#node = new CoreNode(instance, { ...capacity, ...IDENTITY, id: INSPECTOR }, new RecordingEffects(instance));
    this.#node.start(0);
    this.#fresh = this.#node.arena;
  }

  /** Throws if the message is not well-formed, or not from `from` to `to`. */
  check(message: Uint8Array, from: number, to: number): void {
    const hex = () => Buffer.from(message).toString("hex");
    if (readField(message, FROM) !== BigInt(from) || readField(message, TO) !== BigInt(to)) {
      throw new Error(`a message from ${from} to ${to} says something else: ${hex()}`);
    }
    const readdressed = new Uint8Array(message);
    setFields(readdressed, Header, 0, { to: INSPECTOR });
    const status = this.#node.receive(0, readdressed);
    this.#node.instance.bytes.set(this.#fresh, this.#node.handle);
    if (ILL_FORMED.includes(status))
      throw new Error(`node ${from} sent a message that is ${statusName(status)}: ${hex()}`);
  }
}

export class Fork {
  readonly #node: CoreNode;
  readonly #inspector: Inspector;
  readonly #effects: RecordingEffects;
  readonly #before: Uint8Array;
  /** Room for a message of twice the longest length, outside of the arena. */
  readonly #scratch: number;
  readonly #room: number;
  /** The id of the node whose arena this is now. */
  #id = 0;

  constructor(
    readonly instance: CoreInstance,
    readonly shape: number,
  ) {
    const capacity = SHAPES[shape];
    if (capacity === undefined) throw new RangeError(`there is no shape ${shape}`);
    this.#effects = new RecordingEffects(instance);
    this.#node = new CoreNode(instance, { ...capacity, ...IDENTITY, id: 1 }, this.#effects);
    this.#inspector = new Inspector(instance, capacity);
    this.#room = 2 * capacity.maxMessage;
    this.#scratch = instance.allocate(this.#room + 8);
    this.#before = new Uint8Array(this.#node.size);
  }

  /** Becomes the node of that state. */
  load(state: State): void {
    this.instance.bytes.set(state.arena, this.#node.handle);
    this.#effects.reset(state.disk.clone(), state.applied);
    this.#id = state.plan.id;
  }

  get node(): CoreNode {
    return this.#node;
  }

  /** Numbers by which the node judges messages. */
  numbers(): number[] {
    const { node } = this;
    const now = this.instance.u64(node.handle + Node.now);
    const { incoming, snapshot } = this.#effects.disk;
    const log = [node.lastTerm, node.commit, node.applied, node.last, node.durable, node.first];
    const images = [incoming?.index, incoming?.term, incoming?.image.length, snapshot?.index, snapshot?.image.length];
    return [node.term, node.leader, node.readTicket, now, ...log, ...images.map((number) => number ?? 0)];
  }

  /** What the node's storage holds. */
  get disk(): Disk {
    return this.#effects.disk;
  }

  /** A snapshot is durable. Answers the status. */
  keep(snapshot: Snapshot, configuration = configurationOf(snapshot.image)): number {
    const status = this.#node.snapshot(snapshot.index, snapshot.term, configuration);
    if (status === StatusCode.OK) this.#effects.takeOver(snapshot);
    return status;
  }

  /** Delivers bytes that may be anything, at an address that may be misaligned. Answers the status. */
  deliver(now: number, message: Uint8Array, misalignedBy = 0): number {
    const { exports, bytes } = this.instance;
    const address = this.#scratch + misalignedBy;
    const length = Math.min(message.length, this.#room);
    bytes.set(message.subarray(0, length), address);
    this.#remember(now);
    const status = exports.receive(this.#node.handle, low(now), high(now), address, length);
    this.settle(status);
    return status;
  }

  /** Notes the arena as it is, with the time that every input brings, refused or not. */
  #remember(now: number): void {
    const { handle, size } = this.#node;
    this.#before.set(this.instance.bytes.subarray(handle, handle + size));
    const time = new DataView(this.#before.buffer, Node.now);
    time.setBigUint64(0, BigInt(Math.max(now, this.instance.u64(handle + Node.now))), true);
  }

  /** Whether the arena is other than before the last delivery, the time aside. */
  get changed(): boolean {
    const { handle, size } = this.#node;
    return Buffer.compare(this.#before, this.instance.bytes.subarray(handle, handle + size)) !== 0;
  }

  /** Takes an input of the host's and checks what must hold then: what is refused changes nothing but the time, and the
   * inbox, which is the host's. An observed node also notes what it refuses. */
  watch(input: () => number, observed: boolean): number {
    this.#remember(0);
    const status = this.settle(input());
    if (status >= 0 || observed || status === this.#node.failure) return status;
    const { handle, inbox, plan } = this.#node;
    this.#before.set(this.instance.bytes.subarray(handle + Node.now, handle + Node.now + 8), Node.now);
    this.#before.set(this.instance.bytes.subarray(inbox, inbox + plan.maxMessage), inbox - handle);
    if (this.changed) throw new Error(`${statusName(status)} changed the node`);
    return status;
  }

  /** Checks what must hold after every input. */
  settle(status: number): number {
    const rule = this.#node.brokenInvariant();
    if (rule !== 0) throw new Error(`invariant ${rule} is broken after ${statusName(status)}`);
    return status;
  }

  /** Lets out what is due and looks at what is sent. */
  flush(now: number, answer: number = StorageAnswer.TAKEN): number {
    this.#effects.answer = answer;
    const status = this.settle(this.#node.flush(now));
    for (const effect of this.#effects.take()) {
      if (effect.kind === "send") this.#inspector.check(effect.message, this.#id, effect.to);
    }
    return status;
  }
}
