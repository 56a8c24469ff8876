/**
 * A few nodes in one instance, kept busy by a seeded schedule of deliveries, losses, repetitions, timers, proposals, slow
 * disks and crashes. It exists to bring nodes into states, and to make the messages that correct nodes send in them; what
 * Raft promises a whole cluster is tested elsewhere. What it does check after each input: a correct node's message is
 * never refused, and no node breaks an invariant.
 *
 * Faults: messages are lost, repeated and reordered; one member at a time is cut off, and what it sent meanwhile arrives
 * late; a crash loses what is not durable. The network never makes up bytes.
 */

import { Role, StatusCode, StorageAnswer } from "../../host/core/abi.js";
import type { CoreInstance } from "../../host/core/instance.js";
import { CoreNode, statusName } from "../../host/core/node.js";
import type { Plan } from "../../host/core/plan.js";
import { Disk, type Effect, RecordingEffects, termOf } from "./disk.js";
import type { Random } from "./random.js";

/** Messages that the network keeps unless a test says otherwise. */
const NETWORK = 48;
/** Flushes after which one that always answers MORE is a bug. */
const FLUSHES = 100;

/** A message, and between whom. */
interface Packet {
  readonly from: number;
  readonly to: number;
  readonly message: Uint8Array;
}

export class Member {
  node: CoreNode;
  effects: RecordingEffects;
  /** What a crash leaves. */
  durable: Disk;
  /** When each kind of timer fires. */
  readonly timers = new Map<number, number>();
  /** Messages that wait for the disk. */
  held: Packet[] = [];
  /** Storage effects so far, and how many of them are durable. */
  written = 0;
  synced = 0;

  constructor(
    readonly instance: CoreInstance,
    readonly plan: Plan,
    readonly configuration: Uint8Array,
    disk: Disk,
    now: number,
  ) {
    this.durable = disk.clone();
    this.effects = new RecordingEffects(instance, disk);
    this.node = this.#boot(now);
  }

  get id(): number {
    return this.plan.id;
  }

  #boot(now: number): CoreNode {
    const node = new CoreNode(this.instance, this.plan, this.effects);
    const { disk } = this.effects;
    node.restoreHardState(disk.term, disk.vote);
    node.restoreSnapshot(0, 0, this.configuration);
    let run: Uint8Array[] = [];
    let bytes = 0;
    for (const entry of disk.entries) {
      if (bytes + entry.length > this.plan.maxMessage) {
        node.restoreEntries(Buffer.concat(run));
        run = [];
        bytes = 0;
      }
      run.push(entry);
      bytes += entry.length;
    }
    node.restoreEntries(Buffer.concat(run));
    node.start(now);
    return node;
  }

  /** Crashes and starts again from what was durable. */
  restart(now: number): void {
    this.node.release();
    this.effects = new RecordingEffects(this.instance, this.durable.clone());
    this.timers.clear();
    this.held = [];
    this.written = 0;
    this.synced = 0;
    this.node = this.#boot(now);
  }
}

export interface Delivery {
  readonly member: Member;
  readonly message: Uint8Array;
  readonly now: number;
}

export interface ClusterOptions {
  readonly instance: CoreInstance;
  /** The members' plans; they differ in `id` only. */
  readonly plans: readonly Plan[];
  readonly configuration: Uint8Array;
  /** What each member's storage holds at the start; nothing where there is none. */
  readonly disks?: readonly Disk[];
  readonly random: Random;
  /** Messages that the network keeps; older ones are lost. The more, the later some arrive. */
  readonly network?: number;
  /** Called before each delivery. */
  readonly onDelivery?: (delivery: Delivery) => void;
}

export class SmallCluster {
  readonly members: Member[];
  now = 1000;
  #network: Packet[] = [];
  #proposals = 0;
  /** Id of the member that nobody hears and that hears nobody; 0 if there is none. */
  #cutOff = 0;
  readonly #random: Random;

  constructor(readonly options: ClusterOptions) {
    this.#random = options.random;
    this.members = options.plans.map(
      (plan, i) =>
        new Member(options.instance, plan, options.configuration, options.disks?.[i] ?? new Disk(), this.now),
    );
  }

