/** `metalraft status`: what each member of a running cluster says of itself. */

import { Command } from "commander";
import * as v from "valibot";
import { parseAddress, type SocketAddress } from "../../transport/address.js";
import { TransportError } from "../../transport/transport.js";
import { say, sayJson, UsageError } from "../output.js";
import { AdminClient, askNode, parseBody } from "./client.js";
import { type AdminFlags, addAdminFlags, nodesOf } from "./flags.js";
import { columns } from "./member-text.js";

const EXAMPLES = `
Example:
  metalraft status --node 127.0.0.1:8102

The node named tells who the members are, as far as it knows, and each of them is asked for its status. Exit status 0:
a leader is known, and a majority of the voters says so.`;

const count = v.pipe(v.number(), v.safeInteger(), v.minValue(0));
const statusSchema = v.looseObject({
  cluster: v.string(),
  id: count,
  role: v.string(),
  term: count,
  leader: count,
  commit: count,
  applied: count,
  lastIndex: count,
  snapshotIndex: v.optional(count),
  core: v.string(),
  members: v.array(v.looseObject({ id: count, role: v.string(), http: v.nullable(v.string()) })),
});
type StatusAnswer = v.InferOutput<typeof statusSchema>;
/** A board does not say who the members are. */
const boardSchema = v.omit(statusSchema, ["members"]);
type BoardAnswer = v.InferOutput<typeof boardSchema>;

/** A member, and what came of asking it. */
interface Asked {
  readonly id: number;
  readonly voter: boolean;
  readonly http: string | null;
  readonly status: StatusAnswer | BoardAnswer | undefined;
  /** Why there is no status. */
  readonly problem: string | undefined;
}

export function statusCommand(): Command {
  const command = new Command("status").description("show what each member of a running cluster says of itself");
  return addAdminFlags(command).addHelpText("after", EXAMPLES).action(runStatus);
}

async function runStatus(flags: AdminFlags): Promise<void> {
  const patience = flags.timeout * 1000;
  const client = new AdminClient(nodesOf(flags));
  const first = await client.send({ method: "GET", path: "/v1/status" }, patience);
  if (first.kind !== "done") throw new UsageError(first.kind === "silent" ? first.reason : first.refusal.message);
  const seen = parseBody(statusSchema, first.body);
  const asked = await Promise.all(seen.members.map((member) => askMember(member, client, patience)));
  const leader = leaderOf(asked);
  if (flags.json === true) sayJson(report(seen, asked, leader));
  else for (const line of table(seen, asked, leader)) say(line);
  if (leader === 0) process.exitCode = 1;
}

async function askMember(
  { http, id, role }: { readonly id: number; readonly role: string; readonly http: string | null },
  client: AdminClient,
  patience: number,
): Promise<Asked> {
  const member = { id, http, voter: role !== "learner" };
  if (http === null) return { ...member, ...(await askBoard(id, client, patience)) };
  let address: SocketAddress;
  try {
    address = parseAddress(http);
  } catch (error) {
    if (!(error instanceof TransportError)) throw error;
    return { ...member, status: undefined, problem: error.message };
  }
  const reply = await askNode(address, { method: "GET", path: "/v1/status" }, patience);
  if (reply.kind !== "done") return { ...member, status: undefined, problem: "it does not answer" };
  const status = parseBody(statusSchema, reply.body);
  if (status.id !== id) return { ...member, status: undefined, problem: `node ${status.id} answers there` };
  return { ...member, status, problem: undefined };
}

/** A member without HTTP may be a board, which the nodes named can ask. */
async function askBoard(id: number, client: AdminClient, patience: number): Promise<Pick<Asked, "status" | "problem">> {
  const reply = await client.send({ method: "GET", path: `/v1/boards/${id}` }, patience);
  if (reply.kind === "done") return { status: parseBody(boardSchema, reply.body), problem: undefined };
  const isBoard = reply.kind === "refused" && reply.refusal.error === "unreachable board";
  return { status: undefined, problem: isBoard ? "it does not answer" : "its HTTP address is not known" };
}

/** Who leads by the word of a majority of the voters; 0 for nobody. */
function leaderOf(asked: readonly Asked[]): number {
  const voters = asked.filter(({ voter }) => voter);
  const named = voters.map(({ status }) => status?.leader ?? 0).filter((id) => id !== 0);
  const found = named.find((id) => named.filter((other) => other === id).length * 2 > voters.length);
  return found ?? 0;
}

function report(seen: StatusAnswer, asked: readonly Asked[], leader: number) {
  return { cluster: seen.cluster, leader, members: asked.map(({ voter: _, ...member }) => member) };
}

function table(seen: StatusAnswer, asked: readonly Asked[], leader: number): string[] {
  const rows = asked.map(({ http, id, problem, status }) => {
    const name = `${id}${id === leader ? " *" : ""}`;
    if (status === undefined) return [name, problem ?? "", "", "", "", "", "", http ?? ""];
    const { applied, commit, lastIndex, role, snapshotIndex = 0, term } = status;
    return [name, role, ...[term, commit, applied, lastIndex, snapshotIndex].map(String), http ?? ""];
  });
  const led = leader === 0 ? "no leader that a majority of the voters knows" : `node ${leader} leads`;
  return [
    `cluster ${seen.cluster}: ${led}`,
    ...columns([["node", "role", "term", "commit", "applied", "last", "snapshot", "http"], ...rows]),
  ];
}
