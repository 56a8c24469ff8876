/** Leadership on real processes: handed over on purpose, and before a leader stops. */

import { expect, test, vi } from "vitest";
import { GrowingCluster, type Members } from "./growing-cluster.js";
import { eventually, runCli } from "./harness.js";
import { HOST } from "./http-client.js";

/** A bound on hanging, in ms. */
vi.setConfig({ testTimeout: 120_000 });

/** An hour, in ms: such a node never misses a leader by itself. */
const PATIENT = ["--election-timeout", "3600000"];

/** Node 1 leads, as the others have begun as learners. */
async function three(flags: readonly string[] = []): Promise<GrowingCluster> {
  const cluster = new GrowingCluster();
  await cluster.start(1);
  for (const id of [2, 3]) await cluster.start(id, { flags });
  await cluster.done("add", cluster.member(2), cluster.member(3));
  return cluster;
}

test("leadership is handed to the node named, or to the one most fit", async () => {
  const cluster = await three();
  expect(await cluster.leader()).toBe(1);
  expect(await cluster.done("transfer", "3")).toMatchObject({ leader: 3, from: 1 });
  expect(await cluster.done("transfer", "3")).toMatchObject({ leader: 3, from: 3 });
  const { leader } = await cluster.done<Members>("transfer");
  expect([1, 2]).toContain(leader);
  expect(await cluster.leader()).toBe(leader);
  const { code, stderr } = await cluster.run("transfer", "9");
  expect(code).toBe(1);
  expect(stderr).toContain("no such member");
});

test("a leader that is asked to stop hands over first", async () => {
  const cluster = await three(PATIENT);
  const { term } = (await cluster.status(1)) ?? { term: 0 };
  expect(await cluster.end(1, "SIGTERM")).toEqual({ code: 0, signal: null });
  // The others would have missed it in an hour: there is a leader because the old one asked for it.
  const successor = await eventually("the next leader", async () => {
    const statuses = await Promise.all([2, 3].map((id) => cluster.status(id)));
    return statuses.find((status) => status?.role === "LEADER");
  });
  expect(successor.term).toBe(term + 1);
  const written = await cluster.http.send(cluster.port(successor.id), "PUT", "/v1/kv/a", "1");
  expect(written).toMatchObject({ kind: "reply", status: 200 });
});

test("a node takes a snapshot when it is asked to", async () => {
  const cluster = await three();
  for (let n = 0; n < 20; n++) await cluster.http.send(cluster.port(1), "PUT", `/v1/kv/${n}`, "x");
  const [status] = await cluster.settled([1, 2, 3]);
  const node = `${HOST}:${cluster.port(2)}`;
  const { code, stdout } = await runCli(["snapshot", "--node", node, "--json"]);
  expect(code).toBe(0);
  expect(JSON.parse(stdout)).toEqual({ id: 2, index: status?.lastIndex, term: status?.term });
});

test("status shows every member, and tells by its exit status whether there is a leader", async () => {
  const cluster = await three();
  const all = await cluster.run("status");
  expect(all.code).toBe(0);
  expect(all.stdout).toMatch(/node 1 leads.*1 \* +LEADER.*2 +FOLLOWER.*3 +FOLLOWER/s);
  await cluster.end(2, "SIGKILL");
  await cluster.end(3, "SIGKILL");
  await eventually("the leader to step down", async () => ((await cluster.status(1))?.leader === 0 ? true : undefined));
  const alone = await cluster.run("status");
  expect(alone.code).toBe(1);
  expect(alone.stdout).toMatch(/no leader.*2 +it does not answer/s);
});

test("two nodes and a witness survive the loss of either node, and leases are asked of the leader", async () => {
  const cluster = new GrowingCluster(["--lease-drift", "100"]);
  for (const id of [1, 2, 3]) await cluster.start(id);
  await cluster.done("add", cluster.member(2), "--priority", "5");
  const { members } = await cluster.done<Members>("add", cluster.member(3), "--witness");
  expect(members.map(({ role, witness }) => `${role} ${witness}`)).toEqual([
    "voter false",
    "voter false",
    "voter true",
  ]);
  const ask = async (id: number, method: string, path: string, body?: string) => {
    const reply = await cluster.http.send(cluster.port(id), method, path, body);
    return reply.kind === "reply" ? `${reply.status} ${reply.body.toString("utf8")}` : reply.reason;
  };
  expect(await ask(3, "PUT", "/v1/kv/a", "1")).toMatch(/^200/);
  await cluster.end(1, "SIGKILL");
  await eventually("node 2 to lead", async () => ((await cluster.status(2))?.role === "LEADER" ? true : undefined));
  expect(await ask(2, "PUT", "/v1/kv/b", "2")).toMatch(/^200/);
  for (const id of [2, 3]) {
    expect(await ask(id, "GET", "/v1/kv/a")).toBe("200 1");
    expect(await ask(id, "GET", "/v1/kv/b?consistency=lease")).toBe("200 2");
  }
  expect(await ask(3, "GET", "/v1/kv/a?consistency=local")).toMatch(/^409 .*is a witness/);

  await cluster.start(1);
  await cluster.settled([1, 2]);
  expect(await cluster.done("transfer", "1")).toMatchObject({ leader: 1 });
  await cluster.end(2, "SIGKILL");
  expect(await ask(3, "PUT", "/v1/kv/c", "3")).toMatch(/^200/);
  expect(await ask(1, "GET", "/v1/kv/c")).toBe("200 3");
  const { code, stderr } = await cluster.run("transfer", "3", "--timeout", "5");
  expect(code).toBe(1);
  expect(stderr).toContain("no such member that could lead");
});
