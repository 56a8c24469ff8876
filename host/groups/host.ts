/**
 * Many groups in one process: each is a node of its own, with its own leader, log and state machine. They share one instance
 * of the core, in which their arenas lie side by side; one transport; one write-ahead log; and one alarm.
 *
 * A host has one node id, which is that of its nodes in all groups. Groups that rest cost memory and nothing else.
 */

import { type CoreModule, shippedCore } from "../core/module.js";
import type { Capacity } from "../core/plan.js";
import { type NodeFailedError, StoppedError } from "../errors.js";
import { RaftNode, type RaftNodeOptions } from "../node.js";
import { RealTimers } from "../timer/real.js";
import type { Timers } from "../timer/timer.js";
import type { NodeId, Transport } from "../transport/transport.js";
import { GROUP_CAPACITY } from "./capacity.js";
import { type Arena, GroupInstance } from "./instance.js";
import { GroupTimers, type GroupTimersOptions } from "./timers.js";
import { GroupTransport, type GroupTransportStats } from "./transport.js";
import type { GroupWal } from "./wal/wal.js";

/** What all nodes of a host have in common. */
type Shared = "cluster" | "group" | "id" | "transport" | "storage" | "timers" | "core" | "instance" | "onFailure";

/** A group's node: what differs from one group to another. `capacity` says what differs from the host's. */
export type GroupOptions<Result> = Omit<RaftNodeOptions<Result>, Shared>;

export interface GroupHostOptions extends GroupTimersOptions {
  /** The cluster's id, not 0. */
  readonly cluster: bigint;
  /** This host's id, that of its nodes in all groups. */
  readonly id: NodeId;
  /** Started and stopped by the host. */
  readonly transport: Transport;
  /** Opened and closed by the host. */
  readonly wal: GroupWal;
  /** The clock; it serves this host alone. RealTimers unless stated. */
  readonly clock?: Timers;
  /** What differs from GROUP_CAPACITY. */
  readonly capacity?: Partial<Capacity>;
  readonly core?: CoreModule;
  /** A group's node cannot go on and has stopped; the others go on, unless the log failed, which stops all. Unless stated,
   * the error is thrown where nobody can catch it. */
  readonly onFailure?: (group: number, error: NodeFailedError) => void;
}

export interface GroupHostStats extends GroupTransportStats {
  readonly groups: number;
  /** Bytes of the nodes' arenas. */
  readonly arenaBytes: number;
  /** Pages of 64 KiB of the instance's memory. */
  readonly memoryPages: number;
}

interface Placed<Result> {
  readonly node: RaftNode<Result>;
  readonly arena: Arena;
}

export class GroupHost<Result> {
  readonly #options: GroupHostOptions;
  readonly #instance: GroupInstance;
  readonly #core: CoreModule;
  readonly #transport: GroupTransport;
  readonly #timers: GroupTimers;
  readonly #groups = new Map<number, Placed<Result>>();
  #stage: "new" | "running" | "stopped" = "new";

  constructor(options: GroupHostOptions) {
    this.#options = options;
    this.#core = options.core ?? shippedCore();
    this.#instance = new GroupInstance(this.#core);
    this.#transport = new GroupTransport(options.transport, (group, peer) => this.#concerns(group, peer));
    this.#timers = new GroupTimers(options.clock ?? new RealTimers(), options);
  }

  /** Opens the log and begins to receive. Groups are added afterwards: messages for those that are not here yet are dropped.
   * Rejects if the log or the transport cannot be opened. */
  async start(): Promise<void> {
    if (this.#stage !== "new") throw new StoppedError("a host starts once: make a new one");
    this.#stage = "running";
    const { wal } = this.#options;
    await wal.open();
    try {
      this.#timers.start();
      await this.#transport.start();
    } catch (error) {
      this.#stage = "stopped";
      this.#timers.stop();
      await wal.close();
      throw error;
    }
  }

  /** Places a group's node and starts it; it goes on from what the log has of it. Resolves when it runs. Rejects as
   * RaftNode.start. */
  async add(group: number, options: GroupOptions<Result>): Promise<RaftNode<Result>> {
    if (this.#stage !== "running") throw new StoppedError("the host is not running");
    if (this.#groups.has(group)) throw new RangeError(`group ${group} has a node on this host already`);
    const node = this.#make(group, options);
    const arena = this.#instance.newest;
    this.#groups.set(group, { node, arena });
    try {
      await node.start();
    } catch (error) {
      this.#release(group, arena);
      throw error;
    }
    return node;
  }

  /** The node of a group that is here. */
  node(group: number): RaftNode<Result> | undefined {
    return this.#groups.get(group)?.node;
  }

  /** The groups that are here. */
  get groups(): readonly number[] {
    return [...this.#groups.keys()];
  }

  get stats(): GroupHostStats {
    let arenaBytes = 0;
    for (const { arena } of this.#groups.values()) arenaBytes += arena.size;
    const { memoryPages } = this.#instance;
    return { ...this.#transport.stats, groups: this.#groups.size, arenaBytes, memoryPages };
  }

  /** Stops a group's node and gives its arena back; the node object is of no use afterwards. What it wrote stays in the log,
   * from which `add` goes on. */
  async close(group: number): Promise<void> {
    const placed = this.#groups.get(group);
    if (placed === undefined) return;
    await placed.node.stop();
    // Another call may have been first.
    if (this.#groups.get(group) === placed) this.#release(group, placed.arena);
  }

  /** As `close`, and forgets what the group wrote. Only for a node that was removed from the group's members, or a group
   * that is given up on all hosts: under the same id the node must not come back. */
  async remove(group: number): Promise<void> {
    await this.close(group);
    this.#options.wal.remove(group);
  }

  /** Stops all nodes, then what they share. */
  async stop(): Promise<void> {
    if (this.#stage !== "running") return;
    this.#stage = "stopped";
    await Promise.all([...this.#groups.values()].map(({ node }) => node.stop()));
    this.#timers.stop();
    await this.#transport.stop();
    await this.#options.wal.close();
  }

  #make(group: number, options: GroupOptions<Result>): RaftNode<Result> {
    const { cluster, id, onFailure, wal } = this.#options;
    return new RaftNode({
      ...options,
      cluster,
      group,
      id,
      capacity: { ...GROUP_CAPACITY, ...this.#options.capacity, ...options.capacity },
      transport: this.#transport.port(group),
      storage: wal.storage(group),
      timers: this.#timers.node(),
      core: this.#core,
      instance: this.#instance,
      ...(onFailure === undefined ? {} : { onFailure: (error: NodeFailedError) => onFailure(group, error) }),
    });
  }

  #release(group: number, { address, size }: Arena): void {
    this.#groups.delete(group);
    this.#instance.release(address, size);
  }

  /** A peer is out of reach: one that rests has to know only if that is its leader. */
  #concerns(group: number, peer: NodeId): boolean {
    const placed = this.#groups.get(group);
    if (placed === undefined) return false;
    const { leader, quiet } = placed.node.status;
    return !quiet || leader === peer;
  }
}
