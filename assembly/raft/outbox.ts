/**
 * Messages, made at flush time from what is due to each member and from the state as it is then. Nothing is queued, so
 * nothing can overflow.
 */

import { EventKind } from "../abi/event";
import { MemberRole } from "../abi/configuration";
import { Entry, EntryFrame, EntryKind } from "../abi/entry";
import {
  Append,
  AppendReply,
  MessageFlag,
  MessageFormat,
  MessageKind,
  ReadReply,
  ReadRequest,
  SnapshotReply,
  VoteRequest,
} from "../abi/message";
import { Node, Role } from "../abi/node";
import { Due, Peer, PeerState } from "../abi/peer";
import { StatusCode } from "../abi/status-code";
import { at, planOf } from "../state/arena";
import { copyWords } from "../state/memory";
import { peerAt, strangerOf } from "../state/peers";
import { knowsTerm, offsetOf, sizeOf, spanFrom, termAt } from "../state/window";
import { bodyOf, outboxOf, writeHeader } from "../wire/encode";
import { Effects } from "./effects";
import { note } from "./events";
import { underWay } from "./progress";
import { durableOn, fullQuorumActive } from "./quorum";
import { outboxEntries, readBack } from "./read-back";
import { beginSnapshot, encodeChunk, needsSnapshot } from "./snapshot";

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
  if ((due & ~(Due.APPEND | Due.HEARTBEAT)) != 0) flushOthers<Sink>(n, peer, due);
  if (((due & (Due.APPEND | Due.HEARTBEAT)) == 0) | (n.role != Role.LEADER)) return StatusCode.OK;
  return sendAppends<Sink>(n, peer, (due & Due.HEARTBEAT) != 0);
}

/** Sends what is due besides Appends. */
function flushOthers<Sink extends Effects>(n: Node, peer: Peer, due: u32): void {
  if ((due & Due.PRE_VOTE_REPLY) != 0) sendPreVoteReply<Sink>(n, peer);
  // Granted if the vote is the asker's, whatever it was when the request came.
  if ((due & Due.VOTE_REPLY) != 0) {
    sendVoteReply<Sink>(n, peer, n.vote == peer.id ? MessageFlag.GRANTED : 0, n.term, true);
  }
  if ((due & Due.APPEND_REPLY) != 0) sendAppendReply<Sink>(n, peer);
  if ((due & Due.SNAPSHOT_REPLY) != 0) sendSnapshotReply<Sink>(n, peer);
  if ((due & Due.VOTE_REQUEST) != 0) sendVoteRequest<Sink>(n, peer);
  // A leader that has stepped down since may still ask.
  if ((due & Due.TIMEOUT_NOW) != 0) sendHeader<Sink>(n, peer, MessageKind.TIMEOUT_NOW, 0, n.term, false);
  if ((due & Due.READ_REQUEST) != 0) sendReadRequest<Sink>(n, peer);
  if ((due & Due.READ_REPLY) != 0) sendReadReply<Sink>(n, peer);
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
  sendHeader<Sink>(n, peer, MessageKind.VOTE_REPLY, flags, term, barrier);
}

/** Sends a message that is only a header. */
function sendHeader<Sink extends Effects>(n: Node, peer: Peer, kind: u32, flags: u32, term: u64, barrier: bool): void {
  writeHeader(n, kind, flags, peer.id, MessageFormat.HEADER, term);
  sendOutbox<Sink>(n, peer, MessageFormat.HEADER, barrier);
}

/** Asks for a vote, or for a pre-vote in the term after this one. A candidate's request leaves after its own vote is
 * durable; a pre-vote speaks of nothing durable but the log, whose end may only turn out shorter. */
function sendVoteRequest<Sink extends Effects>(n: Node, peer: Peer): void {
  const pre = n.role == Role.PRE_CANDIDATE;
  if (!pre & (n.role != Role.CANDIDATE)) return;
  const flags = pre ? MessageFlag.PRE_VOTE : n.handOver != 0 ? MessageFlag.TRANSFER : 0;
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
  const body = writeReply(n, peer, MessageKind.APPEND_REPLY, flags, length);
  if (rejects) {
    body.rejected = peer.replyRejected;
    body.hintIndex = peer.replyHintIndex;
    body.hintTerm = peer.replyHintTerm;
    peer.replyRejected = 0;
  }
  sendOutbox<Sink>(n, peer, length, true);
}

/** Writes what all replies to a leader begin with. */
function writeReply(n: Node, peer: Peer, kind: u32, flags: u32, length: u32): AppendReply {
  const body = bodyOf<AppendReply>(writeHeader(n, kind, flags, peer.id, length, n.term));
  body.match = peer.id == n.leader ? n.verified : 0;
  body.round = peer.replyRound;
  body.sent = peer.replySent;
  body.sequence = peer.replySequence;
  body.reserved = 0;
  return body;
}

