/** `Idempotency-Key`: writes that are sent again, and what the service itself sends again because of it. */

import type { IncomingMessage, ServerResponse } from "node:http";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { describe, expect, onTestFinished, test } from "vitest";
import { LostError, OutcomeUnknownError, StoppedError } from "../../../host/index.js";
import { KvMachine } from "../../../host/kv/machine.js";
import { SESSION_LIMITS } from "../../../host/session/limits.js";
import { HASTY, HOST, MAX_COMMAND_BYTES, startService, transaction } from "./http-fixture.js";

/** A request under a key. */
function keyed(method: string, key: string, body?: string): RequestInit {
  return { method, headers: { "idempotency-key": key }, ...(body === undefined ? {} : { body }) };
}

/** What a refusal says. */
async function refusal(reply: Response) {
  const { error, definite } = (await reply.json()) as { error: string; definite: boolean };
  expect(reply.headers.get("metalraft-definite")).toBe(String(definite));
  return { status: reply.status, error, definite };
}

/** An answer, and whether it had been given before. */
async function answer(reply: Response) {
  return { status: reply.status, replayed: reply.headers.get("metalraft-replayed"), body: await reply.json() };
}

/** An HTTP server that does as a test says, in place of the leader. */
async function startLeader(handle: (request: IncomingMessage, response: ServerResponse) => void) {
  const requests: IncomingMessage[] = [];
  const server = createServer((request, response) => {
    requests.push(request);
    request.resume().on("end", () => handle(request, response));
  });
  await new Promise<void>((resolve) => server.listen(0, HOST, resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  const { port } = server.address() as AddressInfo;
  return { requests, members: [{ id: 2, raft: `${HOST}:1`, http: `${HOST}:${port}` }] };
}

describe("a write that is sent again under its key", () => {
  test("is done once, and answered as the first time", async () => {
    const { node, url } = await startService();
    await fetch(`${url}/v1/kv/a`, keyed("PUT", "put-1", "1"));
    await fetch(`${url}/v1/kv/a`, { method: "PUT", body: "2" });
    const again = await fetch(`${url}/v1/kv/a`, keyed("PUT", "put-1", "1"));
    expect(again.headers.get("metalraft-index")).toBe("1");
    expect(await answer(again)).toEqual({ status: 200, replayed: "true", body: { index: 1 } });
    expect(await (await fetch(`${url}/v1/kv/a`)).text()).toBe("2");

    const first = await answer(await fetch(`${url}/v1/kv/a`, keyed("DELETE", "delete-1")));
    expect(first).toEqual({ status: 200, replayed: null, body: { index: 4, existed: true } });
    await fetch(`${url}/v1/kv/a`, { method: "PUT", body: "3" });
    const second = await answer(await fetch(`${url}/v1/kv/a`, keyed("DELETE", "delete-1")));
    expect(second).toEqual({ ...first, replayed: "true" });
    expect(new TextDecoder().decode(node.machine.get("a")?.value)).toBe("3");
  });

  test("may be a transaction: it compares once", async () => {
    const { url } = await startService();
    const request = transaction([{ key: "n", absent: true }], [{ put: { key: "n", value: "1" } }]);
    const send = () => fetch(`${url}/v1/txn`, { ...request, headers: { "idempotency-key": "t" } });
    const body = { index: 1, succeeded: true };
    expect(await answer(await send())).toEqual({ status: 200, replayed: null, body });
    expect(await answer(await send())).toEqual({ status: 200, replayed: "true", body });
  });

  test("must be the same write", async () => {
    const { node, url } = await startService();
    await fetch(`${url}/v1/kv/a`, keyed("PUT", "k", "1"));
    for (const [path, request] of [
      ["a", keyed("PUT", "k", "2")],
      ["b", keyed("PUT", "k", "1")],
      ["a", keyed("DELETE", "k")],
    ] as const) {
      const reply = await fetch(`${url}/v1/kv/${path}`, request);
      expect(await refusal(reply)).toEqual({ status: 422, error: "key reused", definite: true });
    }
    expect(node.machine.size).toBe(1);
  });

  test("may be sent at the same time", async () => {
    const { node, url } = await startService();
    const replies = await Promise.all(
      Array.from({ length: 8 }, () => fetch(`${url}/v1/kv/a`, keyed("PUT", "k", "1")).then(answer)),
    );
    const indexes = new Set(replies.map(({ body }) => body.index));
    expect(indexes.size).toBe(1);
    expect(replies.filter(({ replayed }) => replayed === null)).toHaveLength(1);
    expect(node.machine.get("a")?.modIndex).toBe([...indexes][0]);
  });
});

describe("the header", () => {
  test.each(["", "two words", "k".repeat(256), "caf\u00e9"])("is refused when it is no key: %o", async (key) => {
    const { node, url } = await startService();
    for (const request of [keyed("PUT", key, "1"), keyed("DELETE", key)]) {
      expect(await refusal(await fetch(`${url}/v1/kv/a`, request))).toMatchObject({ status: 400, definite: true });
    }
    expect(node.proposed).toBe(0);
  });

  test("means nothing to a read", async () => {
    const { url } = await startService();
    const read = () => fetch(`${url}/v1/kv/a`, keyed("GET", "k"));
    expect((await read()).status).toBe(404);
    await fetch(`${url}/v1/kv/a`, { method: "PUT", body: "1" });
    expect(await (await read()).text()).toBe("1");
  });

  test("takes its bytes from those of the value", async () => {
    const { url } = await startService();
    const put = (bytes: number) => fetch(`${url}/v1/kv/a`, keyed("PUT", "key", "x".repeat(bytes)));
    const reply = await put(MAX_COMMAND_BYTES);
    const limit = Number(reply.headers.get("metalraft-limit"));
    expect(reply.status).toBe(413);
    expect((await put(limit + 1)).status).toBe(413);
    expect((await put(limit)).status).toBe(200);
  });
});

test("more keys than can be kept are refused for a while; those that are kept are answered", async () => {
  const { node, url } = await startService();
  const machine = new KvMachine({ ...SESSION_LIMITS, maxKeys: 1, keyPromise: 3_600_000 });
  node.propose = (command) => Promise.resolve(machine.apply(command, { index: ++node.commit, term: 3 }));
  expect((await fetch(`${url}/v1/kv/a`, keyed("PUT", "one", "1"))).status).toBe(200);
  const reply = await fetch(`${url}/v1/kv/a`, keyed("PUT", "two", "2"));
  expect(Number(reply.headers.get("retry-after"))).toBeGreaterThan(0);
  expect(await refusal(reply)).toEqual({ status: 429, error: "busy", definite: true });
  expect(await answer(await fetch(`${url}/v1/kv/a`, keyed("PUT", "one", "1")))).toMatchObject({ replayed: "true" });
  // Without a key it is as ever.
  expect((await fetch(`${url}/v1/kv/a`, { method: "PUT", body: "3" })).status).toBe(200);
});

describe("the service itself sends again", () => {
  test("what has no outcome on the leader", async () => {
    const { node, url } = await startService();
    const apply = node.propose.bind(node);
    let lost = 0;
    // It takes effect, and nobody is told.
    node.propose = async (command) => {
      const result = await apply(command);
      if (lost++ < 2) throw new OutcomeUnknownError("nobody knows");
      return result;
    };
    const reply = await answer(await fetch(`${url}/v1/kv/a`, keyed("PUT", "k", "1")));
    expect(reply).toEqual({ status: 200, replayed: "true", body: { index: 1 } });
    expect(node.machine.get("a")?.modIndex).toBe(1);
  });

  test("and says that the outcome is open if there is none in the end, and what to do", async () => {
    const { node, url } = await startService(HASTY);
    node.troubles.push(new OutcomeUnknownError("nobody knows"), ...Array.from({ length: 500 }, () => new LostError()));
    const reply = await fetch(`${url}/v1/kv/a`, keyed("PUT", "k", "1"));
    expect(await reply.clone().json()).toMatchObject({ message: expect.stringContaining("the same Idempotency-Key") });
    expect(await refusal(reply)).toEqual({ status: 504, error: "outcome unknown", definite: false });
    expect(node.proposed).toBeGreaterThan(1);
  });

  test("and keeps to that when the node stops meanwhile", async () => {
    const { node, url } = await startService();
    node.troubles.push(new OutcomeUnknownError("nobody knows"), new StoppedError());
    const reply = await fetch(`${url}/v1/kv/a`, keyed("PUT", "k", "1"));
    expect(await refusal(reply)).toEqual({ status: 504, error: "outcome unknown", definite: false });
    expect(node.proposed).toBe(2);
  });

  test("and does not promise that it never happens when the keys are full", async () => {
    const { node, url } = await startService();
    const machine = new KvMachine({ ...SESSION_LIMITS, maxKeys: 0 });
    let first = true;
    node.propose = (command) => {
      if (!first) return Promise.resolve(machine.apply(command, { index: 1, term: 3 }));
      first = false;
      return Promise.reject(new OutcomeUnknownError("nobody knows"));
    };
    const reply = await fetch(`${url}/v1/kv/a`, keyed("PUT", "k", "1"));
    expect(await refusal(reply)).toEqual({ status: 504, error: "outcome unknown", definite: false });
  });

  test("what a leader took and did not answer, key and all", async () => {
    let times = 0;
    const leader = await startLeader((request, response) => {
      times += 1;
      if (times === 1) request.socket.destroy();
      else if (times === 2) response.writeHead(504, { "metalraft-definite": "false" }).end("{}");
      else if (times === 3) response.writeHead(503, { "metalraft-definite": "false" }).end("{}");
      else response.writeHead(200, { "metalraft-replayed": "true" }).end("{}");
    });
    const { node, url } = await startService({ members: leader.members });
    node.leader = 2;
    const reply = await answer(await fetch(`${url}/v1/kv/a`, keyed("PUT", "k", "1")));
    expect(reply).toEqual({ status: 200, replayed: "true", body: {} });
    expect(leader.requests.map(({ headers }) => headers["idempotency-key"])).toEqual(["k", "k", "k", "k"]);
  });

  test("but not without a key: then the outcome is open", async () => {
    const leader = await startLeader((_, response) =>
      response.writeHead(504, { "metalraft-definite": "false" }).end("{}"),
    );
    const { node, url } = await startService({ members: leader.members });
    node.leader = 2;
    expect((await fetch(`${url}/v1/kv/a`, { method: "PUT", body: "1" })).status).toBe(504);
    expect(leader.requests).toHaveLength(1);
    expect(leader.requests[0]?.headers).not.toHaveProperty("idempotency-key");
  });
});
