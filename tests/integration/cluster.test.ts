/** Three real processes under sixteen clients, while the leader is killed again and again. */

import { expect, test } from "vitest";
import { checkLinearizable } from "../../sim/checkers/linearizability.js";
import { eventually, ServeCluster } from "./harness.js";
import { readAll, Workload } from "./workload.js";

const CLIENTS = 16;
const KEYS_A_CLIENT = 625;
const KEYS = CLIENTS * KEYS_A_CLIENT;
const KILLS = 3;
/** A bound on hanging, in ms. */
const TIMEOUT_MS = 240_000;

/** Kills the leader and starts it again on its data, each time at another part of the work. */
async function killLeaders(cluster: ServeCluster, workload: Workload): Promise<number[]> {
  const killed: number[] = [];
  for (let kill = 1; kill <= KILLS; kill++) {
    await workload.reached((KEYS * kill) / (KILLS + 1));
    const leader = await cluster.leader();
    const term = (await cluster.status(leader))?.term ?? 0;
    await cluster.end(leader, "SIGKILL");
    killed.push(leader);
    await eventually("another leader", async () => {
      const statuses = await Promise.all(cluster.ids.filter((id) => id !== leader).map((id) => cluster.status(id)));
      return statuses.some((status) => status?.role === "LEADER" && status.term > term) ? true : undefined;
    });
    cluster.startNode(leader);
  }
  return killed;
}

test("no acknowledged write is lost, none is made up, and the answers are linearizable", {
  timeout: TIMEOUT_MS,
}, async () => {
  const cluster = await ServeCluster.start(3);
  const workload = new Workload(cluster, CLIENTS, KEYS_A_CLIENT);
  const [killed] = await Promise.all([killLeaders(cluster, workload), workload.run()]);

  expect(killed).toHaveLength(KILLS);
  expect(workload.surprises).toEqual([]);
  expect(workload.acknowledged.size).toBe(KEYS);
  const verdict = checkLinearizable(workload.history.operations);
  const why = verdict.verdict === "not linearizable" ? verdict.explanation.text : verdict.verdict;
  expect(verdict.verdict, why).toBe("linearizable");

  const statuses = await cluster.settled();
  const keys = [...workload.sent.keys()];
  for (const { id, keys: count } of statuses) {
    const found = await readAll(cluster, id, keys);
    const lost = [...workload.acknowledged].filter(([key, value]) => found.get(key) !== value);
    expect(lost, `lost on node ${id}`).toEqual([]);
    const there = [...found].filter(([, value]) => value !== null);
    const madeUp = there.filter(([key, value]) => value !== null && workload.sent.get(key)?.has(value) !== true);
    expect(madeUp, `made up on node ${id}`).toEqual([]);
    expect(count, `keys on node ${id}`).toBe(there.length);
  }
});
