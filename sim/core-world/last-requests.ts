/**
 * What clients ask for once faults have stopped: every member for a write and for reads of both kinds, every node that is no
 * member for reads. A member answers or refuses; one that was removed refuses its reads, whether it knows of it or not. And
 * what they asked for before: whether it can still be answered, and if not, why.
 */

import { ReadKind } from "../../host/core/abi.js";
import type { JudgedActions } from "./judged-actions.js";
import type { OpenRun } from "./settings.js";
import type { SimNode } from "./sim-node.js";

/** What is asked for: to write, as shortly as possible, and to read the same. */
export const LAST_REQUEST = { client: 0, key: 0, write: true, length: 8 } as const;
const RULE = "removed nodes refuse reads";

/** Requests of before that have no answer, by why none can come. */
export interface GivenUp {
  /** Their node is no member any more. */
  readonly removed: number;
  /** Their effect came to their node with a snapshot. */
  readonly snapshot: number;
  /** Their entry is gone: another leader's stands in its place, or none. */
  readonly gone: number;
}

export class LastRequests {
  /** Nodes that are no members, and how many reads each had answered when it was asked for the last ones. */
  readonly #others = new Map<SimNode, number>();

  constructor(
    readonly open: OpenRun,
    readonly actions: JudgedActions,
  ) {}

  /** Whether a client waits for what a member still owes: not for an entry that is gone, nor for one whose effect came
   * with a snapshot. */
  isWriteAwaited(members: readonly SimNode[]): boolean {
    const { clients, world } = this.open;
    for (const { index, node: id, term } of clients.waiting()) {
      const node = world.node(id);
      if (!members.includes(node) || index < 0) continue;
      const { applied } = node.core.state;
      if (applied < index && world.tree.term(node.disk.written.at(index)) === term) return true;
    }
    return false;
  }

  /** Clients give up what they still wait for. */
  giveUp(members: readonly SimNode[]): GivenUp {
    const { clients, world } = this.open;
    const givenUp = { removed: 0, snapshot: 0, gone: 0 };
    for (const { client, index, node: id } of [...clients.waiting()]) {
      const node = world.node(id);
      if (!members.includes(node)) givenUp.removed++;
      else if (index <= node.core.state.applied) givenUp.snapshot++;
      else givenUp.gone++;
      clients.giveUp(client);
    }
    return givenUp;
  }

  /** Asks all nodes that run, each client one thing. */
  ask(members: readonly SimNode[]): void {
    const { clients, world } = this.open;
    let client: number = LAST_REQUEST.client;
    for (const node of world.nodes) {
      if (!node.isUp) continue;
      if (!members.includes(node)) this.#others.set(node, node.counts.readsAnswered);
      else this.actions.propose(node, { ...LAST_REQUEST, client });
      if (!clients.isIdle(client)) client++;
      for (const kind of node.isWitness ? [] : [ReadKind.INDEX, ReadKind.LEASE]) {
        this.actions.query(node, { client, key: LAST_REQUEST.key }, kind);
        if (!clients.isIdle(client)) client++;
      }
    }
  }

  /** Whether all reads have come to an end, and all writes that a member can still do. */
  areEnded(members: readonly SimNode[]): boolean {
    for (const { index } of this.open.clients.waiting()) if (index < 0) return false;
    for (const [{ counts, id }, before] of this.#others) {
      if (counts.readsAnswered === before) continue;
      this.open.world.report(RULE, `node ${id} is no member, and answers a read`);
    }
    return !this.isWriteAwaited(members);
  }
}
