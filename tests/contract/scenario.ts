/**
 * The words in which the contract is written: a world whose every step is one line of a test, and whose logs, messages
 * and roles read as text. Disks are synchronous unless a scenario is about durability.
 */

import {
  EventKind,
  MemberRole,
  ReadKind,
  Role,
  RoleName,
  StatusCode,
  StatusCodeName,
  TimerKind,
} from "../../host/core/abi.js";
import { encodeConfiguration, type MemberInfo } from "../../host/core/configuration.js";
import type { Capacity } from "../../host/core/plan.js";
import type { CoreState, CoreUnderTest } from "../../sim/core-under-test.js";
import { RecordingMachine } from "../../sim/core-world/machine.js";
import type { Envelope } from "../../sim/core-world/network.js";
import type { NodeSetup } from "../../sim/core-world/node-setup.js";
import { TINY_CAPACITY } from "../../sim/core-world/run.js";
import { type FailingEffect, type SimNode, UNARMED } from "../../sim/core-world/sim-node.js";
import { DEFAULT_CLUSTER, World } from "../../sim/core-world/world.js";
import { type Address, describeMessage, type EntrySpec, encodeEntries, membersOf } from "../../sim/messages.js";

/** Deliveries after which a network that does not become quiet is a bug. */
const DELIVERIES = 10_000;
/** Firings of a timer after which it must have taken effect: it is re-armed once for each leader heard from. */
const FIRINGS = 3;

/** What a node starts with, entries as they are written in the papers' figures. */
export interface Start extends Omit<NodeSetup, "entries"> {
  /** Terms of the log's entries, from index 1 on; each holds its own place as payload. */
  readonly terms?: readonly number[];
  /** Or the entries themselves. */
  readonly log?: readonly EntrySpec[];
}

export interface ScenarioOptions {
  /** How many nodes, or what each starts with. */
  readonly nodes: number | readonly Start[];
  /** The bootstrap configuration; all nodes as voters unless stated. */
  readonly members?: readonly MemberInfo[];
  /** Bits of ConfigurationFlag. */
  readonly flags?: number;
  readonly capacity?: Partial<Capacity>;
  /** Writes become durable only when the scenario says so. */
  readonly slowDisks?: boolean;
}

/** Capacities of scenarios: small, but enough for every figure. */
export const CAPACITY: Capacity = { ...TINY_CAPACITY, windowBytes: 4096, uncommittedBytes: 1024, nodes: 9 };

/** Entries with these terms, each with its place as payload. */
export function entriesOf(terms: readonly number[]): EntrySpec[] {
  return terms.map((term, i) => ({ term, payload: `${i + 1}/${term}` }));
}

export class Scenario {
  readonly world: World;
  #lines: string[] = [];

  constructor(core: CoreUnderTest, options: ScenarioOptions) {
    const starts = typeof options.nodes === "number" ? new Array<Start>(options.nodes).fill({}) : options.nodes;
    const members = options.members ?? starts.map((_, i) => ({ id: i + 1 }));
    this.world = new World({
      core,
      configuration: encodeConfiguration(members, options.flags ?? 0),
      capacity: { ...CAPACITY, ...options.capacity },
      nodes: starts.map((start) => setupOf(start, options.slowDisks !== true)),
      onEvent: (node, kind, first, second) => this.#note(node, kind, first, second),
    });
  }

  node(id: number): SimNode {
    return this.world.node(id);
  }
  state(id: number): CoreState {
    return this.node(id).core.state;
  }

  // What happens.

