/**
 * Traces: what a run follows from, and every step that it took. A file of JSON lines: the header, then a step a line.
 */

import { writeFileSync } from "node:fs";
import * as v from "valibot";
import { type Draw, FAULTS, LATER_DRAWS, RARER_FAULTS, WEIGHTS } from "../core-world/faults.js";
import { MEMBERSHIPS, MOST_NODES, type Settings } from "../core-world/settings.js";
import { capacitySchema, digest, parseLine, positive, readTraceFile, sha256, TraceError, whole } from "./json-lines.js";
import { type Step, stepSchema, type TraceStep } from "./step.js";

/** The form of the file that this code writes, and reads. */
const FORMAT = 1;
/** Most steps of a file: a run of millions of actions is replayed by its seed. */
const MOST_STEPS = 20_000_000;

export interface Trace {
  readonly settings: Settings;
  /** sha256 of the core that was run. */
  readonly core: string;
  /** Whether it is all that a run did: then every step applies again. Else steps were removed from it, and one that does not
   * apply is passed over. */
  readonly exact: boolean;
  /** What is known to come of it on that core: the digest after the last step, and the rule broken first. */
  readonly digest: string;
  readonly rule: string | null;
  readonly steps: readonly TraceStep[];
}

const draws = Object.keys(WEIGHTS) as Draw[];

function weightOf(draw: Draw) {
  if (LATER_DRAWS.includes(draw)) return v.optional(whole, 0);
  return RARER_FAULTS.some((rarer) => rarer === draw) ? v.optional(whole, WEIGHTS[draw]) : whole;
}

const settingsSchema = v.object({
  seed: whole,
  nodes: v.pipe(positive, v.maxValue(MOST_NODES)),
  steps: positive,
  faults: v.array(v.picklist(FAULTS)),
  /** Those that a trace of an earlier version does not know it cannot have drawn. */
  weights: v.object(Object.fromEntries(draws.map((draw) => [draw, weightOf(draw)])) as Record<Draw, typeof whole>),
  capacity: capacitySchema,
  membership: v.picklist(MEMBERSHIPS),
  askInvariants: v.boolean(),
  liveness: v.boolean(),
  /** Traces of runs without sessions need not say so. */
  sessions: v.optional(v.boolean(), false),
});

const headerSchema = v.object({
  metalraftTrace: v.literal(FORMAT),
  core: sha256,
  exact: v.boolean(),
  digest,
  rule: v.nullable(v.string()),
  settings: settingsSchema,
});

const lineSchema = v.intersect([stepSchema, v.object({ hold: v.optional(v.boolean()) })]);

/** A trace as text. */
export function formatTrace({ steps, core, digest, exact, rule, settings }: Trace): string {
  const header = { metalraftTrace: FORMAT, core, exact, digest, rule, settings };
  const lines = steps.map(({ hold, step }) => JSON.stringify(hold ? { ...step, hold } : step));
  return `${[JSON.stringify(header), ...lines].join("\n")}\n`;
}

/** Reads a trace.
 * @throws {TraceError} that names the line */
export function parseTrace(text: string, name: string): Trace {
  const lines = text.trimEnd().split("\n");
  if (lines.length > MOST_STEPS) throw new TraceError(`${name} has ${lines.length} lines, and may have ${MOST_STEPS}`);
  const { metalraftTrace: _, ...header } = parseLine(headerSchema, lines[0] ?? "", `${name}, line 1 (the header)`);
  const steps = lines.slice(1).map((line, i) => {
    const { hold = false, ...step } = parseLine(lineSchema, line, `${name}, line ${i + 2}`);
    return { step: step as Step, hold };
  });
  return { ...header, steps };
}

export function writeTrace(file: string, trace: Trace): void {
  writeFileSync(file, formatTrace(trace));
}

/** @throws {TraceError} when the file cannot be read, or holds no trace */
export function readTrace(file: string): Trace {
  return parseTrace(readTraceFile(file), file);
}
