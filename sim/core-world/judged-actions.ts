/**
 * Actions of a world whose answers are judged, or heard by clients: what a random driver and a replay of it share.
 */

import { ReadKind, StatusCode } from "../../host/core/abi.js";
import { type ClientQuery, type ClientRequest, type Clients, RegisterMachine } from "./clients.js";
import { isOfThisVersion, type Link } from "./network.js";
import type { SessionStep } from "./session-clients.js";
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
    const envelope = link.messages[position];
    const isTaken = envelope !== undefined && isOfThisVersion(envelope);
    const status = this.world.deliver(link, position);
    if (status < 0 && status !== StatusCode.STOPPED && isTaken) {
      this.world.report(
        "messages are taken",
        `node ${link.to} refuses a message of ${link.from} with status ${status}`,
      );
    }
  }

  /** A client that waits for nothing asks a node to write, or to read through the log. */
  propose(node: SimNode, request: ClientRequest): void {
    const { client, key, length, write } = request;
    const { tap } = this.world;
    // Only a trace needs it.
    const step = tap === null ? undefined : ({ do: "PROPOSE", node: node.id, client, key, write, length } as const);
    this.world.propose(node, this.clients.command(request), step, this.#onProposed);
  }

  /** A client with a session asks a node for what the step says; false if that makes no sense now. */
  session(node: SimNode, step: SessionStep): boolean {
    const { sessions } = this.clients;
    const asked = sessions?.ask(node, step) ?? null;
    if (sessions === null || asked === null) return false;
    const { attempt, envelope } = asked;
    this.world.propose(node, envelope, step, ({ core, id }, status) => {
      if (status === StatusCode.OK) sessions.taken(id, core.state.last, core.state.term, attempt);
    });
    return true;
  }

  /** A client with a session stops to ask for a command; false if it does not wait for it. */
  abandon(client: number, sequence: number): boolean {
    const { sessions } = this.clients;
    if (sessions === null || !sessions.isOpen(client, sequence)) return false;
    if (this.world.tap !== null) this.world.note({ do: "ABANDON", client, sequence });
    sessions.abandon(client, sequence);
    return true;
  }

  /** A client that waits for nothing asks a node that keeps registers for a read beside the log. */
  query(node: SimNode, query: ClientQuery, kind: number): void {
    const { machine } = node;
    if (!(machine instanceof RegisterMachine)) throw new TypeError(`node ${node.id} keeps no registers`);
    const done = this.clients.query(node.id, query);
    // What a lease is worth that clocks do not keep to, nobody promises: the client takes it for no answer.
    const counts = kind !== ReadKind.LEASE || this.world.leasesHold;
    node.pendingReads.onNext = (answered) => done(answered && counts ? machine.value(query.key) : undefined);
    const status = this.world.read(node, kind, query);
    if (!READ_STATUSES.includes(status)) {
      this.world.report("reads are taken", `node ${node.id} answers a read with ${status}`);
    }
  }

  giveUp(client: number): void {
    if (this.world.tap !== null) this.world.note({ do: "GIVE_UP", client });
    this.clients.giveUp(client);
  }

  /** A node that stopped by itself did so because an effect failed. */
  judgeFailure(node: SimNode): void {
    const { failure } = node.core.state;
    if (failure === 0 || failure === StatusCode.STORAGE_FAILED || failure === StatusCode.MACHINE_FAILED) return;
    this.world.report("only failed effects stop a node", `node ${node.id} stopped with status ${failure}`);
  }
}