  /** Lets the election timer of a node fire until it takes effect: the node asks for pre-votes, or what follows. */
  expire(id: number): void {
    const node = this.node(id);
    for (let i = 0; i < FIRINGS; i++) {
      const lines = this.#lines.length;
      this.world.fire(node, TimerKind.ELECTION);
      if (node.core.state.role !== Role.FOLLOWER || this.#lines.length > lines) return;
    }
  }

  /** Time passes on all nodes, so that nobody is loyal to a leader any more; the node campaigns and wins. */
  elect(id: number): void {
    this.forgetLeaders();
    this.expire(id);
    this.deliverAll();
    if (!this.node(id).leads) throw new Error(`node ${id} was not elected: ${this.describe(id)}`);
  }

  /** Two election timeouts pass on all nodes; no timer fires. */
  forgetLeaders(): void {
    this.world.advanceAll(2 * CAPACITY.electionTimeout);
  }

  /** Time passes on one node; no timer fires. */
  advance(id: number, ms: number): void {
    this.world.advance(this.node(id), ms);
  }

  /** The heartbeat timer of a leader fires. */
  heartbeat(id: number): void {
    this.world.fire(this.node(id), TimerKind.HEARTBEAT);
  }

  /** Proposes a text: answers the status code's name. */
  propose(id: number, text: string): string {
    return statusOf(this.world.propose(this.node(id), new TextEncoder().encode(text)));
  }

  /** Delivers the oldest message on a link: answers the status code's name. */
  deliver(from: number, to: number): string {
    return this.deliverAt(from, to, 0);
  }

  /** Delivers the message at a position of a link. */
  deliverAt(from: number, to: number, position: number): string {
    const link = this.world.network.link(from, to);
    const envelope = link.messages[position];
    if (envelope === undefined) throw new Error(`nothing is under way from ${from} to ${to}`);
    this.#lines.push(describe(envelope));
    return statusOf(this.world.deliver(link, position));
  }

  /** Makes everything durable, snapshots that came in too, and delivers everything, in the order of sending, until nothing
   * is left. */
  deliverAll(): void {
    for (let i = 0; i < DELIVERIES; i++) {
      for (const node of this.world.nodes) if (node.isUp && node.disk.pending.length > 0) this.world.makeDurable(node);
      for (const node of this.world.nodes) if (node.isUp && node.snapshots.isComplete) this.install(node.id);
      const [oldest] = this.world.network.underWay();
      if (oldest === undefined) return;
      this.deliver(oldest.from, oldest.to);
    }
    throw new Error("the network does not become quiet");
  }

  /** Loses everything that is under way, or all of it on one link. */
  drop(from?: number, to?: number): void {
    for (const link of this.world.network.links) {
      if ((from !== undefined && link.from !== from) || (to !== undefined && link.to !== to)) continue;
      while (link.messages.length > 0) this.world.drop(link, 0);
    }
  }

  /** Cuts nodes off from all others, in both directions. */
  isolate(...ids: readonly number[]): void {
    for (const link of this.world.network.links) {
      if (ids.includes(link.from) !== ids.includes(link.to)) this.world.block(link);
    }
  }

  /** Cuts the links from one node to the others, or to some of them. */
  mute(from: number, ...to: readonly number[]): void {
    for (const link of this.world.network.links) {
      if (link.from === from && (to.length === 0 || to.includes(link.to))) this.world.block(link);
    }
  }

  /** Every link works again. */
  heal(): void {
    for (const link of this.world.network.links) if (link.blocked) this.world.unblock(link);
  }

  /** Makes the oldest writes of a node durable; all of them unless stated. */
  durable(id: number, count?: number): void {
    this.world.makeDurable(this.node(id), count);
  }
  crash(id: number, keep = 0): void {
    this.world.crash(this.node(id), keep);
  }
  restart(id: number): void {
    this.world.restart(this.node(id));
  }
  fail(id: number, effect: FailingEffect): void {
    this.world.failNext(this.node(id), effect);
  }

  // Snapshots, members, reads, transfers.

  /** Takes a snapshot of what is applied, and tells the core. */
  snapshot(id: number): string {
    if (!this.world.takeSnapshot(this.node(id))) throw new Error(`node ${id} cannot take a snapshot`);
    return this.tell(id);
  }
  /** Tells the core of the newest durable snapshot: answers the status code's name. */
  tell(id: number): string {
    return statusOf(this.world.tellSnapshot(this.node(id)));
  }
  /** Makes the image that came in durable, and tells the core. */
  install(id: number): string {
    this.world.keepSnapshot(this.node(id));
    return this.tell(id);
  }
  /** Proposes a configuration: answers the status code's name. */
  reconfigure(id: number, members: readonly MemberInfo[], flags = 0): string {
    return statusOf(this.world.reconfigure(this.node(id), encodeConfiguration(members, flags)));
  }
  /** Asks a leader to hand over, to the best member if `target` is 0. */
  transfer(id: number, target = 0): string {
    return statusOf(this.world.transfer(this.node(id), target));
  }
  /** Asks for a read, by a round of heartbeats unless stated. What becomes of it is in the answer's `state`. */
  read(id: number, kind: ReadKind = ReadKind.INDEX): Read {
    const node = this.node(id);
    const read: Read = { state: "waiting", status: "" };
    node.pendingReads.onNext = (answered) => {
      read.state = answered ? "answered" : "refused";
    };
    read.status = statusOf(this.world.read(node, kind));
    return read;
  }

  /** Delivers a message that the scenario made up: answers the status code's name. */
  inject(message: Uint8Array): string {
    this.#lines.push(describeMessage(message));
    return statusOf(this.world.inject(message));
  }

  // What there is.

  /** "1:1 2:1 3:2": index and term of each entry that a node has written. */
  log(id: number): string {
    const { written } = this.node(id).disk;
    return Array.from({ length: written.last }, (_, i) => `${i + 1}:${this.world.tree.term(written.at(i + 1))}`).join(
      " ",
    );
  }

  /** "2:x 4:y": index and payload of each entry applied since the start. */
  applied(id: number): string {
    const { machine } = this.node(id);
    if (!(machine instanceof RecordingMachine)) throw new Error("scenarios record what is applied");
    return machine.applied.map(({ index, payload }) => `${index}:${payload}`).join(" ");
  }

  /** "1 2 3L 4W 5O": the members of the configuration in force; O votes in the outgoing set, B in both, L learns, W is a
   * witness, P is to be promoted. */
  members(id: number): string {
    return membersOf(this.node(id).core.configuration())
      .map(({ id: member, roles }) => `${member}${rolesText(roles)}`)
      .join(" ");
  }

  /** Whether a node rests: no timer runs. */
  rests(id: number): boolean {
    return this.state(id).quiet !== 0;
  }

  /** "LEADER t2 commit=3". */
  describe(id: number): string {
    const { role, term, commit, failure } = this.state(id);
    const stopped = failure === 0 ? "" : ` stopped by ${statusOf(failure)}`;
    return `${RoleName[role] ?? role} t${term} commit=${commit}${stopped}`;
  }

  /** The messages under way, in the order of sending; on one link if stated. */
  underWay(from?: number, to?: number): string[] {
    return this.world.network
      .underWay()
      .filter((envelope) => (from ?? envelope.from) === envelope.from && (to ?? envelope.to) === envelope.to)
      .map(describe);
  }

  /** The messages that a node holds back until its disk is done. */
  held(id: number): string[] {
    return this.node(id).held.map(describe);
  }

  /** What was delivered and what it led to since the last call. */
  transcript(): string {
    const text = this.#lines.join("\n");
    this.#lines = [];
    return text;
  }

  // Words for what takes many steps.

  /** Proposes commands one after the other, each of which is delivered to whoever can be reached. */
  commit(id: number, ...commands: readonly string[]): void {
    for (const command of commands) {
      const status = this.propose(id, command);
      if (status !== OK) throw new Error(`node ${id} answers ${command} with ${status}`);
      this.deliverAll();
    }
  }

  /** Commits as many commands as stated: "c1", "c2", ... */
  commitMany(id: number, count: number): void {
    this.commit(id, ...Array.from({ length: count }, (_, i) => `c${i + 1}`));
  }

  /** Heartbeats of a leader, each with all that follows from it. */
  rounds(id: number, count = 1): void {
    for (let i = 0; i < count && this.node(id).leads; i++) {
      this.heartbeat(id);
      this.deliverAll();
    }
  }

  /** Delivers the oldest message again and again until something holds. Nothing is installed meanwhile. */
  deliverUntil(holds: () => boolean): void {
    for (let i = 0; i < DELIVERIES && !holds(); i++) {
      const [oldest] = this.world.network.underWay();
      if (oldest === undefined) break;
      this.deliver(oldest.from, oldest.to);
    }
    if (!holds()) throw new Error("everything is delivered, and it does not hold");
  }

  /** Several inputs of one node in one flush. */
  batch(id: number, inputs: () => void): void {
    this.world.autoFlush = false;
    inputs();
    this.world.autoFlush = true;
    this.world.flush(this.node(id));
  }

  /** Where on a link the oldest message is whose line contains a text. */
  #find(from: number, to: number, part: string): number {
    const position = this.underWay(from, to).findIndex((line) => line.includes(part));
    if (position < 0) throw new Error(`no ${part} is under way from ${from} to ${to}: ${this.underWay(from, to)}`);
    return position;
  }

