/**
 * Transport over TCP, between nodes that trust their network: nothing is encrypted and nobody is authenticated.
 *
 * Two nodes have one connection, over which messages go both ways, whichever of them dialled: link.ts. It is enough that one
 * of them knows the other, and can reach it: a node that was away while members came, went or moved hears from a leader whose
 * address it does not have, and can get that from no one else.
 *
 * Addresses are "host:port", IPv6 hosts in brackets. Frames: frame.ts; the order in which they come: connection.ts.
 */

import { randomBytes } from "node:crypto";
import { connect } from "node:net";
import { formatAddress, parseAddress, type SocketAddress } from "./address.js";
import { emptyStats, SocketSet, type TcpContext, type TcpStats } from "./context.js";
import { PROTOCOL_VERSION } from "./hello.js";
import { resolveLimits, type TcpLimits } from "./limits.js";
import { Links } from "./links.js";
import { Listener } from "./listener.js";
import { type Notice, NoticeGate } from "./notice.js";
import { type NodeId, type Transport, TransportError, type TransportEvents } from "./transport.js";

/** What the transport must know, and those of its limits that should not have their default. */
export interface TcpTransportOptions extends Partial<TcpLimits> {
  /** This node's id, 1 to 4294967295. */
  readonly id: NodeId;
  /** The cluster's id, an unsigned 64-bit number; nodes of another cluster are refused. */
  readonly cluster: bigint;
  /** Name or address of the interface to listen on, an IPv6 address without brackets. "0.0.0.0" or "::" for all. */
  readonly host: string;
  /** Port to listen on, 0 to 65535; at 0 the system chooses one, see {@link TcpTransport.address}. */
  readonly port: number;
  /** Hears what an operator should know. May be called from inside `send` and must not throw. */
  readonly onNotice?: (notice: Notice) => void;
  /** Draws the jitter of reconnecting: a number in [0, 1). Default Math.random. */
  readonly random?: () => number;
}

const MAX_NODE_ID = 0xffffffff;
const MAX_CLUSTER_ID = 0xffffffffffffffffn;
const MAX_PORT = 65535;

export class TcpTransport implements Transport {
  readonly #id: NodeId;
  readonly #host: string;
  readonly #port: number;
  readonly #context: TcpContext;
  readonly #listener: Listener;
  readonly #gate: NoticeGate;
  readonly #links: Links;
  /** Of the peers, as they were given. */
  readonly #addresses = new Map<NodeId, string>();
  #events: TransportEvents | undefined;
  #listening: Promise<number> | undefined;
  #boundPort: number | undefined;
  #stopped = false;

  /** @throws TransportError that names an option out of its range. */
  constructor(options: TcpTransportOptions) {
    checkOptions(options);
    const { id, cluster, host, port, onNotice, random = Math.random } = options;
    const limits = resolveLimits(options);
    this.#id = id;
    this.#host = host;
    this.#port = port;
    const identity = { version: PROTOCOL_VERSION, sender: id, cluster, incarnation: randomBytes(8).readBigUInt64LE() };
    let hellos = 0n;
    this.#context = {
      identity,
      nextHello: () => ({ ...identity, number: ++hellos }),
      connect: ({ host, port }: SocketAddress) => connect({ host, port, noDelay: true, keepAlive: true }),
      limits,
      random,
      stats: emptyStats(),
      sockets: new SocketSet(),
      newGate: () => new NoticeGate(onNotice, limits.noticeIntervalMs, () => performance.now()),
      // The only way to the node: once stopped it hears nothing, not even the rest of a chunk being decoded.
      events: {
        message: (bytes) => this.#events?.message(bytes),
        unreachable: (peer, reason) => this.#events?.unreachable(peer, reason),
      },
    };
    this.#gate = this.#context.newGate();
    this.#links = new Links(this.#context, this.#gate);
    this.#listener = new Listener(this.#context, this.#gate, (socket) => this.#links.accept(socket));
  }

  /** Where this node listens, in the form `addPeer` takes; the port is the one chosen where 0 was asked for.
   * @throws Error before `start` has resolved. */
  get address(): string {
    if (this.#boundPort === undefined) throw new Error("the address is known once start() has resolved");
    return formatAddress(this.#host, this.#boundPort);
  }

  /** A copy of the counters as they are now. */
  get stats(): Readonly<TcpStats> {
    return { ...this.#context.stats };
  }

  /** The peers with which messages can be exchanged at the moment, as far as is known. */
  get connected(): readonly NodeId[] {
    return this.#links.connected;
  }

  /** Sockets of connections that are open now, in whatever state; without the one that listens. */
  get openSockets(): number {
    return this.#context.sockets.size;
  }

  /** Listens, then dials the peers. A transport starts once; after `stop` make a new one. */
  async start(events: TransportEvents): Promise<void> {
    if (this.#listening !== undefined || this.#stopped) throw new Error("a transport starts once");
    this.#events = events;
    this.#listening = this.#listener.listen(this.#host, this.#port);
    this.#boundPort = await this.#listening;
    if (!this.#stopped) this.#links.start();
  }

  /** Keeps a connection to the peer from now on, and dials it unless it has dialled this node. One that is known with another
   * address is dialled anew. An address that cannot be read is no error here, because it may come from the replicated log: it is
   * told in a notice, and the peer is not dialled until it has another. This node's own id is ignored. */
  addPeer(peer: NodeId, address: string): void {
    if (peer === this.#id || this.#stopped || this.#addresses.get(peer) === address) return;
    try {
      this.#links.add(peer, parseAddress(address));
      this.#addresses.set(peer, address);
    } catch (error) {
      if (!(error instanceof TransportError)) throw error;
      this.removePeer(peer);
      this.#gate.tell("bad-address", `node ${peer}: ${error.message}`, peer);
    }
  }

  /** Messages waiting for the peer are dropped, unless it has dialled this node. What the peer itself sends is still received:
   * that is for the core to judge, which may yet have to tell it that it was removed. */
  removePeer(peer: NodeId): void {
    this.#addresses.delete(peer);
    this.#links.remove(peer);
  }

  send(to: NodeId, bytes: Uint8Array): void {
    if (!this.#stopped) this.#links.send(to, bytes);
  }

  /** Closes everything at once, without waiting for messages to leave. May be called again, and at any time. */
  async stop(): Promise<void> {
    this.#stopped = true;
    this.#events = undefined;
    this.#links.close();
    // A server that is still about to listen cannot be closed; one that failed to is closed already.
    await this.#listening?.catch(() => undefined);
    const closed = this.#listener.close();
    await this.#context.sockets.destroyAll();
    await closed;
  }
}

function checkOptions({ id, cluster, port, host }: TcpTransportOptions): void {
  if (!Number.isInteger(id) || id < 1 || id > MAX_NODE_ID) {
    throw new TransportError(`node id ${id}: give a whole number from 1 to ${MAX_NODE_ID}`);
  }
  if (cluster < 0n || cluster > MAX_CLUSTER_ID) {
    throw new TransportError(`cluster id ${cluster}: give a whole number from 0 to ${MAX_CLUSTER_ID}`);
  }
  if (!Number.isInteger(port) || port < 0 || port > MAX_PORT) {
    throw new TransportError(`port ${port}: give a whole number from 0 to ${MAX_PORT}`);
  }
  if (host === "") throw new TransportError("the host to listen on is empty: give 0.0.0.0 or :: for all interfaces");
}
