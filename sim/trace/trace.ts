/**
 * Traces: what a run follows from, and every step that it took. A file of JSON lines: the header, then a step a line.
 */

import { readFileSync, writeFileSync } from "node:fs";
import * as v from "valibot";
import { PlanLimit } from "../../host/core/abi.js";
import { type Draw, FAULTS, LATER_DRAWS, RARER_FAULTS, WEIGHTS } from "../core-world/faults.js";
import { MEMBERSHIPS, MOST_NODES, type Settings } from "../core-world/settings.js";
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

/** A trace that cannot be read, or does not fit. */
export class TraceError extends Error {
  override readonly name = "TraceError";
}

const whole = v.pipe(v.number(), v.safeInteger(), v.minValue(0));
const positive = v.pipe(whole, v.minValue(1));
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
  capacity: v.object({
    nodes: v.pipe(positive, v.maxValue(PlanLimit.NODES)),
    windowEntries: whole,
    windowBytes: whole,
    maxMessage: whole,
    inflightMessages: whole,
    inflightBytes: whole,
    uncommittedBytes: whole,
    addressBytes: whole,
    electionTimeout: whole,
    electionJitter: whole,
    heartbeat: whole,
    keepEntries: whole,
    leaseDrift: whole,
    quiesceRounds: whole,
  }),
  membership: v.picklist(MEMBERSHIPS),
  askInvariants: v.boolean(),
  liveness: v.boolean(),
  /** Traces of runs without sessions need not say so. */
  sessions: v.optional(v.boolean(), false),
});

const headerSchema = v.object({
  metalraftTrace: v.literal(FORMAT),
  core: v.pipe(v.string(), v.regex(/^[0-9a-f]{64}$/)),
  exact: v.boolean(),
  digest: v.pipe(v.string(), v.regex(/^[0-9a-f]{16}$/)),
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
  const { metalraftTrace: _, ...header } = parsed(headerSchema, lines[0] ?? "", `${name}, line 1 (the header)`);
  const steps = lines.slice(1).map((line, i) => {
    const { hold = false, ...step } = parsed(lineSchema, line, `${name}, line ${i + 2}`);
    return { step: step as Step, hold };
  });
  return { ...header, steps };
}

function parsed<Schema extends v.GenericSchema>(schema: Schema, line: string, where: string): v.InferOutput<Schema> {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    throw new TraceError(`${where}: this is no JSON: ${line.slice(0, 60)}`);
  }
  const result = v.safeParse(schema, value);
  if (result.success) return result.output;
  const [issue] = result.issues;
  const path = v.getDotPath(issue);
  throw new TraceError(`${where}: ${path === null ? "" : `${path}: `}${issue.message}`);
}

export function writeTrace(file: string, trace: Trace): void {
  writeFileSync(file, formatTrace(trace));
}

/** @throws {TraceError} when the file cannot be read, or holds no trace */
export function readTrace(file: string): Trace {
  let text: string;
  try {
    text = readFileSync(file, "utf8");
  } catch (error) {
    throw new TraceError(`the trace ${file} cannot be read: ${error instanceof Error ? error.message : String(error)}`);
  }
  return parseTrace(text, file);
}
