/**
 * Majorities, of the one set of voters or of both sets of a joint configuration (thesis 4.3). The sets are named by the
 * role that marks their members; an empty outgoing set agrees to everything.
 */

import { MemberRole } from "../abi/configuration";
import { Node } from "../abi/node";
import { Peer } from "../abi/peer";
import { planOf } from "../state/arena";
import { peerAt } from "../state/peers";

export namespace Outcome {
  // @ts-ignore: decorator
  @inline export const PENDING: u32 = 0;
  // @ts-ignore: decorator
  @inline export const WON: u32 = 1;
  // @ts-ignore: decorator
  @inline export const LOST: u32 = 2;
}

/** Highest index known to be durable on a member. This node counts itself only when its own write is durable. */
// @ts-ignore: decorator
@inline
function matchOf(n: Node, peer: Peer): u64 {
  return peer.id == planOf(n).id ? n.durable : peer.match;
}

/** Highest index that a majority of one set holds durably. */
function committedIn(n: Node, role: u32): u64 {
  let best: u64 = 0;
  let voters: u32 = 0;
  for (let i: u32 = 0; i < n.members; i++) {
    const candidate = peerAt(n, i);
    if ((candidate.roles & role) == 0) continue;
    const index = matchOf(n, candidate);
    voters = 0;
    let holders: u32 = 0;
    for (let j: u32 = 0; j < n.members; j++) {
      const peer = peerAt(n, j);
      if ((peer.roles & role) == 0) continue;
      voters++;
      if (matchOf(n, peer) >= index) holders++;
    }
    if (holders > voters >> 1) best = max(best, index);
  }
  return voters == 0 ? u64.MAX_VALUE : best;
}

/** Highest index that a quorum holds durably. */
export function quorumMatch(n: Node): u64 {
  return min(committedIn(n, MemberRole.VOTER), committedIn(n, MemberRole.OUTGOING));
}

/** Whether a majority of one set was in contact at `since` or later. */
function activeIn(n: Node, role: u32, since: u64): bool {
  let voters: u32 = 0;
  let active: u32 = 0;
  for (let i: u32 = 0; i < n.members; i++) {
    const peer = peerAt(n, i);
    if ((peer.roles & role) == 0) continue;
    voters++;
    if (peer.id == planOf(n).id || peer.lastAck >= since) active++;
  }
  return voters == 0 || active > voters >> 1;
}

/** Whether a quorum was in contact with this leader at `since` or later. */
export function quorumActive(n: Node, since: u64): bool {
  return activeIn(n, MemberRole.VOTER, since) && activeIn(n, MemberRole.OUTGOING, since);
}

/** How the vote stands in one set. */
function outcomeIn(n: Node, role: u32): u32 {
  let voters: u32 = 0;
  let granted: u32 = 0;
  let denied: u32 = 0;
  for (let i: u32 = 0; i < n.members; i++) {
    const peer = peerAt(n, i);
    if ((peer.roles & role) == 0) continue;
    voters++;
    if (peer.vote == 1) granted++;
    if (peer.vote == 2) denied++;
  }
  if (voters == 0 || granted > voters >> 1) return Outcome.WON;
  // Not even with all that are still silent:
  return voters - denied > voters >> 1 ? Outcome.PENDING : Outcome.LOST;
}

/** How the vote stands: won with a majority of each set, lost once one set cannot give it any more. */
export function voteOutcome(n: Node): u32 {
  const incoming = outcomeIn(n, MemberRole.VOTER);
  const outgoing = outcomeIn(n, MemberRole.OUTGOING);
  if (incoming == Outcome.LOST || outgoing == Outcome.LOST) return Outcome.LOST;
  return incoming == Outcome.WON && outgoing == Outcome.WON ? Outcome.WON : Outcome.PENDING;
}
