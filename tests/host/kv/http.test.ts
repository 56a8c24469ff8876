/** The HTTP interface of a node that leads: resources, limits and what is refused. */

import { describe, expect, test } from "vitest";
import { MemberRole } from "../../../host/core/abi.js";
import { NotReadyError, ReadRefusedError } from "../../../host/errors.js";
import { MAX_TXN_PARTS } from "../../../host/kv/command.js";
import { MAX_COMMAND_BYTES, raw, startService, transaction } from "./http-fixture.js";

describe("keys", () => {
  test("a value is written, read, overwritten and deleted", async () => {
    const { url } = await startService();
    const put = await fetch(`${url}/v1/kv/a`, { method: "PUT", body: "one" });
    expect(put.status).toBe(200);
    expect(put.headers.get("metalraft-index")).toBe("1");
    const got = await fetch(`${url}/v1/kv/a`);
    expect(await got.text()).toBe("one");
    expect(got.headers.get("metalraft-mod-index")).toBe("1");
    expect(got.headers.get("content-type")).toBe("application/octet-stream");
    const deleted = await fetch(`${url}/v1/kv/a`, { method: "DELETE" });
    expect(deleted.headers.get("metalraft-index")).toBe("2");
    expect(await deleted.json()).toEqual({ index: 2, existed: true });
    expect(await (await fetch(`${url}/v1/kv/a`, { method: "DELETE" })).json()).toEqual({ index: 3, existed: false });
    const gone = await fetch(`${url}/v1/kv/a`);
    expect(gone.status).toBe(404);
    expect(await gone.json()).toMatchObject({ error: "not found", definite: true });
  });

  test("a value is any bytes, none too", async () => {
    const { url } = await startService();
    const bytes = Uint8Array.from({ length: 256 }, (_, i) => i);
    await fetch(`${url}/v1/kv/bytes`, { method: "PUT", body: bytes });
    expect(new Uint8Array(await (await fetch(`${url}/v1/kv/bytes`)).arrayBuffer())).toEqual(bytes);
    await fetch(`${url}/v1/kv/empty`, { method: "PUT" });
    const empty = await fetch(`${url}/v1/kv/empty`);
    expect(empty.status).toBe(200);
    expect((await empty.arrayBuffer()).byteLength).toBe(0);
  });

  test.each([
    ["a/b", "a/b"],
    ["a%2Fb", "a/b"],
    ["%C3%A4%20%25%3F", "ä %?"],
    ["..", ".."],
    ["%00", "\0"],
  ])("%s is the key %j", async (path, key) => {
    const { node, port } = await startService();
    const text = await raw(
      port,
      `PUT /v1/kv/${path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: 1\r\n\r\nv`,
    );
    expect(text).toMatch(/^HTTP\/1\.1 200/);
    expect(node.machine.get(key)).toBeDefined();
  });

  test.each([
    ["", "1 to 512 bytes"],
    ["%", "percent-encoded"],
    ["%FF", "percent-encoded"],
    ["k".repeat(513), "513 bytes"],
    ["%C3%A4".repeat(257), "514 bytes"],
  ])("not every path is a key (%#)", async (path, message) => {
    const { node, url } = await startService();
    const reply = await fetch(`${url}/v1/kv/${path}`, { method: "PUT", body: "v" });
    expect(reply.status).toBe(400);
    expect(await reply.json()).toMatchObject({ error: "bad request", message: expect.stringContaining(message) });
    expect(node.proposed).toBe(0);
  });

  test("the longest key and the longest value fit together", async () => {
    const { node, url } = await startService();
    const path = `${url}/v1/kv/${"k".repeat(512)}`;
    const refused = await fetch(path, { method: "PUT", body: new Uint8Array(MAX_COMMAND_BYTES) });
    expect(refused.status).toBe(413);
    const limit = Number(refused.headers.get("metalraft-limit"));
    expect(await refused.json()).toMatchObject({
      error: "too large",
      message: expect.stringContaining(`${limit} bytes`),
    });
    expect((await fetch(path, { method: "PUT", body: new Uint8Array(limit + 1) })).status).toBe(413);
    expect(node.proposed).toBe(0);
    expect((await fetch(path, { method: "PUT", body: new Uint8Array(limit) })).status).toBe(200);
  });
});

