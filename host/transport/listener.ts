/**
 * The listening socket: a bounded number of connections is accepted.
 */

import { createServer, type Server, type Socket } from "node:net";
import { formatAddress } from "./address.js";
import type { TcpContext } from "./context.js";
import type { NoticeGate } from "./notice.js";
import { TransportError } from "./transport.js";

export class Listener {
  readonly #gate: NoticeGate;
  readonly #server: Server;

  constructor(context: TcpContext, gate: NoticeGate, accept: (socket: Socket) => void) {
    this.#gate = gate;
    this.#server = createServer({ noDelay: true, keepAlive: true });
    this.#server.maxConnections = context.limits.maxConnections;
    this.#server.on("connection", accept);
    this.#server.on("drop", (from) => {
      context.stats.turnedAway += 1;
      const origin = formatAddress(from?.remoteAddress ?? "unknown", from?.remotePort ?? 0);
      const text = `${context.limits.maxConnections} connections are open already: raise maxConnections if all are peers`;
      this.#gate.tell("too-many-connections", `connection from ${origin} turned away: ${text}`);
    });
  }

  /** Listens on `host`, port `port`. @returns the port, which the system chooses if `port` is 0. */
  listen(host: string, port: number): Promise<number> {
    return new Promise((resolve, reject) => {
      const failed = (error: NodeJS.ErrnoException): void => {
        const text = `cannot listen on ${formatAddress(host, port)}: ${wayOut(error, port)}`;
        reject(new TransportError(text, { cause: error }));
      };
      this.#server.once("error", failed);
      this.#server.listen({ host, port }, () => {
        this.#server.off("error", failed);
        this.#server.on("error", (error) => this.#gate.tell("listen-failed", `listening: ${error.message}`));
        const bound = this.#server.address();
        resolve(bound !== null && typeof bound === "object" ? bound.port : port);
      });
    });
  }

  /** Stops listening; resolves when the sockets accepted, which others close, are closed too. */
  close(): Promise<void> {
    return new Promise((resolve) => {
      this.#server.close(() => resolve());
    });
  }
}

/** What went wrong on listening, and what to do about it. */
function wayOut(error: NodeJS.ErrnoException, port: number): string {
  switch (error.code) {
    case "EADDRINUSE":
      return `port ${port} is taken: stop the process that has it, or choose another port`;
    case "EACCES":
      return `not permitted to use port ${port}: choose one from 1024 on`;
    case "EADDRNOTAVAIL":
    case "ENOTFOUND":
      return "this machine has no such address: listen on one it has, or on 0.0.0.0 or :: for all of them";
    default:
      return `${error.message}: choose another host or port`;
  }
}
