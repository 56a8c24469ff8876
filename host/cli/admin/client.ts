/**
 * Asks a running cluster over HTTP. Any node takes any request, so the nodes named are asked one after the other until
 * one answers.
 */

import { request as httpRequest } from "node:http";
import * as v from "valibot";
import { MEMBERS_PATH, type MembersBody, membersSchema, type RefusalBody, refusalSchema } from "../../kv/admin-body.js";
import { TIMEOUT_HEADER } from "../../kv/forwarder.js";
import { formatAddress, type SocketAddress } from "../../transport/address.js";
import { UsageError } from "../output.js";

/** Longest answer that is read, in bytes: a configuration has at most 64 members of a few hundred bytes. */
const MAX_ANSWER_BYTES = 1 << 20;
/** ms that a node may take to answer: longer than its own time for a request is by default. */
const ANSWER_TIMEOUT_MS = 10_000;
/** ms that one may take to tell the members: without a leader it would wait for one, and another node may have one. */
const LOOK_TIMEOUT_MS = 1500;
/** The part of the patience that a node is told to answer within. */
const ANSWER_SHARE = 0.9;
/** HTTP status of what may be tried again. */
const UNAVAILABLE = 503;

export interface AdminRequest {
  readonly method: "GET" | "POST" | "PUT" | "PATCH" | "DELETE";
  readonly path: string;
  readonly body?: unknown;
}

export type AdminReply =
  | { readonly kind: "done"; readonly body: unknown }
  | { readonly kind: "refused"; readonly status: number; readonly refusal: RefusalBody }
  /** No node gave an answer; one of them may have done what was asked. */
  | { readonly kind: "silent"; readonly reason: string };

/** One exchange with one node. */
interface Answer {
  readonly status: number;
  readonly text: string;
}

export class AdminClient {
  /** @param nodes HTTP addresses, at least one; the first that answers is asked first from then on. */
  constructor(private readonly nodes: SocketAddress[]) {}

  /** Asks one node after the other, until one has an answer or refuses for good. Never rejects. `patience` is in ms, for
   * each node. */
  async send(asked: AdminRequest, patience = ANSWER_TIMEOUT_MS): Promise<AdminReply> {
    const reasons: string[] = [];
    let refused: AdminReply | undefined;
    for (const node of [...this.nodes]) {
      try {
        const answer = await exchange(node, asked, Math.max(1, Math.min(patience, ANSWER_TIMEOUT_MS)));
        const reply = readAnswer(answer);
        // A node that was removed, or is cut off, knows of no leader: another may.
        if (reply.kind === "refused" && reply.status === UNAVAILABLE && reply.refusal.definite) refused = reply;
        else {
          this.#prefer(node);
          return reply;
        }
      } catch (error) {
        const { host, port } = node;
        reasons.push(`${formatAddress(host, port)}: ${error instanceof Error ? error.message : String(error)}`);
        // What was sent may have been done: only what has no effect is asked of another node.
        if (!(error instanceof UnsentError) && asked.method !== "GET") break;
      }
    }
    if (refused !== undefined) return refused;
    return { kind: "silent", reason: `no node answers (${reasons.join("; ")}): name one that runs with --node` };
  }

  /** The members as the leader has them. */
  async members(patience: number): Promise<MembersBody | Exclude<AdminReply, { kind: "done" }>> {
    const reply = await this.send({ method: "GET", path: MEMBERS_PATH }, Math.min(patience, LOOK_TIMEOUT_MS));
    return reply.kind === "done" ? parseBody(membersSchema, reply.body) : reply;
  }

  /** Further nodes that may be asked. */
  learn(nodes: readonly SocketAddress[]): void {
    for (const node of nodes) {
      const known = this.nodes.some(({ host, port }) => host === node.host && port === node.port);
      if (!known) this.nodes.push(node);
    }
  }

  #prefer(node: SocketAddress): void {
    this.nodes.splice(this.nodes.indexOf(node), 1);
    this.nodes.unshift(node);
  }
}

/** Nothing of the request left. */
class UnsentError extends Error {
  override readonly name = "UnsentError";
}

/** Asks one node. Rejects when it gives no answer. `patience` is in ms. */
export function askNode(node: SocketAddress, asked: AdminRequest, patience = ANSWER_TIMEOUT_MS): Promise<AdminReply> {
  return new AdminClient([node]).send(asked, patience);
}

/** Reads the body of an answer. @throws {UsageError} when it is of another form: another program answers there. */
export function parseBody<Output>(schema: v.GenericSchema<unknown, Output>, body: unknown): Output {
  const result = v.safeParse(schema, body);
  if (result.success) return result.output;
  throw new UsageError(
    `the answer is not that of a metalraft node (${result.issues[0].message}): is it another program?`,
  );
}

function exchange(node: SocketAddress, { body, method, path }: AdminRequest, patience: number): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const bytes = body === undefined ? "" : JSON.stringify(body);
    const headers = {
      "content-length": Buffer.byteLength(bytes),
      // Its answer is there before this side gives up.
      [TIMEOUT_HEADER]: Math.max(1, Math.floor(patience * ANSWER_SHARE)),
      ...(body === undefined ? {} : { "content-type": "application/json" }),
    };
    let sent = false;
    const asked = httpRequest({ host: node.host, port: node.port, method, path, headers, agent: false }, (response) => {
      let text = "";
      response.setEncoding("utf8");
      response.on("data", (part: string) => {
        text += part;
        if (text.length > MAX_ANSWER_BYTES) asked.destroy(new Error("an answer that is far too long"));
      });
      response.once("error", reject);
      response.once("end", () => resolve({ status: response.statusCode ?? 0, text }));
    });
    const timer = setTimeout(() => asked.destroy(new Error(`no answer within ${Math.ceil(patience)} ms`)), patience);
    asked.once("close", () => clearTimeout(timer));
    asked.once("socket", (socket) => socket.once("connect", () => (sent = true)));
    asked.once("error", (error) => reject(sent ? error : new UnsentError(error.message)));
    asked.end(bytes);
  });
}

function readAnswer({ status, text }: Answer): AdminReply {
  let body: unknown;
  try {
    body = JSON.parse(text);
  } catch {
    body = undefined;
  }
  if (status >= 200 && status < 300) return { kind: "done", body };
  const refusal = v.safeParse(refusalSchema, body);
  if (refusal.success) return { kind: "refused", status, refusal: refusal.output };
  throw new Error(`HTTP status ${status}, and not from a metalraft node`);
}
