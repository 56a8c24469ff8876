/**
 * The hunt: each mutant is made, and the checks are asked about it one after the other until one has caught it. First of all
 * they are asked about the sources as they are: what is not silent then proves nothing.
 */

import { parseArgs } from "node:util";
import {
  askAboutCore,
  askAboutHost,
  CHECKS,
  type CheckName,
  CORE_CHECKS,
  HOST_CHECKS,
  type HuntRuns,
} from "./checks.js";
import { CORE_MUTANTS } from "./core.js";
import type { Finding } from "./finding.js";
import { HOST_MUTANTS } from "./hosts.js";
import type { HostMutant, Mutant } from "./mutant.js";
import { figuresOf, lineOf, type Outcome, outcomeOf, summaryOf, tableOf } from "./report.js";
import { compileIn, inWorkshop, prepareHosts, takeOrigin } from "./workshop.js";

/** Enough for nearly all that more of them find, in well under a minute. */
const USUAL_RUNS: HuntRuns = { seeds: 250, worlds: 110 };

const USAGE = `usage: npm run mutants -- [options]

  --only TEXT     only mutants whose name has this text in it; may be given several times
  --core, --host  only mutants of the core, or of the hosts
  --checks LIST   ask these alone, with commas between: ${CORE_CHECKS.join(", ")} about cores,
                  ${HOST_CHECKS.join(", ")} about hosts; what none of them is about is not hunted
  --all           ask every check, also after the first catch
  --seeds N       runs of the simulator for a mutant of the core (${USUAL_RUNS.seeds})
  --worlds N      runs of the simulator of hosts for one of a host (${USUAL_RUNS.worlds})
  --jobs N        mutants at the same time (1)
  --no-baseline   do not ask the checks about the sources as they are
  --json          write one JSON document instead of a table
  --list          list the mutants, with the rule that each removes, and hunt none

Exit status 0: every mutant was caught. 1: one survived. 2: it could not be found out.
`;

interface Options {
  readonly core: readonly Mutant[];
  readonly hosts: readonly HostMutant[];
  readonly checks: readonly CheckName[];
  readonly all: boolean;
  readonly runs: HuntRuns;
  readonly jobs: number;
  readonly baseline: boolean;
  readonly json: boolean;
  readonly list: boolean;
}

/** Arguments that cannot be used. */
class UsageError extends Error {}

function parseOptions(args: readonly string[]): Options {
  const { values } = parseArgs({
    args: [...args],
    options: {
      only: { type: "string", multiple: true, default: [""] },
      core: { type: "boolean", default: false },
      host: { type: "boolean", default: false },
      checks: { type: "string", default: CHECKS.join(",") },
      all: { type: "boolean", default: false },
      seeds: { type: "string", default: `${USUAL_RUNS.seeds}` },
      worlds: { type: "string", default: `${USUAL_RUNS.worlds}` },
      jobs: { type: "string", default: "1" },
      "no-baseline": { type: "boolean", default: false },
      json: { type: "boolean", default: false },
      list: { type: "boolean", default: false },
    },
  });
  const checks = checksNamed(values.checks);
  const chosen = ({ name }: Mutant) => values.only.some((text) => name.includes(text));
  const isAsked = (known: readonly CheckName[]) => known.some((check) => checks.includes(check));
  const core = (values.host && !values.core) || !isAsked(CORE_CHECKS) ? [] : CORE_MUTANTS.filter(chosen);
  const hosts = (values.core && !values.host) || !isAsked(HOST_CHECKS) ? [] : HOST_MUTANTS.filter(chosen);
  if (core.length + hosts.length === 0) {
    throw new UsageError(`no mutant that ${checks.join(" or ")} hunts has "${values.only.join('" or "')}" in its name`);
  }
  return {
    ...{ core, hosts, checks, all: values.all, json: values.json, list: values.list },
    runs: { seeds: wholeNumber("--seeds", values.seeds), worlds: wholeNumber("--worlds", values.worlds) },
    jobs: wholeNumber("--jobs", values.jobs),
    baseline: !values["no-baseline"],
  };
}

/** Reads a list of checks; in which order they are asked does not depend on it. */
function checksNamed(list: string): CheckName[] {
  const names = list.split(",");
  for (const name of names) {
    if (!CHECKS.some((known) => known === name)) {
      throw new UsageError(`"${name}" is no check: there are ${CHECKS.join(", ")}`);
    }
  }
  return CHECKS.filter((check) => names.includes(check));
}

function wholeNumber(flag: string, text: string): number {
  const number = Number(text);
  if (!Number.isSafeInteger(number) || number < 1) throw new UsageError(`${flag} is ${text}, and must be 1 or more`);
  return number;
}

/** Asks those checks of some that are to be asked, until one has caught the mutant, or all. */
async function ask<C extends CheckName>(
  { all, checks }: Options,
  known: readonly C[],
  question: (check: C) => Promise<Finding>,
): Promise<Map<CheckName, Finding>> {
  const findings = new Map<CheckName, Finding>();
  for (const check of known.filter((name) => checks.includes(name))) {
    const finding = await question(check);
    findings.set(check, finding);
    if (finding.outcome === "caught" && !all) break;
  }
  return findings;
}

