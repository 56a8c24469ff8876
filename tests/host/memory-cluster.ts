/** A cluster of running nodes in one process, with memory transports and storages, for tests of the host library. */

import {
  type EntryPosition,
  MemoryNetwork,
  MemoryStorage,
  MemoryTransport,
  RaftNode,
  type RaftNodeOptions,
  RealTimers,
  type StateMachine,
} from "../../host/index.js";

/** Remembers the commands it applied, and answers with each one's place. */
export class Recorder implements StateMachine<EntryPosition> {
  readonly applied: string[] = [];

  apply(command: Uint8Array, position: EntryPosition): EntryPosition {
    const text = new TextDecoder().decode(command);
    if (text === "explode") throw new Error("this command explodes");
    this.applied.push(text);
    return position;
  }
}

/** Short times: the tests wait for elections. */
export const QUICK = { electionTimeout: 60, electionJitter: 60, heartbeat: 10 };

/** Any one id of a cluster. */
export interface Part {
  readonly node: RaftNode<EntryPosition>;
  readonly machine: Recorder;
  readonly storage: MemoryStorage;
}

export class MemoryCluster {
  readonly network = new MemoryNetwork();
  readonly parts = new Map<number, Part>();
  readonly failures: Error[] = [];
  readonly #members: { id: number; address: string }[];

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
    const node = new RaftNode({
      cluster: 77n,
      id,
      members: this.#members,
      transport: new MemoryTransport(this.network, id),
      storage,
      timers: new RealTimers(),
      machine,
      capacity: QUICK,
      onFailure: (error) => this.failures.push(error),
      ...this.options,
      ...options,
    });
    await node.start();
    const part = { node, machine, storage };
    this.parts.set(id, part);
    return part;
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

  async stopAll(): Promise<void> {
    await Promise.all([...this.parts.values()].map(({ node }) => node.stop()));
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