  /** Delivers the oldest message on a link whose line contains a text; others may be overtaken. */
  deliverOnly(from: number, to: number, part: string): string {
    return this.deliverAt(from, to, this.#find(from, to, part));
  }

  /** Delivers everything between some nodes until nothing is left there. */
  deliverAmong(...ids: readonly number[]): void {
    for (let i = 0; i < DELIVERIES; i++) {
      const next = this.world.network.underWay().find(({ from, to }) => ids.includes(from) && ids.includes(to));
      if (next === undefined) return;
      this.deliver(next.from, next.to);
    }
    throw new Error(`what is between ${ids} does not become quiet`);
  }

  /** Sends the oldest message on a link whose line contains a text once more. */
  duplicate(from: number, to: number, part: string): void {
    this.world.duplicate(this.world.network.link(from, to), this.#find(from, to, part));
  }

  /** A node's host reports that a member cannot be reached: answers the status code's name. */
  unreachable(id: number, peer: number): string {
    return statusOf(this.world.unreachable(this.node(id), peer));
  }

  /** True time passes, ms by ms: timers fire when they are due, and what is sent arrives at once. Nodes that are paused
   * fire none. */
  live(ms: number, ...paused: readonly number[]): void {
    for (let i = 0; i < ms; i++) {
      this.world.advanceAll(1);
      for (const node of this.world.nodes) {
        for (const kind of [TimerKind.ELECTION, TimerKind.HEARTBEAT]) {
          const deadline = node.deadlines[kind] ?? UNARMED;
          const due = deadline !== UNARMED && deadline <= node.clock;
          if (due && node.isUp && !paused.includes(node.id)) this.world.fire(node, kind);
        }
      }
      this.deliverAll();
    }
  }

  #note(node: SimNode, kind: number, first: number, second: number): void {
    if (kind === EventKind.ROLE) this.#lines.push(`   ${node.id}: ${RoleName[first] ?? first} t${second}`);
    else if (kind === EventKind.COMMIT) this.#lines.push(`   ${node.id}: commit ${first}`);
    else if (kind === EventKind.TRUNCATED) this.#lines.push(`   ${node.id}: truncate ${first}..${second}`);
    else if (kind === EventKind.STOPPED) this.#lines.push(`   ${node.id}: stopped by ${statusOf(first | 0)}`);
  }
}

/** What became of a read. */
export interface Read {
  state: "waiting" | "answered" | "refused";
  /** The status code's name that the core answered it with. */
  status: string;
}

function rolesText(roles: number): string {
  const { VOTER, OUTGOING, LEARNER, WITNESS, PROMOTE } = MemberRole;
  const both = (roles & (VOTER | OUTGOING)) === (VOTER | OUTGOING);
  const outgoing = (roles & OUTGOING) !== 0 ? "O" : "";
  const learner = (roles & LEARNER) !== 0 ? "L" : "";
  return `${both ? "B" : outgoing}${learner}${(roles & PROMOTE) !== 0 ? "P" : ""}${(roles & WITNESS) !== 0 ? "W" : ""}`;
}

function setupOf(start: Start, synchronous: boolean): NodeSetup {
  const { terms, log, ...setup } = start;
  const entries = log ?? entriesOf(terms ?? []);
  const term = start.term ?? entries.reduce((highest, entry) => Math.max(highest, entry.term), 0);
  return { synchronous, ...setup, term, entries: encodeEntries(entries) };
}

function describe(envelope: Envelope): string {
  return describeMessage(envelope.bytes.subarray(0, envelope.length));
}

/** A status code's name. */
export function statusOf(status: number): string {
  return StatusCodeName[status] ?? `${status}`;
}

/** Ends of a message that a scenario makes up. */
export function from(sender: number, to: number, term: number): Address {
  return { from: sender, to, term, cluster: DEFAULT_CLUSTER };
}

/** The status code of an input that was taken. */
export const OK = statusOf(StatusCode.OK);

/** A transcript as it is written in a test: without the lines around it and without the indentation that all share. */
export function text(written: string): string {
  const lines = written.split("\n").slice(1, -1);
  const indentation = Math.min(...lines.map((line) => line.search(/\S/)));
  return lines.map((line) => line.slice(indentation)).join("\n");
}
