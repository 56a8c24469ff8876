/** Where requests go and what becomes of them: forwarding, waiting for a leader, and what is told of the outcome. */

import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { describe, expect, onTestFinished, test } from "vitest";
import { BusyError, LostError, NotLeaderError, OutcomeUnknownError, StoppedError } from "../../../host/index.js";
import { HASTY, HOST, newService, startService, transaction } from "./http-fixture.js";

const put = (body = "1") => ({ method: "PUT", body });

/** What a refusal says. */
async function refusal(reply: Response) {
  const { error, definite } = (await reply.json()) as { error: string; definite: boolean };
  expect(reply.headers.get("metalraft-definite")).toBe(String(definite));
  return { status: reply.status, error, definite };
}

/** An HTTP server that does as a test says, in place of another node. */
async function startPeer(handle: (request: IncomingMessage, response: ServerResponse) => void) {
  const requests: IncomingMessage[] = [];
  const server: Server = createServer((request, response) => {
    requests.push(request);
    handle(request, response);
  });
  await new Promise<void>((resolve) => server.listen(0, HOST, resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  const { port } = server.address() as AddressInfo;
  return { requests, server, members: [{ id: 2, raft: `${HOST}:1`, http: `${HOST}:${port}` }] };
}

describe("on the leader", () => {
  test.each([new BusyError(), new LostError(), new NotLeaderError(0)])(
    "a write is tried again after $name",
    async (trouble) => {
      const { node, url } = await startService();
      node.troubles.push(trouble, trouble);
      expect((await fetch(`${url}/v1/kv/a`, put())).status).toBe(200);
      expect(node.proposed).toBe(3);
    },
  );

  test("a leader that stays busy is told as such, in time", async () => {
    const { node, url } = await startService(HASTY);
    node.troubles.push(...Array.from({ length: 10_000 }, () => new BusyError()));
    const reply = await fetch(`${url}/v1/kv/a`, put());
    expect(reply.headers.get("retry-after")).toBe("1");
    expect(await refusal(reply)).toEqual({ status: 503, error: "busy", definite: true });
    // The pauses grow: this is no busy loop.
    expect(node.proposed).toBeLessThan(60);
  });

  test("no attempt is begun that cannot end in time: better nothing than an open outcome", async () => {
    const { node, url } = await startService({ requestTimeout: 1000 });
    const late = performance.now() + 900;
    node.propose = () => (performance.now() < late ? Promise.reject(new BusyError()) : new Promise(() => undefined));
    expect(await refusal(await fetch(`${url}/v1/kv/a`, put()))).toMatchObject({ status: 503, definite: true });
  });

  test.each([new OutcomeUnknownError("nobody knows"), "hang" as const])(
    "a write without an outcome (%s)",
    async (trouble) => {
      const { node, url } = await startService(HASTY);
      node.troubles.push(trouble);
      const reply = await fetch(`${url}/v1/kv/a`, put());
      expect(await refusal(reply)).toEqual({ status: 504, error: "outcome unknown", definite: false });
      expect(node.proposed).toBe(1);
    },
  );

  test("a read without an outcome changed nothing, and is tried again", async () => {
    const { node, url } = await startService();
    await fetch(`${url}/v1/kv/a`, put());
    node.troubles.push(new OutcomeUnknownError("nobody knows"));
    expect((await fetch(`${url}/v1/kv/a`)).status).toBe(200);
  });

  test("a read that gets no outcome at all is refused", async () => {
    const { node, url } = await startService(HASTY);
    node.troubles.push("hang");
    expect(await refusal(await fetch(`${url}/v1/kv/a`))).toMatchObject({ status: 503, definite: true });
  });

  test("a node that stops says so at once", async () => {
    const { node, url } = await startService();
    node.troubles.push(new StoppedError());
    expect(await refusal(await fetch(`${url}/v1/kv/a`, put()))).toEqual({
      ...{ status: 503, error: "shutting down", definite: true },
    });
  });
});

describe("without a leader", () => {
  test("a write is refused in time", async () => {
    const { node, url } = await startService(HASTY);
    node.leader = 0;
    expect(await refusal(await fetch(`${url}/v1/kv/a`, put()))).toEqual({
      status: 503,
      error: "no leader",
      definite: true,
    });
    expect(node.proposed).toBe(0);
  });

  test("a write waits for one to come", async () => {
    const { node, service, url } = await startService();
    node.leader = 0;
    const reply = fetch(`${url}/v1/kv/a`, put());
    await new Promise((resolve) => setTimeout(resolve, 30));
    expect(node.proposed).toBe(0);
    node.leader = 1;
    service.leaderChanged();
    expect((await reply).status).toBe(200);
  });

  test("a client that has gone is not waited for", async () => {
    const { node, service, url } = await startService();
    node.leader = 0;
    const gone = new AbortController();
    const reply = fetch(`${url}/v1/kv/a`, { ...put(), signal: gone.signal });
    await new Promise((resolve) => setTimeout(resolve, 30));
    gone.abort();
    await expect(reply).rejects.toThrow();
    await new Promise((resolve) => setTimeout(resolve, 30));
    node.leader = 1;
    service.leaderChanged();
    await new Promise((resolve) => setTimeout(resolve, 150));
    expect(node.proposed).toBe(0);
  });
});

describe("on a follower", () => {
  test("a request is passed on, and the answer passed back", async () => {
    const leader = await startService({ id: 2 });
    const members = [{ id: 2, raft: `${HOST}:1`, http: `${HOST}:${leader.port}` }];
    const { node, url } = await startService({ members });
    node.leader = 2;
    const key = `${url}/v1/kv/a%2Fb%20c`;
    const reply = await fetch(key, put("bytes"));
    expect(reply.status).toBe(200);
    expect(reply.headers.get("metalraft-index")).toBe("1");
    expect(node.proposed).toBe(0);
    expect(leader.node.machine.get("a/b c")).toBeDefined();
    const got = await fetch(`${key}?consistency=linearizable`);
    expect(await got.text()).toBe("bytes");
    expect(got.headers.get("metalraft-mod-index")).toBe("1");
    const deletion = transaction([], [{ delete: { key: "a/b c" } }]);
    expect(await (await fetch(`${url}/v1/txn`, deletion)).json()).toMatchObject({ succeeded: true });
    expect((await fetch(key)).status).toBe(404);
    // The local state is this node's own.
    expect((await fetch(`${key}?consistency=local`)).headers.get("metalraft-applied")).toBe("0");
  });

  test("a request is passed on once only", async () => {
    const third = await startPeer((_, response) => response.end());
    const follower = await startService({ id: 2, members: third.members.map((member) => ({ ...member, id: 3 })) });
    follower.node.leader = 3;
    const members = [{ id: 2, raft: `${HOST}:1`, http: `${HOST}:${follower.port}` }];
    const { node, url } = await startService({ members, ...HASTY });
    node.leader = 2;
    expect(await refusal(await fetch(`${url}/v1/kv/a`, put()))).toMatchObject({ status: 503, definite: true });
    const direct = await fetch(`${follower.url}/v1/kv/a`, { ...put(), headers: { "metalraft-forwarded": "1" } });
    expect(await refusal(direct)).toEqual({ status: 503, error: "not leader", definite: true });
    expect(third.requests).toEqual([]);
    // A client's own request is passed on.
    expect((await fetch(`${follower.url}/v1/kv/a`, put())).status).toBe(200);
    expect(third.requests).toHaveLength(1);
  });

  test("a leader that cannot be reached has done nothing: when it can be, the write is done", async () => {
    const peer = await startPeer((_, response) => response.end("done"));
    const { port } = peer.server.address() as AddressInfo;
    await new Promise((resolve) => peer.server.close(resolve));
    const hasty = await startService({ members: peer.members, ...HASTY });
    hasty.node.leader = 2;
    expect(await refusal(await fetch(`${hasty.url}/v1/kv/a`, put()))).toEqual({
      ...{ status: 503, error: "unreachable leader", definite: true },
    });
    const { node, url } = await startService({ members: peer.members });
    node.leader = 2;
    const reply = fetch(`${url}/v1/kv/a`, put());
    await new Promise<void>((resolve) => peer.server.listen(port, HOST, resolve));
    expect(await (await reply).text()).toBe("done");
  });

  test("a connection that is lost after sending leaves the outcome open", async () => {
    const peer = await startPeer((request) => request.socket.destroy());
    const { node, url } = await startService({ members: peer.members });
    node.leader = 2;
    expect(await refusal(await fetch(`${url}/v1/kv/a`, put()))).toEqual({
      ...{ status: 504, error: "outcome unknown", definite: false },
    });
    expect(peer.requests).toHaveLength(1);
  });

  test("a lost read is asked again", async () => {
    let lost = 0;
    const peer = await startPeer((request, response) => {
      if (lost++ < 2) request.socket.destroy();
      else response.end("found");
    });
    const { node, url } = await startService({ members: peer.members });
    node.leader = 2;
    expect(await (await fetch(`${url}/v1/kv/a`)).text()).toBe("found");
  });

  test("a leader that does not answer leaves the outcome open, in time", async () => {
    const peer = await startPeer(() => undefined);
    const { node, url } = await startService({ members: peer.members, ...HASTY });
    node.leader = 2;
    expect(await refusal(await fetch(`${url}/v1/kv/a`, put()))).toMatchObject({ status: 504, definite: false });
    expect(Number(peer.requests[0]?.headers["metalraft-timeout"])).toBeLessThan(300);
  });

  test("an answer that is cut short leaves the outcome open", async () => {
    const peer = await startPeer((request, response) => {
      response.writeHead(200, { "content-length": 10 });
      response.write("1", () => request.socket.destroy());
    });
    const { node, url } = await startService({ members: peer.members });
    node.leader = 2;
    expect(await refusal(await fetch(`${url}/v1/kv/a`, put()))).toMatchObject({ status: 504, definite: false });
  });

  test("503 is taken for definite only when the leader says so", async () => {
    const definite = ["true", "false"];
    const peer = await startPeer((_, response) => {
      const said = definite.shift();
      if (said === undefined) response.end();
      else response.writeHead(503, { "metalraft-definite": said }).end("{}");
    });
    const { node, url } = await startService({ members: peer.members });
    node.leader = 2;
    const reply = await fetch(`${url}/v1/kv/a`, put());
    expect([reply.status, reply.headers.get("metalraft-definite")]).toEqual([503, "false"]);
    expect(peer.requests).toHaveLength(2);
  });

  test("connections to the leader are kept", async () => {
    const peer = await startPeer((_, response) => response.end());
    const { node, url } = await startService({ members: peer.members });
    node.leader = 2;
    for (let i = 0; i < 3; i++) await fetch(`${url}/v1/kv/a`, put());
    expect(new Set(peer.requests.map(({ socket }) => socket)).size).toBe(1);
  });

  test("a leader whose address is not known is told of", async () => {
    const { node, url } = await startService(HASTY);
    node.leader = 9;
    const reply = await fetch(`${url}/v1/kv/a`, put());
    expect(await reply.json()).toMatchObject({ message: expect.stringContaining("node 9"), definite: true });
  });
});

describe("closing", () => {
  test("requests under way are finished first", async () => {
    const { node, service, url } = await startService();
    node.leader = 0;
    const waiting = fetch(`${url}/v1/kv/a`, put());
    await new Promise((resolve) => setTimeout(resolve, 30));
    const closed = service.close();
    node.leader = 1;
    service.leaderChanged();
    const reply = await waiting;
    expect(reply.status).toBe(200);
    expect(reply.headers.get("connection")).toBe("close");
    await closed;
    await expect(fetch(`${url}/healthz`)).rejects.toThrow();
  });

  test("a port that is taken is an error that says what to do", async () => {
    const { port } = await startService();
    const { service } = newService({ id: 2 });
    await expect(service.listen({ host: HOST, port })).rejects.toThrow(/the port is taken: stop what uses it/);
  });
});
