/** What all traces have in common: files of JSON lines from anywhere, of which each line is held against a schema. */

import { readFileSync } from "node:fs";
import * as v from "valibot";
import { PlanLimit } from "../../host/core/abi.js";

/** A trace that cannot be read, or does not fit. */
export class TraceError extends Error {
  override readonly name = "TraceError";
}

export const whole = v.pipe(v.number(), v.safeInteger(), v.minValue(0));
export const positive = v.pipe(whole, v.minValue(1));
export const sha256 = v.pipe(v.string(), v.regex(/^[0-9a-f]{64}$/));
export const digest = v.pipe(v.string(), v.regex(/^[0-9a-f]{16}$/));

/** The sizes of nodes: all of a plan but whose it is. */
export const capacitySchema = v.object({
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
});

/** Reads a line. @throws {TraceError} that names it by `where` */
export function parseLine<Schema extends v.GenericSchema>(
  schema: Schema,
  line: string,
  where: string,
): v.InferOutput<Schema> {
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

/** The text of a file. @throws {TraceError} when it cannot be read */
export function readTraceFile(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch (error) {
    throw new TraceError(`the trace ${file} cannot be read: ${error instanceof Error ? error.message : String(error)}`);
  }
}
