#!/usr/bin/env node
/** The `metalraft` command. Exit status 0 means that what was asked for held. */

import { Command } from "commander";
import { leadershipCommands } from "./admin/leadership.js";
import { memberCommands } from "./admin/members.js";
import { recoverCommand } from "./admin/recover.js";
import { statusCommand } from "./admin/status.js";
import { benchCommand } from "./bench.js";
import { checkCommand } from "./check.js";
import { clusterCommand } from "./cluster.js";
import { inspectCommand } from "./inspect.js";
import { packageVersion, tell } from "./output.js";
import { serveCommand } from "./serve.js";
import { simCommand } from "./sim.js";

const EXAMPLES = `
Examples:
  metalraft cluster              a durable three-node cluster on this machine
  metalraft status               what its nodes say of themselves
  metalraft inspect              what is in the core
  metalraft sim --seed 1 --nodes 5 --steps 20000
  metalraft help serve           more about one command

With --json, the last line of standard output is one JSON object. Exit status 0 means that what was asked for held.`;

function program(): Command {
  const command = new Command("metalraft")
    .description("Raft as one small WebAssembly module, with a durable server and a deterministic simulator around it.")
    .version(packageVersion())
    .addHelpText("after", EXAMPLES)
    .showSuggestionAfterError();
  const hint = (name: string) => `(metalraft ${name} --help shows every flag, with examples)`;
  const add = (group: string, subs: readonly Command[]) => {
    for (const sub of subs) command.addCommand(sub.helpGroup(group).showHelpAfterError(hint(sub.name())));
  };
  add("Run nodes:", [clusterCommand(), serveCommand()]);
  add("Administer a running cluster:", [statusCommand(), ...memberCommands(), ...leadershipCommands()]);
  add("When a majority is lost:", [recoverCommand()]);
  add("Look closer:", [simCommand(), checkCommand(), inspectCommand(), benchCommand()]);
  return command;
}

try {
  await program().parseAsync();
} catch (error) {
  tell(error instanceof Error ? error.message : String(error));
  process.exitCode = 1;
}
