/**
 * Messages, made at flush time from what is due to each member and from the state as it is then. Nothing is queued, so
 * nothing can overflow.
 */

import { EventKind } from "../abi/event";
import { Append, AppendReply, MessageFlag, MessageFormat, MessageKind, VoteRequest } from "../abi/message";
import { Node, Role } from "../abi/node";
import { Due, Peer, PeerState } from "../abi/peer";
import { StatusCode } from "../abi/status-code";
import { at, planOf } from "../state/arena";
import { copyWords } from "../state/memory";
import { peerAt, strangerOf } from "../state/peers";
import { entryAt, knowsTerm, offsetOf, sizeOf, spanFrom, termAt } from "../state/window";
import { bodyOf, outboxOf, writeHeader } from "../wire/encode";
import { Effects } from "./effects";
import { note } from "./events";
import { underWay } from "./progress";
import { readBack } from "./read-back";

/** An Append went out. */
const SENT: i32 = 1;

/** Sends what is due to all members and to a stranger. Answers OK, or why the node has to stop. */
export function flushMessages<Sink extends Effects>(n: Node): i32 {
  n.sharedLength = 0;
  const dueToAll = n.dueToAll;
  n.dueToAll = 0;
  for (let i: u32 = 0; i < n.members; i++) {
    const peer = peerAt(n, i);
    peer.due |= dueToAll;
    if (peer.due == 0) continue;
    const status = flushPeer<Sink>(n, peer);
    if (status != StatusCode.OK) return status;
  }
  const stranger = strangerOf(n);
  return stranger.due == 0 ? StatusCode.OK : flushPeer<Sink>(n, stranger);
}

function flushPeer<Sink extends Effects>(n: Node, peer: Peer): i32 {
  const due = peer.due;
  peer.due = 0;
  if (peer.id == planOf(n).id) return StatusCode.OK;
  if ((due & Due.PRE_VOTE_REPLY) != 0) sendPreVoteReply<Sink>(n, peer);
  // Granted if the vote is the asker's, whatever it was when the request came.
  if ((due & Due.VOTE_REPLY) != 0) {
    sendVoteReply<Sink>(n, peer, n.vote == peer.id ? MessageFlag.GRANTED : 0, n.term, true);
  }
  if ((due & Due.APPEND_REPLY) != 0) sendAppendReply<Sink>(n, peer);
  if ((due & Due.VOTE_REQUEST) != 0) sendVoteRequest<Sink>(n, peer);
  if (((due & (Due.APPEND | Due.HEARTBEAT)) == 0) | (n.role != Role.LEADER)) return StatusCode.OK;
  return sendAppends<Sink>(n, peer, (due & Due.HEARTBEAT) != 0);
}

// @ts-ignore: decorator
@inline
function sendOutbox<Sink extends Effects>(n: Node, peer: Peer, length: u32, barrier: bool): void {
  changetype<Sink>(0).send(n, peer.id, changetype<usize>(outboxOf(n)), length, barrier);
}

/** A granted pre-vote names the term asked for. A denial names this node's term, but at least the candidate's, so that
 * it is not taken for a stale one. Nothing durable is spoken of: no barrier. */
function sendPreVoteReply<Sink extends Effects>(n: Node, peer: Peer): void {
  const granted = peer.replyGranted != 0;
  const term = granted ? peer.replyTerm : max(n.term, peer.replyTerm - 1);
  sendVoteReply<Sink>(n, peer, MessageFlag.PRE_VOTE | (granted ? MessageFlag.GRANTED : 0), term, false);
}

function sendVoteReply<Sink extends Effects>(n: Node, peer: Peer, flags: u32, term: u64, barrier: bool): void {
  writeHeader(n, MessageKind.VOTE_REPLY, flags, peer.id, MessageFormat.HEADER, term);
  sendOutbox<Sink>(n, peer, MessageFormat.HEADER, barrier);
}

/** Asks for a vote, or for a pre-vote in the term after this one. A candidate's request leaves after its own vote is
 * durable; a pre-vote speaks of nothing durable but the log, whose end may only turn out shorter. */
function sendVoteRequest<Sink extends Effects>(n: Node, peer: Peer): void {
  const pre = n.role == Role.PRE_CANDIDATE;
  if (!pre & (n.role != Role.CANDIDATE)) return;
  const flags = pre ? MessageFlag.PRE_VOTE : 0;
  const term = pre ? n.term + 1 : n.term;
  const header = writeHeader(n, MessageKind.VOTE_REQUEST, flags, peer.id, MessageFormat.VOTE_REQUEST, term);
  const body = bodyOf<VoteRequest>(header);
  body.lastIndex = n.last;
  body.lastTerm = n.lastTerm;
  sendOutbox<Sink>(n, peer, MessageFormat.VOTE_REQUEST, !pre);
}

/** Acknowledges what the log holds; the barrier makes it wait until that is durable. A former leader only learns the
 * term: nothing is known to equal its log. */
function sendAppendReply<Sink extends Effects>(n: Node, peer: Peer): void {
  const rejects = peer.replyRejected != 0;
  const length = rejects ? MessageFormat.REJECTION : MessageFormat.APPEND_REPLY;
  const flags = rejects ? MessageFlag.REJECTED : 0;
  const body = bodyOf<AppendReply>(writeHeader(n, MessageKind.APPEND_REPLY, flags, peer.id, length, n.term));
  body.match = peer.id == n.leader ? n.verified : 0;
  body.round = peer.replyRound;
  body.sent = peer.replySent;
  body.sequence = peer.replySequence;
  body.reserved = 0;
  if (rejects) {
    body.rejected = peer.replyRejected;
    body.hintIndex = peer.replyHintIndex;
    body.hintTerm = peer.replyHintTerm;
    peer.replyRejected = 0;
  }
  sendOutbox<Sink>(n, peer, length, true);
}

