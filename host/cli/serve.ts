/** `metalraft serve`: one node of a cluster as a process. */

import { Command } from "commander";
import type { SocketAddress } from "../transport/address.js";
import { parseAddress } from "../transport/address.js";
import { address, clusterId, type MemberFlag, member, nodeId } from "./flags.js";
import { openLog } from "./log.js";
import { addNodeFlags, checkNodeFlags, type NodeFlags } from "./node-flags.js";
import { sayJson, UsageError } from "./output.js";
import { report } from "./serve-report.js";
import { ServingNode } from "./serving-node.js";
import { onStopSignals } from "./stop-signals.js";

const EXAMPLES = `
Example, three nodes on one machine; run each line in a terminal of its own:
  M="--member 1=127.0.0.1:8201,http=127.0.0.1:8101 --member 2=127.0.0.1:8202,http=127.0.0.1:8102 \\
     --member 3=127.0.0.1:8203,http=127.0.0.1:8103"
  metalraft serve --id 1 --cluster demo --data data/1 $M
  metalraft serve --id 2 --cluster demo --data data/2 $M
  metalraft serve --id 3 --cluster demo --data data/3 $M

The members are the same on all nodes. --listen and --http are needed only where a node cannot listen on the addresses
that the others use for it, e.g. --listen 0.0.0.0:8201. Neither port asks who calls: keep both inside a trusted network.

The log goes to standard error, one JSON object a line. SIGTERM and Ctrl-C stop the node in order.`;

interface ServeFlags extends NodeFlags {
  readonly id: number;
  readonly cluster: bigint;
  readonly data: string;
  readonly member: readonly MemberFlag[];
  readonly listen?: SocketAddress;
  readonly http?: SocketAddress;
  readonly json?: boolean;
}

export function serveCommand(): Command {
  const command = new Command("serve")
    .description("run one node: Raft over TCP, the log on disk, the store over HTTP")
    .requiredOption("--id <n>", "this node's id, never used again once the node has lost its disk", nodeId)
    .requiredOption("--cluster <name>", "the cluster: a name, or its id as 0x and hexadecimal digits", clusterId)
    .requiredOption("--data <folder>", "where this node's log lies; made when it is missing")
    .requiredOption("--member <id=host:port,http=host:port>", "a member; once for each, this node included", member)
    .option("--listen <host:port>", "listen for Raft here (default: as in --member)", address)
    .option("--http <host:port>", "listen for HTTP here (default: as in --member)", address);
  return addNodeFlags(command)
    .option("--json", "end with one JSON object, the last status, on standard output")
    .addHelpText("after", EXAMPLES)
    .action(runServe);
}

async function runServe(flags: ServeFlags): Promise<void> {
  checkNodeFlags(flags);
  const own = flags.member.find(({ id }) => id === flags.id);
  if (own === undefined) {
    throw new UsageError(`no --member is node ${flags.id}: give one for this node too, as on the other nodes`);
  }
  const log = openLog(flags.logLevel, flags.id);
  const node = new ServingNode({
    ...flags,
    members: flags.member,
    listen: flags.listen ?? parseAddress(own.raft),
    http: flags.http ?? parseAddress(own.http),
    log,
    onLeader: (leader, term) => report({ kind: "leader", leader, term }),
  });
  const stop = onStopSignals(() => {
    log.fatal("interrupted again: ending at once; what was acknowledged is on disk");
    process.exit(1);
  });
  const starterGone = new Promise<string>((resolve) => {
    process.once("disconnect", () => resolve("the process that started this one is gone"));
  });
  try {
    await node.start();
    report({ kind: "serving" });
    const reason = await Promise.race([stop.requested, starterGone, node.failed]);
    if (reason === undefined) process.exitCode = 1;
    else log.info({ reason }, "stopping");
    await node.stop();
    log.info("stopped");
    if (flags.json === true) sayJson(node.status);
  } finally {
    stop.dispose();
    if (process.connected) process.disconnect();
  }
}
