/** The administration over HTTP: what is asked of the node, what is refused, and what is left alone. */

import { describe, expect, test } from "vitest";
import { MemberRole } from "../../../host/core/abi.js";
import {
  BadChangeError,
  BadConfigurationError,
  ChangePendingError,
  NotCaughtUpError,
  NotReadyError,
  NoVoterError,
  OutcomeUnknownError,
  SnapshotError,
  TransferFailedError,
  TransferringError,
  UnknownNodeError,
} from "../../../host/errors.js";
import { HASTY, HOST, startService } from "./http-fixture.js";

const { LEARNER, PROMOTE, VOTER, WITNESS } = MemberRole;
const THREE = [1, 2, 3].map((id) => ({ id, raft: `h${id}:1`, http: `h${id}:2` }));
const FOURTH = { id: 4, raft: "h4:1", http: "h4:2" };

function json(method: string, body: unknown) {
  return { method, body: JSON.stringify(body) };
}

/** The roles that were asked for last, by id. */
function asked(changes: readonly (readonly { readonly id: number; readonly roles?: number }[])[]) {
  return (changes.at(-1) ?? []).map(({ id, roles }) => [id, roles]);
}

async function refused(reply: Response) {
  const { definite, error } = (await reply.json()) as { definite: boolean; error: string };
  return [reply.status, error, definite];
}

describe("members", () => {
  test("are listed as the leader has them", async () => {
    const { node, url } = await startService({ members: THREE });
    node.pending = true;
    expect(await (await fetch(`${url}/v1/members`)).json()).toEqual({
      ...{ index: 0, committed: false, joint: false, leader: 1, term: 3 },
      members: THREE.map((member) => ({
        ...{ ...member, role: "voter", witness: false, promote: false, priority: 0, match: member.id === 1 ? 0 : null },
      })),
    });
  });

  test("are listed by a node that is cut off, if that is what is asked for", async () => {
    const { node, url } = await startService({ members: THREE, ...HASTY });
    node.leader = 0;
    expect((await fetch(`${url}/v1/members`)).status).toBe(503);
    expect(await (await fetch(`${url}/v1/members?consistency=local`)).json()).toMatchObject({ leader: 0 });
    expect((await fetch(`${url}/v1/members?consistency=lease`)).status).toBe(400);
  });

  test("are added as learners, to be promoted unless they are to stay learners", async () => {
    const { node, url } = await startService({ members: THREE });
    const add = (body: unknown) => fetch(`${url}/v1/members`, json("POST", body));
    expect((await add(FOURTH)).status).toBe(200);
    expect(node.changes.at(-1)?.at(-1)).toEqual({
      ...{ id: 4, roles: LEARNER | PROMOTE, priority: 0, address: "h4:1,http=h4:2" },
    });
    expect((await add({ id: 5, raft: "h5:1", role: "learner", witness: true, priority: 9 })).status).toBe(200);
    expect(node.changes.at(-1)?.at(-1)).toEqual({ id: 5, roles: LEARNER | WITNESS, priority: 9, address: "h5:1" });
    // Asked for again, because an answer was lost, it is there already.
    expect((await add(FOURTH)).status).toBe(200);
    expect(node.changes).toHaveLength(2);
    expect(await refused(await add({ ...FOURTH, raft: "other:1" }))).toEqual([409, "bad change", true]);
  });

  test("are promoted once they have caught up, and moved", async () => {
    const { node, url } = await startService({ members: THREE });
    node.members = node.members.map((member) => (member.id === 3 ? { ...member, roles: LEARNER } : member));
    const patch = (body: unknown) => fetch(`${url}/v1/members/3`, json("PATCH", body));
    expect((await patch({ role: "voter" })).status).toBe(200);
    expect(asked(node.changes)).toEqual([
      [1, VOTER],
      [2, VOTER],
      [3, LEARNER | PROMOTE],
    ]);
    expect((await patch({ http: "new:2", priority: 7 })).status).toBe(200);
    expect(node.changes.at(-1)?.[2]).toMatchObject({ address: "h3:1,http=new:2", priority: 7 });
    expect((await patch({ role: "voter", priority: 7 })).status).toBe(200);
    expect(node.changes).toHaveLength(2);
  });

  test("are removed, and replaced as a whole", async () => {
    const { node, url } = await startService({ members: THREE });
    expect((await fetch(`${url}/v1/members/2`, { method: "DELETE" })).status).toBe(200);
    expect(asked(node.changes)).toEqual([
      [1, VOTER],
      [3, VOTER],
    ]);
    const put = { members: [{ id: 1 }, { id: 3, role: "learner" }, { ...FOURTH, role: "voter" }] };
    expect((await fetch(`${url}/v1/members`, json("PUT", put))).status).toBe(200);
    expect(asked(node.changes)).toEqual([
      [1, VOTER],
      [3, LEARNER],
      [4, VOTER],
    ]);
    expect((await fetch(`${url}/v1/members`, json("PUT", put))).status).toBe(200);
    expect(node.changes).toHaveLength(2);
  });

  test("stay as they are while a change is under way", async () => {
    const { node, url } = await startService({ members: THREE });
    for (const state of ["pending", "joint"] as const) {
      node[state] = true;
      const reply = await fetch(`${url}/v1/members/2`, { method: "DELETE" });
      expect(await refused(reply)).toEqual([409, "change pending", true]);
      node[state] = false;
    }
    expect(node.changes).toEqual([]);
  });

  test.each([
    ["POST", "", { id: 4 }, "raft"],
    ["POST", "", { ...FOURTH, id: 0 }, "from 1 to 4294967295"],
    ["POST", "", { ...FOURTH, raft: "h4" }, "an address is host:port"],
    ["POST", "", { ...FOURTH, priority: 256 }, "from 0 to 255"],
    ["POST", "", { ...FOURTH, rolle: "voter" }, "rolle"],
    ["POST", "", { ...FOURTH, raft: `${"h".repeat(240)}:1` }, "use shorter names"],
    ["PUT", "", { members: [] }, "members"],
    ["PUT", "", { members: [{ id: 1 }, { id: 1 }] }, "node 1 is there twice"],
    ["PUT", "", { members: [{ id: 9 }] }, "say where it is"],
    ["PATCH", "/3", { role: "learner" }, "role"],
    ["PATCH", "/x", {}, "no id"],
    ["PATCH", "/4294967296", {}, "no id"],
  ])("%s /v1/members%s %j is no request", async (method, path, body, message) => {
    const { node, url } = await startService({ members: THREE });
    const reply = await fetch(`${url}/v1/members${path}`, json(method, body));
    expect(reply.status).toBe(400);
    expect(await reply.json()).toMatchObject({ message: expect.stringContaining(message) });
    expect(node.changes).toEqual([]);
  });
});

