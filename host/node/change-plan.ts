/**
 * Which configuration leads from the one in force to another (thesis 4.1, 4.3): the other one itself, if the voters differ
 * by one at most; else a joint one, which the leader leaves by itself.
 */

import { ConfigurationFlag, MemberRole } from "../core/abi.js";
import type { ConfigurationInfo, MemberInfo } from "../core/configuration.js";

export interface ChangePlan {
  readonly members: readonly MemberInfo[];
  /** Bits of ConfigurationFlag. */
  readonly flags: number;
}

export function rolesOf(member: MemberInfo | undefined): number {
  if (member === undefined) return 0;
  return member.roles ?? MemberRole.VOTER;
}

export function isVoter(member: MemberInfo | undefined): boolean {
  return (rolesOf(member) & MemberRole.VOTER) !== 0;
}

/** Plans the step from `present`, which is not joint, towards `target`. */
export function planChange(
  present: ConfigurationInfo,
  target: readonly MemberInfo[],
  joint: "auto" | "always",
): ChangePlan {
  const before = new Map(present.members.map((member) => [member.id, member]));
  const after = new Map(target.map((member) => [member.id, member]));
  const ids = new Set([...before.keys(), ...after.keys()]);
  let differing = 0;
  for (const id of ids) if (isVoter(before.get(id)) !== isVoter(after.get(id))) differing++;
  if (joint === "auto" && differing <= 1) return { members: target, flags: 0 };
  const members: MemberInfo[] = [];
  for (const member of target) {
    const outgoing = isVoter(before.get(member.id)) ? MemberRole.OUTGOING : 0;
    members.push({ ...member, roles: rolesOf(member) | outgoing });
  }
  for (const member of present.members) {
    if (after.has(member.id) || !isVoter(member)) continue;
    members.push({ ...member, roles: (rolesOf(member) & MemberRole.WITNESS) | MemberRole.OUTGOING });
  }
  return { members, flags: ConfigurationFlag.JOINT | ConfigurationFlag.AUTO_LEAVE };
}

/** The present members, with the voters of `target` that are not among them added as learners; undefined if all are. */
export function withLearners(
  present: ConfigurationInfo,
  target: readonly MemberInfo[],
): readonly MemberInfo[] | undefined {
  const known = new Set(present.members.map(({ id }) => id));
  const strangers = target.filter((member) => isVoter(member) && !known.has(member.id));
  if (strangers.length === 0) return undefined;
  const learners = strangers.map((member) => ({
    ...member,
    roles: MemberRole.LEARNER | (rolesOf(member) & MemberRole.WITNESS),
  }));
  return [...present.members, ...learners];
}
