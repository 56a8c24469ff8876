/** What a node tells of itself. */

import { NodeFormat, Role, RoleName } from "../core/abi.js";
import type { ConfigurationInfo, MemberInfo } from "../core/configuration.js";
import type { CoreNode } from "../core/node.js";
import type { NodeId } from "../transport/transport.js";
import { type Progress, progressOf, quorumSilence } from "./peers.js";

/** What a node knows of itself. */
export interface NodeStatus {
  readonly id: NodeId;
  readonly role: "FOLLOWER" | "PRE_CANDIDATE" | "CANDIDATE" | "LEADER";
  readonly term: number;
  /** Id of the leader, 0 if not known. */
  readonly leader: NodeId;
  readonly commit: number;
  readonly applied: number;
  readonly lastIndex: number;
  readonly durable: number;
  /** Index of the newest snapshot, 0 without one. */
  readonly snapshotIndex: number;
  /** Index of the configuration in force. */
  readonly configurationIndex: number;
  /** Whether it is not committed yet. */
  readonly changePending: boolean;
  /** Whether it is a joint one. */
  readonly joint: boolean;
  /** Whom this leader is handing over to; 0 if to nobody. */
  readonly transferTarget: NodeId;
  /** Whether the group rests. */
  readonly quiet: boolean;
  /** Hex sha256 of the core that runs. */
  readonly core: string;
  readonly abiVersion: number;
}

/** A member as a node sees it. */
export interface MemberReport extends Required<MemberInfo> {
  /** On the leader, of the others. */
  readonly progress?: Progress;
}

export interface NodeReport extends NodeStatus {
  readonly members: readonly MemberReport[];
  /** See `RaftNode.staleness`. */
  readonly staleness: number;
}

export function statusOf(core: CoreNode, sha256: string): NodeStatus {
  return {
    id: core.plan.id,
    role: RoleName[core.role] as NodeStatus["role"],
    term: core.term,
    leader: core.leader,
    commit: core.commit,
    applied: core.applied,
    lastIndex: core.last,
    durable: core.durable,
    snapshotIndex: core.snapshotIndex,
    configurationIndex: core.configurationIndex,
    changePending: core.configurationIndex > core.commit,
    joint: core.configurationFlags !== 0,
    transferTarget: core.transferTarget,
    quiet: core.quiet,
    core: sha256,
    abiVersion: NodeFormat.ABI_VERSION,
  };
}

export function membersOf(core: CoreNode, { members }: ConfigurationInfo, now: number): MemberReport[] {
  const progress = progressOf(core, now);
  return members.map((member) => {
    const row = progress.get(member.id);
    return row === undefined ? member : { ...member, progress: row };
  });
}

/** See `RaftNode.staleness`; `contact` says whether there ever was a leader. */
export function stalenessOf(core: CoreNode, now: number, contact: boolean): number {
  if (core.role === Role.LEADER) return quorumSilence(core, now);
  return contact ? Math.max(0, now - core.lastHeard) : Number.POSITIVE_INFINITY;
}
