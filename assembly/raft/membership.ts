/**
 * The configuration in force (thesis chapter 4): the newest one in the log, whether committed or not. It takes effect
 * when its entry is appended and goes out of force when that entry is truncated.
 */

import { Configuration, ConfigurationFlag, Member, MemberRole } from "../abi/configuration";
import { EntryKind } from "../abi/entry";
import { EventKind } from "../abi/event";
import { Node, Role } from "../abi/node";
import { Peer } from "../abi/peer";
import { at, peerStride, planOf } from "../state/arena";
import { ownRoles, peerAt } from "../state/peers";
import { entryAt, payloadOf } from "../state/window";
import { firstMember, nextMember } from "../wire/configuration";
import { note } from "./events";
import { beginProgress } from "./progress";

/** Whether a configuration has this member. */
function hasMember(configuration: usize, id: u32): bool {
  let member = firstMember(configuration);
  for (let i = changetype<Configuration>(configuration).count; i != 0; i--) {
    if (member.id == id) return true;
    member = nextMember(member);
  }
  return false;
}

/** Takes the members that a new configuration lacks out of the table. */
function dropMissing(n: Node, configuration: usize): void {
  const stride = peerStride();
  let kept: u32 = 0;
  for (let i: u32 = 0; i < n.members; i++) {
    const peer = peerAt(n, i);
    if (!hasMember(configuration, peer.id)) continue;
    memory.copy(changetype<usize>(peerAt(n, kept)), changetype<usize>(peer), stride);
    kept++;
  }
  memory.fill(changetype<usize>(peerAt(n, kept)), 0, (n.members - kept) * stride);
  n.members = kept;
}

/** The record at `position` in the table for this member, made if it is new. */
function placeMember(n: Node, position: u32, member: Member): Peer {
  const peer = peerAt(n, position);
  if ((position < n.members) & (peer.id == member.id)) return peer;
  assert(n.members < planOf(n).nodes);
  const stride = peerStride();
  memory.copy(changetype<usize>(peerAt(n, position + 1)), changetype<usize>(peer), (n.members - position) * stride);
  memory.fill(changetype<usize>(peer), 0, stride);
  n.members++;
  peer.id = member.id;
  if (n.role == Role.LEADER) beginProgress(n, peer);
  return peer;
}

/** Whether these are the roles of a voter that keeps payloads: one or both of VOTER and OUTGOING, and not WITNESS. */
// @ts-ignore: decorator
@inline
function isFullVoter(roles: u32): bool {
  return (roles & (MemberRole.VOTER | MemberRole.OUTGOING | MemberRole.WITNESS)) - 1 < MemberRole.OUTGOING + 1;
}

/** Puts a valid configuration in force. Progress of members that stay is kept. */
export function activate(n: Node, configuration: usize, index: u64): void {
  const header = changetype<Configuration>(configuration);
  const before = ownRoles(n);
  dropMissing(n, configuration);
  let member = firstMember(configuration);
  let roles: u32 = 0;
  let priority: u32 = 0;
  let highest: u32 = 0;
  for (let i: u32 = 0; i < header.count; i++) {
    const peer = placeMember(n, i, member);
    peer.roles = member.roles;
    peer.priority = member.priority;
    highest = max(highest, peer.priority);
    if (peer.id == planOf(n).id) {
      roles = peer.roles;
      priority = peer.priority;
    }
    member = nextMember(member);
  }
  assert(n.members == header.count);
  n.configurationIndex = index;
  n.configurationFlags = header.flags;
  n.configurationOffset = <u32>(configuration - changetype<usize>(n));
  n.outranked = u32(priority < highest);
  n.unsettled = (~roles & MemberRole.VOTER) | (header.flags & ConfigurationFlag.AUTO_LEAVE);
  n.formerVoter = u32(!isFullVoter(roles)) & (n.formerVoter | u32(isFullVoter(before)));
  note(n, EventKind.CONFIGURATION, index, n.members);
}

/** The log's last entry is a configuration: it is in force from here on. */
export function activateLast(n: Node): void {
  activate(n, payloadOf(entryAt(n, n.last)), n.last);
}

/** Puts the newest configuration below `from` in force again, if the one in force is truncated. */
export function rollBack(n: Node, from: u64): void {
  if (n.configurationIndex < from) return;
  for (let index = from - 1; index >= n.first; index--) {
    const entry = entryAt(n, index);
    if (entry.kind != EntryKind.CONFIGURATION) continue;
    activate(n, payloadOf(entry), index);
    return;
  }
  activate(n, at(n, n.baseOffset), n.baseIndex);
}

/** Whether this node may campaign. One that loses its vote goes on until that is committed: it may hold the longest log,
 * and without it nobody might be elected (thesis 4.2.2). */
export function mayLead(n: Node): bool {
  return isFullVoter(ownRoles(n)) || (n.formerVoter != 0 && n.configurationIndex > n.commit);
}
