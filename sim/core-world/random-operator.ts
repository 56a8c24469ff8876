/** What an operator does to a random world: snapshots, changes of members, transfers; and reads beside the log. */

import { ConfigurationFlag, MemberRole, ReadKind } from "../../host/core/abi.js";
import { encodeConfiguration } from "../../host/core/configuration.js";
import { type MemberRow, membersOf } from "../messages.js";
import type { Random } from "../random.js";
import type { Clients } from "./clients.js";
import type { JudgedActions } from "./judged-actions.js";
import { keepsMajority } from "./lost-disks.js";
import type { SimNode } from "./sim-node.js";
import type { World } from "./world.js";

const { VOTER, OUTGOING, LEARNER, WITNESS, PROMOTE } = MemberRole;
/** Highest priority that is drawn, exclusive. */
const PRIORITIES = 3;

export class RandomOperator {
  constructor(
    readonly world: World,
    readonly clients: Clients,
    readonly random: Random,
    readonly actions: JudgedActions,
  ) {}

  /** The next step of whatever snapshot the node is about. */
  snapshot(node: SimNode): boolean {
    const { world, random } = this;
    if (!node.isUp || node.core.state.failure !== 0) return false;
    const { snapshots } = node;
    if (random.oneIn(16)) {
      world.loseSnapshot(node);
      return true;
    }
    world.refuseChunks(node, random.oneIn(8));
    if (snapshots.isComplete) world.keepSnapshot(node);
    else if (!snapshots.isUntold && !world.takeSnapshot(node)) return false;
    // Sometimes a crash comes between.
    if (snapshots.isUntold && !random.oneIn(4)) world.tellSnapshot(node);
    return true;
  }

  /** A read beside the log. */
  query(node: SimNode): boolean {
    const { actions, clients, random } = this;
    if (!node.isUp || node.isWitness || node.core.state.failure !== 0) return false;
    const query = clients.drawQuery();
    if (query === null) return false;
    actions.query(node, query, random.oneIn(2) ? ReadKind.LEASE : ReadKind.INDEX);
    return true;
  }

  transfer(leader: SimNode): boolean {
    this.world.transfer(leader, this.random.below(this.world.nodes.length + 1));
    return true;
  }

  /** Proposes some configuration that might follow, or not. */
  reconfigure(leader: SimNode): boolean {
    const { configurationFlags } = leader.core.state;
    const members = membersOf(leader.core.configuration());
    if (members.length === 0) return false;
    if ((configurationFlags & ConfigurationFlag.JOINT) !== 0) return this.#propose(leader, this.#leaving(members), 0);
    const { random } = this;
    if (random.oneIn(3)) return this.#propose(leader, this.#joint(members), this.#flags());
    return this.#propose(leader, this.#oneChange(members), 0);
  }

  /** The next step to put a new node in the place of one that is lost. Answers whether there is nothing left to do. */
  replace(leader: SimNode, lost: SimNode, newcomer: SimNode): boolean {
    const { configurationFlags } = leader.core.state;
    const members = membersOf(leader.core.configuration());
    const has = (node: SimNode) => members.some(({ id }) => id === node.id);
    if ((configurationFlags & ConfigurationFlag.JOINT) !== 0) this.#propose(leader, this.#leaving(members), 0);
    else if (has(lost) && (has(newcomer) || this.random.oneIn(2))) {
      this.#propose(
        leader,
        members.filter(({ id }) => id !== lost.id),
        0,
      );
    } else if (!has(newcomer)) this.#propose(leader, [...members, learner(newcomer.id, LEARNER | PROMOTE)], 0);
    else return true;
    return false;
  }

  #flags(): number {
    return this.random.oneIn(4) ? ConfigurationFlag.JOINT : ConfigurationFlag.JOINT | ConfigurationFlag.AUTO_LEAVE;
  }

  /** Proposes it, unless it would have to do without a majority because of nodes that are lost. */
  #propose(leader: SimNode, members: readonly MemberRow[], flags: number): boolean {
    const configuration = encodeConfiguration(members, flags);
    const { nodes } = this.world;
    if (nodes.some(({ isLost }) => isLost) && !keepsMajority(nodes, configuration)) return false;
    this.world.reconfigure(leader, configuration);
    return true;
  }

  #leaving(members: readonly MemberRow[]): MemberRow[] {
    return members
      .map((member) => ({ ...member, roles: member.roles & ~OUTGOING }))
      .filter(({ roles }) => (roles & (VOTER | LEARNER)) !== 0);
  }

  /** Every member may change sides. */
  #joint(members: readonly MemberRow[]): MemberRow[] {
    return members.map((member) => {
      const votes = (member.roles & VOTER) !== 0;
      const kept = member.roles & WITNESS;
      const stays = this.random.oneIn(2);
      if (votes) return { ...member, roles: kept | OUTGOING | (stays ? VOTER : this.random.oneIn(2) ? LEARNER : 0) };
      return { ...member, roles: stays ? member.roles : kept | VOTER };
    });
  }

  #oneChange(members: readonly MemberRow[]): MemberRow[] {
    const { random, world } = this;
    const id = 1 + random.below(world.nodes.length);
    const known = members.find((member) => member.id === id);
    const others = members.filter((member) => member.id !== id);
    const kept = world.node(id).isWitness ? WITNESS : 0;
    if (known === undefined) {
      return [...others, learner(id, kept | LEARNER | (random.oneIn(3) ? 0 : PROMOTE))];
    }
    switch (random.below(4)) {
      case 0:
        return others;
      case 1:
        return [...others, { ...known, priority: random.below(PRIORITIES) }];
      case 2:
        return [...others, { ...known, roles: kept | VOTER }];
      default:
        return [...others, { ...known, roles: kept | LEARNER }];
    }
  }
}

function learner(id: number, roles: number): MemberRow {
  return { id, roles, priority: 0, address: "" };
}
