/** Changes of role and term: the one place where they are made, and what goes with them. */

import { EntryKind } from "../abi/entry";
import { EventKind } from "../abi/event";
import { Node, Role, TimerAction } from "../abi/node";
import { Peer } from "../abi/peer";
import { planOf } from "../state/arena";
import { peerAt, strangerOf } from "../state/peers";
import { entrySize, push } from "../state/window";
import { note } from "./events";
import { beginProgress } from "./progress";
import { refuseReads } from "./reads";
import { scheduleHeartbeat } from "./replication";
import { dropIncoming } from "./snapshot";

/** How long this node waits for a leader before it campaigns. Members of lower priority leave the highest one the first
 * jitter's length; if that one is dead, they come next. */
export function patience(n: Node): u64 {
  const plan = planOf(n);
  return <u64>plan.electionTimeout + (n.outranked != 0 ? <u64>plan.electionJitter : 0);
}

/** Arms the election timer for a full timeout from now. */
export function restartElectionTimer(n: Node): void {
  n.electionBase = n.now;
  n.electionDelay = patience(n);
  n.timers = (n.timers & ~TimerAction.CANCEL_ELECTION) | TimerAction.ARM_ELECTION;
}

/** Nothing that was owed in an earlier term or role is owed any more, nor echoed. */
function clearDues(n: Node): void {
  for (let i: u32 = 0; i < n.members; i++) clearDue(peerAt(n, i));
  clearDue(strangerOf(n));
  n.dueToAll = 0;
}

function clearDue(peer: Peer): void {
  peer.due = 0;
  peer.replySequence = 0;
  peer.replyRound = 0;
  peer.replySent = 0;
  peer.replyRejected = 0;
}

export function setLeader(n: Node, leader: u32): void {
  if (n.leader == leader) return;
  n.leader = leader;
  n.verified = 0;
  refuseReads(n);
  note(n, EventKind.LEADER, leader, n.term);
}

function setRole(n: Node, role: u32): void {
  n.role = role;
  note(n, EventKind.ROLE, role, n.term);
}

/** Enters a term as follower of `leader` (0: nobody known), or steps down within the term. */
export function becomeFollower(n: Node, term: u64, leader: u32): void {
  assert(term >= n.term);
  const wasLeader = n.role == Role.LEADER;
  if (term > n.term) {
    n.term = term;
    n.vote = 0;
    n.verified = 0;
    dropIncoming(n);
    clearDues(n);
    setRole(n, Role.FOLLOWER);
    setLeader(n, 0);
  } else if (n.role != Role.FOLLOWER) {
    clearDues(n);
    setRole(n, Role.FOLLOWER);
  }
  if (wasLeader) {
    n.transferTarget = 0;
    n.handOver = 0;
    n.timers = (n.timers & ~TimerAction.ARM_HEARTBEAT) | TimerAction.CANCEL_HEARTBEAT;
    restartElectionTimer(n);
  }
  setLeader(n, leader);
}

/** Begins to ask, with or without a new term: its own answer is yes, the others' are open. */
export function becomeCandidate(n: Node, role: u32): void {
  assert(n.role != Role.LEADER);
  if (role == Role.CANDIDATE) {
    n.term++;
    n.vote = planOf(n).id;
    dropIncoming(n);
    clearDues(n);
  }
  setRole(n, role);
  setLeader(n, 0);
  restartElectionTimer(n);
  for (let i: u32 = 0; i < n.members; i++) {
    const peer = peerAt(n, i);
    peer.vote = peer.id == planOf(n).id ? 1 : 0;
  }
}

/** Takes office (paper figure 2; thesis 3.4, 6.4): the first entry of the term is an empty one. */
export function becomeLeader(n: Node): void {
  assert((n.role == Role.CANDIDATE) & (n.vote == planOf(n).id));
  let votes: u32 = 0;
  for (let i: u32 = 0; i < n.members; i++) {
    votes += u32(peerAt(n, i).vote == 1);
    beginProgress(n, peerAt(n, i));
  }
  if (!push(n, n.term, EntryKind.NOOP, 0, 0, n.durable)) {
    // The disk is so slow that the window is full of what is not durable yet. Someone else may succeed.
    note(n, EventKind.FULL, n.last, entrySize(0));
    becomeFollower(n, n.term, 0);
    return;
  }
  // Others gave their votes to a request that left behind a barrier. Without them the term may not be durable yet.
  n.officeIndex = votes > 1 ? 0 : n.last;
  n.termIndex = n.last;
  n.roundConfirmed = n.round;
  n.handOver = 0;
  setRole(n, Role.LEADER);
  setLeader(n, planOf(n).id);
  n.timers = (n.timers & ~TimerAction.ARM_ELECTION) | TimerAction.CANCEL_ELECTION;
  scheduleHeartbeat(n);
}
