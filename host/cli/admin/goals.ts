/** What the commands want the members to be, and which change leads there next. */

import { MEMBERS_PATH, type MemberBody, type MembersBody, type NewMember } from "../../kv/admin-body.js";
import { UsageError } from "../output.js";
import type { AdminRequest } from "./client.js";
import type { Goal, Step } from "./goal.js";

const DONE: Step = { kind: "done" };
/** Entries that a node which keeps up may be behind at the moment it is looked at. */
const CLOSE_ENTRIES = 10_000;

/** All of these are members as they are described here. */
export function present(wanted: readonly NewMember[]): Goal {
  return (members) => firstOpen(wanted.map((member) => stepTowards(member, members)));
}

/** None of these is a member. */
export function absent(ids: readonly number[]): Goal {
  return (found) => {
    const leaving = found.members.filter(({ id, role }) => ids.includes(id) && role !== "outgoing");
    const [only] = leaving;
    if (only === undefined) return DONE;
    if (leaving.length === found.members.length) {
      throw new UsageError("these are all members: a cluster has to keep one. To end it, stop its nodes");
    }
    const list = leaving.map(({ id }) => id).join(", ");
    if (leaving.length === 1) return ask(`removing node ${list}`, { method: "DELETE", path: memberPath(only.id) });
    return ask(
      `removing nodes ${list}`,
      target(found, (member) => !ids.includes(member.id)),
    );
  };
}

/** These members are voters. */
export function promoted(ids: readonly number[]): Goal {
  return (found) =>
    firstOpen(
      ids.map((id) => {
        const member = find(found, id);
        if (member === undefined) throw new UsageError(`node ${id} is no member: add it first (metalraft add)`);
        if (member.role === "voter") return DONE;
        if (member.promote) return catchingUp(member, found);
        return ask(`promoting node ${id}`, { method: "PATCH", path: memberPath(id), body: { role: "voter" } });
      }),
    );
}

/** One member in another's place: the new one catches up as a learner, then both change places in one step, so that the
 * cluster never has a voter less. */
export function replaced(old: number, wanted: NewMember): Goal {
  return (found) => {
    const leaving = find(found, old);
    const coming = find(found, wanted.id);
    const left = leaving === undefined || leaving.role === "outgoing";
    if (left && coming === undefined) {
      throw new UsageError(`node ${old} is no member: to add node ${wanted.id} in nobody's place, use metalraft add`);
    }
    if (left) return firstOpen([stepTowards(wanted, found)]);
    if (coming?.role !== "voter") {
      const before = stepTowards({ ...wanted, role: coming?.promote === true ? "voter" : "learner" }, found);
      if (before.kind !== "done") return before;
    }
    if (leaving.role === "learner" || coming?.role === "voter") {
      return ask(`removing node ${old}`, { method: "DELETE", path: memberPath(old) });
    }
    if (coming !== undefined && !hasCaughtUp(coming, found)) return catchingUp(coming, found);
    const swap = target(found, ({ id }) => id !== old, wanted.id);
    return ask(`node ${wanted.id} takes the place of node ${old}`, swap);
  };
}

function stepTowards(wanted: NewMember, found: MembersBody): Step {
  const { http, id, priority, raft, role, witness } = wanted;
  const member = find(found, id);
  if (member === undefined || member.role === "outgoing") {
    return ask(`adding node ${id}`, { method: "POST", path: MEMBERS_PATH, body: wanted });
  }
  if (member.witness !== witness) {
    const is = member.witness ? "is a witness" : "is no witness";
    throw new UsageError(`node ${id} ${is}, and stays so while it is a member: remove it first, and use another id`);
  }
  if (role === "learner" && (member.role === "voter" || member.promote)) {
    throw new UsageError(`node ${id} is a voter, or about to be one: remove it first`);
  }
  if (member.raft !== raft || (http !== undefined && member.http !== http) || member.priority !== priority) {
    const body = { raft, http, priority };
    return ask(`changing node ${id}`, { method: "PATCH", path: memberPath(id), body });
  }
  if (member.role === role) return DONE;
  if (member.promote) return catchingUp(member, found);
  return ask(`promoting node ${id}`, { method: "PATCH", path: memberPath(id), body: { role: "voter" } });
}

/** The first thing to be asked for; else the first to wait for; else nothing is missing. */
function firstOpen(steps: readonly Step[]): Step {
  return steps.find(({ kind }) => kind === "ask") ?? steps.find(({ kind }) => kind === "wait") ?? DONE;
}

function ask(what: string, request: AdminRequest): Step {
  return { kind: "ask", what, request };
}

/** All members that are kept, and one of them as a voter from now on. */
function target(found: MembersBody, keep: (member: MemberBody) => boolean, voter?: number): AdminRequest {
  const kept = found.members.filter((member) => keep(member) && member.role !== "outgoing");
  const members = kept.map(({ id }) => (id === voter ? { id, role: "voter" } : { id }));
  return { method: "PUT", path: MEMBERS_PATH, body: { members } };
}

function catchingUp(member: MemberBody, found: MembersBody): Step {
  const most = Math.max(...found.members.map(({ match }) => match ?? 0));
  return { kind: "wait", why: `node ${member.id} is catching up: it has ${member.match ?? 0} of ${most} entries` };
}

/** Whether it is worth asking: the leader has the last word. */
function hasCaughtUp(member: MemberBody, found: MembersBody): boolean {
  const matches = found.members.filter(({ role }) => role === "voter").map(({ match }) => match ?? 0);
  const quorum = [...matches].sort((a, b) => b - a)[Math.floor(matches.length / 2)] ?? 0;
  return (member.match ?? 0) + CLOSE_ENTRIES >= quorum;
}

function find(found: MembersBody, id: number): MemberBody | undefined {
  return found.members.find((member) => member.id === id);
}

function memberPath(id: number): string {
  return `${MEMBERS_PATH}/${id}`;
}
