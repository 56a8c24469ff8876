/**
 * The peers of a TCP transport, each with its link: those that were added, and those that have dialled this node without.
 */

import type { Socket } from "node:net";
import { formatAddress, type SocketAddress } from "./address.js";
import { Connection, type ConnectionGreeter, type ConnectionOwner, type Ending } from "./connection.js";
import type { TcpContext } from "./context.js";
import type { Hello } from "./hello.js";
import { Link } from "./link.js";
import type { NoticeGate } from "./notice.js";
import type { NodeId } from "./transport.js";

/** Keeps account of accepted connections until their peer has said who it is. */
export class Links implements ConnectionGreeter {
  readonly #context: TcpContext;
  readonly #gate: NoticeGate;
  readonly #links = new Map<NodeId, Link>();
  #dials = false;

  /** @param gate for what accepted connections do before their peer is known */
  constructor(context: TcpContext, gate: NoticeGate) {
    this.#context = context;
    this.#gate = gate;
  }

  /** The peers to which a connection is open. */
  get connected(): NodeId[] {
    return [...this.#links.values()].filter((link) => link.isConnected).map(({ peer }) => peer);
  }

  /** From now on peers are dialled, those that were added before too. */
  start(): void {
    this.#dials = true;
    for (const link of this.#links.values()) link.dial();
  }

  /** A peer is to be found at this address from now on. */
  add(peer: NodeId, address: SocketAddress): void {
    const link = this.#linkOf(peer);
    link.redirect(address);
    if (this.#dials) link.dial();
  }

  /** A peer is no longer wanted. */
  remove(peer: NodeId): void {
    this.#links.get(peer)?.forget();
  }

  send(to: NodeId, bytes: Uint8Array): void {
    this.#links.get(to)?.send(bytes);
  }

  /** Somebody has dialled this node. */
  accept(socket: Socket): void {
    // Asked now: a closed socket no longer knows.
    const origin = formatAddress(socket.remoteAddress ?? "unknown", socket.remotePort ?? 0);
    new Connection(socket, origin, false, this.#context, this);
  }

  /** Ends what leads to peers; sockets whose peer is not known are left to whoever has them all. */
  close(): void {
    for (const link of this.#links.values()) link.close();
    this.#links.clear();
  }

  greeted({ sender }: Hello): ConnectionOwner {
    return this.#linkOf(sender);
  }

  ended(connection: Connection, ending: Ending | undefined): void {
    if (ending !== undefined) this.#gate.tell(ending.kind, `connection from ${connection.remote}: ${ending.reason}`);
  }

  #linkOf(peer: NodeId): Link {
    const known = this.#links.get(peer);
    if (known !== undefined) return known;
    const link = new Link(peer, this.#context, () => this.#links.delete(peer));
    this.#links.set(peer, link);
    return link;
  }
}
