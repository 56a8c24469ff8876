/**
 * Which scenarios are told in both modes, and why the others are not. A scenario's outcome is told in both if a story says so
 * (its `states`); else it is written in words that only a world has whose steps a test takes, or it is named below.
 */

import { readScenarios, type StepScenario } from "./scenarios.js";
import { STORIES } from "./stories/index.js";

/** A reason to be told without time alone: the scenario uses one of these words. The first one that fits counts. */
interface Reason {
  readonly name: string;
  readonly why: string;
  readonly words: readonly string[];
}

export const REASONS: readonly Reason[] = [
  {
    name: "made-up messages",
    why: "It hands a node messages that nobody sent: of no correct node, or of one that was there long ago.",
    words: ["inject"],
  },
  {
    name: "given logs",
    why: "It begins with logs and terms as a figure of the papers has them, not with what a run led to.",
    words: ["terms", "log"],
  },
  {
    name: "disks",
    why: "It says which write is durable when, or fails: a real disk decides that itself, and tests/host/storage makes it fail.",
    words: ["durable", "fail", "slowDisks", "reportDurable"],
  },
  {
    name: "hosts",
    why: "It takes the host's part: snapshots that it has not told of, chunks that it refuses, reads that it defers.",
    words: [
      "tell",
      "install",
      "takeSnapshot",
      "keepSnapshot",
      "loseSnapshot",
      "deferReads",
      "refuseChunks",
      "unreachable",
    ],
  },
  {
    name: "message by message",
    why: "It takes messages one by one, in an order of its own, loses one of them or sends it twice: the order is the point.",
    words: ["deliver", "deliverAt", "deliverOnly", "deliverUntil", "deliverAmong", "drop", "duplicate", "batch"],
  },
  {
    name: "the wire",
    why: "It states what is said, not only what comes of it: a transcript, what is under way, what is held back.",
    words: ["transcript", "underWay", "held"],
  },
  {
    name: "timers",
    why: "It says whose timer fires, and by whose clock: in real time chance and the machine do.",
    words: ["advance", "live", "expire", "fire", "heartbeat", "forgetLeaders", "advanceAll"],
  },
];

const NO_LEAVE = "It stays in a joint configuration; the host always asks the leader to leave it by itself.";
const PLANNED = "The host plans changes, and asks for none that cannot be.";
const LUCK = "Who holds what at the moment of the decision is up to chance in real time.";

/** Scenarios whose words there are in both modes, and that are told without time all the same. */
export const NAMED: Readonly<Record<string, string>> = {
  "in a joint configuration %s, with the leader, commits: %j": NO_LEAVE,
  "without automatic leave the group stays in both sets until it is told, and goes on working": NO_LEAVE,
  "a joint configuration is left for what it says, and for nothing else": NO_LEAVE,
  "a leave while the joint configuration is not committed is refused": NO_LEAVE,
  "a joint configuration begins with the voters in force, all of them and no others": PLANNED,
  "two voters fewer, or one for another, are refused: old and new majorities might not meet": PLANNED,
  "a follower that learns of the joint configuration from a snapshot leaves it with the others":
    "In real time a joint change is over before a snapshot in the middle of it can be taken.",
  "what is kept behind a snapshot is kept across a restart too":
    "The host keeps its log back to the older of two snapshots, whatever the plan says: there it would show nothing.",
  "however the jitter falls, no member of lower priority asks before the highest one has":
    "It goes through draws of the jitter; in real time there is one.",
  "a member that one leader removes and adds again gets what it missed, and everything after it":
    "It needs one leader throughout; in real time leadership may move in between.",
  "a leader that is removed hands over to the highest priority among those that hold what is committed": LUCK,
  "a member of the highest priority that lags is not handed what it would first have to fetch": LUCK,
};

/** A scenario, and where it is told. */
export interface Told {
  readonly scenario: StepScenario;
  /** Titles of the stories that state its outcome in both modes. */
  readonly stories: readonly string[];
  /** Name of the reason why it is told without time alone; undefined if there is none. */
  readonly reason: string | undefined;
}

/** Where each scenario is told. */
export function classify(scenarios: readonly StepScenario[] = readScenarios()): Told[] {
  const stories = Object.values(STORIES).flat();
  return scenarios.map((scenario) => ({
    scenario,
    stories: stories.filter(({ states }) => states.includes(scenario.title)).map(({ title }) => title),
    reason: reasonOf(scenario),
  }));
}

function reasonOf({ title, words }: StepScenario): string | undefined {
  if (title in NAMED) return "named";
  return REASONS.find((reason) => reason.words.some((word) => words.has(word)))?.name;
}

const BEGIN = "<!-- both: begin. Written by `npx vitest run tests/contract/both/modes -u`. -->";
const END = "<!-- both: end -->";

/** A text in which what is between the marks is the tables as they are now. */
export function withTables(text: string): string {
  const [before, rest] = text.split(BEGIN);
  const after = rest?.split(END)[1];
  if (before === undefined || after === undefined) throw new Error(`there is no place for the tables: ${BEGIN} ${END}`);
  return [before, BEGIN, "\n\n", ...tables(classify()), "\n", END, after].join("");
}

function tables(told: readonly Told[]): string[] {
  return [counts(told), "\n", reasons(told), "\n", stories()];
}

function counts(told: readonly Told[]): string {
  const names = REASONS.map(({ name }) => name);
  const files = [...new Set(told.map(({ scenario }) => scenario.file))];
  const rows = files.map((file) =>
    row(
      file,
      told.filter(({ scenario }) => scenario.file === file),
    ),
  );
  return table(["Scenarios", "all", "told in both", ...names, "named"], [...rows, row("all", told)]);

  function row(title: string, part: readonly Told[]): string[] {
    const alone = part.filter((one) => one.stories.length === 0);
    const of = (name: string) => alone.filter(({ reason }) => reason === name).length;
    return [
      title,
      ...[part.length, part.length - alone.length, ...[...names, "named"].map(of)].map((n) => `${n || ""}`),
    ];
  }
}

function reasons(told: readonly Told[]): string {
  const named = told.filter(({ reason, stories: by }) => reason === "named" && by.length === 0);
  return table(
    ["Only without time", "because"],
    [
      ...REASONS.map(({ name, why }) => [name, why]),
      ...named.map(({ scenario }) => [`${scenario.file}: ${scenario.title}`, NAMED[scenario.title] ?? ""]),
    ],
  );
}

function stories(): string {
  const rows = Object.entries(STORIES).flatMap(([subject, list]) =>
    list.map(({ states, title }) => [subject, title, `${states.length || ""}`]),
  );
  return table(["Subject", "Story, told in both modes", "Scenarios"], rows);
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const lines = [head, head.map(() => "---"), ...rows].map((cells) => `| ${cells.join(" | ")} |\n`);
  return lines.join("");
}
