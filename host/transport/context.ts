/**
 * What all connections of one TCP transport share.
 */

import type { Socket } from "node:net";
import type { SocketAddress } from "./address.js";
import type { Hello, Identity } from "./hello.js";
import type { TcpLimits } from "./limits.js";
import type { NoticeGate } from "./notice.js";
import type { TransportEvents } from "./transport.js";

/** Counts since the transport was made. They only rise. */
export interface TcpStats {
  /** Messages handed to the node. */
  messagesIn: number;
  /** Messages handed to a socket. What of them a breaking connection loses is not known. */
  messagesOut: number;
  /** Bytes received, framing, hellos and pings included, also those of refused connections. */
  bytesIn: number;
  /** Bytes of messages handed to a socket, framing included. */
  bytesOut: number;
  /** Writes it took to hand over `messagesOut`. */
  writes: number;
  /** Messages dropped before a socket took them: queue full, peer out of reach, message too long. */
  dropped: number;
  /** Times that a peer became connected, whoever dialled, or that an earlier process of it was replaced. */
  connects: number;
  /** Those of `connects` that were not the first with their peer. */
  reconnects: number;
  /** Connections closed because of what came over them: no frame, damaged, too long, out of place. */
  badFrames: number;
  /** Connections, of either direction, refused because of what their hello said. */
  refused: number;
  /** Connections turned away because there were too many. */
  turnedAway: number;
}

export function emptyStats(): TcpStats {
  return {
    messagesIn: 0,
    messagesOut: 0,
    bytesIn: 0,
    bytesOut: 0,
    writes: 0,
    dropped: 0,
    connects: 0,
    reconnects: 0,
    badFrames: 0,
    refused: 0,
    turnedAway: 0,
  };
}

export interface TcpContext {
  readonly identity: Identity;
  /** This node's next hello. */
  nextHello(): Hello;
  /** A socket that connects to an address. */
  connect(address: SocketAddress): Socket;
  readonly limits: TcpLimits;
  readonly stats: TcpStats;
  readonly events: TransportEvents;
  readonly sockets: SocketSet;
  readonly random: () => number;
  /** A gate of its own for each peer and for the listener, so that one cannot silence another. */
  newGate(): NoticeGate;
}

/** The sockets that are not closed yet, whoever uses them, so that stopping can wait for all of them. */
export class SocketSet {
  readonly #open = new Set<Socket>();

  add(socket: Socket): void {
    this.#open.add(socket);
    socket.once("close", () => this.#open.delete(socket));
  }

  get size(): number {
    return this.#open.size;
  }

  /** Resolves when every socket has been closed. */
  async destroyAll(): Promise<void> {
    const closing = [...this.#open].map(
      (socket) => new Promise<void>((resolve) => socket.once("close", () => resolve())),
    );
    for (const socket of this.#open) socket.destroy();
    await Promise.all(closing);
  }
}
