/** `metalraft cluster`: a durable cluster of processes on loopback. */

import { mkdirSync } from "node:fs";
import { Command } from "commander";
import { shippedCore } from "../core/module.js";
import { lockFolder } from "../storage/wal/lock.js";
import { type ClusterPlan, LOOPBACK, settlePlan } from "./cluster-folder.js";
import { ClusterRun } from "./cluster-run.js";
import { port, wholeNumber } from "./flags.js";
import { addNodeFlags, checkNodeFlags, type NodeFlags, nodeFlagArguments } from "./node-flags.js";
import { say, sayJson, tell, UsageError } from "./output.js";
import { onStopSignals, type StopRequest } from "./stop-signals.js";

/** As many as the capacity plan of `serve` holds. */
const MAX_NODES = 9;

const EXAMPLES = `
Examples:
  metalraft cluster                         three nodes, data in .metalraft/
  metalraft cluster --nodes 5 --data /tmp/five
  metalraft cluster --http-port 9001        HTTP on 9001, 9002 and 9003
  curl -X PUT --data-binary hello http://127.0.0.1:8101/v1/kv/greeting
  curl http://127.0.0.1:8102/v1/kv/greeting

Ctrl-C stops the cluster. Its data stays: started again, it goes on where it was.`;

interface ClusterFlags extends NodeFlags {
  readonly nodes?: number;
  readonly data: string;
  readonly httpPort?: number;
  readonly raftPort?: number;
  readonly json?: boolean;
}

export function clusterCommand(): Command {
  const command = new Command("cluster")
    .description("run a durable cluster of three processes on this machine")
    .option("--nodes <count>", "how many nodes (default: those of the data folder, or 3)", wholeNumber(1, MAX_NODES))
    .option("--data <folder>", "where the data, the logs and the ports used are kept", ".metalraft")
    .option("--http-port <port>", "HTTP port of node 1, the others follow (default: as last time, or from 8101)", port)
    .option("--raft-port <port>", "Raft port of node 1, the others follow (default: as last time, or from 8201)", port);
  return addNodeFlags(command)
    .option("--json", "end with one JSON object on standard output; everything else goes to standard error")
    .addHelpText("after", EXAMPLES)
    .action(runCluster);
}

async function runCluster(flags: ClusterFlags): Promise<void> {
  checkNodeFlags(flags);
  const print = flags.json === true ? tell : say;
  mkdirSync(flags.data, { recursive: true });
  const lock = lockFolder(flags.data);
  try {
    const { nodes, httpPort, raftPort, data: folder } = flags;
    const plan = await settlePlan({ folder, nodes, httpPort, raftPort });
    const run = new ClusterRun({
      folder,
      plan,
      flags: nodeFlagArguments(flags),
      onLeader: (leader, term) => print(`node ${leader} leads now (term ${term})`),
    });
    const stop = onStopSignals(() => {
      tell("killing the nodes; what they acknowledged is on disk");
      run.kill();
    });
    try {
      run.start();
      await untilStopped(run, plan, stop, print);
    } finally {
      const clean = await run.stop();
      stop.dispose();
      if (!clean) process.exitCode = 1;
    }
    if (flags.json === true) sayJson(summary(plan, run));
  } finally {
    lock.release();
  }
}

async function untilStopped(
  run: ClusterRun,
  plan: ClusterPlan,
  stop: StopRequest,
  print: (line: string) => void,
): Promise<void> {
  const signal = await Promise.race([run.ready(), stop.requested]);
  if (signal === undefined) {
    for (const line of describe(run, plan)) print(line);
    const why = await Promise.race([stop.requested, run.quorumLost]);
    if (why === undefined) throw new UsageError("too few nodes are left for a quorum, so the cluster was stopped");
  }
  tell("stopping; the data stays");
}

function describe(run: ClusterRun, plan: ClusterPlan): string[] {
  const { leader, term } = run.leader;
  const [first, second] = plan.nodes.map(({ http }) => `http://${LOOPBACK}:${http}`);
  return [
    `${plan.nodes.length} nodes run core ${shippedCore().sha256.slice(0, 16)}`,
    ...plan.nodes.map(({ id, http }) => {
      const { pid, logFile } = run.nodes[id - 1] ?? {};
      const role = id === leader ? `  leads (term ${term})` : "";
      return `  node ${id}  http://${LOOPBACK}:${http}  pid ${pid}  log ${logFile}${role}`;
    }),
    `try:  curl -X PUT --data-binary hello ${first}/v1/kv/greeting`,
    `      curl ${second ?? first}/v1/kv/greeting`,
    "Ctrl-C stops the cluster; its data stays.",
  ];
}

function summary(plan: ClusterPlan, run: ClusterRun) {
  return {
    cluster: plan.cluster,
    nodes: plan.nodes.map(({ id, http }) => ({
      id,
      http: `${LOOPBACK}:${http}`,
      end: run.nodes[id - 1]?.end ?? "running",
    })),
  };
}
