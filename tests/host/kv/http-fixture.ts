/** The HTTP service around a node that does as a test says. */

import { connect } from "node:net";
import { onTestFinished } from "vitest";
import { MemberRole } from "../../../host/core/abi.js";
import type { MemberInfo } from "../../../host/core/configuration.js";
import { NotLeaderError, type RaftError } from "../../../host/errors.js";
import { KvMachine, type KvResult } from "../../../host/kv/machine.js";
import { formatMemberAddress, type MemberAddress } from "../../../host/kv/member-address.js";
import type { AdministeredNode, ServedNode } from "../../../host/kv/served-node.js";
import { KvService, type KvServiceOptions } from "../../../host/kv/service.js";
import type { NodeReport, NodeStatus } from "../../../host/node.js";
import { emptyStats } from "../../../host/transport/context.js";

export const HOST = "127.0.0.1";
export const MAX_COMMAND_BYTES = 4096;

/** For requests whose time is meant to run out. */
export const HASTY = { requestTimeout: 300 } as const;

/** A member as the tests name it. */
export type Member = MemberAddress & { readonly id: number };

/** Does at once what is asked of it, unless told otherwise. */
export class FakeNode implements ServedNode<KvResult>, AdministeredNode {
  readonly machine = new KvMachine();
  maxCommandBytes = MAX_COMMAND_BYTES;
  /** What the next proposals, reads and changes run into, in order. */
  readonly troubles: (RaftError | "hang")[] = [];
  /** Commands that were proposed. */
  proposed = 0;
  /** Kinds of reads that were asked for. */
  readonly reads: string[] = [];
  /** Whether this leader has a lease. */
  lease = false;
  silence = 0;
  leader: number;
  commit = 0;
  applied = 0;
  members: readonly Required<MemberInfo>[];
  pending = false;
  joint = false;
  /** Configurations that were asked for. */
  readonly changes: (readonly MemberInfo[])[] = [];

  constructor(
    readonly id: number,
    members: readonly Member[],
  ) {
    this.leader = id;
    this.members = members.map((member) => ({
      ...{ id: member.id, roles: MemberRole.VOTER, priority: 0 },
      address: formatMemberAddress(member),
    }));
  }

  get isLeader(): boolean {
    return this.leader === this.id;
  }

  get status(): NodeStatus {
    const { applied, commit, id, joint, leader, pending } = this;
    return {
      ...{ id, role: this.isLeader ? "LEADER" : "FOLLOWER", term: 3, leader, commit, applied },
      ...{ lastIndex: commit, durable: commit, snapshotIndex: 0, configurationIndex: 0, changePending: pending, joint },
      ...{ transferTarget: 0, quiet: false, core: "c0de", abiVersion: 1 },
    };
  }

  report(): NodeReport {
    return { ...this.status, members: this.members, staleness: this.silence };
  }

  configuration() {
    const { joint, members, pending } = this;
    return { members, joint, autoLeave: joint, index: 0, pending };
  }

  propose(command: Uint8Array): Promise<KvResult> {
    this.proposed += 1;
    return this.#unlessTrouble(() => {
      this.commit += 1;
      this.applied = this.commit;
      return this.machine.apply(command, { index: this.commit, term: 3 });
    });
  }

  tryRead(kind: string): boolean {
    return kind === "lease" && this.lease;
  }

  read(kind: string): Promise<void> {
    this.reads.push(kind);
    if (this.leader === 0) return Promise.reject(new NotLeaderError(0));
    return this.#unlessTrouble(() => undefined);
  }

  staleness(): number {
    return this.silence;
  }

  reconfigure(target: readonly MemberInfo[]): Promise<void> {
    return this.#unlessTrouble(() => {
      this.changes.push(target);
      this.members = target.map((member) => ({ roles: MemberRole.VOTER, priority: 0, address: "", ...member }));
    });
  }

  transfer(target = 0): Promise<number> {
    return this.#unlessTrouble(() => {
      this.leader = target === 0 ? this.id + 1 : target;
      return this.leader;
    });
  }

  snapshot() {
    return this.#unlessTrouble(() => ({ index: this.applied, term: 3, bytes: 100 }));
  }

  #unlessTrouble<T>(act: () => T): Promise<T> {
    const trouble = this.troubles.shift();
    if (trouble === "hang") return new Promise(() => undefined);
    return trouble === undefined ? Promise.resolve(act()) : Promise.reject(trouble);
  }
}

export interface Fixture {
  readonly node: FakeNode;
  readonly service: KvService;
  readonly url: string;
  readonly port: number;
}

type Options = Partial<KvServiceOptions> & {
  readonly id?: number;
  /** Those of the configuration; this node alone unless stated. */
  readonly members?: readonly Member[];
};

/** A service that does not listen yet. */
export function newService(options: Options = {}) {
  const { id = 1, members = [{ id, raft: `${HOST}:1`, http: `${HOST}:2` }], ...others } = options;
  const node = new FakeNode(id, members);
  const service = new KvService({
    node,
    machine: node.machine,
    cluster: 0xabcn,
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
