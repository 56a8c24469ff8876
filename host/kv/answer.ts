/** What a request is answered with, and how that is sent. */

import type { IncomingMessage, ServerResponse } from "node:http";
import { DEFINITE_HEADER } from "./forwarder.js";
import type { Refusal } from "./refusal.js";
import { discardRest } from "./request-body.js";

export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array | string;
}

const JSON_TYPE = { "content-type": "application/json; charset=utf-8" };

export function jsonAnswer(status: number, value: unknown, headers: Readonly<Record<string, string>> = {}): Answer {
  return { status, headers: { ...JSON_TYPE, ...headers }, body: `${JSON.stringify(value)}\n` };
}

export function textAnswer(status: number, body: string, type = "text/plain; charset=utf-8"): Answer {
  return { status, headers: { "content-type": type }, body };
}

export function refusalAnswer({ definite, error, headers, message, status }: Refusal): Answer {
  return jsonAnswer(status, { error, message, definite }, { ...headers, [DEFINITE_HEADER]: String(definite) });
}

/**
 * Sends an answer. Resolves when it has been handed to the connection.
 * @param last no further request is wanted over this connection.
 */
export async function sendAnswer(
  request: IncomingMessage,
  response: ServerResponse,
  { status, headers, body }: Answer,
  last: boolean,
): Promise<void> {
  if (response.destroyed || response.headersSent) return;
  const unread = !request.readableEnded && hasBody(request);
  const close = last || unread ? { connection: "close" } : {};
  response.writeHead(status, { ...headers, "content-length": Buffer.byteLength(body), ...close });
  if (unread) {
    // The whole answer goes out first: then the sender of the rest has been told why nobody wants it.
    response.write(body);
    await discardRest(request);
    response.end();
  } else {
    response.end(body);
  }
}

function hasBody({ headers }: IncomingMessage): boolean {
  return headers["transfer-encoding"] !== undefined || Number(headers["content-length"] ?? 0) > 0;
}
