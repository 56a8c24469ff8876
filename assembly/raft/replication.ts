/**
 * Replication on the leader's side (paper 5.3; thesis 10.2): proposals, acknowledgements, rejections with conflict
 * hints, heartbeats and check-quorum. What is to be sent is only marked here; outbox.ts makes the messages.
 */

import { MemberRole } from "../abi/configuration";
import { EntryKind } from "../abi/entry";
import { EventKind } from "../abi/event";
import { AppendReply, Header, MessageFlag, MessageKind, SnapshotReply } from "../abi/message";
import { Node, Role, TimerAction } from "../abi/node";
import { Due, Peer, PeerState } from "../abi/peer";
import { StatusCode } from "../abi/status-code";
import { planOf } from "../state/arena";
import { findPeer } from "../state/peers";
import { entrySize, lastUpToTerm, push, spanFrom } from "../state/window";
import { bodyOf } from "../wire/encode";
import { changeByItself } from "./change";
import { advanceCommit } from "./commit";
import { note } from "./events";
import { becomePipeline, becomeProbe } from "./progress";
import { restIfIdle, stir } from "./quiescence";
import { contactLimit, quorumActive } from "./quorum";
import { confirmRounds } from "./reads";
import { becomeFollower } from "./role";
import { needsSnapshot, receiveSnapshotReply } from "./snapshot";
import { handOverTo, pursueTransfer } from "./transfer";

/** Something new is in the log, or committed: every follower is to learn of it. */
// @ts-ignore: decorator
@inline
export function markAppends(n: Node): void {
  n.dueToAll |= Due.APPEND;
}

/** A heartbeat goes out at the next flush, and the timer is armed for the one after. */
export function scheduleHeartbeat(n: Node): void {
  n.round++;
  n.roundLast = n.last;
  n.dueToAll |= Due.HEARTBEAT;
  n.timers = (n.timers & ~TimerAction.CANCEL_HEARTBEAT) | TimerAction.ARM_HEARTBEAT;
}

/** The heartbeat timer fired. A leader that heard no quorum for an election timeout steps down (thesis 6.2). */
export function heartbeatTimeout(n: Node): void {
  if ((n.role != Role.LEADER) | (n.quiet != 0)) return;
  const since = contactLimit(n);
  if (n.contactBase >= since || quorumActive(n, since)) {
    pursueTransfer(n);
    // The quorum may be another one since the round went out.
    confirmRounds(n);
    if (!restIfIdle(n)) scheduleHeartbeat(n);
    return;
  }
  note(n, EventKind.QUORUM_LOST, n.term, since);
  becomeFollower(n, n.term, 0);
}

/** Appends a command to the leader's log. */
export function propose(n: Node, payload: usize, length: u32): i32 {
  if (n.role != Role.LEADER) return StatusCode.NOT_LEADER;
  if (n.transferTarget != 0) return StatusCode.TRANSFERRING;
  if (length > n.maxPayload) return StatusCode.TOO_LARGE;
  const size = entrySize(length);
  // What is not applied stays in the window: a leader that commits nothing takes no more than that.
  if (
    spanFrom(n, n.commit + 1) + size > planOf(n).uncommittedBytes ||
    !push(n, n.term, EntryKind.NORMAL, payload, length, n.applied)
  ) {
    note(n, EventKind.FULL, n.last, size);
    return StatusCode.BUSY;
  }
  stir(n);
  markAppends(n);
  return StatusCode.OK;
}

/** A reply can only acknowledge what this leader has. A former leader of the term cannot tell: it may have restarted. */
export function replyContradicts(n: Node, header: Header, reply: AppendReply): bool {
  if ((header.term != n.term) | (n.role != Role.LEADER)) return false;
  return (reply.match > n.last) | (reply.sent > n.now) | (reply.round > n.round);
}

