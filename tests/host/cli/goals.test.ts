/** Which changes the commands ask for, one after the other, until the members are as they were asked to be. */

import { expect, test } from "vitest";
import type { Goal } from "../../../host/cli/admin/goal.js";
import { absent, present, promoted, replaced } from "../../../host/cli/admin/goals.js";
import type { MemberBody, MembersBody, NewMember } from "../../../host/kv/admin-body.js";

const LOG = 50_000;

function member(id: number, changes: Partial<MemberBody> = {}): MemberBody {
  const place = { raft: `h${id}:1`, http: `h${id}:2`, match: LOG };
  return { id, role: "voter", witness: false, promote: false, priority: 0, ...place, ...changes };
}

function learner(id: number, changes: Partial<MemberBody> = {}): MemberBody {
  return member(id, { role: "learner", match: 0, ...changes });
}

function cluster(...members: readonly MemberBody[]): MembersBody {
  return { index: 7, committed: true, joint: false, leader: 1, term: 2, members: [...members] };
}

function wanted(id: number, changes: Partial<NewMember> = {}): NewMember {
  return { id, raft: `h${id}:1`, http: `h${id}:2`, role: "voter", witness: false, priority: 0, ...changes };
}

const three = cluster(member(1), member(2), member(3));

/** What is asked for, in a line. */
function step(goal: Goal, members: MembersBody): string {
  const next = goal(members);
  if (next.kind === "done") return "done";
  if (next.kind === "wait") return `wait: ${next.why}`;
  const { body, method, path } = next.request;
  return `${method} ${path}${body === undefined ? "" : ` ${JSON.stringify(body)}`}`;
}

test("a node is added as a voter: the leader promotes it once it has caught up", () => {
  const goal = present([wanted(4)]);
  expect(step(goal, three)).toBe(`POST /v1/members ${JSON.stringify(wanted(4))}`);
  const begun = cluster(...three.members, learner(4, { promote: true, match: 17 }));
  expect(step(goal, begun)).toBe(`wait: node 4 is catching up: it has 17 of ${LOG} entries`);
  expect(step(goal, cluster(...three.members, member(4)))).toBe("done");
});

test("several nodes are added one after the other, and none waits for another to catch up", () => {
  const goal = present([wanted(4), wanted(5)]);
  const begun = cluster(...three.members, learner(4, { promote: true }));
  expect(step(goal, begun)).toBe(`POST /v1/members ${JSON.stringify(wanted(5))}`);
});

test("a learner stays one, and becomes a voter when it is asked for as one", () => {
  const found = cluster(...three.members, learner(4));
  expect(step(present([wanted(4, { role: "learner" })]), found)).toBe("done");
  expect(step(present([wanted(4)]), found)).toBe('PATCH /v1/members/4 {"role":"voter"}');
  expect(step(promoted([4]), found)).toBe('PATCH /v1/members/4 {"role":"voter"}');
  expect(step(promoted([4]), cluster(...three.members, learner(4, { promote: true })))).toMatch(/^wait/);
  expect(step(promoted([3]), found)).toBe("done");
});

test("a member has another address, or another priority", () => {
  expect(step(present([wanted(3, { raft: "new:1", http: "new:2" })]), three)).toBe(
    'PATCH /v1/members/3 {"raft":"new:1","http":"new:2","priority":0}',
  );
  expect(step(present([wanted(3, { priority: 5 })]), three)).toContain('"priority":5');
});

test("one is removed by a single change, several by a joint one", () => {
  expect(step(absent([3]), three)).toBe("DELETE /v1/members/3");
  const five = cluster(...three.members, member(4), learner(5));
  expect(step(absent([1, 4]), five)).toBe('PUT /v1/members {"members":[{"id":2},{"id":3},{"id":5}]}');
  expect(step(absent([4, 1]), cluster(member(1), member(2), member(3)))).toBe("DELETE /v1/members/1");
  expect(step(absent([9]), three)).toBe("done");
});

test("who is on the way out already is not removed again", () => {
  const joint = { ...cluster(member(1), member(2), member(3, { role: "outgoing" })), joint: true };
  expect(step(absent([3]), joint)).toBe("done");
});

test("a dead node is replaced: the new one catches up as a learner, then both change places at once", () => {
  const goal = replaced(3, wanted(4));
  const dead = cluster(member(1), member(2), member(3, { match: 100 }));
  expect(step(goal, dead)).toBe(`POST /v1/members ${JSON.stringify(wanted(4, { role: "learner" }))}`);
  const begun = cluster(...dead.members, learner(4, { match: 10 }));
  expect(step(goal, begun)).toBe(`wait: node 4 is catching up: it has 10 of ${LOG} entries`);
  const close = cluster(...dead.members, learner(4, { match: LOG - 10 }));
  expect(step(goal, close)).toBe('PUT /v1/members {"members":[{"id":1},{"id":2},{"id":4,"role":"voter"}]}');
  const joint = { ...cluster(member(1), member(2), member(3, { role: "outgoing" }), member(4)), joint: true };
  expect(step(goal, joint)).toBe("done");
  expect(step(goal, cluster(member(1), member(2), member(4)))).toBe("done");
});

test("a replacement that was begun as an addition goes on from there", () => {
  const goal = replaced(3, wanted(4));
  expect(step(goal, cluster(...three.members, learner(4, { promote: true })))).toMatch(/^wait/);
  expect(step(goal, cluster(...three.members, member(4)))).toBe("DELETE /v1/members/3");
});

test("a learner is replaced by a learner that becomes a voter afterwards", () => {
  const found = cluster(member(1), member(2), learner(3), learner(4));
  expect(step(replaced(3, wanted(4)), found)).toBe("DELETE /v1/members/3");
  expect(step(replaced(3, wanted(4)), cluster(member(1), member(2), learner(4)))).toBe(
    'PATCH /v1/members/4 {"role":"voter"}',
  );
});

test.each([
  ["the removal of all members", absent([1, 2, 3]), three, "a cluster has to keep one"],
  ["a stranger's promotion", promoted([9]), three, "node 9 is no member: add it first"],
  ["a stranger's replacement", replaced(9, wanted(4)), three, "node 9 is no member"],
  ["a voter as a learner", present([wanted(3, { role: "learner" })]), three, "node 3 is a voter"],
  ["a full node as a witness", present([wanted(3, { witness: true })]), three, "node 3 is no witness"],
] as const)("%s cannot be asked for", (_, goal, members, message) => {
  expect(() => goal(members)).toThrow(message);
});
