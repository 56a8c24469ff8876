/**
 * A cluster of running nodes in one process, with memory transports and storages, for tests of the host library. Its time
 * is that of the event loop: a millisecond a turn, so that a machine that is busy elsewhere delays a test and changes
 * nothing in it.
 */

import {
  type EntryPosition,
  ManualTimers,
  MemoryNetwork,
  MemorySnapshotStore,
  MemoryStorage,
  MemoryTransport,
  RaftNode,
  type RaftNodeOptions,
  type StateMachine,
} from "../../host/index.js";

/** Remembers the commands it applied, and answers with each one's place. */
export class Recorder implements StateMachine<EntryPosition> {
  applied: string[] = [];
  /** How often it was restored from a snapshot. */
  restored = 0;

  apply(command: Uint8Array, position: EntryPosition): EntryPosition {
    const text = new TextDecoder().decode(command);
    if (text === "explode") throw new Error("this command explodes");
    this.applied.push(text);
    return position;
  }

  /** One piece a command. */
  snapshot(): Iterable<Uint8Array> {
    return [...this.applied].map((command) => new TextEncoder().encode(`${command}\n`));
  }

  restore(snapshot: Uint8Array): void {
    this.restored++;
    const lines = new TextDecoder().decode(snapshot).split("\n");
    this.applied = lines.slice(0, -1);
  }
}

/** Short times, but for many round trips: the tests wait for elections. */
export const QUICK = { electionTimeout: 60, electionJitter: 60, heartbeat: 10 };

/** Any one id of a cluster. */
export interface Part {
  readonly node: RaftNode<EntryPosition>;
  readonly machine: Recorder;
  readonly storage: MemoryStorage;
  readonly snapshots: MemorySnapshotStore;
}

export class MemoryCluster {
  readonly network = new MemoryNetwork();
  readonly parts = new Map<number, Part>();
  readonly failures: Error[] = [];
  readonly #members: { id: number; address: string }[];
  readonly #clocks = new Map<number, ManualTimers>();
  #ticking = false;

  constructor(
    size: number,
    readonly options: Partial<RaftNodeOptions<EntryPosition>> = {},
  ) {
    this.#members = Array.from({ length: size }, (_, i) => ({ id: i + 1, address: `memory:${i + 1}` }));
  }

  async startAll(): Promise<void> {
    for (const { id } of this.#members) await this.start(id);
  }

  /** Starts a node; on the storage it had before, if it was there before. */
  async start(id: number, options: Partial<RaftNodeOptions<EntryPosition>> = {}): Promise<Part> {
    const machine = new Recorder();
    const storage = this.parts.get(id)?.storage ?? new MemoryStorage();
    const snapshots = this.parts.get(id)?.snapshots ?? new MemorySnapshotStore();
    const node = new RaftNode({
      cluster: 77n,
      id,
      members: this.#members,
      transport: new MemoryTransport(this.network, id),
      storage,
      snapshots,
      timers: this.#clock(id),
      machine,
      capacity: QUICK,
      onFailure: (error) => this.failures.push(error),
      ...this.options,
      ...options,
    });
    await node.start();
    const part = { node, machine, storage, snapshots };
    this.parts.set(id, part);
    return part;
  }

  /** Starts a node that is to be added to the cluster. */
  join(id: number, options: Partial<RaftNodeOptions<EntryPosition>> = {}): Promise<Part> {
    return this.start(id, { joins: true, ...options });
  }

  /** Stops a node, which may be started again. */
  async stop(id: number): Promise<void> {
    await this.part(id).node.stop();
    this.#clocks.delete(id);
  }

  part(id: number): Part {
    const part = this.parts.get(id);
    if (part === undefined) throw new RangeError(`node ${id} was never started`);
    return part;
  }

  /** The part that leads, once there is one. */
  async leader(): Promise<Part> {
    return until(() => [...this.parts.values()].find(({ node }) => node.isLeader));
  }

  /** A part that follows the one that leads. */
  async follower(): Promise<Part> {
    const { id } = (await this.leader()).node.status;
    return until(() => [...this.parts.values()].find(({ node }) => !node.isLeader && node.status.leader === id));
  }

  async stopAll(): Promise<void> {
    await Promise.all([...this.parts.values()].map(({ node }) => node.stop()));
    this.#clocks.clear();
  }

  #clock(id: number): ManualTimers {
    const clock = new ManualTimers({ seed: id });
    this.#clocks.set(id, clock);
    if (!this.#ticking) this.#tick();
    this.#ticking = true;
    return clock;
  }

  /** A millisecond passes, and another in the next turn, while there are clocks. */
  #tick(): void {
    for (const clock of this.#clocks.values()) clock.advance(1);
    this.#ticking = this.#clocks.size > 0;
    if (this.#ticking) setImmediate(() => this.#tick());
  }
}

/** Waits until `probe` answers something. The test's own time limit bounds it. */
export async function until<T>(probe: () => T | undefined | false): Promise<T> {
  for (;;) {
    const found = probe();
    if (found !== undefined && found !== false) return found;
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
}

export function text(command: string): Uint8Array {
  return new TextEncoder().encode(command);
}
