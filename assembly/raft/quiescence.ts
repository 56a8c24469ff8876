/**
 * Rest: a leader whose group is idle says so in a last heartbeat and stops its timer, and followers that have all it has
 * stop theirs. Any input wakes a node. Nothing relies on the rest: a node that wakes is in the state of one that has just
 * heard from its leader, or was just in contact with its followers, and the timers run again.
 */

import { EventKind } from "../abi/event";
import { Node, Role, TimerAction } from "../abi/node";
import { Due } from "../abi/peer";
import { planOf } from "../state/arena";
import { peerAt } from "../state/peers";
import { note } from "./events";
import { scheduleHeartbeat } from "./replication";
import { restartElectionTimer } from "./role";

/** A node that rests: the next flush is to wake it. For inputs that bring no time. */
// @ts-ignore: decorator
@inline
export function stir(n: Node): void {
  if (n.quiet != 0) n.quiet = 2;
}

/** Ends the rest. */
export function wake(n: Node): void {
  n.quiet = 0;
  n.idleRounds = 0;
  note(n, EventKind.QUIET, 0, n.term);
  if (n.role == Role.LEADER) {
    n.contactBase = n.now;
    scheduleHeartbeat(n);
  } else {
    n.lastHeard = n.now;
    restartElectionTimer(n);
  }
}

/** Whether every member holds all there is and was told so, no answer is under way, and nothing came since the latest
 * heartbeat. */
function isIdle(n: Node): bool {
  if ((n.applied != n.last) | (n.roundLast != n.last) | (n.transferTarget != 0)) return false;
  for (let i: u32 = 0; i < n.members; i++) {
    const peer = peerAt(n, i);
    if (peer.id == planOf(n).id) continue;
    if ((peer.match != n.last) | (peer.commitSent != n.last) | (peer.ackRound != n.round)) return false;
  }
  return true;
}

/** Leader, a heartbeat is due: true if the group rests instead. */
export function restIfIdle(n: Node): bool {
  const rounds = planOf(n).quiesceRounds;
  if (rounds == 0) return false;
  n.idleRounds = isIdle(n) ? n.idleRounds + 1 : 0;
  if (n.idleRounds <= rounds) return false;
  n.dueToAll |= Due.HEARTBEAT;
  rest(n);
  return true;
}

/** Stops the timers. */
export function rest(n: Node): void {
  n.quiet = 1;
  n.timers = TimerAction.CANCEL_ELECTION | TimerAction.CANCEL_HEARTBEAT;
  note(n, EventKind.QUIET, 1, n.term);
}
