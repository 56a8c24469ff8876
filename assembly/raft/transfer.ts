/**
 * Leadership transfer (thesis 3.10): the leader takes no proposals, brings the target up to date and asks it to campaign
 * at once. If nothing came of that within an election timeout it resumes.
 */

import { MemberRole } from "../abi/configuration";
import { EventKind } from "../abi/event";
import { Header } from "../abi/message";
import { Node, Role } from "../abi/node";
import { Due, Peer } from "../abi/peer";
import { StatusCode } from "../abi/status-code";
import { planOf } from "../state/arena";
import { findPeer, peerAt } from "../state/peers";
import { campaign } from "./election";
import { note } from "./events";
import { mayLead } from "./membership";
import { stir } from "./quiescence";
import { becomeFollower } from "./role";

/** Whether a member may be handed the leadership. */
function isEligible(n: Node, peer: Peer): bool {
  return (peer.id != planOf(n).id) & ((peer.roles & (MemberRole.VOTER | MemberRole.WITNESS)) == MemberRole.VOTER);
}

/** The member most fit to lead: of those that hold what is committed the one of the highest priority, then with the
 * longest log. Null if there is none. */
function bestSuccessor(n: Node): Peer | null {
  let best: Peer | null = null;
  let most: u64 = 0;
  for (let i: u32 = 0; i < n.members; i++) {
    const peer = peerAt(n, i);
    // The priority stands above the 53 bits of an index. Of equals the first one stays.
    const rank = ((<u64>peer.priority) << 53) + peer.match + 1;
    if (!isEligible(n, peer) | (peer.match < n.commit) | (rank <= most)) continue;
    most = rank;
    best = peer;
  }
  return best;
}

/** Begins a transfer to a member, or to the best one if `target` is 0. */
export function transfer(n: Node, target: u32): i32 {
  if (n.role != Role.LEADER) return StatusCode.NOT_LEADER;
  const peer = target == 0 ? bestSuccessor(n) : findPeer(n, target);
  if (peer === null || !isEligible(n, peer)) return StatusCode.UNKNOWN_NODE;
  stir(n);
  n.transferTarget = peer.id;
  n.transferDeadline = n.now + planOf(n).electionTimeout;
  note(n, EventKind.TRANSFER, peer.id, 0);
  handOverTo(n, peer);
  return StatusCode.OK;
}

/** Asks the target to campaign once it holds the whole log. The lease ends here for the rest of the term: the target may
 * campaign as late as it gets the message. */
export function handOverTo(n: Node, peer: Peer): void {
  if (peer.match != n.last) return;
  peer.due |= Due.TIMEOUT_NOW;
  n.handOver = 1;
}

/** A heartbeat is due: asks again, or gives up. */
export function pursueTransfer(n: Node): void {
  if (n.transferTarget == 0) return;
  if (n.now >= n.transferDeadline) {
    n.transferTarget = 0;
    note(n, EventKind.TRANSFER, 0, 0);
    return;
  }
  // A target that is no voter any more refuses.
  const peer = findPeer(n, n.transferTarget);
  if (peer !== null) handOverTo(n, peer);
}

/** A leader that is no voter any more steps down once that is committed (thesis 4.2.2), and asks another to follow it. */
export function retire(n: Node): void {
  const successor = bestSuccessor(n);
  becomeFollower(n, n.term, 0);
  if (successor !== null) successor.due |= Due.TIMEOUT_NOW;
}

/** The leader asks this node to campaign: at once, and without asking first whether it would be elected. */
export function receiveTimeoutNow(n: Node, header: Header): i32 {
  if ((header.from != n.leader) | (n.role != Role.FOLLOWER) || !mayLead(n)) return StatusCode.STALE;
  campaign(n, Role.CANDIDATE, 1);
  return StatusCode.OK;
}
