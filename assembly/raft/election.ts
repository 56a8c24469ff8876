/**
 * Elections with Pre-Vote and loyalty to a live leader (paper 5.2, 5.4.1; thesis 4.2.3, 9.6).
 *
 * A vote is given once a term, only to a candidate whose log is at least as up to date, and neither a vote nor a
 * pre-vote within an election timeout of hearing from a leader. Votes and requests leave behind a barrier: the term and
 * vote they speak of are durable first.
 */

import { EventKind } from "../abi/event";
import { Header, MessageFlag, VoteRequest } from "../abi/message";
import { Node, Role, TimerAction } from "../abi/node";
import { Due } from "../abi/peer";
import { PlanLimit } from "../abi/plan";
import { StatusCode } from "../abi/status-code";
import { planOf } from "../state/arena";
import { findPeer, peerToAnswer } from "../state/peers";
import { note } from "./events";
import { mayLead } from "./membership";
import { Outcome, voteOutcome } from "./quorum";
import { becomeCandidate, becomeFollower, becomeLeader, patience, restartElectionTimer } from "./role";

/** Whether a leader is believed to be alive: this node is one, or heard from one within an election timeout. A node
 * that has just started may have acknowledged a leader before, so it counts as having heard from it. */
export function isLoyal(n: Node): bool {
  return (n.role == Role.LEADER) | (n.now - n.lastHeard < <u64>planOf(n).electionTimeout);
}

/** Whether a log that ends at (term, index) is at least as up to date as this one (paper 5.4.1). */
export function isUpToDate(n: Node, lastTerm: u64, lastIndex: u64): bool {
  return (lastTerm > n.lastTerm) | ((lastTerm == n.lastTerm) & (lastIndex >= n.last));
}

/** The election timer fired. Hearing from a leader does not re-arm the timer; it is looked at here. */
export function electionTimeout(n: Node): void {
  if ((n.role == Role.LEADER) | (n.quiet != 0)) return;
  const waited = n.now - n.electionBase;
  const timeout = patience(n);
  if (waited < timeout) {
    n.electionDelay = timeout - waited;
    n.timers |= TimerAction.ARM_ELECTION;
    return;
  }
  if (mayLead(n) && n.term < PlanLimit.NUMBER) {
    campaign(n, Role.PRE_CANDIDATE, 0);
  } else {
    // A node that may not campaign still forgets a leader it no longer hears.
    becomeFollower(n, n.term, 0);
    restartElectionTimer(n);
  }
}

/** Asks all members for their (pre-)votes; `handOver` is 1 if the leader wants it so. */
export function campaign(n: Node, role: u32, handOver: u32): void {
  becomeCandidate(n, role);
  n.handOver = handOver;
  n.dueToAll |= Due.VOTE_REQUEST;
  countVotes(n);
}

/** Acts on the votes so far. */
function countVotes(n: Node): void {
  const outcome = voteOutcome(n);
  if (outcome == Outcome.LOST) {
    becomeFollower(n, n.term, 0);
  } else if (outcome == Outcome.WON) {
    if (n.role == Role.PRE_CANDIDATE) campaign(n, Role.CANDIDATE, 0);
    else becomeLeader(n);
  }
}

/** Notes what to answer to a pre-vote request. */
function answerPreVote(n: Node, header: Header, grant: bool): void {
  const peer = peerToAnswer(n, header.from);
  peer.replyGranted = <u32>grant;
  peer.replyTerm = header.term;
  peer.due |= Due.PRE_VOTE_REPLY;
}

/** A (pre-)vote request of any term. */
export function receiveVoteRequest(n: Node, header: Header, request: VoteRequest): i32 {
  // A leader that hands over asks for the disloyalty itself (thesis 4.2.3).
  const loyal = isLoyal(n) & ((header.flags & MessageFlag.TRANSFER) == 0);
  const upToDate = isUpToDate(n, request.lastTerm, request.lastIndex);
  if (loyal && header.term > n.term) note(n, EventKind.LOYAL, header.from, header.term);
  if ((header.flags & MessageFlag.PRE_VOTE) != 0) {
    answerPreVote(n, header, (header.term > n.term) & !loyal & upToDate);
    return StatusCode.OK;
  }
  if (header.term > n.term) {
    // Not even the term is taken over: a node that was cut off must not disturb (thesis 4.2.3).
    if (loyal) return StatusCode.OK;
    becomeFollower(n, header.term, 0);
  }
  if ((header.term == n.term) & (n.vote == 0) & (n.leader == 0) & !loyal & upToDate) {
    n.vote = header.from;
    restartElectionTimer(n);
  }
  // The answer follows from term and vote at flush time: granted if the vote is the asker's.
  peerToAnswer(n, header.from).due |= Due.VOTE_REPLY;
  return StatusCode.OK;
}

/** A (pre-)vote reply. A reply of a higher term has already made this node a follower. */
export function receiveVoteReply(n: Node, header: Header): i32 {
  const pre = (header.flags & MessageFlag.PRE_VOTE) != 0;
  const granted = (header.flags & MessageFlag.GRANTED) != 0;
  if (n.role != (pre ? Role.PRE_CANDIDATE : Role.CANDIDATE)) return StatusCode.STALE;
  // A granted pre-vote names the term asked for, every other reply the term the candidate is in.
  if (header.term != (pre && granted ? n.term + 1 : n.term)) return StatusCode.STALE;
  const peer = findPeer(n, header.from);
  if (peer === null || peer.vote != 0) return StatusCode.STALE;
  peer.vote = granted ? 1 : 2;
  countVotes(n);
  return StatusCode.OK;
}
