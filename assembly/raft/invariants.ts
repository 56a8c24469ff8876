/**
 * What is always true of a node between two calls. Each rule is a sentence with a number; the checker answers the number
 * of the first one that does not hold. The simulator and the fuzzer ask after every input.
 */

import { Node, Role } from "../abi/node";
import { PeerState } from "../abi/peer";
import { planOf } from "../state/arena";
import { peerAt } from "../state/peers";
import { newestTerm } from "../state/terms";
import { entryAt, offsetOf, sizeOf } from "../state/window";

/** Answers 0, or the number of the broken rule. */
export function brokenInvariant(n: Node): i32 {
  let rule = brokenInPositions(n);
  if (rule == 0) rule = brokenInRole(n);
  if (rule == 0) rule = brokenInPeers(n);
  if (rule == 0) rule = brokenInReads(n);
  if (rule == 0) rule = brokenInWindow(n);
  return rule;
}

function brokenInPositions(n: Node): i32 {
  // 1. The snapshot is applied, and what is committed is in the log.
  if ((n.compacted > n.snapshotIndex) | (n.snapshotIndex > n.applied) | (n.commit > n.last)) return 1;
  // 2. Only what is committed and durable is applied.
  if ((n.applied > n.commit) | (n.applied > n.durable)) return 2;
  // 3. Only what was handed to storage is durable, and only what is in the log was handed to storage.
  if ((n.durable > n.written) | (n.written > n.last)) return 3;
  // 4. What has left the window is durable.
  if ((n.first > n.last + 1) | (n.first - 1 > n.durable)) return 4;
  // 5. What equals the leader's log is in the log.
  if (n.verified > n.last) return 5;
  // 6. Storage never has a newer hard state than the node.
  if ((n.savedTerm > n.term) | ((n.savedTerm == n.term) & (n.savedVote != 0) & (n.savedVote != n.vote))) return 6;
  return 0;
}

function brokenInRole(n: Node): i32 {
  const self = planOf(n).id;
  const leads = n.role == Role.LEADER;
  const asks = (n.role == Role.CANDIDATE) | (n.role == Role.PRE_CANDIDATE);
  // 7. A leader leads its own term, has voted for itself, and its last entry is of its term.
  if (leads & ((n.leader != self) | (n.vote != self) | (n.lastTerm != n.term))) return 7;
  // 8. A candidate knows no leader; one in a new term has voted for itself.
  if (asks & (n.leader != 0)) return 8;
  if ((n.role == Role.CANDIDATE) & (n.vote != self)) return 8;
  // 9. Nobody else believes that this node leads.
  if (!leads & (n.leader == self)) return 9;
  return 0;
}

function brokenInPeers(n: Node): i32 {
  // 10. A configuration has at most as many members as the plan.
  if (n.members > planOf(n).nodes) return 10;
  let lastId: u32 = 0;
  for (let i: u32 = 0; i < n.members; i++) {
    const peer = peerAt(n, i);
    // 11. Members stand in ascending order of ids, each with a role.
    if ((peer.id <= lastId) | (peer.roles == 0)) return 11;
    lastId = peer.id;
    if ((n.role != Role.LEADER) | (peer.id == planOf(n).id)) continue;
    // 12. match < next <= last + 1 for every follower.
    if ((peer.match >= peer.next) | (peer.next > n.last + 1)) return 12;
    // 13. The in-flight window is kept (one more may be out as the probe before it).
    if (peer.sequenceSent - peer.sequenceAcked > planOf(n).inflightMessages) return 13;
    // 14. A follower is probed, sent ahead to or sent a snapshot, nothing else.
    if (peer.state > PeerState.SNAPSHOT) return 14;
  }
  return 0;
}

function brokenInReads(n: Node): i32 {
  // 19. Reads are told in order, after they are confirmed, and each once.
  if ((n.readTold > n.readConfirmed) | (n.readConfirmed > n.readTicket) | (n.readTicket > n.round)) return 19;
  // 20. Only a leader hands over.
  if ((n.transferTarget != 0) & (n.role != Role.LEADER)) return 20;
  return 0;
}

function brokenInWindow(n: Node): i32 {
  const plan = planOf(n);
  // 15. The window holds no more entries than it has slots.
  if (n.last + 1 - n.first > <u64>plan.windowEntries) return 15;
  let term = newestTerm(n);
  // Bounded by the window.
  for (let index = n.first; index <= n.last; index++) {
    const entry = entryAt(n, index);
    const end = offsetOf(n, index) + sizeOf(entry);
    // 16. Every entry lies whole inside the ring, and the next one right behind it or at the start.
    if (end > plan.windowBytes) return 16;
    if (index == n.last) {
      if (end != n.head) return 16;
    } else {
      const next = offsetOf(n, index + 1);
      if ((next != end) & (next != 0)) return 16;
    }
    // 17. Terms do not fall along the log.
    if (entry.term < term) return 17;
    term = entry.term;
  }
  // 18. The term of the last entry is known, and is not above the node's.
  if ((n.lastTerm != term) | (term > n.term)) return 18;
  return 0;
}