/** @param mutant undefined: the core as it is */
function huntCore(mutant: Mutant | undefined, origin: string, options: Options): Promise<Map<CheckName, Finding>> {
  return inWorkshop(async (folder) => {
    const module = await compileIn(folder, origin, mutant);
    return ask(options, CORE_CHECKS, (check) => askAboutCore(check, { folder, module, origin }, options.runs));
  });
}

/** @param mutant undefined: the hosts as they are */
function huntHost(
  mutant: HostMutant | undefined,
  tests: HostMutant["tests"],
  origin: string,
  options: Options,
): Promise<Map<CheckName, Finding>> {
  return inWorkshop(async (folder) => {
    prepareHosts(folder, origin, mutant);
    return ask(options, HOST_CHECKS, (check) => askAboutHost(check, folder, tests, options.runs));
  });
}

/** Asks the checks about the sources as they are: answers what is not silent. */
async function baselineProblems(options: Options, origin: string): Promise<string[]> {
  const { core, hosts } = options;
  // Each of them, whatever the one before says.
  const all = { ...options, all: true };
  const tests = [...new Set(hosts.flatMap((mutant) => mutant.tests))];
  const findings = [
    ...(core.length > 0 ? await huntCore(undefined, origin, all) : []),
    ...(hosts.length > 0 ? await huntHost(undefined, tests, origin, all) : []),
  ];
  return findings
    .filter(([, { outcome }]) => outcome !== "nothing")
    .map(([check, { by, outcome }]) => `${check} on sources without a mutant: ${outcome}: ${by}`);
}

/** One that cannot be made is a survivor that says so: the others are hunted all the same. */
async function hunted(mutant: Mutant, kind: Outcome["kind"], hunt: Promise<Map<CheckName, Finding>>): Promise<Outcome> {
  try {
    return outcomeOf(mutant, kind, await hunt);
  } catch (error) {
    const what = error instanceof Error ? error.message : String(error);
    return { ...outcomeOf(mutant, kind, new Map()), by: `it could not be hunted: ${what}` };
  }
}

/** Hunts them all, some at the same time; outcomes come in the order of the mutants. */
async function huntAll(options: Options, origin: string, tell: (line: string) => void): Promise<Outcome[]> {
  const tasks = [
    ...options.core.map((mutant) => () => hunted(mutant, "core", huntCore(mutant, origin, options))),
    ...options.hosts.map((mutant) => () => hunted(mutant, "host", huntHost(mutant, mutant.tests, origin, options))),
  ];
  const outcomes: Outcome[] = [];
  let next = 0;
  let done = 0;
  const work = async () => {
    for (let i = next++; i < tasks.length; i = next++) {
      const outcome = await tasks[i]?.();
      if (outcome === undefined) return;
      outcomes[i] = outcome;
      done++;
      tell(`${done} of ${tasks.length} ${lineOf(outcome)}`);
    }
  };
  await Promise.all(Array.from({ length: options.jobs }, work));
  return outcomes;
}

function print(outcomes: readonly Outcome[], { checks, core, hosts, json }: Options): void {
  const figures = figuresOf(outcomes);
  if (json) {
    process.stdout.write(`${JSON.stringify({ ...figures, outcomes }, null, 2)}\n`);
    return;
  }
  const asked = [...(core.length > 0 ? CORE_CHECKS : []), ...(hosts.length > 0 ? HOST_CHECKS : [])];
  const columns = asked.filter((check) => checks.includes(check));
  process.stdout.write(`${tableOf(outcomes, columns)}\n\n${summaryOf(figures)}\n`);
}

/** Says on standard error how far it is. */
function tell(line: string): void {
  process.stderr.write(`${line}\n`);
}

async function hunt(options: Options): Promise<number> {
  if (options.list) {
    for (const { name, rule } of [...options.core, ...options.hosts]) process.stdout.write(`${name}: ${rule}\n`);
    return 0;
  }
  return inWorkshop(async (origin) => {
    takeOrigin(origin);
    if (options.baseline) {
      tell("the sources as they are");
      const problems = await baselineProblems(options, origin);
      for (const problem of problems) tell(problem);
      if (problems.length > 0) return 2;
    }
    const outcomes = await huntAll(options, origin, tell);
    print(outcomes, options);
    return outcomes.every(({ caughtBy }) => caughtBy !== null) ? 0 : 1;
  });
}

/** Signals that end the hunt, and with it the processes and folders that it has made. */
const SIGNALS = { SIGINT: 130, SIGTERM: 143 } as const;

/**
 * Runs the hunt that the arguments ask for.
 * @returns the exit status
 */
export async function main(args: readonly string[]): Promise<number> {
  for (const [signal, status] of Object.entries(SIGNALS)) process.once(signal, () => process.exit(status));
  try {
    return await hunt(parseOptions(args));
  } catch (error) {
    const usage = error instanceof UsageError || (error instanceof TypeError && "code" in error);
    process.stderr.write(
      `mutants: ${error instanceof Error ? error.message : String(error)}\n${usage ? `\n${USAGE}` : ""}`,
    );
    return 2;
  }
}
