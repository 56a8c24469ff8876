/** Real processes whose leader is killed while clients send the same writes again and again under their keys. */

import { expect, test } from "vitest";
import { eventually, ServeCluster } from "./harness.js";
import { HOST } from "./http-client.js";

const CLIENTS = 8;
const STEPS = 40;
const KILLS = 2;
/** A bound on hanging, in ms. */
const TIMEOUT_MS = 120_000;
/** ms before the next attempt: the node may be down. */
const PAUSE_MS = 20;

interface Answer {
  readonly replayed: boolean;
  readonly body: { readonly index: number; readonly succeeded?: boolean; readonly existed?: boolean };
}

interface Request {
  readonly method: "PUT" | "DELETE" | "POST";
  readonly path: string;
  readonly key: string;
  readonly body?: string;
}

/** Sends a request once; undefined if there was no answer, or none yet. */
async function send(cluster: ServeCluster, id: number, request: Request): Promise<Answer | undefined> {
  const { body, key, method, path } = request;
  const headers = { "idempotency-key": key };
  const sent = fetch(`http://${HOST}:${cluster.port(id)}${path}`, {
    ...{ method, headers },
    ...(body === undefined ? {} : { body }),
  });
  const reply = await sent.catch(() => undefined);
  // A connection may break within the answer.
  const text = await reply?.text().catch(() => undefined);
  if (reply === undefined || text === undefined || reply.status === 503 || reply.status === 504) return undefined;
  if (reply.status !== 200) throw new Error(`${method} ${path}: ${reply.status} ${text}`);
  return { replayed: reply.headers.get("metalraft-replayed") === "true", body: JSON.parse(text) };
}

/** Sends a request to one node after the other until it is answered. */
function insist(cluster: ServeCluster, choice: number, request: Request): Promise<Answer> {
  let attempt = choice;
  return eventually(`an answer to ${request.key}`, async () => {
    const answer = await send(cluster, cluster.ids[attempt++ % cluster.ids.length] ?? 0, request);
    if (answer === undefined) await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
    return answer;
  });
}

/** Counts a client's register up by one: if this is applied twice, the second time fails. */
function increment(client: number, step: number): Request {
  const key = `count/${client}`;
  const compare = step === 0 ? { key, absent: true } : { key, value: String(step) };
  const body = JSON.stringify({ compare: [compare], then: [{ put: { key, value: String(step + 1) } }] });
  return { method: "POST", path: "/v1/txn", key: `client-${client}-step-${step}`, body };
}

async function killLeader(cluster: ServeCluster): Promise<number> {
  const leader = await cluster.leader();
  await cluster.end(leader, "SIGKILL");
  return leader;
}

test("a write that the killed leader has done is not done again by the next", async () => {
  const cluster = await ServeCluster.start(3);
  const path = "/v1/kv/a";
  const put: Request = { method: "PUT", path, key: "put", body: "first" };
  const remove: Request = { method: "DELETE", path: "/v1/kv/gone", key: "delete" };
  await insist(cluster, 0, { method: "PUT", path: "/v1/kv/gone", key: "create", body: "x" });
  const firsts = [await insist(cluster, await cluster.leader(), put), await insist(cluster, 0, remove)];
  expect(firsts[1]?.body.existed).toBe(true);
  const second = await insist(cluster, 0, { method: "PUT", path, key: "put-again", body: "second" });

  const killed = await killLeader(cluster);
  const alive = cluster.ids.find((id) => id !== killed) ?? 0;
  expect([await insist(cluster, alive, put), await insist(cluster, alive, remove)]).toEqual(
    firsts.map((first) => ({ ...first, replayed: true })),
  );
  const read = await fetch(`http://${HOST}:${cluster.port(alive)}${path}`);
  expect(await read.text()).toBe("second");
  expect(read.headers.get("metalraft-mod-index")).toBe(String(second.body.index));

  // What is remembered is in the log: it outlives all processes.
  cluster.startNode(killed);
  await cluster.leader();
  for (const id of cluster.ids) await cluster.end(id, "SIGKILL");
  for (const id of cluster.ids) cluster.startNode(id);
  expect(await insist(cluster, 0, put)).toEqual({ ...firsts[0], replayed: true });
});

test("clients that insist while leaders are killed have each write done once", { timeout: TIMEOUT_MS }, async () => {
  const cluster = await ServeCluster.start(3);
  const answers = new Map<string, Answer>();
  let failed = 0;
  const client = async (number: number) => {
    for (let step = 0; step < STEPS; step++) {
      const request = increment(number, step);
      const answer = await insist(cluster, number + step, request);
      if (answer.body.succeeded !== true) failed += 1;
      answers.set(request.key, answer);
    }
  };
  const clients = Promise.all(Array.from({ length: CLIENTS }, (_, number) => client(number)));
  for (let kill = 1; kill <= KILLS; kill++) {
    const due = (CLIENTS * STEPS * kill) / (KILLS + 1);
    await eventually("enough answers", () => (answers.size >= due ? true : undefined));
    const killed = await killLeader(cluster);
    await eventually("another leader", async () => {
      const statuses = await Promise.all(cluster.ids.filter((id) => id !== killed).map((id) => cluster.status(id)));
      return statuses.some((status) => status?.role === "LEADER") ? true : undefined;
    });
    cluster.startNode(killed);
  }
  await clients;
  expect(failed).toBe(0);

  // Every one of them once more, in another order and on other nodes: nothing happens, and the answers are the same.
  await cluster.leader();
  for (let step = STEPS - 1; step >= 0; step -= 7) {
    for (let number = 0; number < CLIENTS; number++) {
      const request = increment(number, step);
      const first = answers.get(request.key);
      expect(await insist(cluster, number, request)).toEqual({ ...first, replayed: true });
    }
  }
  for (let number = 0; number < CLIENTS; number++) {
    const value = await fetch(`http://${HOST}:${cluster.port(1)}/v1/kv/${encodeURIComponent(`count/${number}`)}`);
    expect(await value.text()).toBe(String(STEPS));
  }
});
