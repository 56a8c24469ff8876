/** `metalraft check`: the model checker. */

import { Command, InvalidArgumentError, Option } from "commander";
import {
  AssumptionBroken,
  type CheckOptions,
  type CheckResult,
  check,
  DEFAULT_OPTIONS,
  MOST_COMMAND,
  MOST_FAULTS,
  MOST_JOBS,
  MOST_LOG,
  MOST_NODES,
  MOST_TERM,
  MOST_UNDER_WAY,
  type Trace,
} from "../../sim/check/index.js";
import { wholeNumber } from "./flags.js";
import { say, sayJson, tell, UsageError } from "./output.js";

const EXAMPLES = `
Examples:
  metalraft check                                          three nodes, one term, one entry: seconds
  metalraft check --nodes 2 --max-term 2 --max-log 1 --crashes 1
  metalraft check --crashes 1                               three nodes, each crashes once
  metalraft check --max-log 3 --membership joint --storage sync
  metalraft check --max-term 2 --crashes 1 --under-way 1 --no-self-check
  metalraft check --max-term 2 --max-log 2 --crashes 1 --storage sync --no-self-check --jobs 2 --memory 9000

Messages get lost, overtake each other and, with --duplicates any, arrive any number of times: what can happen
when one is lost can happen when it is late for ever.
Exit status 1: a rule was broken, or the search ended before everything was found.`;

const COMMAND_HELP = `length of a command; one of ${MOST_COMMAND} bytes is alone in its message`;
/** Least memory for a search, in MiB. */
const LEAST_MEMORY = 1;
/** Most memory, in MiB: the longest of the tables is then about as long as an array can be. */
const MOST_MEMORY = 32_768;
const MOST_MINUTES = 60 * 24 * 30;

interface CheckFlags extends CheckOptions {
  readonly json?: boolean;
}

export function checkCommand(): Command {
  const {
    changes,
    commandBytes,
    crashes,
    duplicates,
    jobs,
    maxLog,
    maxTerm,
    membership,
    memory,
    minutes,
    nodes,
    storage,
    underWay,
  } = DEFAULT_OPTIONS;
  const voterCount = wholeNumber(1, MOST_NODES);
  return new Command("check")
    .description("search everything that can happen in a small cluster, on the compiled core")
    .option("--nodes <n>", "how many nodes", wholeNumber(1, MOST_NODES), nodes)
    .option("--max-term <n>", "highest term that anybody campaigns for", wholeNumber(1, MOST_TERM), maxTerm)
    .option("--campaigns <ids>", "the one node that campaigns for each term, with commas between (default: any)", ids)
    .option("--max-log <n>", "longest log", wholeNumber(1, MOST_LOG), maxLog)
    .option("--command-bytes <n>", COMMAND_HELP, wholeNumber(1, MOST_COMMAND), commandBytes)
    .option("--crashes <n>", "crashes with a restart, of each node", wholeNumber(0, MOST_FAULTS), crashes)
    .option(
      "--duplicates <n>",
      "messages that arrive again, in a whole run: a number, or any",
      countOrAny(MOST_FAULTS),
      duplicates,
    )
    .addOption(
      new Option("--storage <mode>", "whether writes are durable later or at once")
        .choices(["async", "sync"])
        .default(storage),
    )
    .option(
      "--under-way <n>",
      "with async: most flushes of a node whose writes are under way, or any",
      countOrAny(MOST_UNDER_WAY, 1),
      underWay,
    )
    .addOption(
      new Option("--membership <mode>", "which changes of members leaders are asked for")
        .choices(["none", "single", "joint"])
        .default(membership),
    )
    .option("--changes <n>", "most changes of members in a log", wholeNumber(0, MOST_LOG), changes)
    .option("--voters <n>", "how many of the nodes vote at the start, the others learn (default: all)", voterCount)
    .option("--unreachable", "hosts report members as unreachable", false)
    .option("--no-symmetry", "tell apart what differs only in the names of the nodes")
    .option("--no-reductions", "take every step by itself, and drop no message that is spent")
    .option("--no-self-check", "do not test what the search rests on")
    .option("--jobs <n>", "workers", wholeNumber(1, MOST_JOBS), jobs)
    .option("--memory <MiB>", "most memory", wholeNumber(LEAST_MEMORY, MOST_MEMORY), memory)
    .option("--minutes <n>", "most time", wholeNumber(1, MOST_MINUTES), minutes)
    .option("--json", "end with one JSON object on standard output")
    .addHelpText("after", EXAMPLES)
    .action(runCheck);
}

