/**
 * The hunt: each mutant is made, and the checks are asked about it one after the other until one has caught it. First of all
 * they are asked about the sources as they are: what is not silent then proves nothing.
 */

import { parseArgs } from "node:util";
import { askAboutCore, askAboutHost, type CheckName, CORE_CHECKS, type CoreCheck } from "./checks.js";
import { CORE_MUTANTS } from "./core.js";
import type { Finding } from "./finding.js";
import { HOST_MUTANTS } from "./hosts.js";
import type { HostMutant, Mutant } from "./mutant.js";
import { figuresOf, lineOf, type Outcome, outcomeOf, tableOf } from "./report.js";
import { compileIn, inWorkshop, prepareHosts } from "./workshop.js";

const USAGE = `usage: npm run mutants -- [options]

  --only TEXT     only mutants whose name has this text in it; may be given several times
  --core, --host  only mutants of the core, or of the hosts
  --checks LIST   for cores: some of ${CORE_CHECKS.join(", ")}, with commas between
  --all           ask every check, also after the first catch
  --seeds N       runs of the simulator for a mutant (60)
  --jobs N        mutants at the same time (1)
  --no-baseline   do not ask the checks about the sources as they are
  --json          write one JSON document instead of a table
  --list          list the mutants, with the rule that each removes, and hunt none

Exit status 0: every mutant was caught. 1: one survived. 2: it could not be found out.
`;

interface Options {
  readonly core: readonly Mutant[];
  readonly hosts: readonly HostMutant[];
  readonly checks: readonly CoreCheck[];
  readonly all: boolean;
  readonly seeds: number;
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
      checks: { type: "string", default: CORE_CHECKS.join(",") },
      all: { type: "boolean", default: false },
      seeds: { type: "string", default: "60" },
      jobs: { type: "string", default: "1" },
      "no-baseline": { type: "boolean", default: false },
      json: { type: "boolean", default: false },
      list: { type: "boolean", default: false },
    },
  });
  const chosen = ({ name }: Mutant) => values.only.some((text) => name.includes(text));
  const core = values.host && !values.core ? [] : CORE_MUTANTS.filter(chosen);
  const hosts = values.core && !values.host ? [] : HOST_MUTANTS.filter(chosen);
  if (core.length + hosts.length === 0) throw new UsageError(`no mutant has ${values.only.join(" or ")} in its name`);
  return {
    ...{ core, hosts, all: values.all, json: values.json, list: values.list },
    checks: values.checks.split(",").map(checkNamed),
    seeds: wholeNumber("--seeds", values.seeds),
    jobs: wholeNumber("--jobs", values.jobs),
    baseline: !values["no-baseline"],
  };
}

function checkNamed(name: string): CoreCheck {
  const check = CORE_CHECKS.find((known) => known === name);
  if (check === undefined) throw new UsageError(`"${name}" is no check: there are ${CORE_CHECKS.join(", ")}`);
  return check;
}

function wholeNumber(flag: string, text: string): number {
  const number = Number(text);
  if (!Number.isSafeInteger(number) || number < 1) throw new UsageError(`${flag} is ${text}, and must be 1 or more`);
  return number;
}

function huntCore(mutant: Mutant, { all, checks, seeds }: Options): Promise<Outcome> {
  return inWorkshop(async (folder) => {
    const module = await compileIn(folder, mutant);
    const findings = new Map<CheckName, Finding>();
    for (const check of checks) {
      const finding = await askAboutCore(check, module, folder, seeds);
      findings.set(check, finding);
      if (finding.outcome === "caught" && !all) break;
    }
    return outcomeOf(mutant, "core", findings);
  });
}

function huntHost(mutant: HostMutant): Promise<Outcome> {
  return inWorkshop(async (folder) => {
    prepareHosts(folder, mutant);
    return outcomeOf(mutant, "host", new Map([["tests", await askAboutHost(folder, mutant.tests)]]));
  });
}

/** Asks the checks about the sources as they are: answers what is not silent. */
async function baselineProblems({ checks, core, hosts, seeds }: Options): Promise<string[]> {
  const problems: string[] = [];
  const note = (check: string, { by, outcome }: Finding) => {
    if (outcome !== "nothing") problems.push(`${check} on sources without a mutant: ${outcome}: ${by}`);
  };
  if (core.length > 0) {
    await inWorkshop(async (folder) => {
      const module = await compileIn(folder, undefined);
      for (const check of checks) note(check, await askAboutCore(check, module, folder, seeds));
    });
  }
  const tests = [...new Set(hosts.flatMap((mutant) => mutant.tests))];
  if (tests.length > 0) {
    await inWorkshop(async (folder) => {
      prepareHosts(folder, undefined);
      note("tests", await askAboutHost(folder, tests));
    });
  }
  return problems;
}

/** Hunts them all, some at the same time; outcomes come in the order of the mutants. */
async function huntAll(options: Options, tell: (line: string) => void): Promise<Outcome[]> {
  const tasks = [
    ...options.core.map((mutant) => () => huntCore(mutant, options)),
    ...options.hosts.map((mutant) => () => huntHost(mutant)),
  ];
  const outcomes: Outcome[] = [];
  let next = 0;
  const work = async () => {
    for (let i = next++; i < tasks.length; i = next++) {
      const outcome = await tasks[i]?.();
      if (outcome === undefined) return;
      outcomes[i] = outcome;
      tell(`${i + 1} of ${tasks.length} ${lineOf(outcome)}`);
    }
  };
  await Promise.all(Array.from({ length: options.jobs }, work));
  return outcomes;
}

function print(outcomes: readonly Outcome[], { checks, json }: Options): void {
  const figures = figuresOf(outcomes);
  if (json) {
    process.stdout.write(`${JSON.stringify({ ...figures, outcomes }, null, 2)}\n`);
    return;
  }
  const columns: CheckName[] = [...checks, "tests"];
  const seconds = (figures.medianMs / 1000).toFixed(1);
  process.stdout.write(`${tableOf(outcomes, columns)}\n\n`);
  process.stdout.write(`${figures.caught} of ${figures.mutants} caught, in ${seconds} s in the middle\n`);
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
  if (options.baseline) {
    tell("the sources as they are");
    const problems = await baselineProblems(options);
    for (const problem of problems) tell(problem);
    if (problems.length > 0) return 2;
  }
  const outcomes = await huntAll(options, tell);
  print(outcomes, options);
  return outcomes.every(({ caughtBy }) => caughtBy !== null) ? 0 : 1;
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
