/**
 * A cluster of running nodes in one process, in real time: real timers, real transports, timeouts drawn at random. What a
 * test or a program does to it are faults at the level of whole nodes and links; when it happens is up to the machine.
 *
 * The counterpart of {@link World}, in which nothing happens by itself. What holds there step by step is to be stated here
 * as an outcome, waited for and never timed: a machine under load is slow, and correct all the same.
 */

import { randomBytes } from "node:crypto";
import { join } from "node:path";
import type { MemberInfo } from "../../host/core/configuration.js";
import type { CoreModule } from "../../host/core/module.js";
import { type Capacity, SERVER_CAPACITY } from "../../host/core/plan.js";
import type { StateMachine } from "../../host/machine/machine.js";
import { RaftNode, type RaftNodeOptions } from "../../host/node.js";
import { RealTimers } from "../../host/timer/real.js";
import type { NodeId } from "../../host/transport/transport.js";
import { type LinkedTransport, Links, nameOf } from "./links.js";
import { type Keeping, makePlace, type Place } from "./place.js";
import { type TransportName, Transports } from "./transports.js";
import { pause } from "./waiting.js";
import { Watch } from "./watch.js";

/** Timeouts of some round trips of one process, and messages that fit a datagram. */
export const TIMEFULL_CAPACITY: Capacity = {
  ...SERVER_CAPACITY,
  windowEntries: 4096,
  windowBytes: 1 << 20,
  maxMessage: 1400,
  inflightBytes: 1 << 18,
  uncommittedBytes: 1 << 18,
  addressBytes: 16,
  electionTimeout: 60,
  electionJitter: 60,
  heartbeat: 10,
  keepEntries: 0,
};

/** Between two looks of {@link TimefullCluster.until}, in ms. */
const LOOK_INTERVAL = 2;
/** How long `until` waits at most, in ms: against hanging, far above what anything takes. */
const DEFAULT_PATIENCE = 20_000;

/** What a node is given beside what the cluster gives it. */
export type TimefullNodeOptions<Result> = Pick<
  RaftNodeOptions<Result>,
  "snapshot" | "proposalTimeout" | "changeTimeout" | "transferTimeout"
>;

export interface TimefullOptions<Result, Machine extends StateMachine<Result>> {
  /** How many voters, with ids from 1 on, or the members that the cluster starts with. Addresses are the cluster's affair. */
  readonly members: number | readonly MemberInfo[];
  /** Nodes that run and are no members yet. */
  readonly strangers?: readonly NodeId[];
  /** In memory unless stated. */
  readonly transport?: TransportName;
  /** Where the nodes keep logs and snapshots, a folder each; in memory unless stated. */
  readonly folder?: string;
  /** Makes the state machine of each life of a node. */
  readonly machine: (id: NodeId) => Machine;
  /** What differs from TIMEFULL_CAPACITY. */
  readonly capacity?: Partial<Capacity>;
  readonly node?: TimefullNodeOptions<Result>;
  /** The core to run; the shipped one unless stated. */
  readonly core?: CoreModule;
  /** Draws which messages are lost; Math.random unless stated. */
  readonly random?: () => number;
  /** How long `until` waits at most, in ms; 20,000 unless stated. */
  readonly patience?: number;
}

/** One life of a node. */
export interface Life<Result, Machine> {
  readonly node: RaftNode<Result>;
  readonly machine: Machine;
}

interface Running<Result, Machine> extends Life<Result, Machine> {
  readonly transport: LinkedTransport;
  readonly keeping: Keeping;
}

/** What was waited for did not come. */
export class PatienceError extends Error {
  override readonly name = "PatienceError";
}

export class TimefullCluster<Result, Machine extends StateMachine<Result>> {
  readonly links: Links;
  readonly watch = new Watch();
  /** Nodes that could not go on by themselves. */
  readonly failures: Error[] = [];
  readonly capacity: Capacity;
  /** Of no other cluster on this machine: a port that a node gave back may be another cluster's before its peers know. */
  readonly #cluster = randomBytes(8).readBigUInt64LE();
  readonly #options: TimefullOptions<Result, Machine>;
  readonly #members: readonly MemberInfo[];
  readonly #transports: Transports;
  readonly #ids: NodeId[];
  readonly #places = new Map<NodeId, Place>();
  readonly #lives = new Map<NodeId, Running<Result, Machine>>();
  readonly #starting = new Map<NodeId, Promise<void>>();

  constructor(options: TimefullOptions<Result, Machine>) {
    const { members, strangers = [], transport = "memory" } = options;
    this.#options = options;
    const given = typeof members === "number" ? Array.from({ length: members }, (_, i) => ({ id: i + 1 })) : members;
    this.#members = this.named(given);
    this.#ids = [...given.map(({ id }) => id), ...strangers];
    this.capacity = { ...TIMEFULL_CAPACITY, ...options.capacity };
    this.links = new Links(options.random);
    this.#transports = new Transports(transport, this.#cluster, this.capacity.maxMessage, this.links);
    for (const id of this.ids) this.#makePlace(id);
  }

  /** Whether a rule is broken, or a node could not go on. */
  get isBroken(): boolean {
    return this.watch.broken.length > 0 || this.failures.length > 0;
  }

  /** Ids of all nodes, members or not. */
  get ids(): readonly NodeId[] {
    return this.#ids;
  }

