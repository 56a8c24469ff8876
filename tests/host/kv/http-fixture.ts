/** The HTTP service around a node that does as a test says. */

import { connect } from "node:net";
import { onTestFinished } from "vitest";
import type { NodeStatus, RaftError } from "../../../host/index.js";
import type { ServedNode } from "../../../host/kv/gateway.js";
import { KvMachine, type KvResult } from "../../../host/kv/machine.js";
import { KvService, type KvServiceOptions } from "../../../host/kv/service.js";
import { emptyStats } from "../../../host/transport/context.js";

export const HOST = "127.0.0.1";
export const MAX_COMMAND_BYTES = 4096;

/** For requests whose time is meant to run out. */
export const HASTY = { requestTimeout: 300 } as const;

/** Applies what is proposed at once, unless told otherwise. */
export class FakeNode implements ServedNode<KvResult> {
  readonly machine = new KvMachine();
  maxCommandBytes = MAX_COMMAND_BYTES;
  /** What the next proposals run into, in order. */
  readonly troubles: (RaftError | "hang")[] = [];
  /** Commands that were proposed. */
  proposed = 0;
  leader: number;
  commit = 0;
  applied = 0;

  constructor(readonly id: number) {
    this.leader = id;
  }

  get isLeader(): boolean {
    return this.leader === this.id;
  }

  get status(): NodeStatus {
    const { applied, commit, id, leader } = this;
    const role = this.isLeader ? "LEADER" : "FOLLOWER";
    return {
      id,
      role,
      term: 3,
      leader,
      commit,
      applied,
      lastIndex: commit,
      durable: commit,
      core: "c0de",
      abiVersion: 1,
    };
  }

  propose(command: Uint8Array): Promise<KvResult> {
    this.proposed += 1;
    const trouble = this.troubles.shift();
    if (trouble === "hang") return new Promise(() => undefined);
    if (trouble !== undefined) return Promise.reject(trouble);
    this.commit += 1;
    this.applied = this.commit;
    return Promise.resolve(this.machine.apply(command, { index: this.commit, term: 3 }));
  }
}

export interface Fixture {
  readonly node: FakeNode;
  readonly service: KvService;
  readonly url: string;
  readonly port: number;
}

type Options = Partial<KvServiceOptions> & { readonly id?: number };

/** A service that does not listen yet. */
export function newService(options: Options = {}) {
  const { id = 1, ...others } = options;
  const node = new FakeNode(id);
  const service = new KvService({
    node,
    machine: node.machine,
    cluster: 0xabcn,
    members: [{ id, raft: `${HOST}:1`, http: `${HOST}:2` }],
    transport: emptyStats,
    storage: () => ({ syncs: 7, bytes: 1000 }),
    requestTimeout: 20_000,
    ...others,
  });
  return { node, service };
}

/** Starts a service; it is closed when the test ends. */
export async function startService(options: Options = {}): Promise<Fixture> {
  const { node, service } = newService(options);
  await service.listen({ host: HOST, port: 0 });
  onTestFinished(() => service.close());
  return { node, service, port: service.port, url: `http://${HOST}:${service.port}` };
}

/** A request for a transaction. */
export function transaction(compare: readonly object[], operations: readonly object[]) {
  return { method: "POST", body: JSON.stringify({ compare, then: operations }) };
}

/** Sends bytes as they are and gathers what comes back until the connection closes. */
export function raw(port: number, ...parts: readonly string[]): Promise<string> {
  return new Promise((resolve) => {
    let text = "";
    const socket = connect(port, HOST, () => {
      for (const part of parts) socket.write(part, "latin1");
    });
    socket.setEncoding("latin1").on("data", (chunk: string) => {
      text += chunk;
    });
    socket.on("error", () => undefined);
    socket.on("close", () => resolve(text));
  });
}
