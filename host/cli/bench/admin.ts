/**
 * What changes of the cluster cost, on processes on loopback: a single-server change, a joint one, a transfer of leadership,
 * and the end of a leader that is asked to stop. First on an idle cluster, for how long each takes; then under a client
 * that writes without a pause, for the longest time in which no write was acknowledged, and for as long without any change.
 * That is what a client notices of the time without a leader, and no less than it: the write itself is in it.
 */

import { MEMBERS_PATH, type MembersBody, TRANSFER_PATH, type TransferredBody } from "../../kv/admin-body.js";
import { AdminCluster, MEMBERS, SPARE } from "./admin-cluster.js";
import { type BenchResult, timed } from "./result.js";

/** Of each kind, and the first ones are not counted. */
const ROUNDS = 200;
const WARM_ROUNDS = 20;
const STOP_ROUNDS = 5;
/** ms between two rounds: followers hear of the last commit with the next heartbeat. */
const PAUSE_MS = 5;
const CATCH_UP_POLL_MS = 20;
const KEYS = 64;

/** Does one thing to the cluster; given its leader, answers the next one. */
type Round = (leader: number, round: number) => Promise<number>;

/** Runs the benchmark on a cluster of its own, which is gone afterwards. */
export async function runAdministration(): Promise<BenchResult[]> {
  const cluster = new AdminCluster();
  try {
    await cluster.start();
    await cluster.ask(await cluster.leader(), "POST", MEMBERS_PATH, { ...cluster.member(SPARE), role: "learner" });
    await caughtUp(cluster);
    return [
      await measure(cluster, "single-server change", singleChange(cluster)),
      await measure(cluster, "joint change of two voters", jointChange(cluster)),
      await measure(cluster, "transfer of leadership", transfer(cluster)),
      await measureStops(cluster),
    ];
  } finally {
    await cluster.stop();
  }
}

/** The spare node is a voter and a learner in turns. */
function singleChange(cluster: AdminCluster): Round {
  return async (leader, round) => {
    const spare = { id: SPARE, role: round % 2 === 0 ? "voter" : "learner" };
    await cluster.ask(leader, "PUT", MEMBERS_PATH, { members: [...MEMBERS.map((id) => ({ id })), spare] });
    return leader;
  };
}

/** The spare node and a follower change places as voter and learner. */
function jointChange(cluster: AdminCluster): Round {
  return async (leader, round) => {
    const out = round % 2 === 0 ? (MEMBERS.find((id) => id !== leader) ?? 0) : SPARE;
    const members = [...MEMBERS, SPARE].filter((id) => id !== out).map((id) => ({ id, role: "voter" }));
    // Three voters, before and after: in an odd round the follower comes back.
    await cluster.ask(leader, "PUT", MEMBERS_PATH, { members: [...members, { id: out, role: "learner" }] });
    return leader;
  };
}

function transfer(cluster: AdminCluster): Round {
  return async (leader) => (await cluster.ask<TransferredBody>(leader, "POST", TRANSFER_PATH, {})).leader;
}

/** Both passes of one kind. */
async function measure(cluster: AdminCluster, name: string, round: Round): Promise<BenchResult> {
  await rounds(cluster, round, WARM_ROUNDS);
  const ms = (await rounds(cluster, round, ROUNDS)).sort();
  const longest = await underWrites(cluster, () => rounds(cluster, round, ROUNDS));
  const total = ms.reduce((sum, each) => sum + each, 0);
  const anyway = await underWrites(cluster, () => pause(total));
  const row = { name, payload: 0, batch: 1, crossingsPerOp: null, bytesCopiedPerOp: null };
  const extra = { p50Ms: at(ms, 0.5), p99Ms: at(ms, 0.99), longestWithoutWriteMs: fixed(longest) };
  return timed({ ...row, extra: { ...extra, withoutAnyChangeMs: fixed(anyway) } }, ROUNDS, total * 1e6);
}

/** ms that each round took. */
async function rounds(cluster: AdminCluster, round: Round, count: number): Promise<Float64Array> {
  const ms = new Float64Array(count);
  let leader = await cluster.leader();
  for (let i = 0; i < count; i++) {
    const begun = performance.now();
    leader = await round(leader, i);
    ms[i] = performance.now() - begun;
    await pause(PAUSE_MS);
  }
  return ms;
}

/** The leader is sent SIGTERM, and started again when it has ended. */
async function measureStops(cluster: AdminCluster): Promise<BenchResult> {
  const ms = new Float64Array(STOP_ROUNDS);
  let longest = 0;
  for (let i = 0; i < STOP_ROUNDS; i++) {
    const leader = await cluster.leader();
    const through = MEMBERS.find((id) => id !== leader) ?? 0;
    const gap = await underWrites(
      cluster,
      async () => {
        const begun = performance.now();
        await cluster.terminate(leader);
        ms[i] = performance.now() - begun;
        await cluster.leader();
      },
      through,
    );
    longest = Math.max(longest, gap);
    cluster.startNode(leader);
    await cluster.leader();
  }
  const total = ms.reduce((sum, each) => sum + each, 0);
  const row = { name: "SIGTERM of the leader, until its end", payload: 0, batch: 1 };
  const extra = { p50Ms: at(ms.sort(), 0.5), longestWithoutWriteMs: fixed(longest) };
  return timed({ ...row, crossingsPerOp: null, bytesCopiedPerOp: null, extra }, STOP_ROUNDS, total * 1e6);
}

/** The longest time, in ms, without an acknowledged write while `act` ran. Writes go to a node that does not lead, which
 * passes them on. */
async function underWrites(cluster: AdminCluster, act: () => Promise<unknown>, through = SPARE): Promise<number> {
  let done = false;
  let longest = 0;
  const writer = async () => {
    let last = performance.now();
    for (let n = 0; !done; n++) {
      if (!(await cluster.write(through, `probe-${n % KEYS}`))) continue;
      const now = performance.now();
      longest = Math.max(longest, now - last);
      last = now;
    }
  };
  const writing = writer();
  try {
    await act();
  } finally {
    done = true;
    await writing;
  }
  return longest;
}

/** Resolves when the spare node holds the log. */
async function caughtUp(cluster: AdminCluster): Promise<void> {
  for (;;) {
    const { members } = await cluster.ask<MembersBody>(await cluster.leader(), "GET", MEMBERS_PATH);
    const most = Math.max(...members.map(({ match }) => match ?? 0));
    if (members.some(({ id, match }) => id === SPARE && match === most)) return;
    await pause(CATCH_UP_POLL_MS);
  }
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

function at(sorted: Float64Array, part: number): number {
  return fixed(sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))] ?? 0);
}

function fixed(value: number): number {
  return Math.round(value * 1000) / 1000;
}
