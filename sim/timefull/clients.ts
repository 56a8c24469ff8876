/**
 * Clients of the key-value state machine on running nodes: each waits for its answer before it asks again, and what all of
 * them saw becomes a history for the linearizability checker.
 *
 * An error that says so is the promise that nothing happened; any other leaves the outcome unknown. Nothing is proposed
 * twice: what a client asks for again is another operation.
 */

import { RaftError } from "../../host/errors.js";
import { encodeCommand, type KvCommand } from "../../host/kv/command.js";
import type { KvMachine, KvResult } from "../../host/kv/machine.js";
import type { RaftNode, ReadConsistency } from "../../host/node.js";
import type { NodeId } from "../../host/transport/transport.js";
import { type Call, History, type OperationHandle, type Result, type Value } from "../checkers/history.js";
import type { Random } from "../random.js";
import type { Life, TimefullCluster } from "./cluster.js";

export type KvCluster = TimefullCluster<KvResult, KvMachine>;

/** Keys that are in use at a time. */
const KEYS = 8;
/** Operations after which other keys take their place: what the checker has to search for one key stays small. */
const OPERATIONS_OF_A_GENERATION = 4000;
/** Longest pause of a client between two operations, in ms. */
const LONGEST_PAUSE = 6;
const encoder = new TextEncoder();
const decoder = new TextDecoder();

export interface ClientCounts {
  /** Operations that were answered. */
  answered: number;
  /** That were refused: nothing happened. */
  failed: number;
  /** Whose outcome nobody knows. */
  unknown: number;
}

export class KvClients {
  readonly history = new History();
  readonly counts: ClientCounts = { answered: 0, failed: 0, unknown: 0 };
  readonly #cluster: KvCluster;
  readonly #random: Random;
  #begun = 0;
  #over = false;

  constructor(cluster: KvCluster, random: Random) {
    this.#cluster = cluster;
    this.#random = random;
  }

  /** So many clients ask for one thing after another until `end`. */
  async run(clients: number): Promise<void> {
    await Promise.all(Array.from({ length: clients }, (_, client) => this.#one(client)));
  }

  /** Nothing more is asked for. */
  end(): void {
    this.#over = true;
  }

  async #one(client: number): Promise<void> {
    while (!this.#over) {
      await new Promise((resolve) => setTimeout(resolve, this.#random.below(LONGEST_PAUSE)));
      const id = this.#whom();
      const life = id === undefined ? undefined : this.#cluster.get(id);
      if (life !== undefined) await this.#ask(client, life);
    }
  }

  /** Mostly whoever leads, sometimes anybody. */
  #whom(): NodeId | undefined {
    const up = this.#cluster.up();
    const anybody = up[this.#random.below(up.length)];
    return this.#random.oneIn(4) ? anybody : (this.#cluster.leader() ?? anybody);
  }

  async #ask(client: number, life: Life<KvResult, KvMachine>): Promise<void> {
    this.#begun++;
    const generation = Math.floor(this.#begun / OPERATIONS_OF_A_GENERATION);
    const key = `${generation}.${this.#random.below(KEYS)}`;
    const call = this.#draw(life, key);
    const handle = this.history.begin(client, { ...call, key });
    try {
      const result = await this.#outcome(call, key, life);
      this.history.ok(handle, result);
      this.counts.answered++;
    } catch (error) {
      this.#failed(handle, error);
    }
  }

  #draw({ machine }: Life<KvResult, KvMachine>, key: string): Call {
    const value = `${this.#begun}`;
    const draw = this.#random.below(10);
    if (draw < 4) return { kind: "read" };
    if (draw < 7) return { kind: "write", argument: value };
    if (draw < 8) return { kind: "delete" };
    // What the node has is a good guess, and often a wrong one.
    return { kind: "cas", argument: { expected: valueAt(machine, key), value } };
  }

  #outcome(call: Call, key: string, life: Life<KvResult, KvMachine>): Promise<Result> {
    if (call.kind !== "read") return propose(life.node, commandOf(call, key));
    const draw = this.#random.below(3);
    if (draw === 0) return propose(life.node, { kind: "get", key });
    return this.#read(draw === 1 ? "index" : "lease", key, life);
  }

  /** A read beside the log: what was applied anywhere before it was asked for was committed, and has to show. */
  async #read(kind: ReadConsistency, key: string, { machine, node }: Life<KvResult, KvMachine>): Promise<Value> {
    const { watch } = this.#cluster;
    const before = watch.applied;
    await node.read(kind);
    watch.answers(node.status, kind, before);
    return valueAt(machine, key);
  }

  #failed(handle: OperationHandle, error: unknown): void {
    if (!(error instanceof RaftError)) throw error;
    if (error.definite) this.history.failed(handle);
    else this.history.unknown(handle);
    this.counts[error.definite ? "failed" : "unknown"]++;
  }
}

function commandOf(call: Exclude<Call, { readonly kind: "read" }>, key: string): KvCommand {
  switch (call.kind) {
    case "write":
      return { kind: "put", key, value: encoder.encode(call.argument) };
    case "delete":
      return { kind: "delete", key };
    case "cas": {
      const { expected, value } = call.argument;
      const compare =
        expected === null
          ? { kind: "absent" as const, key }
          : { kind: "value" as const, key, value: encoder.encode(expected) };
      const operation =
        value === null ? { kind: "delete" as const, key } : { kind: "put" as const, key, value: encoder.encode(value) };
      return { kind: "txn", compare: [compare], then: [operation] };
    }
  }
}

async function propose(node: RaftNode<KvResult>, command: KvCommand): Promise<Result> {
  const result = await node.propose(encodeCommand(command));
  switch (result.kind) {
    case "put":
    case "delete":
      return null;
    case "get":
      return result.entry === undefined ? null : decoder.decode(result.entry.value);
    case "txn":
      return result.succeeded;
    default:
      throw new Error(`the state machine answers a ${command.kind} with "${result.kind}"`);
  }
}

function valueAt(machine: KvMachine, key: string): Value {
  const entry = machine.get(key);
  return entry === undefined ? null : decoder.decode(entry.value);
}
