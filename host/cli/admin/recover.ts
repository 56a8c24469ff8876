/** `metalraft recover`: a cluster that has lost a majority for good goes on from the folder of one stopped node. */

import { Command } from "commander";
import { MemberRole } from "../../core/abi.js";
import type { MemberInfo } from "../../core/configuration.js";
import { formatMemberAddress } from "../../kv/member-address.js";
import { StoppedNode, type StoppedState } from "../../stopped-node.js";
import { clusterId, type MemberFlag, memberList, nodeId } from "../flags.js";
import { readIdentity, writeIdentity } from "../node-folder.js";
import { say, sayJson, tell, UsageError } from "../output.js";
import { copyFolder } from "./folder-copy.js";

const EXAMPLES = `
Only for a cluster whose majority is lost for good; docs/operations.md tells how to choose the folder. Stop all nodes that
are left. Without --yes, this says what it would do and what may be lost, and changes nothing.

Example, nodes 2 and 3 are gone, node 1 goes on alone, under a new name so that the lost ones can never reach it:
  metalraft recover --data data/1 --members 1=10.0.0.1:8201,http=10.0.0.1:8101 --cluster demo-2 --yes
  metalraft serve --data data/1 --id 1 --cluster demo-2 ...

Then add new nodes with \`metalraft add\`, under ids that were never used.`;

interface RecoverFlags {
  readonly data: string;
  readonly members: readonly MemberFlag[];
  readonly id?: number;
  readonly cluster?: bigint;
  readonly yes?: boolean;
  readonly json?: boolean;
}

export function recoverCommand(): Command {
  return new Command("recover")
    .description("after a majority is lost for good: let a stopped node's folder found the cluster anew")
    .requiredOption("--data <folder>", "the folder of the stopped node that has the most")
    .requiredOption("--members <ID=host:port,http=host:port,...>", "the members from now on", memberList)
    .option("--id <n>", "this node's id (default: as the folder says)", nodeId)
    .option("--cluster <name>", "the cluster's name from now on, so that lost nodes cannot reach it", clusterId)
    .option("--yes", "do it")
    .option("--json", "end with one JSON object on standard output")
    .addHelpText("after", EXAMPLES)
    .action(runRecover);
}

async function runRecover(flags: RecoverFlags): Promise<void> {
  const { data: folder } = flags;
  const own = ownId(flags);
  const node = new StoppedNode({ folder, id: own });
  try {
    const state = await node.read();
    checkMembers(flags.members, own, state);
    for (const line of warning(own, flags, state)) tell(line);
    const report = { id: own, ...describe(state) };
    if (flags.yes !== true) {
      tell("nothing was changed. If this is what you want, give the command again with --yes");
      if (flags.json === true) sayJson({ ...report, done: false });
      process.exitCode = 1;
      return;
    }
    const backup = copyFolder(folder, state);
    tell(`a copy of the folder as it was: ${backup}`);
    const written = await node.write(flags.members.map(memberInfo));
    rename(flags);
    if (flags.json === true) sayJson({ ...report, done: true, backup, configuration: written });
    else say(`done: the configuration is entry ${written.index}, of term ${written.term}. Start node ${own} now`);
  } finally {
    node.release();
  }
}

/** The id of the node whose folder it is. */
function ownId({ data, id, members }: RecoverFlags): number {
  const said = readIdentity(data)?.id;
  if (said !== undefined && id !== undefined && said !== id) {
    throw new UsageError(`${data} holds the data of node ${said}, not of node ${id}`);
  }
  const [only, ...others] = members;
  const own = said ?? id ?? (others.length === 0 ? only?.id : undefined);
  if (own === undefined) throw new UsageError(`${data} does not say whose it is: give the node's id with --id`);
  return own;
}

function checkMembers(members: readonly MemberFlag[], own: number, { configuration }: StoppedState): void {
  const self = members.find(({ id }) => id === own);
  if (self === undefined) {
    throw new UsageError(
      `--members lacks node ${own}, whose folder this is: only it has the data, so it must be there`,
    );
  }
  const before = configuration?.members.find(({ id }) => id === own);
  if (self.witness || ((before?.roles ?? 0) & MemberRole.WITNESS) !== 0) {
    throw new UsageError(`node ${own} is a witness, which keeps no data: recover the folder of a node that is none`);
  }
}

function rename({ cluster, data }: RecoverFlags): void {
  const identity = readIdentity(data);
  if (cluster === undefined || identity === undefined) return;
  writeIdentity(data, { ...identity, cluster: `0x${cluster.toString(16)}` });
}

function memberInfo(member: MemberFlag): MemberInfo {
  const roles = member.witness ? MemberRole.VOTER | MemberRole.WITNESS : MemberRole.VOTER;
  return { id: member.id, roles, priority: member.priority, address: formatMemberAddress(member) };
}

function describe({ configuration, isLogSuperseded, lastIndex, lastTerm, snapshotIndex, term }: StoppedState) {
  return {
    term,
    lastIndex,
    lastTerm,
    snapshotIndex,
    isLogSuperseded,
    members: configuration?.members.map(({ id }) => id) ?? null,
  };
}

/** What will be so, what may be lost, and what must never happen afterwards. */
function warning(own: number, { cluster, members }: RecoverFlags, state: StoppedState): string[] {
  const { configuration, damagedSnapshots, isLogSuperseded, lastIndex, lastTerm, snapshotIndex, term } = state;
  const wanted = members.map(({ id }) => id);
  const before = configuration?.members.map(({ id }) => id);
  const leftOut = before?.filter((id) => !wanted.includes(id)) ?? [];
  const others = wanted.filter((id) => id !== own);
  return [
    ...(damagedSnapshots === undefined ? [] : [`WARNING: a snapshot is left aside: ${damagedSnapshots}`]),
    `node ${own} has term ${term} and entries up to ${lastIndex} (term ${lastTerm}); its snapshot reaches to ${snapshotIndex}`,
    ...(isLogSuperseded
      ? ["that snapshot came from a leader and contradicts the log, of which nothing counts: it was never committed"]
      : []),
    `members until now: ${before?.join(", ") ?? "those of the first start"}; from now on: ${wanted.join(", ")}`,
    "LOST is every write that was acknowledged and did not reach this node. The folder to recover is the one with the " +
      "highest last term and, of those, with the highest last entry: compare the nodes that are left before you go on",
    snapshotIndex === lastIndex
      ? "All that is in this folder was committed"
      : `KEPT are the entries ${snapshotIndex + 1} to ${lastIndex}, and all of them count as committed from now on, the ` +
        "last ones also if they never were: a write whose client was told of no outcome, or that it was lost, may take effect",
    ...(others.length === 0
      ? []
      : [
          `Nodes ${others.join(", ")} have to begin with an empty folder (metalraft serve --join): what they held before would ` +
            `contradict this log. A majority of ${wanted.join(", ")} has to be up before the cluster goes on`,
        ]),
    ...(leftOut.length === 0 ? [] : [leftOutWarning(leftOut, cluster !== undefined)]),
  ];
}

function leftOutWarning(leftOut: readonly number[], renamed: boolean): string {
  const ids = leftOut.join(", ");
  return renamed
    ? `NEVER start nodes ${ids} on their old data as nodes that clients use: a majority of them would be a second cluster`
    : `NEVER start nodes ${ids} on their old data again: they would undo what is done here. Give the cluster a new name with ` +
        "--cluster, so that they cannot reach it";
}
