#!/usr/bin/env node
/** The `metalraft` command. Exit status 0 means that what was asked for held. */

import { Command } from "commander";
import { benchCommand } from "./bench.js";
import { clusterCommand } from "./cluster.js";
import { inspectCommand } from "./inspect.js";
import { packageVersion, tell } from "./output.js";
import { serveCommand } from "./serve.js";
import { simCommand } from "./sim.js";

const EXAMPLES = `
Examples:
  metalraft cluster              a durable three-node cluster on this machine
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
  for (const sub of [clusterCommand(), serveCommand(), simCommand(), inspectCommand(), benchCommand()]) {
    command.addCommand(sub.showHelpAfterError(`(metalraft ${sub.name()} --help shows every flag, with examples)`));
  }
  return command;
}

try {
  await program().parseAsync();
} catch (error) {
  tell(error instanceof Error ? error.message : String(error));
  process.exitCode = 1;
}
