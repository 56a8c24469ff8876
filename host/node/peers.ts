/** What a leader knows of its followers, read from the arena. */

import { Node as Layout, MemberRole, Peer as PeerLayout, type PeerState, PeerStateName, Role } from "../core/abi.js";
import type { CoreNode } from "../core/node.js";

/** How far a leader is with a follower. */
export interface Progress {
  /** Highest index known to be durable there. */
  readonly match: number;
  /** Index of the next entry to send. */
  readonly next: number;
  readonly state: "PROBE" | "PIPELINE" | "SNAPSHOT";
  /** ms since the newest message of the leader's that it has answered was sent; Infinity if it never answered one, which
   * JSON shows as null. */
  readonly silentFor: number;
}

/** From one record to the next. */
const STRIDE = Math.ceil(PeerLayout.size / 8) * 8;

/** Where the record of the i-th member lies. */
function recordAt(core: CoreNode, i: number): number {
  const { handle, instance } = core;
  return handle + instance.u32(handle + Layout.peersOffset) + i * STRIDE;
}

/** Leader: whether a follower is in this state. */
export function hasPeer(core: CoreNode, state: PeerState): boolean {
  if (core.role !== Role.LEADER) return false;
  for (let i = 0; i < core.members; i++) {
    if (core.instance.u32(recordAt(core, i) + PeerLayout.state) === state) return true;
  }
  return false;
}

/** Leader: how far it is with each of the others, by id. */
export function progressOf(core: CoreNode, now: number): Map<number, Progress> {
  const progress = new Map<number, Progress>();
  if (core.role !== Role.LEADER) return progress;
  const { instance, plan } = core;
  for (let i = 0; i < core.members; i++) {
    const record = recordAt(core, i);
    const id = instance.u32(record + PeerLayout.id);
    if (id === plan.id) continue;
    progress.set(id, {
      match: instance.u64(record + PeerLayout.match),
      next: instance.u64(record + PeerLayout.next),
      state: PeerStateName[instance.u32(record + PeerLayout.state)] as Progress["state"],
      silentFor: silence(instance.u64(record + PeerLayout.lastAck), now),
    });
  }
  return progress;
}

/** Leader: ms since it was in contact with a quorum; 0 if it is one by itself. */
export function quorumSilence(core: CoreNode, now: number): number {
  return Math.max(setSilence(core, now, MemberRole.VOTER), setSilence(core, now, MemberRole.OUTGOING));
}

/** The same for the members with a role; 0 if none has it. */
function setSilence(core: CoreNode, now: number, role: number): number {
  const { instance, plan } = core;
  const silences: number[] = [];
  for (let i = 0; i < core.members; i++) {
    const record = recordAt(core, i);
    if ((instance.u32(record + PeerLayout.roles) & role) === 0) continue;
    const isSelf = instance.u32(record + PeerLayout.id) === plan.id;
    silences.push(isSelf ? 0 : silence(instance.u64(record + PeerLayout.lastAck), now));
  }
  if (silences.length === 0) return 0;
  silences.sort((a, b) => a - b);
  return silences[Math.floor(silences.length / 2)] ?? 0;
}

function silence(lastAck: number, now: number): number {
  return lastAck === 0 ? Number.POSITIVE_INFINITY : Math.max(0, now - lastAck);
}
