/**
 * What a request is refused with: an HTTP status and a JSON body {error, message, definite}. `definite` is the promise
 * that matters to a client: true, the request changed nothing and never will, so it may be sent again; false, it may or
 * may not have taken effect.
 */

/** The short names of what can go wrong, for programs. */
export type RefusalName =
  | "bad request"
  | "not found"
  | "method not allowed"
  | "too large"
  | "full"
  | "not implemented"
  | "internal error"
  | "no leader"
  | "not leader"
  | "unreachable leader"
  | "unreachable board"
  | "busy"
  | "shutting down"
  | "key reused"
  | "not ready"
  | "transferring"
  | "transfer failed"
  | "change pending"
  | "not caught up"
  | "unknown node"
  | "no voter"
  | "bad change"
  | "snapshot failed"
  | "no state"
  | "outcome unknown";

/** Seconds after which a refused client may try again: about an election. */
const RETRY_AFTER_SECONDS = 1;

export class Refusal extends Error {
  override readonly name = "Refusal";

  constructor(
    /** HTTP status. */
    readonly status: number,
    readonly error: RefusalName,
    message: string,
    readonly definite: boolean,
    /** Further headers of the answer. */
    readonly headers: Readonly<Record<string, string>> = {},
  ) {
    super(message);
  }
}

/** 400: the request is not one that can be understood. */
export function badRequest(message: string): Refusal {
  return new Refusal(400, "bad request", message, true);
}

/** 405: the resource is there, but not for this method. */
export function methodNotAllowed(method: string, allowed: readonly string[]): Refusal {
  const allow = allowed.join(", ");
  return new Refusal(405, "method not allowed", `${method} does not apply here: use ${allow}`, true, { allow });
}

/** 413: more bytes than an entry of the log can carry. */
export function tooLarge(what: string, limit: number): Refusal {
  const message = `${what} is longer than the limit of ${limit} bytes`;
  return new Refusal(413, "too large", message, true, { "metalraft-limit": String(limit) });
}

/** 507: the cluster's boards could not hold what the store would become. */
export function storeFull(limit: number): Refusal {
  const message = `the store would have more than the ${limit} bytes that the boards of this cluster hold: delete keys first`;
  return new Refusal(507, "full", message, true, { "metalraft-limit": String(limit) });
}

/** 503: it did not happen, and may be tried again. */
export function unavailable(error: RefusalName, message: string): Refusal {
  return new Refusal(503, error, message, true, { "retry-after": String(RETRY_AFTER_SECONDS) });
}

/** 504: it may or may not have happened, or may yet. */
export function outcomeUnknown(reason: string, wayOut: string): Refusal {
  return new Refusal(504, "outcome unknown", `${reason}. It may or may not have taken effect: ${wayOut}`, false);
}

/** What to do about a write of an unknown outcome. */
export const WRITE_WAY_OUT = "read the key before trying again";
/** And about one under an idempotency key. */
export const KEYED_WAY_OUT = "send it again with the same Idempotency-Key";
