/**
 * The HTTP service of a node: takes requests, finds who handles them, answers each within its time, and stops in order.
 * Nothing is encrypted and nobody is authenticated: it is for networks whose users are trusted.
 */

import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { formatAddress, type SocketAddress } from "../transport/address.js";
import { adminRoutes } from "./admin-routes.js";
import { type Answer, jsonAnswer, refusalAnswer, sendAnswer } from "./answer.js";
import type { Boards } from "./boards.js";
import { FORWARDED_HEADER, Forwarder, TIMEOUT_HEADER } from "./forwarder.js";
import { Gateway } from "./gateway.js";
import { keyRoutes, type ReadableMachine } from "./key-routes.js";
import { LeaderSignal } from "./leader-signal.js";
import type { KvResult } from "./machine.js";
import { Metrics } from "./metrics.js";
import { type NodeSources, nodeRoutes } from "./node-routes.js";
import { Refusal } from "./refusal.js";
import { BodyBudget } from "./request-body.js";
import { splitTarget } from "./request-target.js";
import { type Exchange, findHandler, findRoute, type Route } from "./route.js";
import { type AdministeredNode, httpAddressOf, type ServedNode } from "./served-node.js";

/** Connections at a time; further ones are closed at once. */
const MAX_CONNECTIONS = 1024;
/** ms after which an unused connection is closed: later than the forwarder of another node closes it. */
const KEEP_ALIVE_MS = 30_000;
/** ms for the header of a request to arrive. */
const HEADERS_TIMEOUT_MS = 10_000;
/** ms for a whole request to arrive. */
const RECEIVE_TIMEOUT_MS = 30_000;
/** ms beyond the request timeout after which closing no longer waits for a request under way. */
const CLOSE_GRACE_MS = 1000;
/** Bytes that another node's answer may have beyond a value. */
const ANSWER_OVERHEAD_BYTES = 64 << 10;

/** The HTTP address cannot be listened on. */
export class ServiceError extends Error {
  override readonly name = "ServiceError";
}

export interface KvServiceOptions extends Omit<NodeSources, "status"> {
  /** Its configuration says where the members serve HTTP, see member-address.ts. */
  readonly node: ServedNode<KvResult> & AdministeredNode;
  readonly machine: ReadableMachine;
  readonly cluster: bigint;
  /** Members that serve no HTTP and are asked over UDP. */
  readonly boards?: Boards;
  /** Most bytes of the store, as {@link KvStore} counts them: what the smallest member holds. No limit unless stated. */
  readonly storeBytes?: number;
  /** ms in which every request is answered; 5,000 unless stated. */
  readonly requestTimeout?: number;
  /** A request failed through a fault of this program. */
  readonly onError?: (error: unknown) => void;
}

export const DEFAULT_REQUEST_TIMEOUT_MS = 5000;

export class KvService {
  readonly #leaders = new LeaderSignal();
  readonly #metrics: Metrics;
  readonly #boards: Boards | undefined;
  readonly #forwarder: Forwarder;
  readonly #routes: readonly Route[];
  readonly #server: Server;
  readonly #requestTimeout: number;
  readonly #onError: (error: unknown) => void;
  #closing = false;

