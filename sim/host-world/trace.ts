/**
 * Traces of the host world: all that a run follows from, and every fault that was injected. A file of JSON lines: the
 * header, then a fault a line, in the order in which they were injected.
 */

import { writeFileSync } from "node:fs";
import * as v from "valibot";
import { FaultListError } from "../fault-list.js";
import {
  capacitySchema,
  digest,
  parseLine,
  positive,
  readTraceFile,
  sha256,
  TraceError,
  whole,
} from "../trace/json-lines.js";
import { formatHostFaults, HOST_FAULTS, parseHostFaults } from "./faults.js";
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
  capacity: capacitySchema,
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
  core: sha256,
  exact: v.boolean(),
  digest,
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
  const { metalraftHostTrace: _, ...header } = parseLine(headerSchema, lines[0] ?? "", `${name}, line 1 (the header)`);
  const injections = lines.slice(1).map((line, i) => parseLine(injectionSchema, line, `${name}, line ${i + 2}`));
  return { ...header, injections };
}

export function writeHostTrace(file: string, trace: HostTrace): void {
  writeFileSync(file, formatHostTrace(trace));
}

/** @throws {TraceError} when the file cannot be read, or holds no trace */
export function readHostTrace(file: string): HostTrace {
  return parseHostTrace(readTraceFile(file), file);
}
