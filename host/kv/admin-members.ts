/** Members as the administration speaks of them, and as the configuration holds them. */

import { MemberRole } from "../core/abi.js";
import type { MemberInfo } from "../core/configuration.js";
import type { MemberBody, MemberChange, MembersBody, NewMember, WantedMember } from "./admin-body.js";
import { formatMemberAddress, MAX_ADDRESS_BYTES, parseMemberAddress } from "./member-address.js";
import { badRequest, Refusal } from "./refusal.js";
import type { AdministeredNode } from "./served-node.js";

type Row = Required<MemberInfo>;
/** Members as they are to be; undefined if they are so already. */
export type Edited = readonly Row[] | undefined;

/** What a node knows of the members; how far each of them is, only the leader does. */
export function membersBody(node: AdministeredNode): MembersBody {
  const { index, joint, pending } = node.configuration();
  const { id: own, lastIndex, leader, members, term } = node.report();
  return {
    ...{ index, committed: !pending, joint, leader, term },
    members: members.map((member) => ({
      ...describe(member),
      match: member.progress?.match ?? (member.id === own && leader === own ? lastIndex : null),
    })),
  };
}

function describe({ address, id, priority, roles }: Row): Omit<MemberBody, "match"> {
  const { http, raft } = parseMemberAddress(address);
  const kind =
    (roles & MemberRole.VOTER) !== 0 ? "voter" : (roles & MemberRole.OUTGOING) !== 0 ? "outgoing" : "learner";
  const witness = (roles & MemberRole.WITNESS) !== 0;
  return { id, role: kind, witness, promote: (roles & MemberRole.PROMOTE) !== 0, priority, raft, http: http ?? null };
}

/** A voter-to-be begins as a learner that the leader promotes. */
export function withMember(members: readonly Row[], wanted: NewMember): Edited {
  const promote = wanted.role === "voter" ? MemberRole.PROMOTE : 0;
  const witness = wanted.witness ? MemberRole.WITNESS : 0;
  const { id, priority } = wanted;
  const row = { id, priority, roles: MemberRole.LEARNER | promote | witness, address: addressOf(wanted) };
  const there = members.find((member) => member.id === id);
  if (there === undefined) return [...members, row];
  const kept = there.address === row.address && there.priority === priority;
  if (kept && (there.roles === row.roles || (promote !== 0 && there.roles === (MemberRole.VOTER | witness)))) {
    return undefined;
  }
  const message = `node ${id} is a member already, and not as it is described here: change it with PATCH`;
  throw new Refusal(409, "bad change", message, true);
}

/** Nobody of this id; what is not there cannot be removed. */
export function withoutMember(members: readonly Row[], id: number): Edited {
  expectMember(members, id);
  return members.filter((member) => member.id !== id);
}

/** A learner that is to be a voter is promoted by the leader once it has caught up. */
export function withChange(members: readonly Row[], id: number, change: MemberChange): Edited {
  const there = expectMember(members, id);
  const before = parseMemberAddress(there.address);
  const promoted = change.role === "voter" && (there.roles & MemberRole.LEARNER) !== 0 ? MemberRole.PROMOTE : 0;
  const row = {
    ...there,
    roles: there.roles | promoted,
    priority: change.priority ?? there.priority,
    address: addressOf({ id, raft: change.raft ?? before.raft, http: change.http ?? before.http }),
  };
  if (isSame(there, row)) return undefined;
  return members.map((member) => (member.id === id ? row : member));
}

/** Exactly these members; of those that are there already, what is not said stays as it is. */
export function exactly(members: readonly Row[], wanted: readonly WantedMember[]): Edited {
  const rows = wanted.map((one, at) => {
    if (wanted.findIndex(({ id }) => id === one.id) !== at) throw badRequest(`node ${one.id} is there twice`);
    return wantedRow(
      members.find(({ id }) => id === one.id),
      one,
    );
  });
  const same = rows.length === members.length && rows.every((row) => members.some((member) => isSame(member, row)));
  return same ? undefined : rows;
}

function wantedRow(there: Row | undefined, { http, id, priority, raft, role }: WantedMember): Row {
  if (there === undefined) {
    if (raft === undefined) throw badRequest(`node ${id} is no member yet: say where it is with "raft" and "http"`);
    const roles = role === "learner" ? MemberRole.LEARNER : MemberRole.VOTER;
    return { id, roles, priority: priority ?? 0, address: addressOf({ id, raft, http }) };
  }
  const kind = role === undefined ? undefined : role === "learner" ? MemberRole.LEARNER : MemberRole.VOTER;
  const before = parseMemberAddress(there.address);
  return {
    id,
    roles: kind === undefined ? there.roles : kind | (there.roles & MemberRole.WITNESS),
    priority: priority ?? there.priority,
    address: addressOf({ id, raft: raft ?? before.raft, http: http ?? before.http }),
  };
}

function addressOf({
  http,
  id,
  raft,
}: {
  readonly id: number;
  readonly raft: string;
  readonly http?: string | undefined;
}) {
  const address = formatMemberAddress({ raft, http });
  if (Buffer.byteLength(address) <= MAX_ADDRESS_BYTES) return address;
  throw badRequest(`the addresses of node ${id} have more than ${MAX_ADDRESS_BYTES} bytes: use shorter names`);
}

function expectMember(members: readonly Row[], id: number): Row {
  const there = members.find((member) => member.id === id);
  if (there === undefined) throw new Refusal(404, "unknown node", `node ${id} is no member`, true);
  return there;
}

function isSame(one: Row, other: Row): boolean {
  return (
    one.id === other.id && one.roles === other.roles && one.priority === other.priority && one.address === other.address
  );
}
