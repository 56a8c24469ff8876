/** The resources of the store: single keys, and transactions over several. */

import { type Answer, jsonAnswer } from "./answer.js";
import { encodeCommand, type KvCommand, KvCommandError } from "./command.js";
import type { Gateway, ServedNode } from "./gateway.js";
import type { KvEntry, KvMachine, KvResult } from "./machine.js";
import { badRequest, Refusal, tooLarge } from "./refusal.js";
import { type BodyBudget, type BodyLimits, withBody } from "./request-body.js";
import { consistencyOf, expectParameters, KEY_PREFIX, keyOf } from "./request-target.js";
import type { Exchange, Route } from "./route.js";
import { parseTransaction } from "./transaction.js";

/** What is asked of the state machine directly. */
export type ReadableMachine = Pick<KvMachine, "get" | "size">;

/** Bytes of JSON that a transaction may have for each byte that its command may have: base64 takes four for three, and
 * escapes and names take more. The command itself has the last word. */
const JSON_BYTES_A_COMMAND_BYTE = 2;
const NO_BYTES = new Uint8Array(0);

interface KeyRoutesOptions {
  readonly node: ServedNode<KvResult>;
  readonly machine: ReadableMachine;
  readonly gateway: Gateway<KvResult>;
  readonly budget: BodyBudget;
}

/** The routes of the store. */
export function keyRoutes(options: KeyRoutesOptions): Route[] {
  const routes = new KeyRoutes(options);
  return [
    {
      name: "kv",
      path: KEY_PREFIX,
      methods: {
        GET: (exchange) => routes.get(exchange),
        PUT: (exchange) => routes.put(exchange),
        DELETE: (exchange) => routes.delete(exchange),
      },
    },
    { name: "txn", path: "/v1/txn", methods: { POST: (exchange) => routes.transact(exchange) } },
  ];
}

class KeyRoutes {
  constructor(private readonly options: KeyRoutesOptions) {}

  async get(exchange: Exchange): Promise<Answer> {
    const key = keyOf(exchange.target.path);
    const consistency = consistencyOf(exchange.target.query);
    if (consistency === "local") return this.#local(key);
    if (consistency === "lease") {
      const message = "lease reads are not there yet: use linearizable (the default), or local, which may be stale";
      throw new Refusal(501, "not implemented", message, true);
    }
    return this.#withBody(exchange, { what: "the body of a read", maxBytes: 0 }, (body) =>
      this.#run(exchange, { kind: "get", key }, body),
    );
  }

  async put(exchange: Exchange): Promise<Answer> {
    const key = keyOf(exchange.target.path);
    expectParameters(exchange.target.query, []);
    const overhead = encodeCommand({ kind: "put", key, value: NO_BYTES }).length;
    const limits = { what: "the value", maxBytes: this.options.node.maxCommandBytes - overhead };
    return this.#withBody(exchange, limits, (value) => this.#run(exchange, { kind: "put", key, value }, value));
  }

  async delete(exchange: Exchange): Promise<Answer> {
    const key = keyOf(exchange.target.path);
    expectParameters(exchange.target.query, []);
    return this.#withBody(exchange, { what: "the body of a deletion", maxBytes: 0 }, (body) =>
      this.#run(exchange, { kind: "delete", key }, body),
    );
  }

  async transact(exchange: Exchange): Promise<Answer> {
    expectParameters(exchange.target.query, []);
    const maxBytes = this.options.node.maxCommandBytes * JSON_BYTES_A_COMMAND_BYTE;
    return this.#withBody(exchange, { what: "the transaction's JSON", maxBytes }, (body) =>
      this.#run(exchange, { kind: "txn", ...parseTransaction(body) }, body),
    );
  }

  /** From this node's state machine, however far it is: the headers say how far. */
  #local(key: string): Answer {
    const { applied, leader, role, term } = this.options.node.status;
    const headers = {
      "metalraft-applied": String(applied),
      "metalraft-term": String(term),
      "metalraft-role": role,
      "metalraft-leader": String(leader),
    };
    return valueAnswer(key, this.options.machine.get(key), headers);
  }

  #withBody(exchange: Exchange, limits: BodyLimits, use: (body: Buffer) => Promise<Answer>): Promise<Answer> {
    return withBody(exchange.request, exchange.response, limits, this.options.budget, use);
  }

  async #run(exchange: Exchange, asked: KvCommand, body: Uint8Array): Promise<Answer> {
    const { deadline, forwardedBy, method, signal, url } = exchange;
    const command = encode(asked);
    const { maxCommandBytes } = this.options.node;
    if (command.length > maxCommandBytes) throw tooLarge(`the command, of ${command.length} bytes,`, maxCommandBytes);
    const request = { method, target: url, body };
    const work = { command, readOnly: asked.kind === "get", request, forwardedBy, deadline, signal };
    const outcome = await this.options.gateway.run(work);
    return outcome.kind === "forwarded" ? outcome.response : appliedAnswer(asked, outcome.result);
  }
}

/** @throws {Refusal} when the command breaks a limit of its own, such as the number of a transaction's operations. */
function encode(command: KvCommand): Uint8Array {
  try {
    return encodeCommand(command);
  } catch (error) {
    if (error instanceof KvCommandError) throw badRequest(error.message);
    throw error;
  }
}

/** The answer to a command that was applied. */
function appliedAnswer(asked: KvCommand, result: KvResult): Answer {
  const { index } = result;
  const headers = { "metalraft-index": String(index) };
  switch (result.kind) {
    case "get":
      return valueAnswer(asked.kind === "get" ? asked.key : "", result.entry, headers);
    case "put":
      return jsonAnswer(200, { index }, headers);
    case "delete":
      return jsonAnswer(200, { index, existed: result.existed }, headers);
    case "txn":
      return jsonAnswer(200, { index, succeeded: result.succeeded }, headers);
    case "rejected":
      // Encoded here and applied here, so only a fault of this program leads here; it changed nothing.
      throw new Refusal(500, "internal error", result.reason, true, headers);
  }
}

function valueAnswer(key: string, entry: KvEntry | undefined, headers: Readonly<Record<string, string>>): Answer {
  if (entry === undefined) throw new Refusal(404, "not found", `there is no key ${JSON.stringify(key)}`, true, headers);
  const own = { "content-type": "application/octet-stream", "metalraft-mod-index": String(entry.modIndex) };
  return { status: 200, headers: { ...headers, ...own }, body: entry.value };
}
