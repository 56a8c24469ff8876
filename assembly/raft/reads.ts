/**
 * Linearizable reads without log entries (thesis 6.4): ReadIndex, where a round of heartbeats confirms the leader for all
 * reads that came before it, and leases (6.4.1), where the last confirmed round is recent enough. A follower asks its
 * leader. A read is named by a ticket; the host is told up to which ticket reads may be answered, or are refused.
 *
 * A leader's tickets are the numbers of its heartbeat rounds. An acknowledgement of a round was sent after every read
 * that waits for it came in.
 */

import { Header, MessageFlag, ReadReply, ReadRequest } from "../abi/message";
import { Node, ReadKind, Role } from "../abi/node";
import { Due } from "../abi/peer";
import { StatusCode } from "../abi/status-code";
import { planOf } from "../state/arena";
import { findPeer, peerAt, peerToAnswer } from "../state/peers";
import { isReady } from "./commit";
import { Effects } from "./effects";
import { ago, quorumActive, quorumRound } from "./quorum";

/** Whether no other leader can have been elected yet: a quorum acknowledged a heartbeat sent less than a lease ago, and
 * each of its members stays loyal for an election timeout by its own clock, unless it is asked to campaign. */
function holdsLease(n: Node): bool {
  const plan = planOf(n);
  if ((plan.leaseDrift == 0) | (n.handOver != 0)) return false;
  // One ms less, as times are cut to whole ones.
  return quorumActive(n, ago(n, (plan.electionTimeout * (1000 - plan.leaseDrift)) / 1000 - 1));
}

/** Reads that come now wait for `round`: the one that the next flush begins. */
function requestRound(n: Node): void {
  if ((n.dueToAll & Due.HEARTBEAT) == 0) {
    n.round++;
    n.dueToAll |= Due.HEARTBEAT;
  }
  n.roundWanted = n.round;
}

/** A read of this node's host. */
export function read(n: Node, kind: u32): i32 {
  if (n.role == Role.LEADER) {
    if (!isReady(n)) return StatusCode.NOT_READY;
    if ((kind == ReadKind.LEASE) & (n.applied == n.commit) && holdsLease(n)) return StatusCode.READY;
    requestRound(n);
    n.readTicket = n.round;
    confirmRounds(n);
    return StatusCode.OK;
  }
  if (n.leader == 0) return StatusCode.NOT_LEADER;
  n.round++;
  n.readTicket = n.round;
  n.readStrict |= u32(kind == ReadKind.INDEX);
  // One request at a time; the next one goes for all that come until this one is answered.
  if (n.readAsked <= n.readConfirmed) askLeader(n);
  return StatusCode.OK;
}

/** Follower: a request to the leader is due if reads wait, unless the answer before has to be applied first: another one
 * would not be taken. Repeated on every heartbeat, as requests may be lost. */
export function askLeader(n: Node): void {
  const free = (n.readConfirmed == n.readTold) | (n.applied >= n.readIndex);
  if (free & (n.readTicket != n.readConfirmed)) peerToAnswer(n, n.leader).due |= Due.READ_REQUEST;
}

/** Leader: somebody waits for a round; looks how far they are acknowledged. */
export function confirmRounds(n: Node): void {
  n.roundConfirmed = quorumRound(n);
  for (let i: u32 = 0; i < n.members; i++) {
    const peer = peerAt(n, i);
    if (peer.readRound - 1 < n.roundConfirmed) {
      peer.readRound = 0;
      peer.due |= Due.READ_REPLY;
    }
  }
}

/** Leader: a follower's reads. Those before it that still wait, or whose answer is due, are answered first: otherwise they
 * might wait for ever, and these would be answered with the round of those. */
export function receiveReadRequest(n: Node, header: Header, request: ReadRequest): i32 {
  const peer = findPeer(n, header.from);
  if (peer === null || (peer.readRound | (peer.due & Due.READ_REPLY)) != 0 || !isReady(n)) return StatusCode.STALE;
  peer.readTicket = request.ticket;
  if ((header.flags & MessageFlag.LEASE) != 0 && holdsLease(n)) {
    peer.due |= Due.READ_REPLY;
  } else {
    requestRound(n);
    peer.readRound = n.round;
    confirmRounds(n);
  }
  return StatusCode.OK;
}

/** Follower: the leader's answer. While the one before it waits to be applied it is not taken: the leader is asked again. */
export function receiveReadReply(n: Node, header: Header, reply: ReadReply): i32 {
  if ((header.from != n.leader) | (reply.ticket <= n.readTold) | (reply.ticket > n.readTicket)) return StatusCode.STALE;
  if (n.readConfirmed != n.readTold) return StatusCode.STALE;
  n.readConfirmed = reply.ticket;
  n.readIndex = reply.index;
  if (reply.ticket == n.readTicket) n.readStrict = 0;
  askLeader(n);
  return StatusCode.OK;
}

/** The leadership on which reads relied is over, or this node changes its role: whatever still waits is refused. */
export function refuseReads(n: Node): void {
  n.readRefused = n.readTicket;
  n.readConfirmed = n.readTicket;
  n.readStrict = 0;
  n.roundWanted = 0;
}

/** Tells the host. An answer is latched with an index until that is applied, so that a stream of reads does not put it
 * off for ever. */
export function flushReads<Sink extends Effects>(n: Node): void {
  if (n.readRefused > n.readTold) {
    changetype<Sink>(0).reads(n, n.readRefused, 0, false);
    n.readTold = n.readRefused;
  }
  // Each turn tells of more.
  while (n.readTold != n.readTicket) {
    if ((n.role == Role.LEADER) & (n.readConfirmed == n.readTold)) {
      n.readConfirmed = min(n.roundConfirmed, n.readTicket);
      n.readIndex = n.commit;
    }
    if ((n.readConfirmed == n.readTold) | (n.applied < n.readIndex)) return;
    changetype<Sink>(0).reads(n, n.readConfirmed, n.readIndex, true);
    n.readTold = n.readConfirmed;
  }
}
