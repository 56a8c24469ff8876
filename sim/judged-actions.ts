/**
 * Actions of a world whose answers are judged, or heard by clients: what a random driver and a replay of it share.
 */

import { StatusCode } from "../host/core/abi.js";
import { type ClientQuery, type ClientRequest, type Clients, RegisterMachine } from "./clients.js";
import type { Link } from "./network.js";
import type { SimNode } from "./sim-node.js";
import type { World } from "./world.js";

/** How a read may be answered when it is asked for. */
const READ_STATUSES: readonly number[] = [StatusCode.OK, StatusCode.READY, StatusCode.NOT_LEADER, StatusCode.NOT_READY];

export class JudgedActions {
  /** The place has to be known before the flush: the answer may come within it. */
  readonly #onProposed = (node: SimNode, status: number) => {
    if (status === StatusCode.OK) this.clients.taken(node.id, node.core.state.last, node.core.state.term);
  };

  constructor(
    readonly world: World,
    readonly clients: Clients,
  ) {}

  deliver(link: Link, position: number): void {
    const status = this.world.deliver(link, position);
    if (status < 0 && status !== StatusCode.STOPPED) {
      this.world.report(
        "messages are taken",
        `node ${link.to} refuses a message of ${link.from} with status ${status}`,
      );
    }
  }

  /** A client that waits for nothing asks a node to write, or to read through the log. */
  propose(node: SimNode, request: ClientRequest): void {
    const { client, key, write } = request;
    this.world.propose(node, this.clients.command(request), { client, key, write }, this.#onProposed);
  }

  /** A client that waits for nothing asks a node that keeps registers for a read beside the log. */
  query(node: SimNode, query: ClientQuery, kind: number): void {
    const { machine } = node;
    if (!(machine instanceof RegisterMachine)) throw new TypeError(`node ${node.id} keeps no registers`);
    const done = this.clients.query(node.id, query);
    node.pendingReads.onNext = (answered) => done(answered ? machine.value(query.key) : undefined);
    const status = this.world.read(node, kind, query);
    if (!READ_STATUSES.includes(status)) {
      this.world.report("reads are taken", `node ${node.id} answers a read with ${status}`);
    }
  }

  giveUp(client: number): void {
    if (this.world.tap !== null) this.world.note({ do: "GIVE_UP", client });
    this.clients.giveUp(client);
  }

  /** Crashes a node; see World.crash. */
  stop(node: SimNode, keep: number, torn: number): void {
    this.world.crash(node, keep, torn);
    this.clients.crashed(node.id);
    node.readsDeferred = false;
  }

  /** A node that stopped by itself did so because an effect failed. */
  judgeFailure(node: SimNode): void {
    const { failure } = node.core.state;
    if (failure === 0 || failure === StatusCode.STORAGE_FAILED || failure === StatusCode.MACHINE_FAILED) return;
    this.world.report("only failed effects stop a node", `node ${node.id} stopped with status ${failure}`);
  }
}
