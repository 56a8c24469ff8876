/** The resources of the store: single keys, and transactions over several. */

import { LogClock } from "../session/log-clock.js";
import { type Answer, jsonAnswer } from "./answer.js";
import type { Boards } from "./boards.js";
import { encodeCommand, encodeLimited, type KvCommand, KvCommandError } from "./command.js";
import type { Gateway, Outcome } from "./gateway.js";
import { idempotencyKeyOf, onceAnswer, wrapOnce } from "./idempotency.js";
import type { KvEntry, KvMachine, KvResult } from "./machine.js";
import { badRequest, KEYED_WAY_OUT, Refusal, storeFull, tooLarge, WRITE_WAY_OUT } from "./refusal.js";
import { type BodyBudget, type BodyLimits, withBody } from "./request-body.js";
import { type Consistency, consistencyOf, expectParameters, KEY_PREFIX, keyOf } from "./request-target.js";
import type { Exchange, Route } from "./route.js";
import { isWitness, keepsState, type ServedNode } from "./served-node.js";
import type { KvStoreResult } from "./store.js";
import { parseTransaction } from "./transaction.js";

/** What is asked of the state machine directly. */
export type ReadableMachine = Pick<KvMachine, "get" | "size" | "logTime">;

/** Bytes of JSON that a transaction may have for each byte that its command may have: base64 takes four for three, and
 * escapes and names take more. The command itself has the last word. */
const JSON_BYTES_A_COMMAND_BYTE = 2;
const NO_BYTES = new Uint8Array(0);

interface KeyRoutesOptions {
  readonly node: ServedNode<KvResult>;
  readonly machine: ReadableMachine;
  readonly gateway: Gateway;
  readonly budget: BodyBudget;
  /** Boards among the members. */
  readonly boards: Boards | undefined;
  /** Most bytes of the store: what the smallest member holds. Undefined for no limit. */
  readonly storeBytes: number | undefined;
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
  readonly #clock: LogClock;

  constructor(private readonly options: KeyRoutesOptions) {
    this.#clock = new LogClock(
      () => options.machine.logTime,
      () => performance.now(),
    );
  }

  async get(exchange: Exchange): Promise<Answer> {
    const key = keyOf(exchange.target.path);
    const consistency = consistencyOf(exchange.target.query);
    if (consistency === "local") return this.#local(key);
    return this.#withBody(exchange, { what: "the body of a read", maxBytes: 0 }, () =>
      this.#read(exchange, key, consistency),
    );
  }

  async put(exchange: Exchange): Promise<Answer> {
    const key = keyOf(exchange.target.path);
    expectParameters(exchange.target.query, []);
    const overhead = this.#encode({ kind: "put", key, value: NO_BYTES }, idempotencyKeyOf(exchange)).length;
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

  /** From this node's state machine, however far it is: the headers say how far, and since when it has heard of nothing
   * newer. */
  #local(key: string): Answer {
    if (isWitness(this.options.node)) {
      const message = "this node is a witness, which has no state: ask another, or without consistency=local";
      throw new Refusal(409, "no state", message, true);
    }
    const { commit, leader, role, term } = this.options.node.status;
    const staleness = this.options.node.staleness();
    const headers = {
      ...this.#applied(),
      "metalraft-commit": String(commit),
      "metalraft-staleness": Number.isFinite(staleness) ? String(Math.ceil(staleness)) : "unknown",
      "metalraft-term": String(term),
      "metalraft-role": role,
      "metalraft-leader": String(leader),
    };
    return valueAnswer(key, this.options.machine.get(key), headers);
  }

  /** By any node that has the state, once the leader has said how far it must be. */
  async #read(
    { deadline, forwardedBy, method, signal, url }: Exchange,
    key: string,
    consistency: Exclude<Consistency, "local">,
  ): Promise<Answer> {
    const { gateway, machine, node } = this.options;
    const kind = consistency === "lease" ? "lease" : "index";
    const act = async () => {
      if (!node.tryRead(kind)) await node.read(kind);
      return { entry: machine.get(key), headers: this.#applied() };
    };
    const request = { method, target: url, body: NO_BYTES, idempotencyKey: undefined };
    const isDoneHere = () => keepsState(node);
    const work = { act, isDoneHere, effect: "none", wayOut: "", request, forwardedBy, deadline, signal } as const;
    const outcome = await gateway.run(work);
    if (outcome.kind === "forwarded") return outcome.response;
    return valueAnswer(key, outcome.result.entry, outcome.result.headers);
  }

  #applied(): Record<string, string> {
    return { "metalraft-applied": String(this.options.node.status.applied) };
  }

  #withBody(exchange: Exchange, limits: BodyLimits, use: (body: Buffer) => Promise<Answer>): Promise<Answer> {
    return withBody(exchange.request, exchange.response, limits, this.options.budget, use);
  }

  async #run(exchange: Exchange, asked: KvCommand, body: Uint8Array): Promise<Answer> {
    const { deadline, forwardedBy, method, signal, url } = exchange;
    const idempotencyKey = idempotencyKeyOf(exchange);
    const command = this.#encode(asked, idempotencyKey);
    const { boards, gateway, node, storeBytes } = this.options;
    const { maxCommandBytes } = node;
    if (command.length > maxCommandBytes) throw tooLarge(`the command, of ${command.length} bytes,`, maxCommandBytes);
    const keyed = idempotencyKey !== undefined;
    const outcome = await gateway.run<KvResult>({
      act: () => node.propose(command),
      ask: boards === undefined ? undefined : (remaining) => boards.propose(command, asked, remaining),
      isDoneHere: () => false,
      effect: keyed ? "once" : "again",
      wayOut: keyed ? KEYED_WAY_OUT : WRITE_WAY_OUT,
      request: { method, target: url, body, idempotencyKey },
      ...{ forwardedBy, deadline, signal },
    });
    return outcome.kind === "forwarded" ? outcome.response : appliedAnswer(asked, outcome, storeBytes);
  }

  /** A command as it is proposed. */
  #encode(asked: KvCommand, idempotencyKey: string | undefined): Uint8Array {
    const { boards, storeBytes } = this.options;
    if (boards !== undefined && idempotencyKey !== undefined) throw unkept();
    const command = encode(asked, storeBytes);
    return idempotencyKey === undefined ? command : wrapOnce(command, idempotencyKey, this.#clock.now());
  }
}

/** @throws {Refusal} when the command breaks a limit of its own, such as the number of a transaction's operations. */
function encode(command: KvCommand, storeBytes: number | undefined): Uint8Array {
  try {
    return storeBytes === undefined ? encodeCommand(command) : encodeLimited(command, storeBytes);
  } catch (error) {
    if (error instanceof KvCommandError) throw badRequest(error.message);
    throw error;
  }
}

/** Boards would have to keep what was answered, and have no room for it. */
function unkept(): Refusal {
  const message = "the boards of this cluster keep no idempotency keys: send the write without Idempotency-Key";
  return new Refusal(501, "not implemented", message, true);
}

/** The answer to a command that was taken. */
function appliedAnswer(
  asked: KvCommand,
  { result, uncertain }: Outcome<KvResult> & { kind: "applied" },
  storeBytes: number | undefined,
): Answer {
  if (result.kind !== "session") return resultAnswer(asked, result, storeBytes);
  return onceAnswer(result, uncertain, (first) => resultAnswer(asked, first, storeBytes));
}

/** The answer to a command that was applied. */
function resultAnswer(asked: KvCommand, result: KvStoreResult, storeBytes = 0): Answer {
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
    case "full":
      throw storeFull(storeBytes);
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