describe("how fresh a read is", () => {
  test("linearizable reads wait for the leader's word, local ones do not", async () => {
    const { node, url } = await startService();
    await fetch(`${url}/v1/kv/a`, { method: "PUT", body: "1" });
    const read = await fetch(`${url}/v1/kv/a?consistency=linearizable`);
    expect([await read.text(), read.headers.get("metalraft-applied")]).toEqual(["1", "1"]);
    expect(node.reads).toEqual(["index"]);
    const local = await fetch(`${url}/v1/kv/a?consistency=local`);
    expect(await local.text()).toBe("1");
    expect(node.reads).toEqual(["index"]);
    expect(node.proposed).toBe(1);
    const { headers } = local;
    expect([headers.get("metalraft-applied"), headers.get("metalraft-term"), headers.get("metalraft-role")]).toEqual([
      ...["1", "3", "LEADER"],
    ]);
  });

  test("a local read says since when this node has heard of nothing newer", async () => {
    const { node, url } = await startService();
    node.silence = 17.2;
    node.commit = 5;
    const { headers } = await fetch(`${url}/v1/kv/a?consistency=local`);
    expect([headers.get("metalraft-staleness"), headers.get("metalraft-commit")]).toEqual(["18", "5"]);
    node.silence = Number.POSITIVE_INFINITY;
    const before = await fetch(`${url}/v1/kv/a?consistency=local`);
    expect(before.headers.get("metalraft-staleness")).toBe("unknown");
  });

  test("a follower answers reads itself; one without the state passes them on", async () => {
    const { node, url } = await startService();
    node.leader = 2;
    expect((await fetch(`${url}/v1/kv/a`)).status).toBe(404);
    expect(node.reads).toEqual(["index"]);
    const [own] = node.members;
    if (own === undefined) throw new Error("the node is a member");
    node.members = [{ ...own, roles: own.roles | MemberRole.WITNESS }];
    const hasty = await fetch(`${url}/v1/kv/a`, { headers: { "metalraft-timeout": "250" } });
    expect(await hasty.json()).toMatchObject({ error: "unreachable leader" });
    const local = await fetch(`${url}/v1/kv/a?consistency=local`);
    expect([local.status, await local.json()]).toMatchObject([409, { error: "no state", definite: true }]);
    expect(node.reads).toEqual(["index"]);
  });

  test("a read that is refused is asked for again", async () => {
    const { node, url } = await startService();
    node.troubles.push(new ReadRefusedError(), new NotReadyError());
    expect((await fetch(`${url}/v1/kv/a`)).status).toBe(404);
    expect(node.reads).toEqual(["index", "index", "index"]);
  });

  test("a local read of an absent key says how far the node is, too", async () => {
    const { url } = await startService();
    const reply = await fetch(`${url}/v1/kv/a?consistency=local`);
    expect(reply.status).toBe(404);
    expect(reply.headers.get("metalraft-applied")).toBe("0");
  });

  test("a lease that holds answers at once; without one the leader is asked", async () => {
    const { node, url } = await startService();
    node.lease = true;
    expect((await fetch(`${url}/v1/kv/a?consistency=lease`)).status).toBe(404);
    expect(node.reads).toEqual([]);
    expect((await fetch(`${url}/v1/kv/a`)).status).toBe(404);
    expect(node.reads).toEqual(["index"]);
    node.lease = false;
    expect((await fetch(`${url}/v1/kv/a?consistency=lease`)).status).toBe(404);
    expect(node.reads).toEqual(["index", "lease"]);
  });

  test.each(["consistency=eventual", "consistency=", "fresh=1"])("?%s is refused", async (query) => {
    const { url } = await startService();
    expect((await fetch(`${url}/v1/kv/a?${query}`)).status).toBe(400);
  });
});