  /** One step of the schedule. */
  step(): void {
    const draw = this.#random.below(100);
    const member = this.#random.pick(this.members);
    if (draw < 50) this.#deliver();
    else if (draw < 70) this.#passTime();
    else if (draw < 82) this.#propose();
    else if (draw < 95) this.#sync(member);
    else if (draw < 98) this.#input(member, member.node.unreachable(this.#random.pick(this.members).id));
    else if (draw === 98) this.#cutOff = this.#random.oneIn(3) ? member.id : 0;
    else if (this.#random.oneIn(4)) member.restart(this.now);
    if (!this.#random.oneIn(3)) this.#flush(member);
  }

  /** Gives the arenas back. */
  release(): void {
    for (const { node } of this.members) node.release();
  }

  #deliver(): void {
    if (this.#network.length === 0) return;
    const place = this.#random.below(this.#network.length);
    const packet = this.#network[place];
    if (packet === undefined || packet.to === this.#cutOff || packet.from === this.#cutOff) return;
    if (!this.#random.oneIn(8)) this.#network.splice(place, 1);
    const member = this.members.find(({ id }) => id === packet.to);
    if (member === undefined || this.#random.oneIn(20)) return;
    this.options.onDelivery?.({ member, message: packet.message, now: this.now });
    const status = member.node.receive(this.now, packet.message);
    if (status < 0) {
      const bytes = Buffer.from(packet.message).toString("hex");
      throw new Error(`node ${member.id} refused a correct node's message with ${statusName(status)}: ${bytes}`);
    }
    this.#input(member, status);
    if (!this.#random.oneIn(3)) this.#flush(member);
  }

  #passTime(): void {
    this.now += this.#random.below(60);
    for (const member of this.members) {
      for (const [kind, due] of [...member.timers]) {
        if (due > this.now) continue;
        member.timers.delete(kind);
        this.#input(member, member.node.timer(this.now, kind));
        this.#flush(member);
      }
    }
  }

  #propose(): void {
    const leader = this.members.find(({ node }) => node.role === Role.LEADER) ?? this.#random.pick(this.members);
    const most = this.#random.oneIn(10) ? leader.node.maxPayload : 40;
    const command = new Uint8Array(this.#random.below(most + 1)).fill(++this.#proposals);
    const status = leader.node.propose(command);
    if (status === StatusCode.NOT_LEADER || status === StatusCode.BUSY) return;
    this.#input(leader, status);
  }

  /** All that was written becomes durable, is reported, and what waited for it leaves. */
  #sync(member: Member): void {
    const { disk } = member.effects;
    member.durable = disk.clone();
    member.synced = member.written;
    const last = disk.entries.at(-1);
    if (last !== undefined) this.#input(member, member.node.durableUpTo(disk.last, termOf(last)));
    this.#network.push(...member.held.splice(0));
  }

  #flush(member: Member): void {
    member.effects.answer = this.#random.oneIn(5) ? StorageAnswer.DURABLE : StorageAnswer.TAKEN;
    for (let i = 0; ; i++) {
      const status = member.node.flush(this.now);
      this.#input(member, status);
      if (status !== StatusCode.MORE) break;
      if (i === FLUSHES) throw new Error("flush never ends");
    }
    for (const effect of member.effects.take()) this.#carryOut(member, effect);
    this.#network.splice(0, this.#network.length - (this.options.network ?? NETWORK));
  }

  #carryOut(member: Member, effect: Effect): void {
    if (effect.kind === "hardState" || effect.kind === "truncate" || effect.kind === "append") {
      member.written++;
      if (member.effects.answer === StorageAnswer.DURABLE) this.#sync(member);
    } else if (effect.kind === "send") {
      const packet = { from: member.id, to: effect.to, message: effect.message };
      if (effect.barrier && member.synced < member.written) member.held.push(packet);
      else this.#network.push(packet);
    } else if (effect.kind === "arm") {
      member.timers.set(effect.timer, this.now + effect.delay + this.#random.below(effect.jitter + 1));
    } else if (effect.kind === "cancel") {
      member.timers.delete(effect.timer);
    }
  }

  #input(member: Member, status: number): void {
    if (status < 0 && status !== StatusCode.BAD_ARGUMENT) {
      throw new Error(`node ${member.id} answered ${statusName(status)}`);
    }
    const rule = member.node.brokenInvariant();
    if (rule !== 0) throw new Error(`node ${member.id} breaks invariant ${rule}`);
  }
}
