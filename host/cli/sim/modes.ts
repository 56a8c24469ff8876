/**
 * Which flags of `metalraft sim` apply to what: a flag that is given and would have no effect is refused, with what it goes
 * with. A flag of the table is a key of SimFlags; one that chooses a mode is among the flags of that mode alone.
 */

import type { Command } from "commander";
import { UsageError } from "../output.js";
import type { SimFlags } from "../sim.js";

type Flag = keyof SimFlags;

/** Something that the command does. */
interface Mode {
  /** As the command line asks for it, without "metalraft sim". */
  readonly name: string;
  /** The flags that have to be given for it. */
  readonly chosenBy: readonly Flag[];
  /** All flags that it takes beside these. */
  readonly takes: readonly Flag[];
}

const RUN: readonly Flag[] = ["record", "specTrace", "shrink", "diagram", "core", "json"];
const HOST_CAMPAIGN: readonly Flag[] = ["seed", "minutes", "runs", "jobs", "out", "core", "json"];

/** The first one whose flags are given is meant. */
const MODES: readonly Mode[] = [
  { name: "--host --trace", chosenBy: ["host", "trace"], takes: ["diagram", "shrink", "core", "json"] },
  { name: "--host --campaign", chosenBy: ["host", "campaign"], takes: HOST_CAMPAIGN },
  { name: "--host --swarm", chosenBy: ["host", "swarm"], takes: ["seed", "shrink", "diagram", "core", "json"] },
  {
    name: "--host",
    chosenBy: ["host"],
    takes: ["seed", "nodes", "steps", "faults", "shrink", "diagram", "core", "json"],
  },
  {
    name: "--boundaries",
    chosenBy: ["boundaries"],
    takes: ["seed", "nodes", "steps", "faults", "sessions", "every", "record", "shrink", "diagram", "core", "json"],
  },
  {
    name: "--campaign",
    chosenBy: ["campaign"],
    takes: ["seed", "minutes", "runs", "jobs", "out", "allow", "core", "json"],
  },
  {
    name: "--timefull",
    chosenBy: ["timefull"],
    takes: ["seed", "nodes", "faults", "transport", "seconds", "core", "json"],
  },
  { name: "--trace --against", chosenBy: ["trace", "against"], takes: ["core", "json"] },
  { name: "--trace", chosenBy: ["trace"], takes: ["diagram", "shrink", "specTrace", "core", "json"] },
  { name: "--swarm", chosenBy: ["swarm"], takes: ["seed", ...RUN] },
  {
    name: "a single run",
    chosenBy: [],
    takes: ["seed", "nodes", "steps", "faults", "liveness", "sessions", ...RUN],
  },
];

/** Flags that have an effect only beside one of others, in whichever mode. */
const BESIDE: readonly { readonly flag: Flag; readonly others: readonly Flag[] }[] = [
  { flag: "diagram", others: ["trace", "shrink"] },
];

/** Every flag that some mode takes. */
export const KNOWN_FLAGS: ReadonlySet<Flag> = new Set(MODES.flatMap(({ chosenBy, takes }) => [...chosenBy, ...takes]));

/** Refuses flags that would have no effect.
 * @throws {UsageError} that names the flag, and what it goes with */
export function checkFlags(command: Command): void {
  const given = command.options
    .map((option) => option.attributeName() as Flag)
    .filter((flag) => command.getOptionValueSource(flag) === "cli");
  const mode = modeOf(given);
  for (const flag of given) {
    if (![...mode.chosenBy, ...mode.takes].includes(flag)) throw doesNotGo(flag, mode);
    const rule = BESIDE.find((one) => one.flag === flag);
    if (rule === undefined || rule.others.some((other) => given.includes(other))) continue;
    throw new UsageError(`${nameOf(flag)} has an effect only with ${joined(rule.others.map(nameOf))}`);
  }
}

function modeOf(given: readonly Flag[]): Mode {
  const mode = MODES.find(({ chosenBy }) => chosenBy.every((flag) => given.includes(flag)));
  if (mode === undefined) throw new Error("the last mode is chosen by nothing");
  return mode;
}

function doesNotGo(flag: Flag, mode: Mode): UsageError {
  const modes = MODES.filter(({ chosenBy, takes }) => chosenBy.includes(flag) || takes.includes(flag));
  const names = modes.map(({ name }) => name);
  const goes = names.length === 1 && names[0] === nameOf(flag) ? "alone" : `with ${joined(names)}`;
  return new UsageError(`${nameOf(flag)} does not go with ${mode.name}: it goes ${goes}`);
}

/** A flag as the command line has it. */
function nameOf(flag: Flag): string {
  return `--${flag.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;
}

function joined(names: readonly string[]): string {
  const last = names.at(-1) ?? "";
  return names.length < 2 ? last : `${names.slice(0, -1).join(", ")} or ${last}`;
}
