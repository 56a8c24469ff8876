/**
 * Changes of membership (thesis chapter 4): which configuration may follow the one in force, and which one follows by
 * itself. One change at a time, and none before the leader has committed an entry of its own term (the bug of 2015).
 */

import { Configuration, ConfigurationFlag, Member, MemberRole } from "../abi/configuration";
import { EntryKind } from "../abi/entry";
import { Node, Role } from "../abi/node";
import { Peer } from "../abi/peer";
import { StatusCode } from "../abi/status-code";
import { align8 } from "../state/memory";
import { at, planOf } from "../state/arena";
import { findPeer, ownRoles, peerAt } from "../state/peers";
import { push } from "../state/window";
import { configurationIsValid, firstMember, nextMember } from "../wire/configuration";
import { outboxOf } from "../wire/encode";
import { isReady } from "./commit";
import { activateLast } from "./membership";
import { stir } from "./quiescence";
import { markAppends } from "./replication";
import { retire } from "./transfer";

/** Puts another configuration in the log, if it may follow the one in force. */
export function reconfigure(n: Node, configuration: usize, length: u32): i32 {
  if (n.role != Role.LEADER) return StatusCode.NOT_LEADER;
  if (n.transferTarget != 0) return StatusCode.TRANSFERRING;
  if (!configurationIsValid(configuration, length, planOf(n))) return StatusCode.BAD_CONFIGURATION;
  if (!isReady(n)) return StatusCode.NOT_READY;
  if (n.configurationIndex > n.commit) return StatusCode.CHANGE_PENDING;
  const status = checkChange(n, configuration);
  if (status != StatusCode.OK) return status;
  stir(n);
  return append(n, configuration, length) ? StatusCode.OK : StatusCode.BUSY;
}

function append(n: Node, configuration: usize, length: u32): bool {
  if (!push(n, n.term, EntryKind.CONFIGURATION, configuration, length, n.durable)) return false;
  activateLast(n);
  markAppends(n);
  return true;
}

/** Whether a follower holds all that the log held when the latest heartbeat went out. */
function hasCaughtUp(n: Node, peer: Peer): bool {
  return peer.match >= n.roundLast;
}

/**
 * Whether a valid configuration may follow the one in force. Of a simple one and of one that leaves a joint one, the
 * voters, of one that enters a joint one the outgoing voters, are compared with the voters in force: they may differ by
 * one between two simple configurations, else not at all.
 */
function checkChange(n: Node, configuration: usize): i32 {
  const header = changetype<Configuration>(configuration);
  const enters = header.flags != 0;
  const leaves = n.configurationFlags != 0;
  if (enters & leaves) return StatusCode.BAD_CHANGE;
  const role = enters ? MemberRole.OUTGOING : MemberRole.VOTER;
  let differing: u32 = 0;
  let leaders: u32 = 0;
  for (let i: u32 = 0; i < n.members; i++) differing += peerAt(n, i).roles & MemberRole.VOTER;
  let member = firstMember(configuration);
  for (let i: u32 = 0; i < header.count; i++) {
    const roles = <u32>member.roles;
    const peer = findPeer(n, member.id);
    const before = peer === null ? 0 : peer.roles;
    if (peer !== null && ((before ^ roles) & MemberRole.WITNESS) != 0) return StatusCode.BAD_CHANGE;
    // One that voted was counted above, as if it did not go on.
    if ((roles & role) != 0) differing = (before & MemberRole.VOTER) != 0 ? differing - 1 : differing + 1;
    if ((roles & MemberRole.VOTER) != 0) {
      leaders += u32((roles & MemberRole.WITNESS) == 0);
      const votes = (before & (MemberRole.VOTER | MemberRole.OUTGOING)) != 0;
      if (!votes && (peer === null || !hasCaughtUp(n, peer))) return StatusCode.NOT_CAUGHT_UP;
    }
    member = nextMember(member);
  }
  if (leaders == 0) return StatusCode.NO_VOTER;
  return differing > u32(!(enters | leaves)) ? StatusCode.BAD_CHANGE : StatusCode.OK;
}

/**
 * Leader: what the configuration in force asks for once it is committed. A joint one is left, a learner that has caught
 * up is promoted; a leader that is no voter any more steps down.
 */
export function changeByItself(n: Node): void {
  if (!isReady(n) | (n.configurationIndex > n.commit)) return;
  const length = makeSuccessor(n);
  if (length != 0) {
    // If there is no room, the next commit tries again.
    append(n, changetype<usize>(outboxOf(n)), length);
    return;
  }
  if ((ownRoles(n) & (MemberRole.VOTER | MemberRole.OUTGOING)) == 0) retire(n);
}

/** Makes the configuration that follows by itself, in the outbox, which is free between two flushes. Answers its length;
 * 0 if none does. */
function makeSuccessor(n: Node): u32 {
  const from = changetype<Configuration>(at(n, n.configurationOffset));
  const joint = from.flags != 0;
  if (joint & ((from.flags & ConfigurationFlag.AUTO_LEAVE) == 0)) return 0;
  const to = changetype<Configuration>(changetype<usize>(outboxOf(n)));
  let changed = joint;
  let count: u32 = 0;
  let target = changetype<usize>(firstMember(changetype<usize>(to)));
  let member = firstMember(changetype<usize>(from));
  for (let i: u32 = 0; i < from.count; i++) {
    let roles = <u32>member.roles & ~MemberRole.OUTGOING;
    if (!changed && (roles & MemberRole.PROMOTE) != 0 && hasCaughtUp(n, peerAt(n, i))) {
      roles ^= MemberRole.PROMOTE | MemberRole.LEARNER | MemberRole.VOTER;
      changed = true;
    }
    if ((roles & (MemberRole.VOTER | MemberRole.LEARNER)) != 0) {
      const size = <u32>offsetof<Member>() + align8(member.addressLength);
      memory.copy(target, changetype<usize>(member), size);
      changetype<Member>(target).roles = <u8>roles;
      target += size;
      count++;
    }
    member = nextMember(member);
  }
  to.count = count;
  to.flags = 0;
  return changed ? <u32>(target - changetype<usize>(to)) : 0;
}
