/**
 * Transport over UDP, for clusters with microcontrollers in them: one message a datagram, in the frames of the firmware
 * (udp-frame.ts). As over TCP nothing is encrypted and nobody is authenticated.
 *
 * Boards also answer what servers ask of them (udp-ask.ts), in the same frames.
 *
 * There are no connections and no acknowledgements: what is lost is lost, and the core sends again. Messages must fit a
 * datagram, and should fit what the network carries unfragmented (about 1,400 bytes): set the plan's maxMessage to it.
 * What is foreign, damaged, too long or meant for another node is dropped, counted, and told of now and then; it is never
 * answered, so that a flood is not doubled. Addresses are "host:port"; names are looked up once, and again when they could
 * not be.
 */

import { createSocket, type RemoteInfo, type Socket } from "node:dgram";
import { lookup } from "node:dns/promises";
import { isIP, isIPv6 } from "node:net";
import { Header } from "../core/abi.js";
import { formatAddress, parseAddress, type SocketAddress } from "./address.js";
import { NoticeGate } from "./notice.js";
import { type NodeId, type Transport, TransportError, type TransportEvents } from "./transport.js";
import { isAsk } from "./udp-ask.js";
import { decodeDatagram, encodeDatagram } from "./udp-frame.js";
import {
  emptyUdpStats,
  resolveUdpOptions,
  type UdpLimits,
  type UdpStats,
  type UdpTransportOptions,
} from "./udp-options.js";

export type { UdpStats, UdpTransportOptions } from "./udp-options.js";

interface Endpoint {
  readonly ip: string;
  readonly port: number;
}

interface Peer {
  readonly text: string;
  readonly address: SocketAddress;
  /** The IP address; undefined until the name has been found. */
  ip: string | undefined;
  /** When the name may be looked up again, on the monotonic clock; infinite while that is under way. */
  lookupFrom: number;
}

/** A node that is being added is spoken to by a few: more are strays. */
const MOST_STRANGERS = 16;
/** The system's default holds about 200 datagrams of 1 KiB: room for the burst of a cluster while this process is busy. */
const RECEIVE_BUFFER_BYTES = 1 << 20;

export class UdpTransport implements Transport {
  readonly #options: UdpLimits;
  readonly #gate: NoticeGate;
  readonly #socket: Socket;
  readonly #peers = new Map<NodeId, Peer>();
  /** Where those came from who spoke to this node and were never added, newest last. */
  readonly #strangers = new Map<NodeId, Endpoint>();
  readonly #stats: UdpStats = emptyUdpStats();
  #events: TransportEvents | undefined;
  #heard: ((bytes: Uint8Array) => void) | undefined;
  #started = false;
  #stopped: Promise<void> | undefined;
  #boundPort: number | undefined;

  /** @throws TransportError that names an option out of its range. */
  constructor(options: UdpTransportOptions) {
    this.#options = resolveUdpOptions(options);
    this.#gate = new NoticeGate(options.onNotice, this.#options.noticeIntervalMs, () => performance.now());
    this.#socket = createSocket({ type: isIPv6(this.#options.host) ? "udp6" : "udp4" });
    this.#socket.on("message", (datagram, from) => this.#received(datagram, from));
  }

