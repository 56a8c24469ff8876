/**
 * Passes a request to another node over HTTP, and tells three ways of failing apart: an answer, no answer although
 * nothing was sent (so nothing happened), and no answer after something was sent (so nobody knows).
 */

import { Agent, request as httpRequest, type IncomingMessage } from "node:http";
import type { SocketAddress } from "../transport/address.js";

/** Marks a forwarded request, with the id of the node that forwards it: such a request is not forwarded again. */
export const FORWARDED_HEADER = "metalraft-forwarded";
/** How long the forwarding node will wait, in ms. */
export const TIMEOUT_HEADER = "metalraft-timeout";
/** "true" or "false": the `definite` of a refusal. */
export const DEFINITE_HEADER = "metalraft-definite";
/** The client's name for one write, by which it is applied once however often it is sent. Known as such elsewhere too. */
export const IDEMPOTENCY_HEADER = "idempotency-key";
/** What every header of this service begins with. */
const OWN_HEADERS = "metalraft-";

/** Connections to one peer at a time; further requests wait for one of them. */
const MAX_SOCKETS = 256;
/** Connections kept for later. */
const MAX_IDLE_SOCKETS = 32;
/** ms after which an unused connection is closed: well before the other side would close it, because a request sent
 * over a connection that is being closed has an unknown outcome. */
const IDLE_TIMEOUT_MS = 10_000;
/** The asked node's answer must arrive before this one gives up: it knows more about the outcome. */
const ANSWER_MARGIN_MS = 100;

export interface ForwardedRequest {
  readonly method: string;
  /** Path and query, as they came. */
  readonly target: string;
  readonly body: Uint8Array;
  /** The client's idempotency key, if it gave one. */
  readonly idempotencyKey: string | undefined;
}

export interface ForwardedResponse {
  readonly status: number;
  /** Those to be passed on. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
}

export type Forwarding =
  | { readonly kind: "answer"; readonly response: ForwardedResponse }
  /** Nothing was sent. */
  | { readonly kind: "unreachable"; readonly reason: string }
  /** It was sent, at least in part, and not answered. */
  | { readonly kind: "unknown"; readonly reason: string };

export class Forwarder {
  readonly #agent = new Agent({
    keepAlive: true,
    maxSockets: MAX_SOCKETS,
    maxFreeSockets: MAX_IDLE_SOCKETS,
    timeout: IDLE_TIMEOUT_MS,
  });

  /**
   * @param from this node's id.
   * @param maxResponseBytes the longest answer that is taken.
   */
  constructor(
    private readonly from: number,
    private readonly maxResponseBytes: number,
  ) {}

  /** Never rejects. `timeout` is in ms. */
  send(
    to: SocketAddress,
    { method, target, body, idempotencyKey }: ForwardedRequest,
    timeout: number,
  ): Promise<Forwarding> {
    return new Promise((resolve) => {
      let sent = false;
      const request = httpRequest({
        agent: this.#agent,
        host: to.host,
        port: to.port,
        method,
        path: target,
        headers: {
          "content-length": body.length,
          [FORWARDED_HEADER]: this.from,
          [TIMEOUT_HEADER]: Math.max(1, Math.floor(timeout - ANSWER_MARGIN_MS)),
          ...(idempotencyKey === undefined ? {} : { [IDEMPOTENCY_HEADER]: idempotencyKey }),
        },
      });
      const timer = setTimeout(() => request.destroy(new Error(`no answer within ${Math.ceil(timeout)} ms`)), timeout);
      const settle = (outcome: Forwarding) => {
        clearTimeout(timer);
        resolve(outcome);
      };
      const fail = (error: Error) => {
        const reason = `${to.host}:${to.port}: ${error.message}`;
        settle({ kind: sent ? "unknown" : "unreachable", reason });
      };
      request.on("socket", (socket) => {
        if (!socket.connecting) sent = true;
        else socket.once("connect", () => (sent = true));
      });
      request.on("error", fail);
      request.on("response", (response) => {
        this.#gather(response).then((gathered) => settle({ kind: "answer", response: gathered }), fail);
      });
      request.end(body);
    });
  }

  /** Closes the connections that are not in use; those in use end with their request. */
  close(): void {
    this.#agent.destroy();
  }

  async #gather(response: IncomingMessage): Promise<ForwardedResponse> {
    const chunks: Buffer[] = [];
    let length = 0;
    for await (const chunk of response as AsyncIterable<Buffer>) {
      length += chunk.length;
      if (length > this.maxResponseBytes) throw new Error(`an answer of more than ${this.maxResponseBytes} bytes`);
      chunks.push(chunk);
    }
    if (!response.complete) throw new Error("the answer was cut short");
    return { status: response.statusCode ?? 0, headers: passedOn(response), body: Buffer.concat(chunks, length) };
  }
}

function passedOn({ headers }: IncomingMessage): Record<string, string> {
  const passed: Record<string, string> = {};
  for (const [name, value] of Object.entries(headers)) {
    const wanted = name.startsWith(OWN_HEADERS) || ["content-type", "allow", "retry-after"].includes(name);
    if (wanted && typeof value === "string") passed[name] = value;
  }
  return passed;
}
