/**
 * Transactions in JSON:
 *
 *   {"compare": [{"key": "a", "value": "1"}, {"key": "b", "absent": true}, {"key": "c", "modIndex": 17}],
 *    "then":    [{"put": {"key": "a", "value": "2"}}, {"delete": {"key": "b"}}]}
 *
 * A value is text ("value", stored as UTF-8) or bytes ("base64"). If every comparison holds, all of "then" is done, in
 * order and at once; if not, nothing is.
 */

import * as v from "valibot";
import type { KvCompare, KvOperation } from "./command.js";
import { badRequest } from "./refusal.js";
import { keyProblem } from "./request-target.js";

const BASE64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;

const key = v.pipe(
  v.string(),
  v.rawCheck(({ dataset, addIssue }) => {
    const problem = dataset.typed ? keyProblem(dataset.value) : undefined;
    if (problem !== undefined) addIssue({ message: problem });
  }),
);
const text = v.pipe(
  v.string(),
  v.check((value) => Buffer.from(value, "utf8").toString("utf8") === value, "the text is not well-formed Unicode"),
  v.transform((value): Uint8Array => Buffer.from(value, "utf8")),
);
const base64 = v.pipe(
  v.string(),
  v.regex(BASE64, "this is not base64 (RFC 4648, padded)"),
  v.transform((value): Uint8Array => Buffer.from(value, "base64")),
);

const comparison = v.union(
  [
    v.strictObject({ key, value: text }),
    v.strictObject({ key, base64 }),
    v.strictObject({ key, absent: v.literal(true) }),
    v.strictObject({ key, modIndex: v.pipe(v.number(), v.safeInteger(), v.minValue(1)) }),
  ],
  'a comparison is {"key", and one of "value" (text), "base64" (bytes), "absent": true, "modIndex": number}',
);
const operation = v.union(
  [
    v.strictObject({ put: v.strictObject({ key, value: text }) }),
    v.strictObject({ put: v.strictObject({ key, base64 }) }),
    v.strictObject({ delete: v.strictObject({ key }) }),
  ],
  'an operation is {"put": {"key", and "value" (text) or "base64" (bytes)}} or {"delete": {"key"}}',
);
const transaction = v.strictObject({ compare: v.optional(v.array(comparison), []), then: v.array(operation) });

export interface Transaction {
  readonly compare: readonly KvCompare[];
  readonly then: readonly KvOperation[];
}

/** Reads a transaction. @throws {Refusal} that says where it is not one. */
export function parseTransaction(body: Uint8Array): Transaction {
  let json: unknown;
  try {
    json = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(body));
  } catch (error) {
    throw badRequest(`the body is not JSON: ${error instanceof Error ? error.message : String(error)}`);
  }
  const result = v.safeParse(transaction, json);
  if (!result.success) throw badRequest(describe(result.issues[0]));
  const { compare, then } = result.output;
  return { compare: compare.map(toCompare), then: then.map(toOperation) };
}

function describe(issue: v.BaseIssue<unknown>): string {
  const path = v.getDotPath(issue);
  return path === null ? issue.message : `${path}: ${issue.message}`;
}

function toCompare(asked: v.InferOutput<typeof comparison>): KvCompare {
  const { key } = asked;
  if ("value" in asked) return { kind: "value", key, value: asked.value };
  if ("base64" in asked) return { kind: "value", key, value: asked.base64 };
  if ("absent" in asked) return { kind: "absent", key };
  return { kind: "modIndex", key, modIndex: asked.modIndex };
}

function toOperation(asked: v.InferOutput<typeof operation>): KvOperation {
  if ("delete" in asked) return { kind: "delete", key: asked.delete.key };
  const { key } = asked.put;
  return { kind: "put", key, value: "value" in asked.put ? asked.put.value : asked.put.base64 };
}
