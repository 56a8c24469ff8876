/**
 * Hosts of many groups in one process, for tests: disks and network in memory, and time that passes by a millisecond a turn
 * of the event loop, so that a machine that is busy elsewhere delays a test and changes nothing in it.
 */

import {
  type EntryPosition,
  GroupHost,
  GroupWal,
  ManualTimers,
  MemoryNetwork,
  MemorySnapshotStore,
  MemoryTransport,
  type NodeFailedError,
  NotLeaderError,
  type RaftNode,
  type SnapshotThresholds,
  type TransportEvents,
} from "../../host/index.js";
import { QUICK, Recorder, text, until } from "./memory-cluster.js";
import { drawFrom, FaultyDisk } from "./storage/faulty-disk.js";

const HOSTS = [1, 2, 3];
const MEMBERS = HOSTS.map((id) => ({ id, address: `memory:${id}` }));

/** A transport whose connections a test can break. */
class BreakableTransport extends MemoryTransport {
  events: TransportEvents | undefined;

  override start(events: TransportEvents): Promise<void> {
    this.events = events;
    return super.start(events);
  }
}

/** What belongs to one host; disk and snapshots outlive it. */
export interface HostPart {
  readonly id: number;
  readonly host: GroupHost<EntryPosition>;
  readonly wal: GroupWal;
  readonly transport: BreakableTransport;
  readonly clock: ManualTimers;
  readonly machines: Map<number, Recorder>;
}

export class GroupCluster {
  readonly network = new MemoryNetwork();
  readonly failures: NodeFailedError[] = [];
  readonly parts = new Map<number, HostPart>();
  readonly #disks = new Map(HOSTS.map((id) => [id, new FaultyDisk()]));
  readonly #snapshots = new Map<string, MemorySnapshotStore>();
  readonly #groups: readonly number[];
  readonly #thresholds: SnapshotThresholds;
  #ticking = false;

  constructor(groups: number, thresholds: SnapshotThresholds = {}) {
    this.#groups = Array.from({ length: groups }, (_, i) => i + 1);
    this.#thresholds = thresholds;
  }

  async startAll(): Promise<void> {
    for (const id of HOSTS) await this.start(id);
  }

  /** Starts a host on the disk it had before, with a node in every group. */
  async start(id: number): Promise<HostPart> {
    const wal = new GroupWal({ folder: "/groups", fileSystem: this.disk(id).mount(), segmentBytes: 32 * 1024 });
    const transport = new BreakableTransport(this.network, id);
    const clock = new ManualTimers({ seed: id });
    const host = new GroupHost<EntryPosition>({
      cluster: 5n,
      id,
      transport,
      wal,
      clock,
      tick: 1,
      random: random(id),
      capacity: QUICK,
      onFailure: (_group, error) => this.failures.push(error),
    });
    const part = { id, host, wal, transport, clock, machines: new Map<number, Recorder>() };
    await host.start();
    this.parts.set(id, part);
    if (!this.#ticking) this.#tick();
    for (const group of this.#groups) await this.add(part, group);
    return part;
  }

  async add({ host, id, machines }: HostPart, group: number): Promise<RaftNode<EntryPosition>> {
    const machine = new Recorder();
    machines.set(group, machine);
    const key = `${id} ${group}`;
    const snapshots = this.#snapshots.get(key) ?? new MemorySnapshotStore();
    this.#snapshots.set(key, snapshots);
    return host.add(group, { members: MEMBERS, machine, snapshots, snapshot: this.#thresholds });
  }

  /** Power fails: the host is gone, and its disk has what was durable and parts of the rest. */
  async crash(id: number): Promise<void> {
    const { transport } = this.part(id);
    this.parts.delete(id);
    await transport.stop();
    this.disk(id).crash(drawFrom(id));
  }

  part(id: number): HostPart {
    const part = this.parts.get(id);
    if (part === undefined) throw new RangeError(`host ${id} is not running`);
    return part;
  }

  disk(id: number): FaultyDisk {
    const disk = this.#disks.get(id);
    if (disk === undefined) throw new RangeError(`there is no host ${id}`);
    return disk;
  }

  /** The nodes of a group. */
  nodes(group: number): RaftNode<EntryPosition>[] {
    return [...this.parts.values()].map(({ host }) => host.node(group)).filter((node) => node !== undefined);
  }

  /** The commands that each node of a group has applied. */
  applied(group: number): string[][] {
    return [...this.parts.values()].map(({ machines }) => machines.get(group)?.applied ?? []);
  }

  leader(group: number): RaftNode<EntryPosition> | undefined {
    return this.nodes(group).find((node) => node.isLeader);
  }

  allHaveLeaders(): Promise<boolean> {
    return until(() => this.#groups.every((group) => this.leader(group) !== undefined));
  }

  allRest(): Promise<boolean> {
    return until(() => this.#groups.every((group) => this.nodes(group).every((node) => node.status.quiet)));
  }

  /** Proposes at a host, as a client does: goes to the leader that it names, and tries again while there is none. */
  async write(at: number, group: number, command: string): Promise<void> {
    let id = at;
    for (;;) {
      try {
        await this.parts.get(id)?.host.node(group)?.propose(text(command));
        return;
      } catch (error) {
        if (!(error instanceof NotLeaderError)) throw error;
        id = error.leader === 0 || !this.parts.has(error.leader) ? at : error.leader;
      }
      await new Promise((resolve) => setImmediate(resolve));
    }
  }

  async stopAll(): Promise<void> {
    await Promise.all([...this.parts.values()].map(({ host }) => host.stop()));
    this.parts.clear();
  }

  #tick(): void {
    for (const { clock } of this.parts.values()) clock.advance(1);
    this.#ticking = this.parts.size > 0;
    if (this.#ticking) setImmediate(() => this.#tick());
  }
}

function random(seed: number): () => number {
  const draw = drawFrom(seed * 7919);
  return () => draw(1 << 20) / (1 << 20);
}