  /** Where this node listens, in the form `addPeer` takes; the port is the one chosen where 0 was asked for.
   * @throws Error before `start` has resolved. */
  get address(): string {
    if (this.#boundPort === undefined) throw new Error("the address is known once start() has resolved");
    return formatAddress(this.#options.host, this.#boundPort);
  }

  /** Has someone hear what boards answer when they are asked (udp-ask.ts). `bytes` is valid only during the call. */
  onAsk(heard: (bytes: Uint8Array) => void): void {
    this.#heard = heard;
  }

  /** A copy of the counters as they are now. */
  get stats(): Readonly<UdpStats> {
    return { ...this.#stats };
  }

  /** Listens. A transport starts once; after `stop` make a new one. */
  async start(events: TransportEvents): Promise<void> {
    if (this.#started || this.#stopped !== undefined) throw new Error("a transport starts once");
    this.#started = true;
    this.#events = events;
    const { host, port } = this.#options;
    await new Promise<void>((resolve, reject) => {
      const failed = (error: NodeJS.ErrnoException): void => {
        const text = `cannot listen on ${formatAddress(host, port)}: ${wayOut(error, port)}`;
        reject(new TransportError(text, { cause: error }));
      };
      this.#socket.once("error", failed);
      this.#socket.bind({ address: host, port, exclusive: true }, () => {
        this.#socket.off("error", failed);
        this.#socket.on("error", (error) => this.#gate.tell("listen-failed", `the socket: ${error.message}`));
        resolve();
      });
    });
    this.#socket.setRecvBufferSize(RECEIVE_BUFFER_BYTES);
    this.#boundPort = this.#socket.address().port;
  }

  /** An address that cannot be read is no error here, because it may come from the replicated log: it is told in a notice,
   * and the peer stays out of reach until it has another. This node's own id is ignored. */
  addPeer(peer: NodeId, address: string): void {
    if (peer === this.#options.id || this.#stopped !== undefined || this.#peers.get(peer)?.text === address) return;
    this.removePeer(peer);
    try {
      const parsed = parseAddress(address);
      const entry = { text: address, address: parsed, ip: undefined, lookupFrom: 0 };
      this.#peers.set(peer, entry);
      this.#find(peer, entry);
    } catch (error) {
      if (!(error instanceof TransportError)) throw error;
      this.#gate.tell("bad-address", `node ${peer}: ${error.message}`, peer);
    }
  }

  removePeer(peer: NodeId): void {
    this.#peers.delete(peer);
    this.#strangers.delete(peer);
  }

  send(to: NodeId, bytes: Uint8Array): void {
    if (this.#boundPort === undefined || this.#stopped !== undefined) return;
    const peer = this.#peers.get(to);
    const stranger = this.#strangers.get(to);
    if (peer === undefined && stranger === undefined) return;
    const { maxMessageBytes, maxQueueBytes } = this.#options;
    const waiting = this.#socket.getSendQueueSize();
    if (bytes.length > maxMessageBytes) {
      const text = `a message of ${bytes.length} bytes is not sent: at most ${maxMessageBytes} are`;
      this.#drop(to, `${text}; set the plan's maxMessage to that`, "oversized");
    } else if (waiting > maxQueueBytes) {
      this.#drop(to, `${waiting} bytes wait for the network`, "queue-full");
    } else if (peer !== undefined && peer.ip === undefined) {
      this.#stats.dropped += 1;
      this.#find(to, peer);
    } else {
      const endpoint = peer?.ip === undefined ? stranger : { ip: peer.ip, port: peer.address.port };
      if (endpoint !== undefined) this.#hand(to, endpoint, bytes);
    }
  }

  /** Closes the socket without waiting for messages to leave. May be called again, and at any time. */
  stop(): Promise<void> {
    this.#events = undefined;
    this.#heard = undefined;
    this.#peers.clear();
    this.#strangers.clear();
    this.#stopped ??= new Promise((resolve) => {
      this.#socket.close(() => resolve());
    });
    return this.#stopped;
  }

  #hand(to: NodeId, { ip, port }: Endpoint, bytes: Uint8Array): void {
    const datagram = encodeDatagram(bytes);
    this.#stats.messagesOut += 1;
    this.#stats.bytesOut += datagram.length;
    this.#socket.send(datagram, port, ip, (error) => {
      if (error !== null)
        this.#drop(to, `sending to ${formatAddress(ip, port)} failed: ${error.message}`, "connect-failed");
    });
  }

  #received(datagram: Buffer, from: RemoteInfo): void {
    this.#stats.bytesIn += datagram.length;
    const message = decodeDatagram(datagram, this.#options.maxMessageBytes);
    if (typeof message === "string") {
      this.#stats.badFrames += 1;
      this.#gate.tell("bad-frame", `datagram from ${formatAddress(from.address, from.port)} dropped: ${message}`);
      return;
    }
    const problem = this.#foreign(message);
    if (problem !== undefined) {
      this.#stats.refused += 1;
      this.#gate.tell("refused", `message from ${formatAddress(from.address, from.port)} dropped: ${problem}`);
      return;
    }
    this.#stats.messagesIn += 1;
    const view = new DataView(message.buffer, message.byteOffset, message.length);
    this.#remember(view.getUint32(Header.from, true), from);
    if (isAsk(view)) this.#heard?.(message);
    else this.#events?.message(message);
  }

  /** Why a message cannot be for this node. What is wrong beyond that, the core will say. */
  #foreign(message: Uint8Array): string | undefined {
    if (message.length < Header.size) return `${message.length} bytes are no message`;
    const view = new DataView(message.buffer, message.byteOffset, message.length);
    const cluster = view.getBigUint64(Header.cluster, true);
    if (cluster !== this.#options.cluster) {
      return `it belongs to cluster ${cluster}, this node to cluster ${this.#options.cluster}`;
    }
    const to = view.getUint32(Header.to, true);
    if (to !== this.#options.id) return `it is for node ${to}, this is node ${this.#options.id}: check its addresses`;
    return undefined;
  }

  /** A sender that was never added is answered the way it came: a node that is being added knows nobody yet. */
  #remember(sender: NodeId, { address, port }: RemoteInfo): void {
    if (this.#peers.has(sender)) return;
    this.#strangers.delete(sender);
    this.#strangers.set(sender, { ip: address, port });
    if (this.#strangers.size <= MOST_STRANGERS) return;
    for (const oldest of this.#strangers.keys()) {
      this.#strangers.delete(oldest);
      return;
    }
  }

  /** Looks up a peer's name, unless that is under way or was tried lately. */
  #find(id: NodeId, peer: Peer): void {
    const { host } = peer.address;
    if (isIP(host) !== 0) {
      peer.ip = host;
      return;
    }
    if (performance.now() < peer.lookupFrom) return;
    peer.lookupFrom = Number.POSITIVE_INFINITY;
    const family = isIPv6(this.#options.host) ? 6 : 4;
    lookup(host, { family }).then(
      ({ address }) => {
        peer.ip = address;
      },
      (error: Error) => {
        peer.lookupFrom = performance.now() + this.#options.lookupIntervalMs;
        const reason = `node ${id} at ${peer.text}: its name is not found: ${error.message}`;
        this.#gate.tell("connect-failed", reason, id);
        this.#events?.unreachable(id, reason);
      },
    );
  }

  /** A message was not sent: the operator is told now, the core when the turn ends, because `send` is called by it. */
  #drop(peer: NodeId, reason: string, kind: "oversized" | "queue-full" | "connect-failed"): void {
    this.#stats.dropped += 1;
    this.#gate.tell(kind, `node ${peer}: ${reason}`, peer);
    setImmediate(() => this.#events?.unreachable(peer, reason));
  }
}

/** What went wrong on listening, and what to do about it. */
function wayOut(error: NodeJS.ErrnoException, port: number): string {
  switch (error.code) {
    case "EADDRINUSE":
      return `UDP port ${port} is taken: stop the process that has it, or choose another port`;
    case "EACCES":
      return `not permitted to use UDP port ${port}: choose one from 1024 on`;
    default:
      return `${error.message}: choose another host or port`;
  }
}
