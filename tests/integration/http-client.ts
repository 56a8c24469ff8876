/** A client over HTTP that tells what it knows of the outcome of a request, and no more. */

import { Agent, request } from "node:http";

export const HOST = "127.0.0.1";

export type Reply =
  | {
      readonly kind: "reply";
      readonly status: number;
      readonly headers: NodeJS.Dict<string | string[]>;
      readonly body: Buffer;
    }
  /** Nothing was sent. */
  | { readonly kind: "refused"; readonly reason: string }
  /** It was sent and not answered. */
  | { readonly kind: "lost"; readonly reason: string };

/** Longer than any server lets a request wait. */
const TIMEOUT_MS = 20_000;

export class HttpClient {
  readonly #agent = new Agent({ keepAlive: true, maxSockets: 64 });

  /** Sends a request; never rejects. */
  send(port: number, method: string, path: string, body?: Uint8Array | string): Promise<Reply> {
    return new Promise((resolve) => {
      let sent = false;
      const asked = request({ agent: this.#agent, host: HOST, port, method, path, timeout: TIMEOUT_MS }, (response) => {
        const chunks: Buffer[] = [];
        response.on("data", (chunk: Buffer) => chunks.push(chunk));
        response.on("error", (error) => resolve({ kind: "lost", reason: error.message }));
        response.on("end", () => {
          const { headers, statusCode = 0 } = response;
          resolve({ kind: "reply", status: statusCode, headers, body: Buffer.concat(chunks) });
        });
      });
      asked.on("socket", (socket) => {
        if (!socket.connecting) sent = true;
        else
          socket.once("connect", () => {
            sent = true;
          });
      });
      asked.on("timeout", () => asked.destroy(new Error(`no answer within ${TIMEOUT_MS} ms`)));
      asked.on("error", (error) => resolve({ kind: sent ? "lost" : "refused", reason: error.message }));
      if (body !== undefined) asked.setHeader("content-length", Buffer.byteLength(body));
      asked.end(body);
    });
  }

  close(): void {
    this.#agent.destroy();
  }
}
