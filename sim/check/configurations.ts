/**
 * Configurations within a search: as a number, three bits of MemberRole for each node, so that they can be part of an
 * input; and which of them leaders are asked for.
 */

import { Configuration, ConfigurationFlag, Member, MemberRole } from "../../host/core/abi.js";
import { encodeConfiguration } from "../../host/core/configuration.js";
import { type CheckOptions, MOST_NODES } from "./options.js";

/** VOTER, OUTGOING and LEARNER; a search has no witnesses. */
const ROLE_BITS = 3;
const ROLE_MASK = (1 << ROLE_BITS) - 1;
/** Letters of the three roles. */
const LETTERS = ["v", "o", "l"] as const;

export function rolesOf(roles: number, id: number): number {
  return (roles >> (ROLE_BITS * (id - 1))) & ROLE_MASK;
}

export function withRole(roles: number, id: number, role: number): number {
  const shift = ROLE_BITS * (id - 1);
  return (roles & ~(ROLE_MASK << shift)) | (role << shift);
}

export function isJoint(roles: number): boolean {
  return idsWith(roles, MOST_NODES, MemberRole.OUTGOING).length > 0;
}

export function idsWith(roles: number, nodes: number, role: number): number[] {
  const ids = Array.from({ length: nodes }, (_, i) => i + 1);
  return ids.filter((id) => (rolesOf(roles, id) & role) !== 0);
}

/** The first `voters` nodes vote, the others are learners. */
export function initialRoles({ nodes, voters }: CheckOptions): number {
  let roles = 0;
  for (let id = 1; id <= nodes; id++) {
    roles = withRole(roles, id, id <= (voters ?? nodes) ? MemberRole.VOTER : MemberRole.LEARNER);
  }
  return roles;
}

/** In wire form; a joint one is left by itself. */
export function encodeRoles(roles: number, nodes: number): Uint8Array {
  const ids = Array.from({ length: nodes }, (_, i) => i + 1).filter((id) => rolesOf(roles, id) !== 0);
  const flags = isJoint(roles) ? ConfigurationFlag.JOINT | ConfigurationFlag.AUTO_LEAVE : 0;
  return encodeConfiguration(
    ids.map((id) => ({ id, roles: rolesOf(roles, id) })),
    flags,
  );
}

/** The same configuration under other names. */
export function renameRoles(roles: number, renaming: Int32Array): number {
  let renamed = 0;
  for (let id = 1; id < renaming.length; id++) renamed = withRole(renamed, renaming[id] as number, rolesOf(roles, id));
  return renamed;
}

/** Renames the members of the configuration that lies in wire form at word `at`: they stand in ascending order. */
export function renameMembers(words: Int32Array, at: number, renaming: Int32Array): void {
  const count = words[at + (Configuration.count >> 2)] as number;
  const first = at + (Configuration.size >> 2);
  const width = Member.size >> 2;
  const rows = Array.from({ length: count }, (_, i) => words.slice(first + i * width, first + (i + 1) * width));
  for (const row of rows) row[0] = renaming[row[0] as number] as number;
  rows.sort((a, b) => (a[0] as number) - (b[0] as number));
  for (const [i, row] of rows.entries()) words.set(row, first + i * width);
}

/** "1v 2vo 3l" for people. */
export function describeRoles(roles: number): string {
  const members: string[] = [];
  for (let id = 1; rolesOf(roles, id) !== 0 || roles >> (ROLE_BITS * id) !== 0; id++) {
    const letters = LETTERS.filter((_, bit) => ((rolesOf(roles, id) >> bit) & 1) !== 0);
    if (letters.length > 0) members.push(`${id}${letters.join("")}`);
  }
  return members.join(" ");
}

/** What a leader may be asked for, possible or not: the core refuses what must not follow the configuration in force. */
export function targets(roles: number, { membership, nodes }: CheckOptions): number[] {
  if (membership === "none") return [];
  return membership === "single" ? singleTargets(roles, nodes) : jointTargets(roles, nodes);
}

/** One node voting, learning or out, unlike before. */
function singleTargets(roles: number, nodes: number): number[] {
  const found: number[] = [];
  for (let id = 1; id <= nodes; id++) {
    for (const role of [0, MemberRole.VOTER, MemberRole.LEARNER]) {
      if (role !== rolesOf(roles, id)) found.push(withRole(roles, id, role));
    }
  }
  return found.filter((target) => target !== 0);
}

/** Any other set of voters, by way of a joint configuration. Who does not go on voting is out then. */
function jointTargets(roles: number, nodes: number): number[] {
  const found: number[] = [];
  for (let set = 1; set < 1 << nodes; set++) {
    let target = 0;
    for (let id = 1; id <= nodes; id++) {
      const before = rolesOf(roles, id);
      const votes = ((set >> (id - 1)) & 1) !== 0;
      const outgoing = (before & MemberRole.VOTER) !== 0 ? MemberRole.OUTGOING : 0;
      target = withRole(target, id, votes ? MemberRole.VOTER | outgoing : outgoing | (before & MemberRole.LEARNER));
    }
    found.push(target);
  }
  const voters = (configuration: number) => idsWith(configuration, nodes, MemberRole.VOTER).join();
  return found.filter((target) => voters(target) !== voters(roles));
}
