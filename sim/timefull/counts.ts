/** What the clients of a run in real time came to, and what each run has to have reached to have shown anything of sessions. */

export interface ClientCounts {
  /** Operations that were answered. */
  answered: number;
  /** That were refused: nothing happened. */
  failed: number;
  /** Whose outcome nobody knows. */
  unknown: number;
}

export interface SessionCounts {
  /** Sessions that clients opened. */
  opened: number;
  /** Of these, in the place of one that the client had before, and closed, or that had expired. */
  reopened: number;
  closed: number;
  /** Writes in a session, and under an idempotency key. */
  writes: number;
  keyed: number;
  /** Times that something of a session or under a key was proposed again although it might have been applied, and of these
   * at another node. */
  retried: number;
  moved: number;
  /** Writes that had been applied when they were proposed again: the answer is the one that was kept. */
  replayed: number;
  /** Writes that were answered, and came again later. */
  repeated: number;
  /** Registrations and writes that the machine refused: the session had expired, the table of keys was full, or nothing is
   * kept at all. */
  refused: number;
}

export function noSessionCounts(): SessionCounts {
  return {
    ...{ opened: 0, reopened: 0, closed: 0, writes: 0, keyed: 0 },
    ...{ retried: 0, moved: 0, replayed: 0, repeated: 0, refused: 0 },
  };
}

/** What clients bring about by themselves, whatever the faults: where sessions are kept, and where they are refused. */
const EXPECTED = {
  kept: ["opened", "reopened", "closed", "writes", "keyed", "retried", "moved", "replayed", "repeated"],
  refused: ["keyed", "retried", "refused"],
} as const satisfies Record<string, readonly (keyof SessionCounts)[]>;

/** What never came about, by name. @param nodes one alone leaves no other to ask */
export function missedBy(counts: SessionCounts, isKept: boolean, nodes: number): string[] {
  return EXPECTED[isKept ? "kept" : "refused"].filter((name) => counts[name] === 0 && (name !== "moved" || nodes > 1));
}
