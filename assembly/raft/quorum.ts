/**
 * Majorities, of the one set of voters or of both sets of a joint configuration (thesis 4.3). The sets are named by the
 * role that marks their members; an empty outgoing set agrees to everything.
 */

import { MemberRole } from "../abi/configuration";
import { Node } from "../abi/node";
import { Peer } from "../abi/peer";
import { planOf } from "../state/arena";
import { peerAt } from "../state/peers";

/** What a quorum can be asked. */
namespace Question {
  /** Is the log durable there up to this index? */
  // @ts-ignore: decorator
  @inline export const HOLDS: u32 = 0;
  /** Was this heartbeat round acknowledged? */
  // @ts-ignore: decorator
  @inline export const CONFIRMED: u32 = 1;
  /** Was there contact at this time or later? */
  // @ts-ignore: decorator
  @inline export const IN_CONTACT: u32 = 2;
  /** Was there contact at this time or later, and does it keep payloads? */
  // @ts-ignore: decorator
  @inline export const FULL: u32 = 3;
  /** Was the vote granted? */
  // @ts-ignore: decorator
  @inline export const GRANTED: u32 = 4;
  /** Can the vote still be granted? */
  // @ts-ignore: decorator
  @inline export const NOT_DENIED: u32 = 5;
}

export namespace Outcome {
  // @ts-ignore: decorator
  @inline export const PENDING: u32 = 0;
  // @ts-ignore: decorator
  @inline export const WON: u32 = 1;
  // @ts-ignore: decorator
  @inline export const LOST: u32 = 2;
}

/** Highest index durable on a member, as far as the leader knows. */
// @ts-ignore: decorator
@inline
export function durableOn(n: Node, peer: Peer): u64 {
  return peer.id == planOf(n).id ? n.durable : peer.match;
}

/** How far a member has come: the highest index durable on it (HOLDS), or the newest heartbeat round that it acknowledged
 * (CONFIRMED). This node counts itself only when its own write is durable. */
// @ts-ignore: decorator
@inline
function reached(n: Node, peer: Peer, question: u32): u64 {
  if (question == Question.HOLDS) return durableOn(n, peer);
  return peer.id == planOf(n).id ? n.round : peer.ackRound;
}

/** A member's answer. */
// @ts-ignore: decorator
@inline
function agrees(n: Node, peer: Peer, question: u32, value: u64): bool {
  if (question <= Question.CONFIRMED) return reached(n, peer, question) >= value;
  if (question == Question.GRANTED) return peer.vote == 1;
  if (question == Question.NOT_DENIED) return peer.vote != 2;
  const full = (question == Question.IN_CONTACT) | ((peer.roles & MemberRole.WITNESS) == 0);
  return full & ((peer.id == planOf(n).id) | (peer.lastAck >= value));
}

/** Whether a majority of each set agrees. */
function quorumAgrees(n: Node, question: u32, value: u64): bool {
  // For each set, members that agree less members that do not.
  let incoming: i32 = 0;
  let outgoing: i32 = 0;
  let seen: u32 = 0;
  for (let i: u32 = 0; i < n.members; i++) {
    const peer = peerAt(n, i);
    const balance = agrees(n, peer, question, value) ? 1 : -1;
    seen |= peer.roles;
    if ((peer.roles & MemberRole.VOTER) != 0) incoming += balance;
    if ((peer.roles & MemberRole.OUTGOING) != 0) outgoing += balance;
  }
  return (incoming > 0) & ((outgoing > 0) | ((seen & MemberRole.OUTGOING) == 0));
}

/** How far a quorum has come, if that is above `best`; else `best`. */
function quorumReached(n: Node, question: u32, best: u64): u64 {
  for (let i: u32 = 0; i < n.members; i++) {
    const value = reached(n, peerAt(n, i), question);
    if (value > best && quorumAgrees(n, question, value)) best = value;
  }
  return best;
}

/** Highest index above the commit index that a quorum holds durably; the commit index if there is none. */
export function quorumMatch(n: Node): u64 {
  return quorumReached(n, Question.HOLDS, n.commit);
}

/** Highest heartbeat round that a quorum has acknowledged, at least the highest known so far. */
export function quorumRound(n: Node): u64 {
  return quorumReached(n, Question.CONFIRMED, n.roundConfirmed);
}

/** The time so many ms ago; 0 if that was before all time. */
export function ago(n: Node, ms: u32): u64 {
  return n.now > <u64>ms ? n.now - ms : 0;
}

/** Contact before this time is too long ago. */
export function contactLimit(n: Node): u64 {
  return ago(n, planOf(n).electionTimeout);
}

/** Whether members that keep payloads, and were heard from within an election timeout, are a quorum. */
export function fullQuorumActive(n: Node): bool {
  return quorumAgrees(n, Question.FULL, contactLimit(n));
}

/** Whether a quorum was in contact with this leader at `since` or later. */
export function quorumActive(n: Node, since: u64): bool {
  return quorumAgrees(n, Question.IN_CONTACT, since);
}

/** How the vote stands: won with a majority of each set, lost once one set cannot give it any more. */
export function voteOutcome(n: Node): u32 {
  if (quorumAgrees(n, Question.GRANTED, 0)) return Outcome.WON;
  return quorumAgrees(n, Question.NOT_DENIED, 0) ? Outcome.PENDING : Outcome.LOST;
}