  /** Members with the addresses by which the nodes of this cluster find each other. */
  named(members: readonly MemberInfo[]): MemberInfo[] {
    return members.map((member) => ({ ...member, address: nameOf(member.id) }));
  }

  /** Starts all nodes. */
  async start(): Promise<void> {
    await Promise.all(this.ids.map((id) => this.restart(id)));
  }

  /** Starts a new node, which is no member yet, under an id that no node ever had. */
  async add(): Promise<NodeId> {
    const id = 1 + Math.max(...this.#places.keys());
    this.#makePlace(id);
    await this.restart(id);
    this.#ids.push(id);
    return id;
  }

  /** A node that is no member any more, and is up, ends for good. */
  async retire(id: NodeId): Promise<void> {
    await this.crash(id);
    this.#ids.splice(this.#ids.indexOf(id), 1);
  }

  /** Starts a node that is down, on what it kept. */
  async restart(id: NodeId): Promise<void> {
    const place = this.#places.get(id);
    if (place === undefined) throw new RangeError(`there is no node ${id}`);
    if (this.#lives.has(id) || this.#starting.has(id)) throw new Error(`node ${id} is up`);
    // Nobody is to find it before it runs, and it must not be started twice.
    const started = this.#begin(id, place()).finally(() => this.#starting.delete(id));
    this.#starting.set(id, started);
    await started;
  }

  /** One more life of a node. */
  async #begin(id: NodeId, keeping: Keeping): Promise<void> {
    const { core, machine: makeMachine, node: more } = this.#options;
    const machine = makeMachine(id);
    const transport = this.#transports.open(id);
    const node = new RaftNode<Result>({
      ...more,
      ...(core === undefined ? {} : { core }),
      cluster: this.#cluster,
      id,
      members: this.#members,
      joins: !this.#members.some((member) => member.id === id),
      transport,
      storage: keeping.storage,
      snapshots: keeping.snapshots,
      timers: new RealTimers(),
      machine: this.watch.machine(id, machine),
      observer: this.watch.observer(id),
      capacity: this.capacity,
      onFailure: (error) => this.failures.push(error),
    });
    await node.start();
    this.#lives.set(id, { node, machine, transport, keeping });
  }

  /** Ends a node at once: nobody hears from it any more, and nothing more gets onto its disk. */
  async crash(id: NodeId): Promise<void> {
    const life = this.#lives.get(id);
    if (life === undefined) throw new Error(`node ${id} is down`);
    life.transport.silence();
    life.keeping.halt();
    this.#lives.delete(id);
    await life.node.stop();
  }

  /** Stops all nodes in order. Those that are about to start do so first; whoever starts them hears of it if they do not. */
  async stop(): Promise<void> {
    await Promise.allSettled(this.#starting.values());
    const lives = [...this.#lives.values()];
    this.#lives.clear();
    await Promise.all(lives.map(({ node }) => node.stop()));
  }

  /** A node that is up. */
  get(id: NodeId): Life<Result, Machine> | undefined {
    return this.#lives.get(id);
  }

  /** The nodes that are up. */
  up(): NodeId[] {
    return this.ids.filter((id) => this.#lives.has(id));
  }

  /** Whoever leads in the highest term, of some nodes or of all; undefined while nobody does. One that is cut off believes so
   * until it hears of no quorum for an election timeout. */
  leader(among: readonly NodeId[] = this.ids): NodeId | undefined {
    let found: NodeId | undefined;
    let highest = 0;
    for (const id of among) {
      const node = this.#lives.get(id)?.node;
      if (node?.isLeader !== true || node.status.term <= highest) continue;
      found = id;
      highest = node.status.term;
    }
    return found;
  }

  /** Cuts nodes off from all others. */
  isolate(...some: readonly NodeId[]): void {
    this.links.isolate(some, this.ids);
  }

  /** Every link works again. */
  heal(): void {
    this.links.heal();
  }

  /**
   * Waits until a probe answers something else than undefined or false.
   * @param what is waited for, for the error; asked only then if it is a function
   * @throws {PatienceError} when it does not come, with how the nodes stand
   */
  async until<T>(what: string | (() => string), probe: () => T | undefined | false): Promise<T> {
    const { patience = DEFAULT_PATIENCE } = this.#options;
    const end = performance.now() + patience;
    for (;;) {
      const found = probe();
      if (found !== undefined && found !== false) return found;
      if (performance.now() > end) {
        const missing = typeof what === "string" ? what : what();
        throw new PatienceError(`${missing}: not within ${patience} ms\n${this.describe()}`);
      }
      await pause(LOOK_INTERVAL);
    }
  }

  /** A line for each node. */
  describe(): string {
    return this.ids
      .map((id) => {
        const status = this.#lives.get(id)?.node.status;
        if (status === undefined) return `node ${id} is down`;
        const { applied, commit, lastIndex, leader, role, snapshotIndex, term } = status;
        const log = `log ${lastIndex}, commit ${commit}, applied ${applied}, snapshot ${snapshotIndex}`;
        return `node ${id}: ${role} of term ${term}, leader ${leader}, ${log}`;
      })
      .join("\n");
  }

  #makePlace(id: NodeId): void {
    const { folder } = this.#options;
    this.#places.set(id, makePlace(folder === undefined ? undefined : join(folder, `node-${id}`)));
  }
}