describe("transactions", () => {
  test("all is done if every comparison holds", async () => {
    const { url } = await startService();
    const first = transaction([{ key: "a", absent: true }], [{ put: { key: "a", value: "1" } }]);
    const reply = await fetch(`${url}/v1/txn`, first);
    expect(await reply.json()).toEqual({ index: 1, succeeded: true });
    expect(reply.headers.get("metalraft-index")).toBe("1");
    const second = transaction(
      [
        { key: "a", value: "1" },
        { key: "a", base64: "MQ==" },
        { key: "a", modIndex: 1 },
      ],
      [{ put: { key: "b", base64: "AP8=" } }, { delete: { key: "a" } }],
    );
    expect(await (await fetch(`${url}/v1/txn`, second)).json()).toEqual({ index: 2, succeeded: true });
    expect(new Uint8Array(await (await fetch(`${url}/v1/kv/b`)).arrayBuffer())).toEqual(Uint8Array.of(0, 255));
    expect((await fetch(`${url}/v1/kv/a`)).status).toBe(404);
  });

  test.each([
    [{ key: "a", value: "2" }],
    [{ key: "a", absent: true }],
    [{ key: "a", modIndex: 2 }],
    [{ key: "b", value: "" }],
  ])("nothing is done if %j does not hold", async (comparison) => {
    const { url } = await startService();
    await fetch(`${url}/v1/kv/a`, { method: "PUT", body: "1" });
    const asked = transaction([{ key: "a", value: "1" }, comparison], [{ put: { key: "a", value: "3" } }]);
    const reply = await fetch(`${url}/v1/txn`, asked);
    expect(reply.status).toBe(200);
    expect(await reply.json()).toMatchObject({ succeeded: false });
    expect(await (await fetch(`${url}/v1/kv/a`)).text()).toBe("1");
  });

  test.each([
    ["{", "not JSON"],
    ["[]", "then"],
    ["{}", "then"],
    ['{"then":[], "else":[]}', "else"],
    ['{"then":[{"put":{"key":"a"}}]}', "then.0"],
    ['{"then":[{"put":{"key":"a","value":"1","base64":""}}]}', "then.0"],
    ['{"then":[{"put":{"key":"a","base64":"x"}}]}', "base64"],
    ['{"then":[{"put":{"key":"","value":"1"}}]}', "1 to 512 bytes"],
    ['{"then":[{"put":{"key":"\\ud800","value":"1"}}]}', "Unicode"],
    ['{"then":[{"put":{"key":"a","value":"\\ud800"}}]}', "then.0"],
    ['{"then":[{"delete":{"key":"a","value":"1"}}]}', "then.0"],
    ['{"then":[],"compare":[{"key":"a"}]}', "compare.0"],
    ['{"then":[],"compare":[{"key":"a","absent":false}]}', "compare.0"],
    ['{"then":[],"compare":[{"key":"a","modIndex":-1}]}', "compare.0"],
    ['{"then":[],"compare":[{"key":"a","modIndex":1.5}]}', "compare.0"],
  ])("%s is refused", async (body, message) => {
    const { node, url } = await startService();
    const reply = await fetch(`${url}/v1/txn`, { method: "POST", body });
    expect(reply.status).toBe(400);
    expect(await reply.json()).toMatchObject({ message: expect.stringContaining(message) });
    expect(node.proposed).toBe(0);
  });

  test("one with too many operations is refused", async () => {
    const { node, url } = await startService();
    const operations = Array.from({ length: MAX_TXN_PARTS + 1 }, () => ({ delete: { key: "a" } }));
    node.maxCommandBytes = 1 << 20;
    const reply = await fetch(`${url}/v1/txn`, transaction([], operations));
    expect(reply.status).toBe(400);
    expect(await reply.json()).toMatchObject({ message: expect.stringContaining(`${MAX_TXN_PARTS}`) });
    expect(node.proposed).toBe(0);
  });

  test("one that is too long is refused, as JSON or as a command", async () => {
    const { node, url } = await startService();
    const of = (length: number) => transaction([], [{ put: { key: "a", value: "v".repeat(length) } }]);
    expect((await fetch(`${url}/v1/txn`, of(MAX_COMMAND_BYTES))).status).toBe(413);
    expect((await fetch(`${url}/v1/txn`, of(3 * MAX_COMMAND_BYTES))).status).toBe(413);
    expect(node.proposed).toBe(0);
  });
});