/** Says how much of a snapshot's image has been taken. */
function sendSnapshotReply<Sink extends Effects>(n: Node, peer: Peer): void {
  const reply = writeReply(n, peer, MessageKind.SNAPSHOT_REPLY, 0, MessageFormat.SNAPSHOT_REPLY);
  const body = changetype<SnapshotReply>(changetype<usize>(reply));
  body.index = n.incomingIndex;
  body.offset = n.incomingOffset;
  sendOutbox<Sink>(n, peer, MessageFormat.SNAPSHOT_REPLY, true);
}

function sendReadRequest<Sink extends Effects>(n: Node, peer: Peer): void {
  if (peer.id != n.leader) return;
  const flags = n.readStrict == 0 ? MessageFlag.LEASE : 0;
  const header = writeHeader(n, MessageKind.READ_REQUEST, flags, peer.id, MessageFormat.READ_REQUEST, n.term);
  bodyOf<ReadRequest>(header).ticket = n.readTicket;
  n.readAsked = n.readTicket;
  sendOutbox<Sink>(n, peer, MessageFormat.READ_REQUEST, true);
}

/** Leader: the follower's reads may be answered once it has applied what is committed now. */
function sendReadReply<Sink extends Effects>(n: Node, peer: Peer): void {
  if (n.role != Role.LEADER) return;
  const header = writeHeader(n, MessageKind.READ_REPLY, 0, peer.id, MessageFormat.READ_REPLY, n.term);
  bodyOf<ReadReply>(header).ticket = peer.readTicket;
  bodyOf<ReadReply>(header).index = n.commit;
  sendOutbox<Sink>(n, peer, MessageFormat.READ_REPLY, false);
}

/** Last entry that may be sent to a member. A witness follows the commit index while full members in contact are a quorum
 * without it: so that if the leader fails, none of them holds less than the witness, which can then vote for it. */
// @ts-ignore: decorator
@inline
function lastFor(n: Node, peer: Peer): u64 {
  return isWitness(peer) ? lastForWitness(n) : n.last;
}

/** Without such a quorum a witness gets what some full voter holds durably, and can be elected with. That need not be the
 * leader: it may be on its way out. */
function lastForWitness(n: Node): u64 {
  if (fullQuorumActive(n)) return n.commit;
  let held: u64 = 0;
  for (let i: u32 = 0; i < n.members; i++) {
    const peer = peerAt(n, i);
    const isFull = (peer.roles & (MemberRole.VOTER | MemberRole.WITNESS)) == MemberRole.VOTER;
    if (isFull) held = max(held, durableOn(n, peer));
  }
  return held;
}

// @ts-ignore: decorator
@inline
function isWitness(peer: Peer): bool {
  return (peer.roles & MemberRole.WITNESS) != 0;
}

/** Takes the payloads of commands out of the `bytes` of entries in the outbox: what a witness gets. Answers the bytes left. */
function hollowOut(entries: usize, bytes: u32): u32 {
  const end = entries + bytes;
  let to = entries;
  for (let from = entries; from < end; ) {
    const entry = changetype<Entry>(from);
    let size = sizeOf(entry);
    const next = from + size;
    if (entry.kind == EntryKind.NORMAL) {
      entry.kind = <u8>EntryKind.HOLLOW;
      entry.length = 0;
      size = EntryFrame.HEADER;
    }
    memory.copy(to, from, size);
    to += size;
    from = next;
  }
  return <u32>(to - entries);
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
  if (peer.next < n.first && needsSnapshot(n, peer)) {
    if ((peer.state != PeerState.SNAPSHOT) | (peer.chunkIndex != n.snapshotIndex)) beginSnapshot(n, peer);
    return sendChunk<Sink>(n, peer, heartbeat);
  }
  const last = lastFor(n, peer);
  if (peer.state != PeerState.PIPELINE) {
    if ((peer.paused != 0) & !heartbeat) return StatusCode.OK;
    // The first probe carries entries, in the hope that it fits; its repetitions do not.
    const outcome = sendAppend<Sink>(n, peer, (peer.paused == 0) & (peer.next <= last), last, false);
    if (outcome == SENT) peer.paused = 1;
    return min(outcome, StatusCode.OK);
  }
  // Bounded by the in-flight window.
  while (peer.next <= last && hasPlace(n, peer)) {
    const outcome = sendAppend<Sink>(n, peer, true, last, false);
    if (outcome != SENT) return outcome;
    sent = true;
  }
  const news = min(n.commit, peer.match) > peer.commitSent;
  if (sent | !(heartbeat | news)) return StatusCode.OK;
  return min(sendAppend<Sink>(n, peer, false, last, !heartbeat), StatusCode.OK);
}

