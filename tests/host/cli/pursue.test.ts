/** How the commands ask a cluster: which node, how often, and what they make of the answers. */

import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { expect, onTestFinished, test } from "vitest";
import { AdminClient } from "../../../host/cli/admin/client.js";
import { pursue, see } from "../../../host/cli/admin/goal.js";
import { absent, present } from "../../../host/cli/admin/goals.js";
import { BusyError, ChangePendingError, NoVoterError } from "../../../host/errors.js";
import type { SocketAddress } from "../../../host/transport/address.js";
import { HOST, startService } from "../kv/http-fixture.js";

const THREE = [1, 2, 3].map((id) => ({ id, raft: `h${id}:1`, http: `h${id}:2` }));
const FOURTH = { id: 4, raft: "h4:1", http: "h4:2", role: "learner", witness: false, priority: 0 } as const;
const SECONDS = 20;

/** An HTTP server that does as a test says, in place of a node. */
async function startPeer(handle: (request: IncomingMessage, response: ServerResponse) => void) {
  const requests: string[] = [];
  const server = createServer((request, response) => {
    requests.push(`${request.method} ${request.url}`);
    handle(request, response);
  });
  await new Promise<void>((resolve) => server.listen(0, HOST, resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return { requests, address: { host: HOST, port: (server.address() as AddressInfo).port } };
}

function refuse(response: ServerResponse, status: number, error: string, definite: boolean) {
  response.writeHead(status).end(JSON.stringify({ error, message: `because: ${error}`, definite }));
}

async function deadNode(): Promise<SocketAddress> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, HOST, resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return { host: HOST, port };
}

test("one of the nodes that are named is enough, and is asked first from then on", async () => {
  const { node, port } = await startService({ members: THREE });
  const removed = await startPeer((_, response) => refuse(response, 503, "no leader", true));
  const client = new AdminClient([await deadNode(), removed.address, { host: HOST, port }]);
  const { changes } = await pursue(client, SECONDS, present([FOURTH]));
  expect(changes).toBe(1);
  expect(node.changes).toHaveLength(1);
  expect(removed.requests).toEqual(["GET /v1/members"]);
});

test("what passes is waited for", async () => {
  const { node, port } = await startService({ members: THREE });
  node.troubles.push(new ChangePendingError(), new BusyError(), new ChangePendingError());
  const client = new AdminClient([{ host: HOST, port }]);
  const { members } = await pursue(client, SECONDS, absent([2]));
  expect(members.members.map(({ id }) => id)).toEqual([1, 3]);
});

test("a change that is not committed yet is not done yet", async () => {
  const { node, port } = await startService({ members: THREE });
  node.pending = true;
  const pursued = pursue(new AdminClient([{ host: HOST, port }]), 1, absent([9]));
  await expect(pursued).rejects.toThrow("not done after 1 s: waiting for a majority to take the change");
});

test("what does not pass ends it, with the reason", async () => {
  const { node, port } = await startService({ members: THREE });
  node.troubles.push(new NoVoterError());
  const pursued = pursue(new AdminClient([{ host: HOST, port }]), SECONDS, absent([2]));
  await expect(pursued).rejects.toThrow(new NoVoterError().message);
});

test("what may have been done is not asked of another node before it has been looked at", async () => {
  const { node, port } = await startService({ members: THREE });
  const losing = await startPeer((request, response) => {
    if (request.method === "GET") refuse(response, 503, "no leader", true);
    else request.socket.destroy();
  });
  const client = new AdminClient([losing.address, { host: HOST, port }]);
  const reply = await client.send({ method: "POST", path: "/v1/transfer", body: {} });
  expect(reply).toMatchObject({ kind: "silent" });
  expect(node.leader).toBe(1);
});

test("no answer at all is told with a way out, and so is an answer that is none", async () => {
  const dead = await deadNode();
  await expect(see(new AdminClient([dead]), 1)).rejects.toThrow(/no node answers.*name one that runs with --node/);
  const other = await startPeer((_, response) => response.end('{"hello": "world"}'));
  await expect(see(new AdminClient([other.address]), 1)).rejects.toThrow("is it another program?");
});
