/** What users of `metalraft serve` meet: small clusters of real processes. */

import { readFileSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { eventually, freePort, runCli, ServeCluster, temporaryFolder } from "./harness.js";
import { HOST, type Reply } from "./http-client.js";

function replied(reply: Reply): Reply & { kind: "reply" } {
  if (reply.kind !== "reply") throw new Error(`no reply: ${reply.reason}`);
  return reply;
}

/** A request that is expected to be answered. */
async function ask(cluster: ServeCluster, id: number, method: string, path: string, body?: string | Uint8Array) {
  const { status, headers, body: bytes } = replied(await cluster.http.send(cluster.port(id), method, path, body));
  return { status, headers, text: bytes.toString("utf8") };
}

test("every node takes every request, and passes it to the leader", async () => {
  const cluster = await ServeCluster.start(3);
  for (const id of cluster.ids) {
    expect(await ask(cluster, id, "PUT", `/v1/kv/from-${id}`, `value ${id}`)).toMatchObject({ status: 200 });
    for (const reader of cluster.ids) {
      expect(await ask(cluster, reader, "GET", `/v1/kv/from-${id}`)).toMatchObject({
        status: 200,
        text: `value ${id}`,
      });
    }
  }
  const leader = await cluster.leader();
  const follower = cluster.ids.find((id) => id !== leader) ?? 0;
  const limit = Number(
    (await ask(cluster, follower, "PUT", "/v1/kv/big", new Uint8Array(2 << 20))).headers["metalraft-limit"],
  );
  expect((await ask(cluster, follower, "PUT", "/v1/kv/big", new Uint8Array(limit + 1))).status).toBe(413);
  expect((await ask(cluster, follower, "PUT", "/v1/kv/big", new Uint8Array(limit))).status).toBe(200);
  expect((await ask(cluster, leader, "GET", "/v1/kv/big")).text).toHaveLength(limit);
});

test("without a quorum nothing is acknowledged, and every answer comes in time", async () => {
  const cluster = await ServeCluster.start(3, ["--request-timeout", "800"]);
  const leader = await cluster.leader();
  expect((await ask(cluster, leader, "PUT", "/v1/kv/a", "1")).status).toBe(200);
  for (const id of cluster.ids) if (id !== leader) await cluster.end(id, "SIGKILL");

  // The leader may not have noticed yet: then the write stands in its log, and its outcome is open.
  const first = await ask(cluster, leader, "PUT", "/v1/kv/a", "2");
  expect([`504 false`, `503 true`]).toContain(`${first.status} ${JSON.parse(first.text).definite}`);
  await eventually("the leader to step down", async () =>
    (await cluster.status(leader))?.leader === 0 ? true : undefined,
  );
  const write = await ask(cluster, leader, "PUT", "/v1/kv/b", "1");
  expect(write).toMatchObject({ status: 503, headers: { "retry-after": "1" } });
  expect(JSON.parse(write.text)).toMatchObject({ error: "no leader", definite: true });
  expect((await ask(cluster, leader, "GET", "/v1/kv/a")).status).toBe(503);
  expect((await ask(cluster, leader, "GET", "/readyz")).status).toBe(503);
  expect((await ask(cluster, leader, "GET", "/healthz")).status).toBe(200);
  // What is here may be read, by those who say that they want it.
  expect(await ask(cluster, leader, "GET", "/v1/kv/a?consistency=local")).toMatchObject({ status: 200, text: "1" });

  for (const id of cluster.ids) if (id !== leader) cluster.startNode(id);
  await cluster.leader();
  expect((await ask(cluster, leader, "PUT", "/v1/kv/b", "1")).status).toBe(200);
  expect((await ask(cluster, leader, "GET", "/v1/kv/b")).text).toBe("1");
});

test("a cluster that was stopped goes on where it was", async () => {
  const cluster = await ServeCluster.start(3);
  const put = await ask(cluster, 1, "PUT", "/v1/kv/kept", "still here");
  for (const id of cluster.ids) expect(await cluster.end(id, "SIGTERM")).toEqual({ code: 0, signal: null });
  for (const id of cluster.ids) cluster.startNode(id);
  await cluster.leader();
  const got = await ask(cluster, 3, "GET", "/v1/kv/kept");
  expect(got).toMatchObject({ status: 200, text: "still here" });
  expect(got.headers["metalraft-mod-index"]).toBe(put.headers["metalraft-index"]);
});

test("a single node is a cluster", async () => {
  const cluster = await ServeCluster.start(1);
  expect((await ask(cluster, 1, "PUT", "/v1/kv/a", "1")).status).toBe(200);
  await cluster.end(1, "SIGKILL");
  cluster.startNode(1);
  await cluster.leader();
  expect((await ask(cluster, 1, "GET", "/v1/kv/a")).text).toBe("1");
});

test("a data folder has one node", async () => {
  const cluster = await ServeCluster.start(1);
  const [own] = cluster.members;
  const other = await ServeCluster.plan(1);
  const args = other.arguments(1);
  args[args.indexOf("--data") + 1] = join(cluster.folder, "node-1");
  const { code, stderr } = await runCli(args);
  expect(code).toBe(1);
  expect(stderr).toMatch(
    new RegExp(`in use by process ${cluster.process(own?.id ?? 0).pid}\\. Stop it, or choose another`),
  );
});

test("a taken port is named, with a way out", async () => {
  const holder = createServer();
  const port = await freePort();
  await new Promise<void>((resolve) => holder.listen(port, HOST, resolve));
  onTestFinished(() => void holder.close());
  const data = temporaryFolder();
  const free = await freePort();
  const serve = (raft: number, http: number) =>
    runCli([
      "serve",
      "--id",
      "1",
      "--cluster",
      "c",
      "--data",
      data,
      "--member",
      `1=${HOST}:${raft},http=${HOST}:${http}`,
    ]);
  const http = await serve(free, port);
  expect(http.code).toBe(1);
  expect(http.stderr).toContain(`cannot serve HTTP on ${HOST}:${port}: the port is taken`);
  const raft = await serve(port, free);
  expect(raft.code).toBe(1);
  expect(raft.stderr).toContain(String(port));
  expect(raft.stderr).toMatch(/taken|in use/);
});

test("a data folder that cannot be used is named, with a way out", async () => {
  const cluster = await ServeCluster.plan(1);
  const args = cluster.arguments(1);
  const file = join(cluster.folder, "file");
  writeFileSync(file, "");
  args[args.indexOf("--data") + 1] = join(file, "node-1");
  const { code, stderr } = await runCli(args);
  expect(code).toBe(1);
  expect(stderr).toContain(file);
  expect(stderr).toContain("Choose a folder");
});

test.skipIf(process.platform === "win32")(
  "a disk that takes no more ends the node, and nothing acknowledged is lost",
  async () => {
    const cluster = await ServeCluster.plan(1);
    const limited = cluster.startNode(1, { fileBlocks: 64 });
    await cluster.leader();
    const acknowledged: string[] = [];
    const refused = await eventually("a write that is not acknowledged", async () => {
      const key = `/v1/kv/key-${acknowledged.length}`;
      const reply = await cluster.http.send(cluster.port(1), "PUT", key, key.padEnd(1024, "."));
      if (reply.kind !== "reply" || reply.status !== 200) return reply;
      acknowledged.push(key);
      return undefined;
    });
    // Its bytes may be in the log, whole.
    if (refused.kind === "reply") expect(JSON.parse(refused.body.toString())).toMatchObject({ definite: false });
    expect(await limited.ended).toEqual({ code: 1, signal: null });
    const log = readFileSync(join(cluster.folder, "node-1.log"), "utf8");
    expect(log).toMatch(/EFBIG.*the node cannot go on; remove the cause and start it again/);

    cluster.startNode(1);
    await cluster.leader();
    expect(acknowledged.length).toBeGreaterThan(5);
    for (const key of acknowledged) expect((await ask(cluster, 1, "GET", key)).text).toBe(key.padEnd(1024, "."));
  },
);
