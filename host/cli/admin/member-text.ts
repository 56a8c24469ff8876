/** Members as people read them. */

import type { MemberBody, MembersBody } from "../../kv/admin-body.js";

/** Rows under headings, in columns. */
export function columns(rows: readonly (readonly string[])[]): string[] {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  return rows.map((row) =>
    row
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join("  ")
      .trimEnd(),
  );
}

/** What a member is, in a word or two. */
export function roleText({ promote, role, witness }: MemberBody): string {
  const parts = [role as string];
  if (witness) parts.push("witness");
  if (promote) parts.push("to be promoted");
  return parts.join(", ");
}

/** The configuration in a line. */
export function configurationText({ committed, index, joint, leader, term }: MembersBody): string {
  const led = leader === 0 ? "no leader is known" : `node ${leader} leads (term ${term})`;
  const state = [joint ? "joint" : "", committed ? "" : "not committed yet"].filter((part) => part !== "").join(", ");
  return `${led}; configuration of index ${index}${state === "" ? "" : `, ${state}`}`;
}

/** A table of the members. */
export function membersTable(found: MembersBody): string[] {
  const rows = found.members.map((member) => [
    `${member.id}${member.id === found.leader ? " *" : ""}`,
    roleText(member),
    String(member.priority),
    member.match === null ? "" : String(member.match),
    member.raft,
    member.http ?? "",
  ]);
  return [configurationText(found), ...columns([["node", "role", "priority", "match", "raft", "http"], ...rows])];
}
