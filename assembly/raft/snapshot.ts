/**
 * Snapshots and compaction (thesis chapter 5). The host takes them, keeps them and makes them durable; here is decided
 * what they mean for the log. A follower whose entries are compacted away is sent the leader's snapshot in chunks, one at
 * a time: the next one when it is acknowledged, the same one again when a heartbeat interval has passed. Nothing of the
 * follower's own state is touched before the host says that the whole image is durable.
 */

import { EventKind } from "../abi/event";
import { Header, InstallSnapshot, MessageFlag, MessageFormat, MessageKind, SnapshotReply } from "../abi/message";
import { Node, Role } from "../abi/node";
import { Due, Peer, PeerState } from "../abi/peer";
import { SnapshotAnswer } from "../abi/snapshot-answer";
import { StatusCode } from "../abi/status-code";
import { at, planOf } from "../state/arena";
import { isNumber } from "../state/memory";
import { peerToAnswer } from "../state/peers";
import { beginTerms } from "../state/terms";
import { hasOtherTerm, knowsTerm, termAt } from "../state/window";
import { configurationIsValid } from "../wire/configuration";
import { bodyOf, outboxOf, writeHeader } from "../wire/encode";
import { MemberRole } from "../abi/configuration";
import { commitTo } from "./commit";
import { Effects } from "./effects";
import { note } from "./events";
import { activate } from "./membership";

/** The log begins behind (index, term), with this configuration; it is empty. */
export function beginLog(n: Node, index: u64, term: u64, configuration: usize, length: u32): void {
  n.snapshotIndex = index;
  n.snapshotTerm = term;
  n.compacted = index;
  n.first = index + 1;
  n.last = index;
  n.lastTerm = term;
  n.head = 0;
  n.commit = index;
  n.applied = index;
  n.durable = index;
  n.written = index;
  n.baseIndex = index;
  beginTerms(n, index, term);
  if (length == 0) return;
  memory.copy(at(n, n.baseOffset), configuration, length);
  activate(n, at(n, n.baseOffset), index);
}

/** The host has made a snapshot durable: this node's own, or one that a leader sent. */
export function takeSnapshot(n: Node, index: u64, term: u64, configuration: usize, length: u32): i32 {
  if (!isNumber(index | term) | (index == 0) | (term == 0) | (term > n.term)) return StatusCode.BAD_ARGUMENT;
  if (!configurationIsValid(configuration, length, planOf(n))) return StatusCode.BAD_CONFIGURATION;
  if (index <= n.snapshotIndex) return StatusCode.STALE;
  if (index > n.applied) return install(n, index, term, configuration, length);
  if (hasOtherTerm(n, index, term)) return StatusCode.BAD_ARGUMENT;
  n.snapshotIndex = index;
  n.snapshotTerm = term;
  const keep = <u64>planOf(n).keepEntries;
  if (index > keep) n.compacted = max(n.compacted, index - keep);
  note(n, EventKind.SNAPSHOT, index, 0);
  return StatusCode.OK;
}

/** Whether the log holds what a snapshot of a leader's covers. In a long log the entry's term may not be known any more. */
function holds(n: Node, index: u64, term: u64): bool {
  return index <= n.commit || (knowsTerm(n, index) ? termAt(n, index) == term : index <= n.verified);
}

/** A snapshot that a leader sent takes the place of the log, unless the log holds what it covers. Whatever was
 * acknowledged behind it stays. */
function install(n: Node, index: u64, term: u64, configuration: usize, length: u32): i32 {
  if (n.role == Role.LEADER) return StatusCode.STALE;
  n.incomingIndex = 0;
  if (holds(n, index, term)) {
    commitTo(n, index);
    return StatusCode.STALE;
  }
  // Storage drops what the snapshot covers when it compacts, and before that what does not continue it. A truncation
  // that is due already lies above `written`, so this one reaches further back.
  if (n.written > index) n.truncateFrom = index + 1;
  beginLog(n, index, term, configuration, length);
  // What is committed is in the log of every later leader.
  n.verified = index;
  if (n.leader != 0) peerToAnswer(n, n.leader).due |= Due.APPEND_REPLY;
  note(n, EventKind.SNAPSHOT, index, 1);
  return StatusCode.OK;
}

/** The image that is being received is lost: its chunks begin again. */
export function dropIncoming(n: Node): void {
  n.incomingIndex = 0;
  n.chunkLength = 0;
}

/** Whether no correct leader can have sent this. */
export function snapshotContradicts(n: Node, body: InstallSnapshot): bool {
  return body.index <= n.commit && hasOtherTerm(n, body.index, body.term);
}