/** Bytes of entries under way to a follower, as far as they are in the window. */
function bytesUnderWay(n: Node, peer: Peer): u32 {
  return spanFrom(n, peer.match + 1) - spanFrom(n, peer.next);
}

/** Whether the in-flight window has a place. */
function hasPlace(n: Node, peer: Peer): bool {
  const plan = planOf(n);
  if (underWay(peer) == 0) return true;
  if ((underWay(peer) < plan.inflightMessages) & (bytesUnderWay(n, peer) < plan.inflightBytes)) return true;
  note(n, EventKind.INFLIGHT_FULL, peer.id, underWay(peer));
  return false;
}

/**
 * Sends entries as far as the follower's state allows: one message while probing, up to the in-flight window in the
 * pipeline. A message without entries goes out instead if a heartbeat is due or the commit index is news.
 */
function sendAppends<Sink extends Effects>(n: Node, peer: Peer, heartbeat: bool): i32 {
  let sent = false;
  if (peer.state == PeerState.PROBE) {
    if ((peer.paused != 0) & !heartbeat) return StatusCode.OK;
    // The first probe carries entries, in the hope that it fits; its repetitions do not.
    const outcome = sendAppend<Sink>(n, peer, peer.paused == 0, false);
    if (outcome == SENT) peer.paused = 1;
    return min(outcome, StatusCode.OK);
  }
  // Bounded by the in-flight window.
  while (peer.next <= n.last && hasPlace(n, peer)) {
    const outcome = sendAppend<Sink>(n, peer, true, false);
    if (outcome != SENT) return outcome;
    sent = true;
  }
  const news = min(n.commit, peer.match) > peer.commitSent;
  if (sent | !(heartbeat | news)) return StatusCode.OK;
  return min(sendAppend<Sink>(n, peer, false, !heartbeat), StatusCode.OK);
}

/** Sends one Append from `peer.next` on. Followers at the same place share one encoding of it.
 * @returns SENT, 0 if storage wants to be asked later (the member stays due), or why the node has to stop */
function sendAppend<Sink extends Effects>(n: Node, peer: Peer, withEntries: bool, quiet: bool): i32 {
  const entriesDue = withEntries & (peer.next <= n.last);
  let length = n.sharedLength;
  if ((length == 0) | !entriesDue | (n.sharedNext != peer.next)) {
    const status = encodeAppend<Sink>(n, peer, entriesDue);
    if (status <= 0) {
      peer.due |= Due.APPEND;
      return status;
    }
    length = <u32>status;
  }
  const header = outboxOf(n);
  const body = bodyOf<Append>(header);
  const carries = body.count != 0;
  if (carries) peer.sequenceSent++;
  header.to = peer.id;
  header.flags = quiet & !carries ? MessageFlag.QUIET : 0;
  body.sequence = peer.sequenceSent;
  peer.commitSent = max(peer.commitSent, min(n.commit, peer.next - 1 + body.count));
  if (carries & (peer.state == PeerState.PIPELINE)) peer.next += body.count;
  // Nobody may see a term before it is durable.
  sendOutbox<Sink>(n, peer, length, n.durable < n.officeIndex);
  return SENT;
}

/** Makes an Append for `peer.next` in the outbox. Answers its length, 0 if storage wants to be asked later, or a failure. */
function encodeAppend<Sink extends Effects>(n: Node, peer: Peer, withEntries: bool): i32 {
  n.sharedLength = 0;
  const prevIndex = peer.next - 1;
  if (!knowsTerm(n, prevIndex) | (withEntries & (peer.next < n.first))) {
    note(n, EventKind.READ_BACK, peer.id, peer.next);
    return readBack<Sink>(n, peer.next, withEntries);
  }
  const packed: u64 = withEntries ? packEntries(n, peer.next) : 0;
  const length = MessageFormat.APPEND + <u32>packed;
  writeAppend(n, prevIndex, termAt(n, prevIndex), <u32>(packed >> 32), length);
  if (withEntries) {
    n.sharedLength = length;
    n.sharedNext = peer.next;
  }
  return length;
}

/** Writes the fixed part of an Append; `to`, flags and sequence are filled in when it is sent. */
export function writeAppend(n: Node, prevIndex: u64, prevTerm: u64, count: u32, length: u32): void {
  const body = bodyOf<Append>(writeHeader(n, MessageKind.APPEND, 0, 0, length, n.term));
  body.prevIndex = prevIndex;
  body.prevTerm = prevTerm;
  body.commit = n.commit;
  body.round = n.round;
  body.sent = n.now;
  body.count = count;
}

/** Copies entries from `index` on into the outbox, as many as fit: answers their count (high word) and bytes (low word).
 * Neighbours in the ring are copied in one piece. */
function packEntries(n: Node, index: u64): u64 {
  const room = planOf(n).maxMessage - MessageFormat.APPEND;
  let target = changetype<usize>(outboxOf(n)) + MessageFormat.APPEND;
  let bytes: u32 = 0;
  let count: u32 = 0;
  while (index <= n.last) {
    const start = offsetOf(n, index);
    let end = start;
    while (index <= n.last && offsetOf(n, index) == end) {
      const size = sizeOf(entryAt(n, index));
      if (bytes + size > room) break;
      bytes += size;
      end += size;
      count++;
      index++;
    }
    if (end == start) break;
    copyWords(target, at(n, n.bytesOffset) + start, end - start);
    target += end - start;
  }
  assert(count > 0);
  return ((<u64>count) << 32) | <u64>bytes;
}
