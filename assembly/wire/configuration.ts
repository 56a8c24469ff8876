/** Reads configurations in wire form (abi/configuration.ts). */

import { Configuration, ConfigurationFlag, Member, MemberRole } from "../abi/configuration";
import { Plan } from "../abi/plan";
import { align8, isPadded } from "../state/memory";

/** The first member of a configuration. */
// @ts-ignore: decorator
@inline
export function firstMember(configuration: usize): Member {
  return changetype<Member>(configuration + offsetof<Configuration>());
}

/** The member behind another. */
// @ts-ignore: decorator
@inline
export function nextMember(member: Member): Member {
  return changetype<Member>(changetype<usize>(member) + offsetof<Member>() + align8(member.addressLength));
}

/** Whether a member's roles make sense in a configuration with these flags. */
function rolesAreValid(roles: u32, flags: u32): bool {
  const known = MemberRole.VOTER | MemberRole.OUTGOING | MemberRole.LEARNER | MemberRole.WITNESS | MemberRole.PROMOTE;
  const both = MemberRole.VOTER | MemberRole.LEARNER;
  if ((roles == 0) | ((roles & ~known) != 0)) return false;
  if (((roles & MemberRole.OUTGOING) != 0) & ((flags & ConfigurationFlag.JOINT) == 0)) return false;
  if ((roles & ~(MemberRole.WITNESS | MemberRole.PROMOTE)) == 0) return false;
  if ((roles & (MemberRole.PROMOTE | MemberRole.LEARNER)) == MemberRole.PROMOTE) return false;
  // A voter of the outgoing set may already be a learner of the incoming one; a voter of the incoming set may not.
  return (roles & both) != both;
}

function flagsAreValid(flags: u32): bool {
  const joint = flags & ~ConfigurationFlag.AUTO_LEAVE;
  return (flags == 0) | (joint == ConfigurationFlag.JOINT);
}

/** Whether `length` bytes at a multiple of 8 are a configuration that fits the plan: members in ascending order, a voter in each set. */
export function configurationIsValid(configuration: usize, length: u32, plan: Plan): bool {
  if (((configuration & 7) != 0) | (length < <u32>offsetof<Configuration>())) return false;
  const header = changetype<Configuration>(configuration);
  if (!flagsAreValid(header.flags) | (header.count == 0) | (header.count > plan.nodes)) return false;
  const end = configuration + length;
  let member = firstMember(configuration);
  let lastId: u32 = 0;
  let seen: u32 = 0;
  for (let i: u32 = 0; i < header.count; i++) {
    const address = changetype<usize>(member) + offsetof<Member>();
    if (address > end) return false;
    if ((member.id <= lastId) | (member.reserved != 0)) return false;
    if (!rolesAreValid(member.roles, header.flags)) return false;
    if (member.addressLength > plan.addressBytes) return false;
    const next = nextMember(member);
    if (changetype<usize>(next) > end || !isPadded(address, member.addressLength)) return false;
    lastId = member.id;
    seen |= member.roles;
    member = next;
  }
  if ((changetype<usize>(member) != end) | ((seen & MemberRole.VOTER) == 0)) return false;
  return (header.flags == 0) | ((seen & MemberRole.OUTGOING) != 0);
}
