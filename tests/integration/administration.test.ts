/** The administration commands on real processes: a cluster grows, changes and shrinks while clients work on it. */

import { expect, test } from "vitest";
import { checkLinearizable } from "../../sim/checkers/linearizability.js";
import { GrowingCluster, type Members } from "./growing-cluster.js";
import { readAll, Workload } from "./workload.js";

const CLIENTS = 8;
/** More than there is time for: the load ends when the last change is done. */
const KEYS_A_CLIENT = 100_000;
/** Keys that are written between two changes. */
const KEYS_A_STEP = 150;
/** A bound on hanging, in ms. */
const TIMEOUT_MS = 240_000;
/** So that new nodes are brought up by a snapshot and the log behind it. */
const SNAPSHOTS = ["--snapshot-entries", "500", "--keep-entries", "100"];

/** What was done, and the voters there were afterwards. */
interface Change {
  readonly what: string;
  readonly voters: readonly number[];
}

/** The changes, in order. */
async function administer(cluster: GrowingCluster, workload: Workload): Promise<Change[]> {
  const story: Change[] = [];
  const note = async (what: string) => {
    story.push({ what, voters: await cluster.voters() });
    await workload.reached(workload.acknowledged.size + KEYS_A_STEP);
  };
  await workload.reached(KEYS_A_STEP);
  await Promise.all([2, 3].map((id) => cluster.start(id)));
  await cluster.done("add", cluster.member(2));
  await cluster.done("add", cluster.member(3));
  await note("grown to three");

  await Promise.all([4, 5].map((id) => cluster.start(id)));
  await cluster.done("add", cluster.member(4), cluster.member(5));
  await note("grown to five");

  const dead = (await cluster.leader()) === 3 ? 4 : 3;
  await cluster.end(dead, "SIGKILL");
  await cluster.start(6);
  await cluster.done("replace", String(dead), cluster.member(6));
  await note(`${dead} replaced by 6`);

  const leader = await cluster.leader();
  const { leader: next } = await cluster.done<Members>("remove", String(leader));
  expect(next).not.toBe(leader);
  await note(`the leader ${leader} removed`);
  expect(await cluster.end(leader, "SIGTERM")).toEqual({ code: 0, signal: null });

  const last = (await cluster.voters()).find((id) => id !== next) ?? 0;
  await cluster.done("remove", String(last));
  await note("shrunk to three");
  expect(await cluster.end(last, "SIGTERM")).toEqual({ code: 0, signal: null });
  workload.finish();
  return story;
}

test("grows from one node to five, replaces a dead one, loses its leader and shrinks to three under load", {
  timeout: TIMEOUT_MS,
}, async () => {
  const cluster = new GrowingCluster(SNAPSHOTS);
  await cluster.start(1);
  expect(await cluster.voters()).toEqual([1]);
  const workload = new Workload(cluster, CLIENTS, KEYS_A_CLIENT);
  const [story] = await Promise.all([administer(cluster, workload), workload.run()]);

  expect(story.map(({ voters }) => voters.length)).toEqual([3, 5, 5, 4, 3]);
  const [, , replaced, without] = story;
  expect(story[1]?.voters).toEqual([1, 2, 3, 4, 5]);
  expect(replaced?.voters).toContain(6);
  expect(without?.what).toBe(`the leader ${replaced?.voters.find((id) => !without?.voters.includes(id))} removed`);
  expect(workload.surprises).toEqual([]);
  const verdict = checkLinearizable(workload.history.operations);
  const why = verdict.verdict === "not linearizable" ? verdict.explanation.text : verdict.verdict;
  expect(verdict.verdict, why).toBe("linearizable");

  const voters = await cluster.voters();
  expect(cluster.ids.toSorted()).toEqual(voters.toSorted());
  const keys = [...workload.sent.keys()];
  for (const { id } of await cluster.settled(voters)) {
    const found = await readAll(cluster, id, keys);
    const lost = [...workload.acknowledged].filter(([key, value]) => found.get(key) !== value);
    expect(lost, `lost on node ${id}`).toEqual([]);
    const there = [...found].filter(([, value]) => value !== null);
    const madeUp = there.filter(([key, value]) => value !== null && workload.sent.get(key)?.has(value) !== true);
    expect(madeUp, `made up on node ${id}`).toEqual([]);
  }
});
