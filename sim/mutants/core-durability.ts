/** Mutants of durability: what has to be on the disk before it is spoken of, counted or applied. */

import type { Mutant } from "./mutant.js";

const FLUSH = "assembly/raft/flush.ts";
const OUTBOX = "assembly/raft/outbox.ts";

export const DURABILITY_MUTANTS: readonly Mutant[] = [
  {
    name: "vote-before-it-is-durable",
    rule: "A vote leaves after it is durable.",
    file: OUTBOX,
    text: "MessageFlag.GRANTED : 0, n.term, true);",
    instead: "MessageFlag.GRANTED : 0, n.term, false);",
  },
  {
    name: "vote-request-before-it-is-durable",
    rule: "A candidate asks after its own vote is durable.",
    file: OUTBOX,
    text: "MessageFormat.VOTE_REQUEST, !pre);",
    instead: "MessageFormat.VOTE_REQUEST, false);",
  },
  {
    name: "acknowledgement-before-it-is-durable",
    rule: "An acknowledgement leaves after the entries are durable.",
    file: OUTBOX,
    text: "  sendOutbox<Sink>(n, peer, length, true);\n}\n\n/** Writes what all replies",
    instead: "  sendOutbox<Sink>(n, peer, length, false);\n}\n\n/** Writes what all replies",
  },
  {
    name: "snapshot-reply-before-it-is-durable",
    rule: "An acknowledgement in an answer to a chunk leaves after the entries are durable.",
    file: OUTBOX,
    text: "sendOutbox<Sink>(n, peer, MessageFormat.SNAPSHOT_REPLY, true);",
    instead: "sendOutbox<Sink>(n, peer, MessageFormat.SNAPSHOT_REPLY, false);",
  },
  {
    name: "term-of-one-shown-before-it-is-durable",
    rule: "A leader that elected itself alone shows its term only once that is durable.",
    file: "assembly/raft/role.ts",
    text: "n.officeIndex = votes > 1 ? 0 : n.last;",
    instead: "n.officeIndex = 0;",
  },
  {
    name: "leader-counts-itself-before-it-is-durable",
    rule: "A leader counts itself only for what is durable on it.",
    file: "assembly/raft/quorum.ts",
    text: "if (question == Question.HOLDS) return durableOn(n, peer);",
    instead: "if (question == Question.HOLDS) return peer.id == planOf(n).id ? n.last : peer.match;",
  },
  {
    name: "written-counted-as-durable",
    rule: "What storage has only taken is not durable.",
    file: FLUSH,
    text: "if (answer == StorageAnswer.DURABLE) markDurable(n, last);",
    instead: "markDurable(n, last);",
  },
  {
    name: "stale-durability-believed",
    rule: "A report of durability is of an entry: one that has been overwritten since counts for nothing.",
    file: "assembly/raft/commit.ts",
    text: "if (index > n.written || !hasTerm(n, index, term)) {",
    instead: "if (index > n.written) {",
  },
  {
    name: "durable-kept-over-truncation",
    rule: "What was removed is not durable any more.",
    file: "assembly/state/window.ts",
    text: "  n.durable = min(n.durable, n.last);\n",
    instead: "",
  },
  {
    name: "term-saved-only-with-a-vote",
    rule: "A new term is saved, with a vote or without.",
    file: FLUSH,
    text: "(n.term != n.savedTerm) | (n.vote != n.savedVote)",
    instead: "n.vote != n.savedVote",
  },
  {
    name: "vote-saved-only-with-a-term",
    rule: "A vote in the present term is saved.",
    file: FLUSH,
    text: "(n.term != n.savedTerm) | (n.vote != n.savedVote)",
    instead: "n.term != n.savedTerm",
  },
  {
    name: "truncation-not-stored",
    rule: "What is removed from the log is removed from storage.",
    file: FLUSH,
    text: "if (changetype<Sink>(0).truncate(n, from) < 0) return StatusCode.STORAGE_FAILED;",
    instead: "",
  },
  {
    name: "messages-before-storage",
    rule: "Storage effects come before the messages that rely on them.",
    file: FLUSH,
    text: "let status = flushStorage<Sink>(n);",
    instead: "let status = flushMessages<Sink>(n);",
    also: [
      { file: FLUSH, text: "status = flushMessages<Sink>(n);\n  }", instead: "status = flushStorage<Sink>(n);\n  }" },
    ],
  },
  {
    name: "failed-hard-state-ignored",
    rule: "A node whose storage fails stops before any message that would rely on it.",
    file: FLUSH,
    text: "if (changetype<Sink>(0).hardState(n, n.term, n.vote) < 0) return StatusCode.STORAGE_FAILED;",
    instead: "changetype<Sink>(0).hardState(n, n.term, n.vote);",
  },
  {
    name: "failed-append-ignored",
    rule: "A node whose storage refuses entries stops before it acknowledges them.",
    file: FLUSH,
    text: "if (answer < 0) return StatusCode.STORAGE_FAILED;",
    instead: "",
  },
  {
    name: "applied-before-durable",
    rule: "Only what is durable here is applied here.",
    file: FLUSH,
    text: "const due = min(n.commit, n.durable);",
    instead: "const due = n.commit;",
  },
  {
    name: "machine-failure-ignored",
    rule: "A node whose state machine refuses an entry stops before it counts as applied.",
    file: FLUSH,
    text: "if (answer != 0) return StatusCode.MACHINE_FAILED;",
    instead: "",
  },
];