/** Sends the next chunk of the snapshot, or the one that is out again when a heartbeat interval has passed. A heartbeat
 * in between is an Append that fits every log. */
function sendChunk<Sink extends Effects>(n: Node, peer: Peer, heartbeat: bool): i32 {
  if ((peer.paused == 0) | (heartbeat & (n.now - peer.chunkSent >= planOf(n).heartbeat))) {
    const length = encodeChunk<Sink>(n, peer);
    if (length > 0) sendOutbox<Sink>(n, peer, <u32>length, false);
    else peer.due |= Due.APPEND;
    if (length != 0) return min(length, StatusCode.OK);
  }
  if (!heartbeat) return StatusCode.OK;
  writeAppend(n, 0, 0, 0, MessageFormat.APPEND);
  outboxOf(n).to = peer.id;
  bodyOf<Append>(outboxOf(n)).sequence = peer.sequenceSent;
  sendOutbox<Sink>(n, peer, MessageFormat.APPEND, false);
  return StatusCode.OK;
}

/** Sends one Append from `peer.next` on. Followers at the same place share one encoding of it.
 * @returns SENT, 0 if storage wants to be asked later (the member stays due), or why the node has to stop */
function sendAppend<Sink extends Effects>(n: Node, peer: Peer, withEntries: bool, last: u64, quiet: bool): i32 {
  let length = n.sharedLength;
  if ((length == 0) | !withEntries | (n.sharedNext != peer.next) | isWitness(peer)) {
    const status = encodeAppend<Sink>(n, peer, withEntries, last);
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
  header.flags = carries ? 0 : n.quiet != 0 ? MessageFlag.REST : quiet ? MessageFlag.QUIET : 0;
  body.sequence = peer.sequenceSent;
  peer.commitSent = max(peer.commitSent, min(n.commit, peer.next - 1 + body.count));
  if (carries & (peer.state == PeerState.PIPELINE)) peer.next += body.count;
  // Nobody may see a term before it is durable.
  sendOutbox<Sink>(n, peer, length, n.durable < n.officeIndex);
  return SENT;
}

/** Makes an Append for `peer.next` in the outbox. Answers its length, 0 if storage wants to be asked later, or a failure. */
function encodeAppend<Sink extends Effects>(n: Node, peer: Peer, withEntries: bool, last: u64): i32 {
  n.sharedLength = 0;
  const prevIndex = peer.next - 1;
  if (!knowsTerm(n, prevIndex) | (withEntries & (peer.next < n.first))) {
    note(n, EventKind.READ_BACK, peer.id, peer.next);
    const length = readBack<Sink>(n, peer.next, withEntries);
    return (length > 0) & isWitness(peer) ? shrinkForWitness(n, <u32>length) : length;
  }
  const packed: u64 = withEntries ? packEntries(n, peer.next, last) : 0;
  const length = MessageFormat.APPEND + <u32>packed;
  writeAppend(n, prevIndex, termAt(n, prevIndex), <u32>(packed >> 32), length);
  if (isWitness(peer)) return shrinkForWitness(n, length);
  if (withEntries) {
    n.sharedLength = length;
    n.sharedNext = peer.next;
  }
  return length;
}

/** Takes out of the Append in the outbox what a witness does not keep. Answers its length. */
function shrinkForWitness(n: Node, length: u32): u32 {
  length = MessageFormat.APPEND + hollowOut(outboxEntries(n), length - MessageFormat.APPEND);
  outboxOf(n).length = length;
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

/** Copies entries from `index` to `last` into the outbox, as many as fit: answers their count (high word) and bytes (low word).
 * Neighbours in the ring are copied in one piece. */
function packEntries(n: Node, index: u64, last: u64): u64 {
  const room = planOf(n).maxMessage - MessageFormat.APPEND;
  let target = changetype<usize>(outboxOf(n)) + MessageFormat.APPEND;
  const window = at(n, n.bytesOffset);
  let bytes: u32 = 0;
  let count: u32 = 0;
  assert((index >= n.first) & (last <= n.last));
  while (index <= last) {
    const start = offsetOf(n, index);
    let end = start;
    while (index <= last && offsetOf(n, index) == end) {
      const size = sizeOf(changetype<Entry>(window + end));
      if (bytes + size > room) break;
      bytes += size;
      end += size;
      count++;
      index++;
    }
    if (end == start) break;
    copyWords(target, window + start, end - start);
    target += end - start;
  }
  assert(count > 0);
  return ((<u64>count) << 32) | <u64>bytes;
}
