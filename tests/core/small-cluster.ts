/**
 * A few nodes in one instance, kept busy by a seeded schedule of deliveries, losses, repetitions, timers, proposals, reads,
 * snapshots, transfers, changes of membership, slow disks and crashes. It exists to bring nodes into states, and to make the messages that correct nodes send in them; what
 * Raft promises a whole cluster is tested elsewhere. What it does check after each input: a correct node's message is
 * never refused, and no node breaks an invariant.
 *
 * Faults: messages are lost, repeated and reordered; one member at a time is cut off, and what it sent meanwhile arrives
 * late; a crash loses what is not durable. The network never makes up bytes.
 */

import { ReadKind, Role, StatusCode, StorageAnswer } from "../../host/core/abi.js";
import type { CoreInstance } from "../../host/core/instance.js";
import { CoreNode, statusName } from "../../host/core/node.js";
import type { Plan } from "../../host/core/plan.js";
import { configurationOf, Disk, type Effect, RecordingEffects, type Snapshot, snapshotOf } from "./disk.js";
import type { Random } from "./random.js";

/** Messages that the network keeps unless a test says otherwise. */
const NETWORK = 48;
const READS = Object.values(ReadKind);
const STORAGE_EFFECTS: readonly Effect["kind"][] = ["hardState", "truncate", "compact", "append"];
/** Steps after which it is drawn whether it is calm. */
const PHASE = 150;
/** Flushes after which one that always answers MORE is a bug. */
const FLUSHES = 100;

/** What each input may be refused for. */
const { BAD_ARGUMENT, NOT_LEADER, NOT_READY, BUSY, TRANSFERRING, CHANGE_PENDING, BAD_CHANGE, NOT_CAUGHT_UP } =
  StatusCode;
