/**
 * Reads the target of a request. Not through `URL`: that would resolve "..", which is a key like any other.
 */

import { MAX_KEY_BYTES } from "./command.js";
import { badRequest } from "./refusal.js";

export const KEY_PREFIX = "/v1/kv/";

export const CONSISTENCIES = ["linearizable", "lease", "local"] as const;
/** How fresh a read has to be. */
export type Consistency = (typeof CONSISTENCIES)[number];

export interface Target {
  /** Still percent-encoded. */
  readonly path: string;
  readonly query: URLSearchParams;
}

export function splitTarget(url: string): Target {
  const mark = url.indexOf("?");
  if (mark < 0) return { path: url, query: new URLSearchParams() };
  return { path: url.slice(0, mark), query: new URLSearchParams(url.slice(mark + 1)) };
}

/** The key in the path of a request for one key. @throws {Refusal} when it is no key. */
export function keyOf(path: string): string {
  let key: string;
  try {
    key = decodeURIComponent(path.slice(KEY_PREFIX.length));
  } catch {
    throw badRequest("the key in the path is not percent-encoded UTF-8: write % as %25");
  }
  const problem = keyProblem(key);
  if (problem !== undefined) throw badRequest(problem);
  return key;
}

/** What is wrong with a key, or undefined. */
export function keyProblem(key: string): string | undefined {
  // A lone surrogate has no UTF-8 form: it would be stored as another key than the one that was asked for.
  const bytes = Buffer.from(key, "utf8");
  if (bytes.toString("utf8") !== key) return "the key is not well-formed Unicode";
  if (bytes.length >= 1 && bytes.length <= MAX_KEY_BYTES) return undefined;
  return `the key has ${bytes.length} bytes: a key has 1 to ${MAX_KEY_BYTES} bytes of UTF-8`;
}

/** The member's id in the rest of a path. @throws {Refusal} when it is none. */
export function memberId(digits: string): number {
  const id = /^\d{1,10}$/.test(digits) ? Number(digits) : 0;
  if (id >= 1 && id === id >>> 0) return id;
  throw badRequest(`${JSON.stringify(digits)} is no id of a node: give a whole number from 1 to 4294967295`);
}

/** How fresh a read is asked to be. @throws {Refusal} for any other parameter or value. */
export function consistencyOf(query: URLSearchParams): Consistency {
  expectParameters(query, ["consistency"]);
  const asked = query.get("consistency") ?? "linearizable";
  const known = CONSISTENCIES.find((name) => name === asked);
  if (known === undefined) {
    throw badRequest(`consistency=${JSON.stringify(asked)} is not known: use ${CONSISTENCIES.join(", ")}`);
  }
  return known;
}

/** Refuses parameters other than these: a mistyped one must not be taken for its absence. */
export function expectParameters(query: URLSearchParams, known: readonly string[]): void {
  for (const name of query.keys()) {
    if (known.includes(name)) continue;
    const takes = known.length === 0 ? "this resource takes none" : `there is ${known.join(", ")}`;
    throw badRequest(`the parameter ${JSON.stringify(name)} is not known: ${takes}`);
  }
}