/** A chunk from the leader of this term, which it has just been heard from. */
export function receiveChunk(n: Node, peer: Peer, header: Header, body: InstallSnapshot): i32 {
  const index = body.index;
  if (holds(n, index, body.term)) {
    n.verified = max(n.verified, index);
    commitTo(n, index);
    peer.due |= Due.APPEND_REPLY;
    return StatusCode.OK;
  }
  if (index < n.incomingIndex) return StatusCode.STALE;
  if (index != n.incomingIndex) {
    n.incomingIndex = index;
    n.incomingTerm = body.term;
    n.incomingOffset = 0;
    n.incomingDone = 0;
    n.chunkLength = 0;
  }
  if ((body.offset == n.incomingOffset) & (n.incomingDone == 0) & (n.chunkLength == 0)) {
    // The outbox is free until the next flush, which begins with it.
    memory.copy(changetype<usize>(outboxOf(n)), changetype<usize>(header), header.length);
    n.chunkLength = header.length;
  }
  peer.due |= Due.SNAPSHOT_REPLY;
  return StatusCode.OK;
}

/** Hands the chunk that came in to the host. */
export function flushChunk<Sink extends Effects>(n: Node): void {
  if (n.chunkLength == 0) return;
  const bytes = n.chunkLength - MessageFormat.INSTALL_SNAPSHOT;
  n.chunkLength = 0;
  const header = outboxOf(n);
  const body = bodyOf<InstallSnapshot>(header);
  const place = changetype<usize>(header) + MessageFormat.INSTALL_SNAPSHOT;
  const last = (header.flags & MessageFlag.LAST) != 0;
  if (changetype<Sink>(0).writeSnapshot(n, body.index, body.term, body.offset, place, bytes, last) != 0) return;
  n.incomingOffset += bytes;
  n.incomingDone = u32(last);
}

/** Leader: whether a follower, whose next entry has left the window, needs entries that only the snapshot holds. */
export function needsSnapshot(n: Node, peer: Peer): bool {
  const prev = peer.next - 1;
  if (prev > n.compacted) return false;
  return prev < n.compacted || (prev != n.snapshotIndex && !knowsTerm(n, prev));
}

/** Leader: begins to send the newest snapshot. */
export function beginSnapshot(n: Node, peer: Peer): void {
  peer.state = PeerState.SNAPSHOT;
  peer.paused = 0;
  peer.sequenceAcked = peer.sequenceSent;
  peer.chunkIndex = n.snapshotIndex;
  peer.chunkOffset = 0;
  peer.chunkLength = 0;
}

/** Leader: makes the next chunk, or the same one again, in the outbox. Answers its length, 0 if the host wants to be
 * asked later, or a failure. */
export function encodeChunk<Sink extends Effects>(n: Node, peer: Peer): i32 {
  const room = planOf(n).maxMessage - MessageFormat.INSTALL_SNAPSHOT;
  const place = changetype<usize>(outboxOf(n)) + MessageFormat.INSTALL_SNAPSHOT;
  const witness = (peer.roles & MemberRole.WITNESS) != 0;
  n.sharedLength = 0;
  const bytes = changetype<Sink>(0).readSnapshot(n, n.snapshotIndex, peer.chunkOffset, place, room, witness);
  if (bytes < 0) return bytes == SnapshotAnswer.LATER ? 0 : StatusCode.STORAGE_FAILED;
  assert(<u32>bytes <= room);
  const length = MessageFormat.INSTALL_SNAPSHOT + <u32>bytes;
  const flags = <u32>bytes < room ? MessageFlag.LAST : 0;
  const body = bodyOf<InstallSnapshot>(writeHeader(n, MessageKind.INSTALL_SNAPSHOT, flags, peer.id, length, n.term));
  body.index = n.snapshotIndex;
  body.term = n.snapshotTerm;
  body.offset = peer.chunkOffset;
  body.round = n.round;
  body.sent = n.now;
  peer.chunkLength = <u32>bytes;
  peer.chunkSent = n.now;
  peer.paused = 1;
  return length;
}

/**
 * Leader: how far a follower is. The end of the chunk that is out: it was taken. Its beginning: it was not, or not yet,
 * and is repeated after a while. Any other place, in an answer to that chunk or a later message: the follower has
 * begun again.
 */
export function receiveSnapshotReply(peer: Peer, reply: SnapshotReply): void {
  if ((peer.state != PeerState.SNAPSHOT) | (reply.index != peer.chunkIndex)) return;
  if (reply.offset == peer.chunkOffset) return;
  if ((reply.offset != peer.chunkOffset + peer.chunkLength) & (reply.sent < peer.chunkSent)) return;
  peer.chunkOffset = reply.offset;
  peer.paused = 0;
}