async function runCheck({ json, ...options }: CheckFlags): Promise<void> {
  requireCampaigns(options);
  const start = performance.now();
  const onProgress = (states: number, depth: number) => {
    const seconds = Math.round((performance.now() - start) / 1000);
    tell(`${states} states, depth ${depth}, ${seconds} s`);
  };
  const result = await checked(options, onProgress);
  if (json === true) sayJson(result);
  else for (const line of describe(result)) say(line);
  if (result.violation !== null) for (const line of describeTrace(result.violation)) tell(line);
  if (!result.complete) process.exitCode = 1;
}

/** @throws {UsageError} when there is not one of the nodes for each term */
function requireCampaigns({ campaigns = null, maxTerm, nodes }: CheckOptions): void {
  if (campaigns === null) return;
  const stranger = campaigns.find((node) => node > nodes);
  if (stranger !== undefined) throw new UsageError(`--campaigns names node ${stranger}, and there are ${nodes}`);
  if (campaigns.length === maxTerm) return;
  throw new UsageError(
    `--campaigns has ${campaigns.length} nodes: one for each term up to --max-term, here ${maxTerm}`,
  );
}

async function checked(
  options: CheckOptions,
  onProgress: (states: number, depth: number) => void,
): Promise<CheckResult> {
  try {
    return await check(options, undefined, onProgress);
  } catch (error) {
    if (!(error instanceof AssumptionBroken)) throw error;
    throw new Error(`the search cannot be trusted with this core: ${error.message}`);
  }
}

function describe(result: CheckResult): string[] {
  const { depth, ended, states, transitions, wallMs } = result;
  const outcome = {
    complete: "complete: nothing is left to find",
    violation: "ended at a broken rule",
    memory: "NOT complete: the memory is used up (--memory)",
    time: "NOT complete: the time is up (--minutes)",
  }[ended];
  return [
    ...describeWorld(result),
    `${states} states, ${transitions} transitions, depth ${depth}, in ${wallMs} ms`,
    `${result.statesPerSecond} states and ${result.transitionsPerSecond} transitions a second`,
    outcome,
    `${result.violations} violations`,
    `core ${result.sha256}`,
  ];
}

/** What could happen in the search. */
function describeWorld(result: CheckResult): string[] {
  const { changes, crashes, drop, duplicates, maxLog, maxTerm, membership, nodes, voters } = result;
  const storage = result.storage === "sync" ? "sync" : `async (${result.underWay} flushes under way)`;
  const { campaigns, commandBytes } = result;
  const campaigning = campaigns === null ? "" : ` (campaigns of ${campaigns.join(", ")})`;
  const long = commandBytes === 1 ? "" : ` (commands of ${commandBytes} bytes)`;
  const members = membership === "none" ? "no changes" : `${changes} changes (${membership})`;
  const off = [
    result.unreachable ? "" : "no reports of unreachable members",
    result.symmetry ? "" : "no symmetry",
    result.reductions ? "" : "no reductions",
    result.selfCheck ? "" : "no self-check",
  ].filter((text) => text !== "");
  return [
    `${nodes} nodes, term up to ${maxTerm}${campaigning}, log up to ${maxLog}${long}, ${crashes} crashes a node, ${storage} storage`,
    `messages dropped ${drop}, duplicated ${duplicates}; ${voters} voters at the start, ${members}; ${off.join(", ")}`,
  ];
}

function describeTrace({ detail, rule, steps }: Trace): string[] {
  return [`${rule}: ${detail}`, ...steps.map((step, i) => `  ${i + 1}. ${step}`)];
}

function ids(text: string): number[] {
  return text.split(",").map(wholeNumber(1, MOST_NODES));
}

function countOrAny(most: number, least = 0): (text: string) => number | "any" {
  return (text) => {
    if (text === "any") return "any";
    try {
      return wholeNumber(least, most)(text);
    } catch {
      throw new InvalidArgumentError(`Give a whole number from ${least} to ${most}, or any.`);
    }
  };
}
