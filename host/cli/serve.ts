/** `metalraft serve`: one node of a cluster as a process. */

import { Command } from "commander";
import type { SocketAddress } from "../transport/address.js";
import { address, clusterId, member, nodeId, priority } from "./flags.js";
import { openLog } from "./log.js";
import { addNodeFlags, checkNodeFlags, type NodeFlags } from "./node-flags.js";
import { sayJson, UsageError } from "./output.js";
import { addTransportFlags, planBoards, type TransportFlags } from "./serve-boards.js";
import { planServe, type ServeAddressFlags } from "./serve-plan.js";
import { report } from "./serve-report.js";
import { ServingNode } from "./serving-node.js";
import { onStopSignals } from "./stop-signals.js";

const EXAMPLES = `
Example, a cluster that grows from one node; run each line in a terminal of its own:
  metalraft serve --id 1 --cluster demo --data data/1 --listen 127.0.0.1:8201 --http 127.0.0.1:8101 --bootstrap
  metalraft serve --id 2 --cluster demo --data data/2 --listen 127.0.0.1:8202 --http 127.0.0.1:8102 --join 127.0.0.1:8101
  metalraft add 2=127.0.0.1:8202,http=127.0.0.1:8102 --node 127.0.0.1:8101

Example, three nodes from the start:
  M="--member 1=127.0.0.1:8201,http=127.0.0.1:8101 --member 2=127.0.0.1:8202,http=127.0.0.1:8102 \\
     --member 3=127.0.0.1:8203,http=127.0.0.1:8103"
  metalraft serve --id 1 --cluster demo --data data/1 $M
  metalraft serve --id 2 --cluster demo --data data/2 $M
  metalraft serve --id 3 --cluster demo --data data/3 $M

The members given here are those of the first start, the same on all nodes; ",witness" and ",priority=N" may stand behind
one. Changes are made with metalraft add, remove and replace, and then the log says who the members are. A node is
always started again as it was started first. --listen and --http are needed with --member only where a node cannot listen
on the addresses that the others use for it, e.g. --listen 0.0.0.0:8201. Neither port asks who calls: keep both inside a
trusted network.

Example, a cluster with boards in it (docs/firmware.md), this node and two of them:
  metalraft serve --id 1 --cluster 0x1 --data data/1 --transport udp --member 1=10.0.0.1:7400,http=10.0.0.1:8080 \\
    --member 2=10.0.0.21:7400,board --member 3=10.0.0.22:7400,board
and a node that a running cluster of boards adds later (\`learner 4 10.0.0.4:7400,http=10.0.0.4:8080\` at the leader):
  metalraft serve --id 4 --cluster 0x1 --data data/4 --transport udp --listen 10.0.0.4:7400 --http 10.0.0.4:8080 --join

The log goes to standard error, one JSON object a line. SIGTERM and Ctrl-C stop the node in order: a leader hands over
first.`;

const STARTER_GONE = "the process that started this one has let go of it";

interface ServeFlags extends NodeFlags, Omit<ServeAddressFlags, "join">, TransportFlags {
  /** True: given without an address. */
  readonly join?: readonly SocketAddress[] | true;
  readonly cluster: bigint;
  readonly data: string;
  readonly json?: boolean;
}

export function serveCommand(): Command {
  const command = new Command("serve")
    .description("run one node: Raft over TCP, or UDP with boards, the log on disk, the store over HTTP")
    .requiredOption("--id <n>", "this node's id, never used again once the node has lost its disk", nodeId)
    .requiredOption("--cluster <name>", "the cluster: a name, or its id as 0x and hexadecimal digits", clusterId)
    .requiredOption("--data <folder>", "where this node's log lies; made when it is missing")
    .option(
      "--member <id=host:port,http=host:port>",
      "one of the first members; once for each, this node too. A board: id=host:port,board",
      member,
    )
    .option("--bootstrap", "this node is the only first member: others are added later")
    .option(
      "--join [host:port]",
      "this node is added later; HTTP address of a member, may be given again for when one is down, left out with udp",
      joining,
    )
    .option("--listen <host:port>", "listen for Raft here (default: as in --member)", address)
    .option("--http <host:port>", "listen for HTTP here (default: as in --member)", address)
    .option("--advertise <host:port,http=host:port>", "with --bootstrap: where others find it (default: as it listens)")
    .option("--priority <n>", "with --bootstrap: its election priority, the higher the sooner it campaigns", priority);
  return addNodeFlags(addTransportFlags(command))
    .option("--json", "end with one JSON object, the last status, on standard output")
    .addHelpText("after", EXAMPLES)
    .action(runServe);
}

function joining(text: string, earlier: readonly SocketAddress[] = []): readonly SocketAddress[] {
  return [...earlier, address(text)];
}

async function runServe({ join: joins, ...flags }: ServeFlags): Promise<void> {
  checkNodeFlags(flags);
  const join = joins === true ? [] : joins;
  const plan = planServe({ ...flags, ...(join === undefined ? {} : { join }) });
  if (join?.length === 0 && flags.transport !== "udp") {
    throw new UsageError("--join needs the HTTP address of a member: only over UDP is a node found without one");
  }
  const boards = planBoards(flags, plan.members);
  const log = openLog(flags.logLevel, flags.id);
  const node = new ServingNode({
    ...flags,
    ...plan,
    ...{ boards, log },
    onLeader: (leader, term) => report({ kind: "leader", leader, term }),
  });
  const stop = onStopSignals(() => {
    log.fatal("interrupted again: ending at once; what was acknowledged is on disk");
    process.exit(1);
  });
  const starterGone = new Promise<string>((resolve) => {
    process.once("disconnect", () => resolve(STARTER_GONE));
  });
  try {
    await node.start();
    report({ kind: "serving" });
    const reason = await Promise.race([stop.requested, starterGone, node.failed]);
    if (reason === undefined) process.exitCode = 1;
    else log.info({ reason }, "stopping");
    // Who started this one has started the others too, and lets go of all of them.
    await node.stop({ handOver: reason !== undefined && reason !== STARTER_GONE });
    log.info("stopped");
    if (flags.json === true) sayJson(node.status);
  } finally {
    stop.dispose();
    if (process.connected) process.disconnect();
  }
}