  constructor(options: KvServiceOptions) {
    const { boards, cluster, machine, node, storage, storeBytes, transport } = options;
    this.#boards = boards;
    this.#requestTimeout = options.requestTimeout ?? DEFAULT_REQUEST_TIMEOUT_MS;
    this.#onError = options.onError ?? (() => undefined);
    const sources: NodeSources = { status: () => node.status, storage, transport };
    this.#metrics = new Metrics(sources);
    this.#forwarder = new Forwarder(node.status.id, node.maxCommandBytes + ANSWER_OVERHEAD_BYTES);
    const gateway = new Gateway({
      node,
      forwarder: this.#forwarder,
      leaders: this.#leaders,
      addressOf: (id) => httpAddressOf(node, id),
      random: Math.random,
    });
    const budget = new BodyBudget();
    this.#routes = [
      ...keyRoutes({ node, machine, gateway, budget, boards, storeBytes }),
      ...adminRoutes({ node, gateway, budget, boards }),
      ...nodeRoutes({ ...sources, node, cluster, boards, keys: () => machine.size, metrics: this.#metrics }),
    ];
    this.#server = createServer({
      keepAliveTimeout: KEEP_ALIVE_MS,
      headersTimeout: HEADERS_TIMEOUT_MS,
      requestTimeout: RECEIVE_TIMEOUT_MS,
    });
    this.#server.maxConnections = MAX_CONNECTIONS;
    const serve = (request: IncomingMessage, response: ServerResponse) => {
      this.#serve(request, response).catch(this.#onError);
    };
    // A client that asks whether to go on is told so once it is known that its body is wanted.
    this.#server.on("request", serve).on("checkContinue", serve);
  }

  /** Begins to listen. @throws {ServiceError} that says what to do when the port is taken. */
  listen({ host, port }: SocketAddress): Promise<void> {
    return new Promise((resolve, reject) => {
      const failed = (error: Error) => reject(listenError(formatAddress(host, port), error));
      this.#server.once("error", failed);
      this.#server.listen({ host, port }, () => {
        this.#server.off("error", failed).on("error", this.#onError);
        resolve();
      });
    });
  }

  /** The port listened on. */
  get port(): number {
    const address = this.#server.address();
    if (address === null || typeof address === "string")
      throw new Error("the port is known once listen() has resolved");
    return address.port;
  }

  /** To be called when the node follows another leader: requests that wait for one go on. */
  leaderChanged(): void {
    this.#leaders.changed();
    this.#boards?.leaderChanged();
  }

  /** Finishes the requests under way, takes no further ones, and closes all connections. */
  async close(): Promise<void> {
    this.#closing = true;
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()));
    const timer = setTimeout(() => this.#server.closeAllConnections(), this.#requestTimeout + CLOSE_GRACE_MS);
    await closed;
    clearTimeout(timer);
    this.#forwarder.close();
    this.#boards?.close();
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const started = performance.now();
    const { method = "", url = "" } = request;
    const target = splitTarget(url);
    const route = findRoute(this.#routes, target.path);
    const gone = new AbortController();
    response.once("close", () => gone.abort());
    const forwardedBy = header(request, FORWARDED_HEADER);
    const deadline = started + this.#timeout(header(request, TIMEOUT_HEADER));
    const exchange = { request, response, method, url, target, forwardedBy, deadline, signal: gone.signal };
    const answer = await this.#answer(exchange, route);
    await sendAnswer(request, response, answer, this.#closing);
    const known = route === undefined || !Object.hasOwn(route.methods, method) ? "other" : method;
    this.#metrics.observeRequest(known, route?.name ?? "other", answer.status, (performance.now() - started) / 1000);
  }

  async #answer(exchange: Exchange, route: Route | undefined): Promise<Answer> {
    try {
      return await findHandler(this.#routes, route, exchange.method)(exchange);
    } catch (error) {
      if (error instanceof Refusal) return refusalAnswer(error);
      this.#onError(error);
      // What failed may have failed after the command was proposed.
      return jsonAnswer(500, { error: "internal error", message: "see the log of this node", definite: false });
    }
  }

  /** A node that passes a request on waits no longer than it says. */
  #timeout(stated: string | undefined): number {
    const ms = stated !== undefined && /^\d{1,9}$/.test(stated) ? Number(stated) : Infinity;
    return Math.min(ms, this.#requestTimeout);
  }
}

function header(request: IncomingMessage, name: string): string | undefined {
  const value = request.headers[name];
  return typeof value === "string" ? value : undefined;
}

function listenError(address: string, cause: Error): ServiceError {
  const code = "code" in cause ? cause.code : undefined;
  const wayOut =
    code === "EADDRINUSE"
      ? "the port is taken: stop what uses it, or choose another"
      : code === "EADDRNOTAVAIL"
        ? "this machine has no such address: choose one it has, or 0.0.0.0 for all"
        : code === "EACCES"
          ? "this user may not: choose a port above 1023"
          : cause.message;
  return new ServiceError(`cannot serve HTTP on ${address}: ${wayOut}`, { cause });
}
