/** The network between nodes: messages take their time, overtake each other, get lost, come twice, and meet cut links. */

import type { NodeId, Transport, TransportEvents } from "../../host/transport/transport.js";
import type { Digest } from "../digest.js";
import { describeMessage } from "../messages.js";
import { EventLabel, type EventQueue } from "./event-queue.js";
import type { Faults } from "./faults.js";
import type { Life } from "./life.js";
import type { Place } from "./script.js";
import type { Stream } from "./stream.js";

/** What a message takes, in microseconds: at least, usually at most, and at most when it is delayed. */
const LEAST_TIME = 50;
const USUAL_TIME = 800;
const MOST_DELAY = 3_000_000;
/** Of the messages that cannot be delivered, one in so many is told to its sender. */
const HINTS = 3;
const MICROSECONDS = 1000;

interface Station {
  readonly life: Life;
  readonly events: TransportEvents;
  /** Who sent it something. */
  readonly met: Set<NodeId>;
}

export class Network {
  readonly #stations = new Map<NodeId, Station>();
  /** Links that are cut, as "from>to". */
  readonly #cut = new Set<string>();

  constructor(
    private readonly queue: EventQueue,
    private readonly random: Stream,
    private readonly faults: Faults,
    private readonly digest: Digest,
  ) {}

  attach(life: Life, events: TransportEvents): void {
    this.#stations.set(life.id, { life, events, met: new Set() });
  }

  /** Whether a life has had a message from a node. */
  hasMet(life: Life, node: NodeId): boolean {
    const station = this.#stations.get(life.id);
    return station?.life === life && station.met.has(node);
  }

  detach(life: Life): void {
    if (this.#stations.get(life.id)?.life === life) this.#stations.delete(life.id);
  }

  cut(from: NodeId, to: NodeId): void {
    this.#cut.add(`${from}>${to}`);
  }

  heal(): void {
    this.#cut.clear();
  }

  get isWhole(): boolean {
    return this.#cut.size === 0;
  }

  carry(from: Life, to: NodeId, bytes: Uint8Array): void {
    const { digest, faults, random } = this;
    digest.word(from.id);
    digest.word(to);
    digestBytes(digest, bytes);
    if (this.#cut.has(`${from.id}>${to}`)) {
      this.#hint(from, to);
      return;
    }
    const place = { node: from.id, to };
    if (faults.draws("drop", random, place)) {
      faults.count("drop", () => describeMessage(bytes));
      return;
    }
    const copy = bytes.slice();
    this.#post(from, place, copy);
    if (!faults.draws("duplicate", random, place)) return;
    const more = random.below(MOST_DELAY);
    faults.count("duplicate", () => `${describeMessage(bytes)}, again ${Math.round(more / MICROSECONDS)} ms later`);
    this.#post(from, place, copy, more);
  }

  #post(from: Life, place: Place & { readonly to: NodeId }, bytes: Uint8Array, more = 0): void {
    const { faults, queue, random } = this;
    const { to } = place;
    let time = LEAST_TIME + random.below(USUAL_TIME) + more;
    if (faults.draws("delay", random, place)) {
      const delay = random.below(MOST_DELAY);
      faults.count("delay", () => `${describeMessage(bytes)}, by ${Math.round(delay / MICROSECONDS)} ms`);
      time += delay;
    }
    queue.at(queue.now + time, EventLabel.MESSAGE, to, () => {
      const station = this.#stations.get(to);
      if (station?.life.alive !== true) this.#hint(from, to);
      else
        station.life.enter(EventLabel.MESSAGE, () => {
          // The transport may have stopped while the process stood still.
          if (this.#stations.get(to) !== station) return;
          station.met.add(from.id);
          station.events.message(bytes);
        });
    });
  }

  #hint(from: Life, to: NodeId): void {
    const station = this.#stations.get(from.id);
    if (!from.alive || station === undefined || !this.random.oneIn(HINTS)) return;
    from.at(this.queue.now + LEAST_TIME, EventLabel.HINT, () => {
      if (this.#stations.get(from.id) === station) station.events.unreachable(to, "simulated");
    });
  }
}

/** Takes bytes in, four at a time. */
function digestBytes(digest: Digest, bytes: Uint8Array): void {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const end = bytes.length & ~3;
  for (let at = 0; at < end; at += 4) digest.word(view.getUint32(at, true));
  for (let at = end; at < bytes.length; at++) digest.word(view.getUint8(at));
}

/** A node's end of it. An address is "sim:" and the node's id. */
export class SimTransport implements Transport {
  readonly #peers = new Map<NodeId, string>();

  constructor(
    private readonly network: Network,
    private readonly life: Life,
    /** Hears of every message that is handed to the node. */
    private readonly onMessage: (bytes: Uint8Array) => void,
  ) {}

  async start(events: TransportEvents): Promise<void> {
    const message = (bytes: Uint8Array) => {
      this.onMessage(bytes);
      events.message(bytes);
    };
    this.network.attach(this.life, { ...events, message });
  }

  addPeer(peer: NodeId, address: string): void {
    this.#peers.set(peer, address);
  }

  removePeer(peer: NodeId): void {
    this.#peers.delete(peer);
  }

  send(to: NodeId, bytes: Uint8Array): void {
    if (!this.life.alive) return;
    const isKnown = this.#peers.get(to) === addressOf(to) || this.network.hasMet(this.life, to);
    if (isKnown) this.network.carry(this.life, to, bytes);
  }

  async stop(): Promise<void> {
    this.network.detach(this.life);
  }
}

export function addressOf(id: NodeId): string {
  return `sim:${id}`;
}
