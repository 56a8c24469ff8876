/**
 * What lies between running nodes in real time: links that can be cut in one direction or in both, that lose messages, and
 * where each node is to be found at the moment. It stands above the transports, so that it is the same for all of them.
 *
 * Fault model. A cut link loses what is sent over it, and what was sent before and has not been handed over yet; a lossy one
 * loses each message with the same chance. Delay, order and repetition are those of the transport underneath.
 */

import { Header } from "../../host/core/abi.js";
import type { NodeId, Transport, TransportEvents } from "../../host/transport/transport.js";

/** All links between the nodes of a cluster. */
export class Links {
  /** Messages that were handed over, and that were lost on purpose. */
  readonly counts = { carried: 0, lost: 0 };
  readonly #cut = new Set<string>();
  readonly #random: () => number;
  #loss = 0;

  /** @param random draws which messages are lost: a number in [0, 1) */
  constructor(random: () => number = Math.random) {
    this.#random = random;
  }

  /** The share of messages that every link loses, from 0 to 1. */
  get loss(): number {
    return this.#loss;
  }
  set loss(share: number) {
    if (!(share >= 0 && share <= 1)) throw new RangeError(`a share of ${share} is lost: give a number from 0 to 1`);
    this.#loss = share;
  }

  /** Cuts the link from one node to another, in this direction. */
  cut(from: NodeId, to: NodeId): void {
    this.#cut.add(key(from, to));
  }

  /** Cuts some nodes off from all of the others, in both directions; among themselves they go on. */
  isolate(some: readonly NodeId[], all: readonly NodeId[]): void {
    for (const one of some) {
      for (const other of all) {
        if (some.includes(other)) continue;
        this.cut(one, other);
        this.cut(other, one);
      }
    }
  }

  /** Every link works again; what is lost by chance still is. */
  heal(): void {
    this.#cut.clear();
  }

  isCut(from: NodeId, to: NodeId): boolean {
    return this.#cut.has(key(from, to));
  }

  /** Whether a message that leaves now gets onto its link. */
  takes(from: NodeId, to: NodeId): boolean {
    const lost = this.isCut(from, to) || (this.#loss > 0 && this.#random() < this.#loss);
    if (lost) this.counts.lost++;
    return !lost;
  }

  /** Whether a message that has arrived is handed over. */
  hands(from: NodeId, to: NodeId): boolean {
    const lost = this.isCut(from, to);
    this.counts[lost ? "lost" : "carried"]++;
    return !lost;
  }
}

function key(from: NodeId, to: NodeId): string {
  return `${from}>${to}`;
}

/**
 * Where the nodes are to be found. Members have names for addresses, "node:3", because a port is known only once the system
 * has chosen it, and is another one after a restart.
 */
export class Directory {
  readonly #places = new Map<NodeId, string>();
  readonly #listeners = new Set<(id: NodeId, place: string) => void>();

  placeOf(id: NodeId): string | undefined {
    return this.#places.get(id);
  }

  /** A node is to be found at another place from now on. */
  announce(id: NodeId, place: string): void {
    this.#places.set(id, place);
    for (const listener of this.#listeners) listener(id, place);
  }

  /** Hears of every announcement. @returns what ends that */
  listen(listener: (id: NodeId, place: string) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }
}

/** A member's address in the log: the name that the directory finds it by. */
export function nameOf(id: NodeId): string {
  return `node:${id}`;
}

/** A transport whose messages go over links, and whose peers are found by a directory. */
export class LinkedTransport implements Transport {
  readonly #id: NodeId;
  readonly #inner: Transport;
  readonly #links: Links;
  readonly #directory: Directory;
  readonly #place: () => string;
  readonly #peers = new Set<NodeId>();
  #unlisten: () => void = () => undefined;
  #silent = false;

  /** @param place where the transport underneath is to be found, once it has started */
  constructor(id: NodeId, inner: Transport, place: () => string, links: Links, directory: Directory) {
    this.#id = id;
    this.#inner = inner;
    this.#place = place;
    this.#links = links;
    this.#directory = directory;
  }

  async start(events: TransportEvents): Promise<void> {
    this.#unlisten = this.#directory.listen((peer, place) => {
      if (this.#peers.has(peer)) this.#inner.addPeer(peer, place);
    });
    await this.#inner.start({
      message: (bytes) => {
        if (!this.#silent && this.#links.hands(senderOf(bytes), this.#id)) events.message(bytes);
      },
      unreachable: (peer, reason) => {
        if (!this.#silent) events.unreachable(peer, reason);
      },
    });
    this.#directory.announce(this.#id, this.#place());
  }

  addPeer(peer: NodeId): void {
    this.#peers.add(peer);
    const place = this.#directory.placeOf(peer);
    if (place !== undefined) this.#inner.addPeer(peer, place);
  }

  removePeer(peer: NodeId): void {
    this.#peers.delete(peer);
    this.#inner.removePeer(peer);
  }

  send(to: NodeId, bytes: Uint8Array): void {
    if (!this.#silent && this.#links.takes(this.#id, to)) this.#inner.send(to, bytes);
  }

  /** The node has crashed: whatever it still does, nobody hears of it, and it hears nothing. */
  silence(): void {
    this.#silent = true;
  }

  stop(): Promise<void> {
    this.#unlisten();
    return this.#inner.stop();
  }
}

/** Whose message it is. The core judges the rest; a transport hands over nothing shorter than a header. */
function senderOf(bytes: Uint8Array): NodeId {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength).getUint32(Header.from, true);
}
