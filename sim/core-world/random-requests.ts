/** What random clients ask for, and of whom: writes and reads, by clients with sessions and without, mostly of leaders. */

import type { Random } from "../random.js";
import type { Clients } from "./clients.js";
import type { JudgedActions } from "./judged-actions.js";
import type { RandomNodes } from "./random-nodes.js";
import type { RandomOperator } from "./random-operator.js";
import type { SimNode } from "./sim-node.js";

export class RandomRequests {
  constructor(
    readonly clients: Clients,
    readonly random: Random,
    readonly actions: JudgedActions,
    readonly nodes: RandomNodes,
    readonly operator: RandomOperator,
  ) {}

  propose(): boolean {
    const node = this.#proposer();
    if (node === null) return false;
    const request = this.clients.draw();
    if (request === null) return false;
    this.actions.propose(node, request);
    this.nodes.touched(node);
    return true;
  }

  giveUp(): boolean {
    const client = this.clients.drawImpatient();
    if (client === null) return false;
    this.actions.giveUp(client);
    return true;
  }

  /** A client with a session asks, or asks again. */
  session(): boolean {
    const { sessions } = this.clients;
    const node = this.#proposer();
    if (sessions === null || node === null || node.isWitness) return false;
    if (!this.actions.session(node, sessions.draw(node.id))) return false;
    this.nodes.touched(node);
    return true;
  }

  abandon(): boolean {
    const drawn = this.clients.sessions?.drawAbandoned() ?? null;
    return drawn !== null && this.actions.abandon(drawn.client, drawn.sequence);
  }

  query(): boolean {
    return this.nodes.onAny((node) => this.operator.query(node));
  }

  /** A read at a node that believes it leads, perhaps wrongly. */
  queryLeader(): boolean {
    const { nodes } = this;
    const leaders = nodes.world.nodes.filter((node) => node.leads);
    const leader = leaders[this.random.below(leaders.length)];
    return leader !== undefined && !nodes.isHeld(leader) && this.operator.query(leader);
  }

  /** Draws a node that leads, rarely any that runs. */
  #proposer(): SimNode | null {
    const { nodes } = this.nodes.world;
    const start = this.random.below(nodes.length);
    const anyone = this.random.oneIn(256);
    for (let i = 0; i < nodes.length; i++) {
      const node = nodes[(start + i) % nodes.length] as SimNode;
      if ((node.leads || (anyone && node.isUp)) && !this.nodes.isHeld(node)) return node;
    }
    return null;
  }
}