describe("what a node tells of itself", () => {
  test("its status", async () => {
    const { node, url } = await startService();
    await fetch(`${url}/v1/kv/a`, { method: "PUT", body: "1" });
    expect(await (await fetch(`${url}/v1/status`)).json()).toEqual({
      ...node.status,
      cluster: "0x0000000000000abc",
      members: [
        {
          ...{ id: 1, role: "voter", witness: false, promote: false, priority: 0 },
          ...{ raft: "127.0.0.1:1", http: "127.0.0.1:2", match: 1 },
        },
      ],
      keys: 1,
      transport: expect.objectContaining({ messagesIn: 0 }),
      storage: { syncs: 7, bytes: 1000 },
    });
  });

  test("its metrics, without anything that a client chose", async () => {
    const { url } = await startService();
    await fetch(`${url}/v1/kv/secret`, { method: "PUT", body: "1" });
    await fetch(`${url}/secret`, { method: "SECRET" }).catch(() => undefined);
    const text = await (await fetch(`${url}/metrics`)).text();
    expect(text).toContain("metalraft_raft_term 3");
    expect(text).toContain('metalraft_raft_role{role="LEADER"} 1');
    expect(text).toContain("metalraft_wal_fdatasync_total 7");
    expect(text).toContain("metalraft_transport_messages_in_total 0");
    expect(text).toContain('metalraft_http_request_duration_seconds_count{method="PUT",route="kv",status="200"} 1');
    expect(text.toLowerCase()).not.toContain("secret");
    // Read again, a counter that is kept elsewhere has not counted twice.
    expect(await (await fetch(`${url}/metrics`)).text()).toContain("metalraft_wal_fdatasync_total 7");
  });

  test("whether it lives and is of use", async () => {
    const { node, url } = await startService();
    expect((await fetch(`${url}/healthz`)).status).toBe(200);
    expect((await fetch(`${url}/readyz`)).status).toBe(200);
    node.commit = 5000;
    expect((await fetch(`${url}/readyz`)).status).toBe(503);
    node.applied = 4990;
    expect((await fetch(`${url}/readyz`)).status).toBe(200);
    node.leader = 0;
    expect((await fetch(`${url}/readyz`)).status).toBe(503);
    expect((await fetch(`${url}/healthz`)).status).toBe(200);
  });
});

describe("requests that are none of these", () => {
  test.each([
    ["POST", "/v1/kv/a", 405, "GET, PUT, DELETE"],
    ["GET", "/v1/txn", 405, "POST"],
    ["PUT", "/v1/status", 405, "GET"],
    ["GET", "/v1/kv", 404, null],
    ["GET", "/", 404, null],
  ])("%s %s", async (method, path, status, allow) => {
    const { url } = await startService();
    const reply = await fetch(url + path, { method });
    expect(reply.status).toBe(status);
    expect(reply.headers.get("allow")).toBe(allow);
    expect(await reply.json()).toMatchObject({ definite: true });
  });

  test("a fault of the program is told as one, and its outcome as unknown", async () => {
    const errors: unknown[] = [];
    const { node, url } = await startService({ onError: (error) => errors.push(error) });
    node.propose = () => Promise.reject(new TypeError("a bug"));
    const reply = await fetch(`${url}/v1/kv/a`, { method: "PUT", body: "1" });
    expect(reply.status).toBe(500);
    expect(await reply.json()).toMatchObject({ error: "internal error", definite: false });
    expect(errors).toEqual([new TypeError("a bug")]);
  });
});

describe("bodies", () => {
  const put = (headers: string) => `PUT /v1/kv/a HTTP/1.1\r\nHost: x\r\n${headers}\r\n\r\n`;

  test("one of unknown length is read up to the limit, and its sender is told", async () => {
    const { node, port } = await startService();
    const chunk = `1000\r\n${"v".repeat(0x1000)}\r\n`;
    const text = await raw(port, put("Transfer-Encoding: chunked"), chunk, chunk, "0\r\n\r\n");
    expect(text).toMatch(/^HTTP\/1\.1 413/);
    expect(text).toMatch(/connection: close/i);
    expect(node.proposed).toBe(0);
  });

  test("one that is announced too long is not asked for", async () => {
    const { port } = await startService();
    const text = await raw(port, put("Expect: 100-continue\r\nConnection: close\r\nContent-Length: 100000"));
    expect(text).toMatch(/^HTTP\/1\.1 413/);
  });

  test("one that may come is asked for", async () => {
    const { node, port } = await startService();
    const text = await raw(port, put("Expect: 100-continue\r\nConnection: close\r\nContent-Length: 1"), "v");
    expect(text).toMatch(/^HTTP\/1\.1 100 Continue\r\n\r\nHTTP\/1\.1 200/);
    expect(node.machine.size).toBe(1);
  });

  test("a read has none", async () => {
    const { port } = await startService();
    const head = "GET /v1/kv/a HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: 1\r\n\r\n";
    expect(await raw(port, head, "v")).toMatch(/^HTTP\/1\.1 413/);
  });
});
