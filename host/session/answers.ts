/** What a command in an envelope can come to. */

/** Why a command was not applied by this entry of the log. */
export type SessionRefusal =
  /** The bytes are no envelope. */
  | "malformed"
  /** The session expired, was closed, or never was. Whether the command was applied while it lived is not known any
   * more; it never will be. */
  | "unknown session"
  /** The client said that it has the answer: the command was applied, or given up. */
  | "already acknowledged"
  /** Too many sequences wait for the client's acknowledgment: the same sequence may come again once fewer do. */
  | "too far ahead"
  /** The command was applied before, and its answer was too long to be kept. */
  | "answer not kept"
  /** The idempotency key stands for another command, which was applied. */
  | "key reused"
  /** No session can be opened: the limits allow none. */
  | "no sessions"
  /** There are as many idempotency keys as may be: the same command may come again later. */
  | "too many keys";

export interface Refused {
  readonly kind: "refused";
  readonly refusal: SessionRefusal;
  readonly reason: string;
}

/** What the state machine with sessions answers. */
export type SessionAnswer<Result> =
  /** A command that is nobody's was applied. */
  | { readonly kind: "plain"; readonly result: Result }
  | {
      readonly kind: "applied";
      readonly result: Result;
      /** True: it was applied earlier, and this is the answer that it had then. */
      readonly replayed: boolean;
    }
  | { readonly kind: "registered"; readonly session: number }
  | { readonly kind: "alive" | "closed"; readonly session: number }
  | Refused;

/** A command that its session or its key kept from being applied. */
export class SessionRefusedError extends Error {
  override readonly name = "SessionRefusedError";

  constructor(
    readonly refusal: SessionRefusal,
    reason: string,
  ) {
    super(reason);
  }
}

/** The result of a command. @throws {SessionRefusedError} when it was not applied, or its answer was not kept */
export function resultOf<Result>(answer: SessionAnswer<Result>): Result {
  if (answer.kind === "plain" || answer.kind === "applied") return answer.result;
  if (answer.kind === "refused") throw new SessionRefusedError(answer.refusal, answer.reason);
  throw new TypeError(`"${answer.kind}" is the answer to no command`);
}

export function refused(refusal: SessionRefusal, reason: string): Refused {
  return { kind: "refused", refusal, reason };
}