/** A follower's answer in this term: an acknowledgement, a rejection, or how far it is with a snapshot. */
export function receiveReply(n: Node, header: Header, reply: AppendReply): i32 {
  const peer = findPeer(n, header.from);
  if (peer === null) return StatusCode.STALE;
  peer.lastAck = max(peer.lastAck, reply.sent);
  peer.ackRound = max(peer.ackRound, reply.round);
  if (n.roundWanted > n.roundConfirmed) confirmRounds(n);
  if (<i32>(reply.sequence - peer.sequenceAcked) > 0) peer.sequenceAcked = reply.sequence;
  // A member that was out in between remembers more of this term than the leader: the count goes on from there.
  if (<i32>(reply.sequence - peer.sequenceSent) > 0) peer.sequenceSent = reply.sequence;
  const advanced = reply.match > peer.match;
  if (advanced) {
    peer.match = reply.match;
    peer.next = max(peer.next, reply.match + 1);
  }
  if (header.kind == MessageKind.SNAPSHOT_REPLY) receiveSnapshotReply(peer, bodyOf<SnapshotReply>(header));
  else if ((header.flags & MessageFlag.REJECTED) != 0) rejected(n, peer, reply);
  else if (peer.state != PeerState.PIPELINE && agreesUpTo(n, peer, reply.match)) becomePipeline(peer);
  if (advanced & (reply.match > n.commit)) advanceCommit(n);
  // The commit may have ended this node's leadership.
  if (n.role != Role.LEADER) return StatusCode.OK;
  if ((peer.roles & MemberRole.PROMOTE) != 0) changeByItself(n);
  if (peer.id == n.transferTarget) handOverTo(n, peer);
  peer.due |= Due.APPEND;
  return StatusCode.OK;
}

/** Whether the logs are now known to agree right before the next entry to send, or behind the snapshot that is sent. A
 * late acknowledgement may have shown that the snapshot is not needed. */
function agreesUpTo(n: Node, peer: Peer, match: u64): bool {
  const needed = peer.next < n.first && needsSnapshot(n, peer);
  return (peer.state == PeerState.SNAPSHOT) & needed ? match >= peer.chunkIndex : match + 1 >= peer.next;
}

/**
 * The follower's log did not fit at `reply.rejected`: find the next place to try.
 *
 * The follower named an index where its term is not above the term of the entry it missed; here too the leader goes back
 * to a term that is not above the follower's. So both sides skip whole terms, and a log that parted many terms ago is
 * found in a few rounds (paper 5.3, end). A hint above what was rejected means that the follower, restarted with a long
 * log, knows no terms before it: then that is the place to try, or the end of this log, whose last entry is of this term.
 */
function rejected(n: Node, peer: Peer, reply: AppendReply): void {
  if (peer.state == PeerState.SNAPSHOT) return;
  const unknown = reply.hintIndex > reply.rejected;
  // Late: what was rejected has been acknowledged since, or is no longer what the probe asks.
  if (reply.rejected + u64(unknown) <= peer.match) return;
  if ((peer.state == PeerState.PROBE) & (reply.rejected != peer.next - 1)) return;
  note(n, EventKind.REJECTED, peer.id, reply.rejected);
  const hint = min(reply.hintIndex, n.last);
  becomeProbe(peer, (unknown ? hint : lastUpToTerm(n, hint, 0, reply.hintTerm)) + 1);
}

/** The host could not reach a member: what was under way to it is probably lost. */
export function unreachable(n: Node, id: u32): i32 {
  const peer = findPeer(n, id);
  if (peer === null || id == planOf(n).id) return StatusCode.BAD_ARGUMENT;
  stir(n);
  if ((n.role != Role.LEADER) | (peer.state != PeerState.PIPELINE)) return StatusCode.STALE;
  becomeProbe(peer, peer.match + 1);
  // Nothing is sent until the next heartbeat finds it reachable again.
  peer.paused = 1;
  return StatusCode.OK;
}
