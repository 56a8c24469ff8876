/** A single node brought by hand to where a test wants it: its log, its role, its neighbours' messages. */

import { MessageFlag, MessageKind, Role, StatusCode, StorageAnswer, TimerKind } from "../../host/core/abi.js";
import { encodeConfiguration, type MemberInfo } from "../../host/core/configuration.js";
import { CoreInstance } from "../../host/core/instance.js";
import { shippedCore } from "../../host/core/module.js";
import { CoreNode } from "../../host/core/node.js";
import { MICRO_CAPACITY, type Plan } from "../../host/core/plan.js";
import { Disk, type Effect, RecordingEffects, snapshotOf } from "./disk.js";
import { message, type Values } from "./messages.js";

/** The plan of node 1 unless a test says otherwise. */
export const PLAN: Plan = { ...MICRO_CAPACITY, cluster: 0xc0ffeen, group: 4, id: 1 };

/** Enough time for every timeout of the plan. */
export const LONG = 10_000;

export interface Setup {
  readonly plan?: Partial<Plan>;
  readonly members?: readonly MemberInfo[];
  readonly disk?: Disk;
  readonly instance?: CoreInstance;
  /** False to leave the node where entries can still be restored. */
  readonly started?: boolean;
}

const THREE: readonly MemberInfo[] = [{ id: 1 }, { id: 2 }, { id: 3 }];

/** Makes an instance of the shipped core. */
export function newInstance(): CoreInstance {
  return new CoreInstance(shippedCore());
}

/** One node with the effects it let out. */
export class TestNode {
  readonly node: CoreNode;
  readonly effects: RecordingEffects;
  now = 0;

  constructor({ plan = {}, members = THREE, disk = new Disk(), instance = newInstance(), started = true }: Setup = {}) {
    this.effects = new RecordingEffects(instance, disk, StorageAnswer.DURABLE);
    this.node = new CoreNode(instance, { ...PLAN, ...plan }, this.effects);
    this.node.restoreHardState(disk.term, disk.vote);
    this.node.restoreSnapshot(0, 0, members.length === 0 ? new Uint8Array(0) : encodeConfiguration(members));
    for (const entry of disk.entries) this.node.restoreEntries(entry);
    if (started) this.node.start(this.now);
  }

  get handle(): number {
    return this.node.handle;
  }

  /** The id of this node. */
  get id(): number {
    return this.node.plan.id;
  }

  /** A message to this node; see messages.ts. */
  message(kind: number, header: Values = {}, body: Values = {}, entries: readonly Uint8Array[] = []): Uint8Array {
    return message(this.node.plan, kind, header, body, entries);
  }

  /** Delivers a message and answers its status. */
  receive(bytes: Uint8Array): number {
    return this.node.receive(this.now, bytes);
  }

  /** Delivers an Append from node 2. */
  append(header: Values, body: Values, entries: readonly Uint8Array[] = []): number {
    return this.receive(this.message(MessageKind.APPEND, header, body, entries));
  }

  /** The arena, the inbox left out: it is the host's. */
  get state(): Uint8Array {
    const { arena, inbox, handle, plan } = this.node;
    return arena.fill(0, inbox - handle, inbox - handle + plan.maxMessage);
  }

  /** The status of an action that must leave the node as it was. */
  refusal(action: () => number): number {
    const before = this.state;
    const status = action();
    if (Buffer.compare(before, this.state) !== 0) throw new Error(`the node changed, and the status is ${status}`);
    return status;
  }

  /** Flushes, and answers the effects. */
  flush(): Effect[] {
    const status = this.node.flush(this.now);
    if (status !== StatusCode.OK) throw new Error(`flush answers ${status}`);
    return this.effects.take();
  }

  /** The messages of the next flush. */
  sent(): { readonly to: number; readonly message: Uint8Array; readonly barrier: boolean }[] {
    return this.flush().filter((effect) => effect.kind === "send");
  }

  /** A snapshot of this node's own is durable. Answers the status. */
  snapshot(index: number, term: number): number {
    const { configuration } = this.node;
    const status = this.node.snapshot(index, term, configuration);
    if (status === StatusCode.OK) this.effects.takeOver(snapshotOf(index, term, configuration));
    return status;
  }

  /** Lets an election timeout pass. */
  timeOut(): void {
    this.now += LONG;
    this.node.timer(this.now, TimerKind.ELECTION);
  }

  /** Campaigns until the role is reached; node 2 grants everything. */
  become(role: number): this {
    if (role === Role.FOLLOWER) return this;
    this.timeOut();
    this.flush();
    if (role === Role.PRE_CANDIDATE) return this;
    const { PRE_VOTE, GRANTED } = MessageFlag;
    const term = this.node.term + 1;
    this.receive(this.message(MessageKind.VOTE_REPLY, { flags: PRE_VOTE | GRANTED, term }));
    this.flush();
    if (role === Role.CANDIDATE) return this;
    this.receive(this.message(MessageKind.VOTE_REPLY, { flags: GRANTED, term }));
    this.flush();
    if (this.node.role !== role) throw new Error(`the node is in role ${this.node.role}`);
    return this;
  }

  /** Delivers node 2's acknowledgement of everything up to `match`. */
  acknowledge(match: number, values: Values = {}): number {
    const { term } = this.node;
    return this.receive(this.message(MessageKind.APPEND_REPLY, { term }, { match, sent: this.now, ...values }));
  }
}