describe("what the node refuses", () => {
  test.each([
    [new ChangePendingError(), 409, "change pending"],
    [new NotCaughtUpError(), 409, "not caught up"],
    [new UnknownNodeError("who?"), 404, "unknown node"],
    [new NoVoterError(), 422, "no voter"],
    [new BadChangeError("no"), 422, "bad change"],
    [new BadConfigurationError("no"), 422, "bad change"],
  ])("%s has a name and a status of its own", async (trouble, status, name) => {
    const { node, url } = await startService({ members: THREE });
    node.troubles.push(trouble);
    const reply = await fetch(`${url}/v1/members/2`, { method: "DELETE" });
    expect(await refused(reply)).toEqual([status, name, true]);
  });

  test.each([[new NotReadyError()], [new TransferringError()]])("%s is waited for", async (trouble) => {
    const { node, url } = await startService({ members: THREE });
    node.troubles.push(trouble);
    expect((await fetch(`${url}/v1/members/2`, { method: "DELETE" })).status).toBe(200);
  });

  test("a stranger is not removed", async () => {
    const { url } = await startService({ members: THREE });
    const reply = await fetch(`${url}/v1/members/9`, { method: "DELETE" });
    expect(await refused(reply)).toEqual([404, "unknown node", true]);
  });

  test("a change of an unknown outcome is looked at again, and found done", async () => {
    const { node, url } = await startService({ members: THREE });
    const reconfigure = node.reconfigure.bind(node);
    node.reconfigure = async (target) => {
      await reconfigure(target);
      throw new OutcomeUnknownError("the answer was lost");
    };
    expect((await fetch(`${url}/v1/members`, json("POST", FOURTH))).status).toBe(200);
    expect(node.changes).toHaveLength(1);
  });
});

describe("leadership and snapshots", () => {
  test("leadership is handed over, to the one named or the best", async () => {
    const { node, url } = await startService({ members: THREE });
    const reply = await fetch(`${url}/v1/transfer`, json("POST", { to: 3 }));
    expect(await reply.json()).toEqual({ leader: 3, term: 3 });
    node.leader = 1;
    expect(await (await fetch(`${url}/v1/transfer`, { method: "POST" })).json()).toMatchObject({ leader: 2 });
    node.leader = 1;
    // To whom leads already, nothing is handed.
    node.troubles.push("hang");
    expect(await (await fetch(`${url}/v1/transfer`, json("POST", { to: 1 }))).json()).toMatchObject({ leader: 1 });
  });

  test("a transfer that came to nothing is not tried again: writes wait meanwhile", async () => {
    const { node, url } = await startService({ members: THREE });
    node.troubles.push(new TransferFailedError("nobody took over"));
    expect(await refused(await fetch(`${url}/v1/transfer`, { method: "POST" }))).toEqual([
      409,
      "transfer failed",
      true,
    ]);
  });

  test("a snapshot is that of the node asked, leader or not", async () => {
    const { node, url } = await startService({ members: THREE });
    node.leader = 2;
    node.applied = 17;
    const reply = await fetch(`${url}/v1/snapshot`, { method: "POST" });
    expect(await reply.json()).toEqual({ id: 1, index: 17, term: 3 });
    node.troubles.push(new SnapshotError("no room"));
    expect(await refused(await fetch(`${url}/v1/snapshot`, { method: "POST" }))).toEqual([
      409,
      "snapshot failed",
      true,
    ]);
  });

  test("a follower passes changes on to the leader", async () => {
    const leader = await startService({ id: 2, members: THREE });
    const place = { id: 2, raft: "h2:1", http: `${HOST}:${leader.port}` };
    const { node, url } = await startService({ members: [THREE[0], place].filter((member) => member !== undefined) });
    node.leader = 2;
    expect((await fetch(`${url}/v1/members`, json("POST", FOURTH))).status).toBe(200);
    expect([node.changes.length, leader.node.changes.length]).toEqual([0, 1]);
    expect((await fetch(`${url}/v1/members/4`, { method: "DELETE" })).status).toBe(200);
    expect(asked(leader.node.changes).map(([id]) => id)).toEqual([1, 2, 3]);
  });
});
