/**
 * Traces of the host world: all that a run follows from, and every fault that was injected. A file of JSON lines: the
 * header, then a fault a line, in the order in which they were injected.
 */

import { readFileSync, writeFileSync } from "node:fs";
import * as v from "valibot";
import { PlanLimit } from "../../host/core/abi.js";
import { TraceError } from "../trace/trace.js";
import { FaultListError, formatHostFaults, HOST_FAULTS, parseHostFaults } from "./faults.js";
import type { Plan } from "./script.js";
import { type HostSettings, MOST_HOSTS } from "./settings.js";

/** The form of the file that this code writes, and reads. */
const FORMAT = 1;
/** Most faults of a file. */
const MOST_INJECTIONS = 1_000_000;
/** Bounds on what a file from anywhere may ask for: far beyond what runs have, and done in seconds. */
const MOST_CLIENTS = 1000;
const MOST_KEYS = 1000;
const MOST_DRAWN = 1_000_000_000;

export interface HostTrace extends Plan {
  /** What takes the place of parts of the hosts is code, and in no file. */
  readonly settings: Omit<HostSettings, "sabotage">;
  /** sha256 of the core that was run. */
  readonly core: string;
  /** Whether it has all that the run did: then the digest is that of its header. Else faults were removed from it by hand. */
  readonly exact: boolean;
  /** What is known to come of it on that core, and the rule broken first. */
  readonly digest: string;
  readonly rule: string | null;
}

const whole = v.pipe(v.number(), v.safeInteger(), v.minValue(0));
const positive = v.pipe(whole, v.minValue(1));

const mix = v.pipe(
  v.string(),
  v.rawTransform(({ addIssue, dataset, NEVER }) => {
    try {
      return parseHostFaults(dataset.value);
    } catch (error) {
      if (!(error instanceof FaultListError)) throw error;
      addIssue({ message: error.message });
      return NEVER;
    }
  }),
);

const settingsSchema = v.object({
  seed: whole,
  nodes: v.pipe(positive, v.maxValue(MOST_HOSTS)),
  steps: positive,
  faults: mix,
  clients: v.pipe(positive, v.maxValue(MOST_CLIENTS)),
  keys: v.pipe(positive, v.maxValue(MOST_KEYS)),
  thinking: positive,
  chaos: positive,
  segmentBytes: positive,
  snapshotEntries: whole,
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
  sessions: v.object({
    maxSessions: whole,
    sessionLifetime: whole,
    maxResponses: whole,
    maxSessionBytes: whole,
    maxKeys: whole,
    keyLifetime: whole,
    keyPromise: whole,
    maxKeyBytes: whole,
  }),
});

const headerSchema = v.object({
  metalraftHostTrace: v.literal(FORMAT),
  core: v.pipe(v.string(), v.regex(/^[0-9a-f]{64}$/)),
  exact: v.boolean(),
  digest: v.pipe(v.string(), v.regex(/^[0-9a-f]{16}$/)),
  rule: v.nullable(v.string()),
  end: v.object({ steps: whole, at: whole }),
  settings: settingsSchema,
});

const injectionSchema = v.object({
  fault: v.picklist(HOST_FAULTS),
  at: whole,
  node: whole,
  to: v.exactOptional(whole),
  outage: v.exactOptional(whole),
  nth: whole,
  draw: v.pipe(whole, v.maxValue(MOST_DRAWN)),
  what: v.exactOptional(v.string()),
});

/** A trace as text. */
export function formatHostTrace({ core, digest, end, exact, injections, rule, settings }: HostTrace): string {
  const faults = formatHostFaults(settings.faults);
  const header = { metalraftHostTrace: FORMAT, core, exact, digest, rule, end, settings: { ...settings, faults } };
  return `${[header, ...injections].map((line) => JSON.stringify(line)).join("\n")}\n`;
}

/** Reads a trace.
 * @throws {TraceError} that names the line */
export function parseHostTrace(text: string, name: string): HostTrace {
  const lines = text.trimEnd().split("\n");
  if (lines.length > MOST_INJECTIONS) {
    throw new TraceError(`${name} has ${lines.length} lines, and may have ${MOST_INJECTIONS}`);
  }
  const { metalraftHostTrace: _, ...header } = parsed(headerSchema, lines[0] ?? "", `${name}, line 1 (the header)`);
  const injections = lines.slice(1).map((line, i) => parsed(injectionSchema, line, `${name}, line ${i + 2}`));
  return { ...header, injections };
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

export function writeHostTrace(file: string, trace: HostTrace): void {
  writeFileSync(file, formatHostTrace(trace));
}

/** @throws {TraceError} when the file cannot be read, or holds no trace */
export function readHostTrace(file: string): HostTrace {
  let text: string;
  try {
    text = readFileSync(file, "utf8");
  } catch (error) {
    throw new TraceError(`the trace ${file} cannot be read: ${error instanceof Error ? error.message : String(error)}`);
  }
  return parseHostTrace(text, file);
}
