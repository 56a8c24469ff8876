/** `metalraft members`, `add`, `remove`, `replace` and `promote`: who belongs to the cluster. */

import { Command } from "commander";
import type { MembersBody, NewMember } from "../../kv/admin-body.js";
import { type MemberFlag, member, nodeId, priority } from "../flags.js";
import { say, sayJson, tell, UsageError } from "../output.js";
import { AdminClient } from "./client.js";
import { type AdminFlags, addAdminFlags, nodesOf } from "./flags.js";
import { type Goal, pursue, see } from "./goal.js";
import { absent, present, promoted, replaced } from "./goals.js";
import { membersTable } from "./member-text.js";

const MEMBER_ARGUMENT = "ID=host:port,http=host:port";

const ADD_EXAMPLES = `
Example, a second node for the cluster "demo":
  metalraft serve --id 2 --cluster demo --data data/2 --listen 10.0.0.2:8201 --http 10.0.0.2:8101 --join 10.0.0.1:8101
  metalraft add 2=10.0.0.2:8201,http=10.0.0.2:8101 --node 10.0.0.1:8101

A new member receives the log as a learner, and becomes a voter by itself once it has caught up; this command waits for
that. A board is added as ID=host:port,board. Of one that is a member already, address and priority are changed. An id is never used again after its node was
removed or has lost its disk.`;

const REPLACE_EXAMPLES = `
Example, node 3 has died:
  metalraft serve --id 4 --cluster demo --data data/4 --listen 10.0.0.4:8201 --http 10.0.0.4:8101 --join 10.0.0.1:8101
  metalraft replace 3 4=10.0.0.4:8201,http=10.0.0.4:8101 --node 10.0.0.1:8101

The new node catches up as a learner, then both change places in one step: at no time does the cluster have a voter less.
A majority of the voters must be up; if it is lost for good, see \`metalraft recover\`.`;

interface AddFlags extends AdminFlags {
  readonly learner?: boolean;
  readonly witness?: boolean;
  readonly priority: number;
}

export function memberCommands(): Command[] {
  return [membersCommand(), addCommand(), removeCommand(), replaceCommand(), promoteCommand()];
}

function membersCommand(): Command {
  const command = new Command("members").description("list the members of a running cluster, as its leader has them");
  return addAdminFlags(command).action(async (flags: AdminFlags) => {
    show(await see(new AdminClient(nodesOf(flags)), flags.timeout), flags);
  });
}

function addCommand(): Command {
  const command = new Command("add")
    .description("add nodes to a running cluster, or change the address of one")
    .argument(`<${MEMBER_ARGUMENT}...>`, "the new members", member)
    .option("--learner", "they receive the log and do not vote")
    .option("--witness", "they vote, store terms and no payloads, and never lead")
    .option("--priority <n>", "the higher, the sooner a node campaigns", priority, 0);
  return addAdminFlags(command)
    .addHelpText("after", ADD_EXAMPLES)
    .action(async (added: readonly MemberFlag[], flags: AddFlags) => {
      const wanted = added.map((one) => newMember(one, flags));
      await reach(
        flags,
        present(wanted),
        `${nodes(added.map(({ id }) => id))} ${added.length > 1 ? "are" : "is"} there`,
      );
    });
}

function removeCommand(): Command {
  const command = new Command("remove")
    .description("remove nodes from a running cluster, the leader too; several at once through a joint configuration")
    .argument("<id...>", "the members to remove", gatherIds);
  return addAdminFlags(command).action(async (ids: readonly number[], flags: AdminFlags) => {
    await reach(flags, absent(ids), `${nodes(ids)} ${ids.length > 1 ? "are" : "is"} out and may be stopped`);
  });
}

function replaceCommand(): Command {
  const command = new Command("replace")
    .description("put a new node in the place of a member, dead or alive")
    .argument("<id>", "the member to replace", nodeId)
    .argument(`<${MEMBER_ARGUMENT}>`, "the new member", (text) => member(text))
    .option("--witness", "it votes, stores terms and no payloads, and never leads")
    .option("--priority <n>", "the higher, the sooner it campaigns", priority, 0);
  return addAdminFlags(command)
    .addHelpText("after", REPLACE_EXAMPLES)
    .action(async (old: number, [one]: readonly MemberFlag[], flags: AddFlags) => {
      if (one === undefined || one.id === old) {
        throw new UsageError("the new member needs an id of its own: one that was never used in this cluster");
      }
      await reach(flags, replaced(old, newMember(one, flags)), `node ${one.id} is in the place of node ${old}`);
    });
}

function promoteCommand(): Command {
  const command = new Command("promote")
    .description("make learners voters, once they have caught up")
    .argument("<id...>", "the learners", gatherIds);
  return addAdminFlags(command).action(async (ids: readonly number[], flags: AdminFlags) => {
    await reach(flags, promoted(ids), `${nodes(ids)} ${ids.length > 1 ? "vote" : "votes"}`);
  });
}

async function reach(flags: AdminFlags, goal: Goal, done: string): Promise<void> {
  const begun = performance.now();
  const { changes, members } = await pursue(new AdminClient(nodesOf(flags)), flags.timeout, goal);
  const ms = Math.round(performance.now() - begun);
  tell(changes === 0 ? "nothing to change" : `${done} (${ms} ms)`);
  show(members, flags);
}

function show(members: MembersBody, { json }: AdminFlags): void {
  if (json === true) sayJson(members);
  else for (const line of membersTable(members)) say(line);
}

function newMember(member: MemberFlag, { learner, priority, witness }: AddFlags): NewMember {
  return {
    ...{ id: member.id, raft: member.raft, http: member.http },
    role: learner === true ? "learner" : "voter",
    witness: member.witness || witness === true,
    priority: Math.max(member.priority, priority),
  };
}

function gatherIds(text: string, earlier: readonly number[] = []): number[] {
  return [...earlier, nodeId(text)];
}

function nodes(ids: readonly number[]): string {
  return `node${ids.length > 1 ? "s" : ""} ${ids.join(", ")}`;
}
