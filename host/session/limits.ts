/**
 * How much is kept for clients. The limits decide what a command comes to, so they are part of the replicated state
 * machine: they must be the same on all nodes, and change on all of them at once.
 */

export interface SessionLimits {
  /** Sessions there can be. One more takes the place of the one that was used least recently; with 0, none is opened. */
  readonly maxSessions: number;
  /** ms of log time after which a session that was not used expires. */
  readonly sessionLifetime: number;
  /** How far a session's sequence may be ahead of the lowest one without an acknowledged answer: a client that never
   * acknowledges is refused at some point, not kept for. */
  readonly maxResponses: number;
  /** Bytes of answers kept for a session; an answer beyond them is not kept, only that its command was applied. */
  readonly maxSessionBytes: number;
  /** Idempotency keys there can be. */
  readonly maxKeys: number;
  /** ms of log time after which an idempotency key is forgotten. */
  readonly keyLifetime: number;
  /** ms of log time for which a key is never forgotten: new keys are refused when there are `maxKeys` younger than this. */
  readonly keyPromise: number;
  /** Bytes of the answer kept for a key; of a longer one only that its command was applied. */
  readonly maxKeyBytes: number;
}

/** At the very most 64 MiB of answers for sessions and 32 MiB for keys; and two thousand keyed commands a second, for as
 * long as anybody likes. */
export const SESSION_LIMITS: SessionLimits = {
  maxSessions: 1024,
  sessionLifetime: 3_600_000,
  maxResponses: 128,
  maxSessionBytes: 64 << 10,
  maxKeys: 1 << 17,
  keyLifetime: 86_400_000,
  keyPromise: 60_000,
  maxKeyBytes: 256,
};

/** Nothing is kept for any client: for a cluster in which a board is a member, which has no room for answers. Its store
 * (firmware/kv/kv.c) comes to the same: what a session or a key asks for is refused, and nothing changes but the log time. */
export const NO_SESSIONS: SessionLimits = { ...SESSION_LIMITS, maxSessions: 0, maxKeys: 0 };
