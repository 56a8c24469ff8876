/**
 * Transport within one process: nodes that share a {@link MemoryNetwork} exchange messages through it. For tests, for
 * several nodes in one program, and for a browser; it needs nothing of Node.
 *
 * A message is copied when it is sent and delivered in a later turn, never from inside `send`: the sender's core is in
 * the middle of its flush then. Each node has one bounded inbox; messages to it keep the order in which they were sent.
 */

import { type NodeId, type Transport, TransportError, type TransportEvents } from "./transport.js";

export interface MemoryNetworkOptions {
  /** Messages waiting for one node; when one more comes the oldest is dropped. Default 4096. */
  readonly maxMessages?: number;
  /** Bytes waiting for one node; likewise. A longer message is never delivered. Default 16 MiB. */
  readonly maxBytes?: number;
  /** Runs a task in a later turn, never at once. Default: the event loop's next turn. Tests may keep the task and run
   * it when they choose. */
  readonly schedule?: (task: () => void) => void;
}

/** Decides whether a message gets into the network. `bytes` is valid only during the call. */
export type MessageFilter = (from: NodeId, to: NodeId, bytes: Uint8Array) => boolean;

/** Counts of messages since the network was made. */
export interface MemoryNetworkStats {
  delivered: number;
  /** Dropped because an inbox was full, or nobody was there. */
  dropped: number;
  /** Dropped by the filter. */
  filtered: number;
}

const DEFAULT_MAX_MESSAGES = 4096;
const DEFAULT_MAX_BYTES = 16 << 20;

interface Letter {
  readonly from: NodeId;
  readonly bytes: Uint8Array;
}

/** A node's place in the network, from its `start` to its `stop`. */
interface Station {
  readonly events: TransportEvents;
  /** Who sent it something. */
  readonly met: Set<NodeId>;
  inbox: Letter[];
  inboxBytes: number;
  /** Peers to be reported out of reach in the next turn, with the reason: once a turn, however many messages. */
  hints: Map<NodeId, string>;
}

export class MemoryNetwork {
  /** When set, only messages for which it returns true are carried. A message sent before is delivered nonetheless. */
  filter: MessageFilter | undefined;
  readonly #maxMessages: number;
  readonly #maxBytes: number;
  readonly #schedule: (task: () => void) => void;
  readonly #stations = new Map<NodeId, Station>();
  readonly #stats: MemoryNetworkStats = { delivered: 0, dropped: 0, filtered: 0 };
  #scheduled = false;

  constructor(options: MemoryNetworkOptions = {}) {
    this.#maxMessages = options.maxMessages ?? DEFAULT_MAX_MESSAGES;
    this.#maxBytes = options.maxBytes ?? DEFAULT_MAX_BYTES;
    this.#schedule = options.schedule ?? nextTurn;
  }

  /** A copy of the counters as they are now. */
  get stats(): Readonly<MemoryNetworkStats> {
    return { ...this.#stats };
  }

  /** Called by a transport when it starts. @throws TransportError when the id is taken. */
  attach(id: NodeId, events: TransportEvents): void {
    if (this.#stations.has(id)) {
      throw new TransportError(`node ${id} is on this network already: stop it first, or use another id`);
    }
    this.#stations.set(id, { events, met: new Set(), inbox: [], inboxBytes: 0, hints: new Map() });
  }

  /** Whether a node has had a message from another. */
  hasMet(id: NodeId, other: NodeId): boolean {
    return this.#stations.get(id)?.met.has(other) ?? false;
  }

  /** Called by a transport when it stops; what waits for it is dropped. */
  detach(id: NodeId): void {
    this.#stats.dropped += this.#stations.get(id)?.inbox.length ?? 0;
    this.#stations.delete(id);
  }

  /** Called by a transport to send. */
  carry(from: NodeId, to: NodeId, bytes: Uint8Array): void {
    if (this.filter !== undefined && !this.filter(from, to, bytes)) {
      this.#stats.filtered += 1;
      return;
    }
    const station = this.#stations.get(to);
    if (station === undefined) {
      this.#drop(from, to, "the node is not on the network");
    } else if (bytes.length > this.#maxBytes) {
      this.#drop(from, to, `a message of ${bytes.length} bytes is longer than an inbox (${this.#maxBytes})`);
    } else {
      while (station.inbox.length >= this.#maxMessages || station.inboxBytes + bytes.length > this.#maxBytes) {
        this.#dropOldest(to, station);
      }
      station.inbox.push({ from, bytes: new Uint8Array(bytes) });
      station.inboxBytes += bytes.length;
    }
    this.#wake();
  }

  #dropOldest(to: NodeId, station: Station): void {
    const letter = station.inbox.shift();
    if (letter === undefined) throw new Error("an empty inbox cannot be full");
    station.inboxBytes -= letter.bytes.length;
    this.#drop(letter.from, to, "the node's inbox is full: the oldest messages are dropped");
  }

  #drop(from: NodeId, to: NodeId, reason: string): void {
    this.#stats.dropped += 1;
    this.#stations.get(from)?.hints.set(to, reason);
  }

  #wake(): void {
    if (this.#scheduled) return;
    this.#scheduled = true;
    this.#schedule(() => this.#deliver());
  }

  /** One turn: what was waiting when it began is delivered; what is sent meanwhile waits for the next one. */
  #deliver(): void {
    this.#scheduled = false;
    const turn = [...this.#stations].map(([id, station]) => ({ id, station, ...empty(station) }));
    for (const { id, station, letters, hints } of turn) {
      for (const [peer, reason] of hints) {
        if (this.#stations.get(id) === station) station.events.unreachable(peer, reason);
      }
      for (const { bytes, from } of letters) {
        const present = this.#stations.get(id) === station;
        station.met.add(from);
        this.#stats[present ? "delivered" : "dropped"] += 1;
        if (present) station.events.message(bytes);
      }
    }
  }
}

/** A node's access to a network. Peers are found by id alone, so addresses mean nothing here. */
export class MemoryTransport implements Transport {
  readonly #network: MemoryNetwork;
  readonly #id: NodeId;
  readonly #peers = new Set<NodeId>();
  #attached = false;

  constructor(network: MemoryNetwork, id: NodeId) {
    this.#network = network;
    this.#id = id;
  }

  async start(events: TransportEvents): Promise<void> {
    this.#network.attach(this.#id, events);
    this.#attached = true;
  }

  addPeer(peer: NodeId): void {
    if (peer !== this.#id) this.#peers.add(peer);
  }

  removePeer(peer: NodeId): void {
    this.#peers.delete(peer);
  }

  send(to: NodeId, bytes: Uint8Array): void {
    const known = this.#peers.has(to) || this.#network.hasMet(this.#id, to);
    if (this.#attached && known) this.#network.carry(this.#id, to, bytes);
  }

  async stop(): Promise<void> {
    if (this.#attached) this.#network.detach(this.#id);
    this.#attached = false;
  }
}

function empty(station: Station): { letters: Letter[]; hints: Map<NodeId, string> } {
  const { inbox: letters, hints } = station;
  station.inbox = [];
  station.inboxBytes = 0;
  station.hints = new Map();
  return { letters, hints };
}

/** The event loop's next turn rather than a microtask: nodes that answer each other must not starve timers and I/O. */
function nextTurn(task: () => void): void {
  if (typeof setImmediate === "function") setImmediate(task);
  else setTimeout(task, 0);
}
