/**
 * AppendEntries on the follower's side (paper 5.3). Entries that the log already holds are left alone, so that a late or
 * repeated message never shortens it; a conflict removes everything from there on. A follower that has no room takes
 * what fits and acknowledges that much.
 */

import { Entry, EntryKind } from "../abi/entry";
import { EventKind } from "../abi/event";
import { Append, Header, InstallSnapshot, MessageFlag, MessageFormat } from "../abi/message";
import { Node } from "../abi/node";
import { Due, Peer } from "../abi/peer";
import { StatusCode } from "../abi/status-code";
import { peerToAnswer } from "../state/peers";
import { lowestKnown } from "../state/terms";
import { hasOtherTerm, hasTerm, lastUpToTerm, pushEncoded, removeFrom, sizeOf, termAt } from "../state/window";
import { commitTo } from "./commit";
import { note } from "./events";
import { activateLast, rollBack } from "./membership";
import { rest } from "./quiescence";
import { askLeader } from "./reads";
import { becomeFollower } from "./role";
import { receiveChunk } from "./snapshot";
import { stop } from "./stop";

/** The entry behind another in a message. */
// @ts-ignore: decorator
@inline
function nextEntry(entry: Entry): Entry {
  return changetype<Entry>(changetype<usize>(entry) + sizeOf(entry));
}

// @ts-ignore: decorator
@inline
function firstEntry(header: Header): Entry {
  return changetype<Entry>(changetype<usize>(header) + MessageFormat.APPEND);
}

/**
 * Whether a committed entry would change.
 */
export function appendContradicts(n: Node, header: Header, append: Append): bool {
  if (append.prevIndex > n.commit) return false;
  if (hasOtherTerm(n, append.prevIndex, append.prevTerm)) return true;
  let entry = firstEntry(header);
  for (let i: u32 = 0; i < append.count; i++) {
    const index = append.prevIndex + 1 + i;
    if (index > n.commit) return false;
    if (hasOtherTerm(n, index, entry.term)) return true;
    entry = nextEntry(entry);
  }
  return false;
}

/** What comes from the leader of this term, or of a later one, is followed. The answer to a former leader tells it the
 * term. */
function followSender(n: Node, header: Header): bool {
  if (header.term < n.term) {
    peerToAnswer(n, header.from).due |= Due.APPEND_REPLY;
    return false;
  }
  if ((header.term != n.term) | (header.from != n.leader)) becomeFollower(n, header.term, header.from);
  n.lastHeard = n.now;
  n.electionBase = n.now;
  return true;
}

/** A chunk of a snapshot. */
export function receiveInstall(n: Node, header: Header, body: InstallSnapshot): i32 {
  if (!followSender(n, header)) return StatusCode.STALE;
  const peer = peerToAnswer(n, header.from);
  noteEcho(peer, body.round, body.sent);
  return receiveChunk(n, peer, header, body);
}

/** An Append of any term. */
export function receiveAppend(n: Node, header: Header, append: Append): i32 {
  if (!followSender(n, header)) return StatusCode.STALE;
  const fitting = fits(n, append);
  const matched = fitting ? take(n, header, append) : 0;
  if (n.failure != 0) return n.failure;
  // Only now: a configuration among the entries may have moved the sender's record.
  const peer = peerToAnswer(n, header.from);
  if (<i32>(append.sequence - peer.replySequence) > 0) peer.replySequence = append.sequence;
  noteEcho(peer, append.round, append.sent);
  if (!fitting) return reject(n, peer, append);
  n.verified = max(n.verified, matched);
  commitTo(n, min(append.commit, n.verified));
  if ((header.flags & MessageFlag.QUIET) != 0) return StatusCode.OK;
  if ((header.flags & MessageFlag.REST) != 0 && mayRest(n, append)) {
    rest(n);
    return StatusCode.OK;
  }
  peer.due |= Due.APPEND_REPLY;
  if (n.readTold != n.readTicket) askLeader(n);
  return StatusCode.OK;
}

/** Whether this follower has all that its leader has, and nothing is waiting. */
function mayRest(n: Node, append: Append): bool {
  const complete = (append.prevIndex == n.last) & (append.commit == n.last) & (n.applied == n.last);
  return complete & (n.readTold == n.readTicket);
}

/** What the reply echoes is the newest of what came in from this leader, as a datagram may arrive late. */
function noteEcho(peer: Peer, round: u64, sent: u64): void {
  peer.replyRound = max(peer.replyRound, round);
  peer.replySent = max(peer.replySent, sent);
}

/** Whether the entry before the message's first one is in the log. What is committed is in every later leader's log. */
function fits(n: Node, append: Append): bool {
  return append.prevIndex <= n.commit || hasTerm(n, append.prevIndex, append.prevTerm);
}

/** Notes a rejection and where the logs may agree instead: nothing above that place has a term the leader lacks. */
function reject(n: Node, peer: Peer, append: Append): i32 {
  const lowest = lowestKnown(n);
  // A conflict where nothing before is known; terms never fall along a log, so it may also show further back.
  if ((append.prevIndex <= lowest) & ((append.prevIndex == lowest) | (append.prevTerm > termAt(n, lowest)))) {
    return stop(n, StatusCode.WINDOW_TOO_SMALL);
  }
  const floor = max(lowest, n.commit);
  const index = lastUpToTerm(n, min(n.last, append.prevIndex - 1), floor, append.prevTerm);
  peer.replyRejected = append.prevIndex;
  peer.replyHintIndex = index;
  peer.replyHintTerm = termAt(n, index);
  peer.due |= Due.APPEND_REPLY;
  return StatusCode.OK;
}

/**
 * Takes the entries that are new; answers the index up to which the log now is known to equal the leader's. After a
 * restart, of a log of many terms, the oldest may be unknown; but where one term agrees, all before it do (the Log
 * Matching property).
 */
function take(n: Node, header: Header, append: Append): u64 {
  let entry = firstEntry(header);
  let index = append.prevIndex;
  for (let i: u32 = 0; i < append.count; i++) {
    index++;
    if (index > n.commit && index >= lowestKnown(n)) {
      if (index <= n.last && termAt(n, index) != entry.term && !truncate(n, index)) return n.commit;
      if (index > n.last && !appendOne(n, entry)) return index - 1;
    }
    entry = nextEntry(entry);
  }
  return (index <= n.commit) | (index >= lowestKnown(n)) ? index : n.commit;
}

/** Removes a conflicting suffix; the configuration before it is in force again. False if it reaches back further than
 * is known. */
function truncate(n: Node, from: u64): bool {
  if ((from <= lowestKnown(n)) | (from <= n.baseIndex)) {
    stop(n, StatusCode.WINDOW_TOO_SMALL);
    return false;
  }
  note(n, EventKind.TRUNCATED, from, n.last);
  rollBack(n, from);
  removeFrom(n, from);
  return true;
}

/** Appends an entry if there is room; a configuration is in force from here on. */
function appendOne(n: Node, entry: Entry): bool {
  const size = sizeOf(entry);
  if (!pushEncoded(n, entry, size, n.durable)) {
    note(n, EventKind.FULL, n.last, size);
    return false;
  }
  if (entry.kind == EntryKind.CONFIGURATION) activateLast(n);
  return true;
}
