/** What has to come about once the faults are over: the cluster commits one more command, and all nodes have one state. */

import { encodeCommand } from "../../host/kv/command.js";
import type { KvCluster, KvLife } from "./asker.js";
import { within } from "./waiting.js";

/** How long the answer to that command is waited for before another one is asked for, in ms. */
const PATIENCE = 1000;

/** @throws {PatienceError} when it does not come about */
export async function settle(cluster: KvCluster): Promise<void> {
  const committed = await commit(cluster);
  const lives = await cluster.until("all nodes have applied the whole log", () => {
    const all = cluster.ids.map((id) => cluster.get(id));
    const first = all[0]?.node.status.applied ?? 0;
    return first >= committed && all.every((life) => hasApplied(life, first)) ? all : undefined;
  });
  const [first, ...others] = lives.flatMap((life) => life ?? []);
  const digest = first?.machine.inner.digest();
  for (const { machine, node } of others) {
    if (machine.inner.digest() === digest) continue;
    const { applied, id } = node.status;
    cluster.watch.breaks(`the states of nodes ${first?.node.status.id} and ${id} differ at index ${applied}`);
  }
}

/** @returns the command's index */
async function commit(cluster: KvCluster): Promise<number> {
  const command = encodeCommand({ kind: "put", key: "end", value: new Uint8Array(1) });
  let committed: number | undefined;
  let isAsked = false;
  return cluster.until("a command is committed after the faults", () => {
    const node = cluster.get(cluster.leader() ?? 0)?.node;
    if (node === undefined || isAsked) return committed;
    isAsked = true;
    void within(PATIENCE, node.propose(command)).then((attempt) => {
      isAsked = false;
      if (attempt.kind === "ok") committed = attempt.value.index;
    });
    return committed;
  });
}

/** Whether a node is up and has applied all that is in its log, which ends there. */
function hasApplied(life: KvLife | undefined, last: number): boolean {
  if (life === undefined) return false;
  const { applied, lastIndex } = life.node.status;
  return applied === last && lastIndex === last;
}
