/** `metalraft transfer` and `metalraft snapshot`: what is asked of a running cluster besides its members. */

import { Command } from "commander";
import {
  SNAPSHOT_PATH,
  snapshotTakenSchema,
  TRANSFER_PATH,
  type TransferredBody,
  transferredSchema,
} from "../../kv/admin-body.js";
import { nodeId } from "../flags.js";
import { say, sayJson, tell, UsageError } from "../output.js";
import { AdminClient, askNode, parseBody } from "./client.js";
import { type AdminFlags, addAdminFlags, nodesOf } from "./flags.js";
import { Attempts, obstacleOf, see } from "./goal.js";

const TRANSFER_EXAMPLES = `
Examples:
  metalraft transfer            to the member most fit to lead
  metalraft transfer 2

The leader takes no writes until the other one leads, or until an election timeout has passed: then it goes on itself, and
this command fails.`;

const SNAPSHOT_EXAMPLES = `
Example:
  metalraft snapshot --node 127.0.0.1:8102

Each node takes snapshots for itself: by itself when its log has grown enough (see metalraft serve --help), or now.`;

export function leadershipCommands(): Command[] {
  return [transferCommand(), snapshotCommand()];
}

function transferCommand(): Command {
  const command = new Command("transfer")
    .description("hand leadership over to another node")
    .argument("[id]", "the node that is to lead (default: the one most fit)", nodeId);
  return addAdminFlags(command).addHelpText("after", TRANSFER_EXAMPLES).action(runTransfer);
}

function snapshotCommand(): Command {
  const command = new Command("snapshot").description(
    "take a snapshot on the node named, and compact its log behind it",
  );
  return addAdminFlags(command).addHelpText("after", SNAPSHOT_EXAMPLES).action(runSnapshot);
}

async function runTransfer(to: number | undefined, flags: AdminFlags): Promise<void> {
  const begun = performance.now();
  const client = new AdminClient(nodesOf(flags));
  const before = await see(client, flags.timeout);
  const transferred =
    before.leader === to ? { leader: to, term: before.term } : await untilTransferred(client, to, flags.timeout);
  if (before.leader === to) tell(`node ${to} leads already`);
  const ms = Math.round(performance.now() - begun);
  if (flags.json === true) sayJson({ ...transferred, from: before.leader, ms });
  else say(`node ${transferred.leader} leads (term ${transferred.term}), after ${ms} ms`);
}

async function untilTransferred(
  client: AdminClient,
  to: number | undefined,
  timeout: number,
): Promise<TransferredBody> {
  const attempts = new Attempts(timeout);
  for (;;) {
    const request = { method: "POST", path: TRANSFER_PATH, body: to === undefined ? {} : { to } } as const;
    const reply = await client.send(request, attempts.remaining());
    if (reply.kind === "done") return parseBody(transferredSchema, reply.body);
    if (reply.kind === "refused" && reply.refusal.error === "unknown node") throw new UsageError(reply.refusal.message);
    await attempts.failed(obstacleOf(reply));
    // An answer that was lost may have been that of a transfer that was done.
    const found = to === undefined ? undefined : await see(client, timeout);
    if (found !== undefined && found.leader === to) return { leader: found.leader, term: found.term };
  }
}

async function runSnapshot(flags: AdminFlags): Promise<void> {
  const [node, ...others] = nodesOf(flags);
  if (node === undefined || others.length > 0) {
    throw new UsageError("a snapshot is that of one node: give --node once");
  }
  const reply = await askNode(node, { method: "POST", path: SNAPSHOT_PATH, body: {} }, flags.timeout * 1000);
  if (reply.kind !== "done") throw new UsageError(reply.kind === "silent" ? reply.reason : reply.refusal.message);
  const taken = parseBody(snapshotTakenSchema, reply.body);
  if (flags.json === true) sayJson(taken);
  else say(`node ${taken.id} has a snapshot up to index ${taken.index} (term ${taken.term})`);
}
