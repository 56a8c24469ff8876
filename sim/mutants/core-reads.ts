/** Mutants of reads: rounds, leases, tickets. */

import type { Mutant } from "./mutant.js";

const READS = "assembly/raft/reads.ts";

export const READ_MUTANTS: readonly Mutant[] = [
  {
    name: "read-without-a-round",
    rule: "A read is answered after a round of heartbeats that began after it came in.",
    file: "assembly/raft/quorum.ts",
    text: "quorumReached(n, Question.CONFIRMED, n.roundConfirmed)",
    instead: "quorumReached(n, Question.CONFIRMED, n.round)",
  },
  {
    name: "read-by-the-round-before",
    rule: "A read waits for a round that begins after it, not for one that is under way.",
    file: READS,
    text: "    n.round++;\n    n.dueToAll |= Due.HEARTBEAT;",
    instead: "    n.dueToAll |= Due.HEARTBEAT;",
  },
  {
    name: "read-before-an-own-commit",
    rule: "A leader answers reads after it has committed an entry of its own term.",
    file: READS,
    text: "    if (!isReady(n)) return StatusCode.NOT_READY;\n",
    instead: "",
  },
  {
    name: "follower-read-before-an-own-commit",
    rule: "A leader answers a follower's reads after it has committed an entry of its own term.",
    file: READS,
    text: " || !isReady(n)) return StatusCode.STALE;",
    instead: ") return StatusCode.STALE;",
  },
  {
    name: "read-joins-an-answer-that-is-due",
    rule: "An answer that is due does not take along a read that was asked after its round.",
    file: READS,
    text: "(peer.readRound | (peer.due & Due.READ_REPLY)) != 0",
    instead: "peer.readRound != 0",
  },
  {
    name: "read-forgotten-when-the-quorum-shrinks",
    rule: "A read that waits for a round is answered although nobody is left to acknowledge it.",
    file: "assembly/raft/replication.ts",
    text: "    confirmRounds(n);\n    if (!restIfIdle(n))",
    instead: "    if (!restIfIdle(n))",
  },
  {
    name: "read-told-before-it-is-applied",
    rule: "A read is answered when what was committed is applied.",
    file: READS,
    text: " | (n.applied < n.readIndex)) return;",
    instead: ") return;",
  },
  {
    name: "follower-read-at-the-leaders-applied-index",
    rule: "A follower's read waits for what its leader had committed.",
    file: "assembly/raft/outbox.ts",
    text: "bodyOf<ReadReply>(header).index = n.commit;",
    instead: "bodyOf<ReadReply>(header).index = n.snapshotIndex;",
  },
  {
    name: "incarnation-ignored",
    rule: "Tickets of a restarted node are not those that it gave before.",
    file: "assembly/raft/restore.ts",
    text: "  n.round = planOf(n).incarnation;\n",
    instead: "",
  },
  {
    name: "read-reply-of-any-ticket-believed",
    rule: "An answer counts for the tickets that wait, and for no others.",
    file: READS,
    text: " | (reply.ticket > n.readTicket)) return StatusCode.STALE;",
    instead: ") return StatusCode.STALE;",
  },
  {
    name: "reads-survive-a-change-of-leader",
    rule: "Reads that relied on a leadership that is over are refused.",
    file: "assembly/raft/role.ts",
    text: "  refuseReads(n);\n",
    instead: "",
  },
  {
    name: "strict-read-by-lease",
    rule: "A read that asks for a round does not become one by lease.",
    file: READS,
    text: "n.readStrict |= u32(kind == ReadKind.INDEX);",
    instead: "n.readStrict |= u32(kind == ReadKind.LEASE);",
  },
  {
    name: "lease-without-drift",
    rule: "A lease is shorter than the election timeout by what clocks may drift.",
    file: READS,
    text: "(1000 - plan.leaseDrift)",
    instead: "1000",
  },
  {
    name: "lease-of-any-age",
    rule: "A lease ends.",
    file: READS,
    text: "return quorumActive(n, ago(",
    instead: "return quorumActive(n, 0 * ago(",
  },
  {
    name: "lease-from-the-time-of-receiving",
    rule: "Contact counts from the time at which a message was sent, not at which its answer came.",
    file: "assembly/raft/replication.ts",
    text: "peer.lastAck = max(peer.lastAck, reply.sent);",
    instead: "peer.lastAck = n.now;",
  },
  {
    name: "lease-kept-after-hand-over",
    rule: "Who has asked another to campaign has no lease any more.",
    file: READS,
    text: " | (n.handOver != 0)",
    instead: "",
  },
  {
    name: "lease-with-grace",
    rule: "A lease rests on acknowledgements, not on the time that a leader is given after it woke.",
    file: READS,
    text: "return quorumActive(n, ago(",
    instead: "return n.contactBase > ago(n, plan.electionTimeout / 2) || quorumActive(n, ago(",
  },
  {
    name: "lease-read-before-it-is-applied",
    rule: "A read by lease is answered at once only if all that is committed is applied.",
    file: READS,
    text: "(kind == ReadKind.LEASE) & (n.applied == n.commit) && holdsLease(n)",
    instead: "kind == ReadKind.LEASE && holdsLease(n)",
  },
];