const UNPROPOSED = [NOT_LEADER, BUSY, TRANSFERRING];
const UNCHANGED = [...UNPROPOSED, NOT_READY, CHANGE_PENDING, BAD_CHANGE, NOT_CAUGHT_UP];

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
    disk.recover();
    const { snapshot, compacted } = disk;
    node.restoreHardState(disk.term, disk.vote);
    const configuration = snapshot === undefined ? this.configuration : configurationOf(snapshot.image);
    node.restoreSnapshot(snapshot?.index ?? 0, snapshot?.term ?? 0, configuration, compacted);
    this.effects.applied = snapshot?.index ?? 0;
    let run: Uint8Array[] = [];
    let bytes = 0;
    for (const entry of disk.entries.slice(this.effects.applied - compacted)) {
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
  /** Draws a configuration to change to; without it membership stays. */
  readonly anotherConfiguration?: () => Uint8Array;
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
  #steps = 0;
  #calm = false;
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
    if (this.#steps++ % PHASE === 0) this.#calm = this.#random.oneIn(2);
    const draw = this.#random.below(100);
    const member = this.#random.pick(this.members);
    if (this.#calm) this.#calmStep(draw, member);
    else this.#roughStep(draw, member);
    if (this.#calm || !this.#random.oneIn(3)) this.#flush(member);
  }

  /** Nothing is lost, little is asked for: a leader stays, and its group may rest. */
  #calmStep(draw: number, member: Member): void {
    this.#cutOff = 0;
    if (draw < 70) this.#deliver();
    else if (draw < 82) this.#passTime();
    else if (draw < 97) this.#sync(member);
    else if (draw === 97) this.#takeSnapshot(member);
    else if (this.#random.oneIn(3)) this.#propose();
  }

  #roughStep(draw: number, member: Member): void {
    if (draw < 50) this.#deliver();
    else if (draw < 68) this.#passTime();
    else if (draw < 78) this.#propose();
    else if (draw < 90) this.#sync(member);
    else if (draw < 93) this.#takeSnapshot(this.#random.oneIn(2) ? member : this.#leader);
    else if (draw < 95)
      this.#input(member, member.node.read(this.now, this.#random.pick(READS)), [NOT_LEADER, NOT_READY]);
    else if (draw === 95) this.#reconfigure();
    else if (draw === 96) this.#transfer(member);
    else if (draw === 97)
      this.#input(member, member.node.unreachable(this.#random.pick(this.members).id), [BAD_ARGUMENT]);
    else if (draw === 98) this.#cutOff = this.#random.oneIn(3) ? member.id : 0;
    else if (this.#random.oneIn(4)) member.restart(this.now);
  }

  /** Gives the arenas back. */
  release(): void {
    for (const { node } of this.members) node.release();
  }

  #deliver(): void {
    if (this.#network.length === 0) return;
    const place = this.#calm ? 0 : this.#random.below(this.#network.length);
    const packet = this.#network[place];
    if (packet === undefined || packet.to === this.#cutOff || packet.from === this.#cutOff) return;
    if (this.#calm || !this.#random.oneIn(8)) this.#network.splice(place, 1);
    const member = this.members.find(({ id }) => id === packet.to);
    if (member === undefined || (!this.#calm && this.#random.oneIn(20))) return;
    this.options.onDelivery?.({ member, message: packet.message, now: this.now });
    const status = member.node.receive(this.now, packet.message);
    if (status < 0) {
      const bytes = Buffer.from(packet.message).toString("hex");
      throw new Error(`node ${member.id} refused a correct node's message with ${statusName(status)}: ${bytes}`);
    }
    this.#input(member, status);
    if (this.#calm || !this.#random.oneIn(3)) this.#flush(member);
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
    const leader = this.#leader;
    const most = this.#random.oneIn(10) ? leader.node.maxPayload : 40;
    const command = new Uint8Array(this.#random.below(most + 1)).fill(++this.#proposals);
    this.#input(leader, leader.node.propose(command), UNPROPOSED);
  }

  get #leader(): Member {
    return this.members.find(({ node }) => node.role === Role.LEADER) ?? this.#random.pick(this.members);
  }

  #reconfigure(): void {
    const configuration = this.options.anotherConfiguration?.();
    const leader = this.#leader;
    if (configuration !== undefined) this.#input(leader, leader.node.reconfigure(configuration), UNCHANGED);
  }

  #transfer(to: Member): void {
    const leader = this.#leader;
    const target = this.#random.oneIn(2) ? 0 : to.id;
    this.#input(leader, leader.node.transfer(this.now, target), [NOT_LEADER, StatusCode.UNKNOWN_NODE]);
  }

  /** A snapshot of what is applied becomes durable; or the one that came in, or that one is lost. */
  #takeSnapshot(member: Member): void {
    const { node, effects } = member;
    const { incoming } = effects.disk;
    if (incoming?.complete) {
      effects.disk.incoming = undefined;
      if (this.#random.oneIn(4)) this.#input(member, node.snapshotFailed());
      else this.#keep(member, incoming);
    } else if (node.configurationIndex <= node.applied && node.applied > node.snapshotIndex) {
      this.#keep(member, snapshotOf(node.applied, effects.disk.termAt(node.applied), node.configuration));
    }
  }

  #keep(member: Member, snapshot: Snapshot): void {
    const { node, effects } = member;
    const status = node.snapshot(snapshot.index, snapshot.term, configurationOf(snapshot.image));
    if (status === StatusCode.OK) {
      effects.takeOver(snapshot);
      member.durable.snapshot = snapshot;
    }
    this.#input(member, status);
    this.#flush(member);
  }

  /** All that was written becomes durable, is reported, and what waited for it leaves. */
  #sync(member: Member): void {
    const { disk } = member.effects;
    member.durable = disk.clone();
    member.synced = member.written;
    this.#input(member, member.node.durableUpTo(disk.last, disk.termAt(disk.last)));
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
    if (STORAGE_EFFECTS.includes(effect.kind)) {
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

  #input(member: Member, status: number, refusals: readonly number[] = []): void {
    if (status < 0 && !refusals.includes(status)) {
      throw new Error(`node ${member.id} answered ${statusName(status)}`);
    }
    const rule = member.node.brokenInvariant();
    if (rule !== 0) throw new Error(`node ${member.id} breaks invariant ${rule}`);
  }
}
