/**
 * `Idempotency-Key`: a write that is sent again under the same key, to whatever node and under whatever leader, is
 * applied once, and answered as the first time. What keys promise is said in docs/adr/R20-client-request-semantics.md.
 */

import { encodeEnvelope, idempotencyKeyProblem } from "../session/envelope.js";
import type { Answer } from "./answer.js";
import { IDEMPOTENCY_HEADER } from "./forwarder.js";
import type { KvResult } from "./machine.js";
import { badRequest, KEYED_WAY_OUT, outcomeUnknown, Refusal } from "./refusal.js";
import type { Exchange } from "./route.js";
import type { KvStoreResult } from "./store.js";

/** "true" on an answer that was given before. */
const REPLAYED_HEADER = "metalraft-replayed";
/** Seconds after which there may be room for a new key again. */
const RETRY_AFTER_SECONDS = 5;

/** The idempotency key of a request, undefined if it has none. @throws {Refusal} when it is no key */
export function idempotencyKeyOf({ request }: Pick<Exchange, "request">): string | undefined {
  const given = request.headers[IDEMPOTENCY_HEADER];
  if (given === undefined) return undefined;
  const key = Array.isArray(given) ? given.join(", ") : given;
  const problem = idempotencyKeyProblem(key);
  if (problem !== undefined) throw badRequest(`the header Idempotency-Key: ${problem}`);
  return key;
}

/** A command as one that is applied once; `time` is log time in ms. */
export function wrapOnce(command: Uint8Array, key: string, time: number): Uint8Array {
  return encodeEnvelope({ kind: "keyed", time, key, command });
}

/**
 * The answer to a command under a key.
 * @param uncertain whether it may yet be applied because of an earlier attempt.
 * @param toAnswer makes the answer to what was applied.
 */
export function onceAnswer(
  { answer }: KvResult & { readonly kind: "session" },
  uncertain: boolean,
  toAnswer: (result: KvStoreResult) => Answer,
): Answer {
  if (answer.kind === "applied") {
    const first = toAnswer(answer.result);
    return answer.replayed ? { ...first, headers: { ...first.headers, [REPLAYED_HEADER]: "true" } } : first;
  }
  if (answer.kind !== "refused") throw new TypeError(`a command under a key came to "${answer.kind}"`);
  switch (answer.refusal) {
    case "key reused":
      throw new Refusal(422, "key reused", answer.reason, true);
    case "too many keys":
      if (uncertain) throw outcomeUnknown(answer.reason, KEYED_WAY_OUT);
      throw new Refusal(429, "busy", answer.reason, true, { "retry-after": String(RETRY_AFTER_SECONDS) });
    default:
      // Encoded here and applied here, so only a fault of this program leads here.
      throw new Refusal(500, "internal error", `${answer.refusal}: ${answer.reason}`, false);
  }
}
