/** Mutants of replication: what is appended, removed, acknowledged and committed. */

import type { Mutant } from "./mutant.js";

const APPEND = "assembly/raft/append.ts";
const COMMIT = "assembly/raft/commit.ts";
const OUTBOX = "assembly/raft/outbox.ts";
const QUORUM = "assembly/raft/quorum.ts";
const REPLICATION = "assembly/raft/replication.ts";

export const REPLICATION_MUTANTS: readonly Mutant[] = [
  {
    name: "earlier-term-committed-by-counting",
    rule: "Only entries of the leader's own term are committed by counting (figure 8).",
    file: COMMIT,
    text: "if (index <= n.commit || index < n.termIndex) return;",
    instead: "if (index <= n.commit) return;",
  },
  {
    name: "half-is-a-quorum",
    rule: "A quorum is more than half of the voters.",
    file: QUORUM,
    text: "(incoming > 0)",
    instead: "(incoming >= 0)",
  },
  {
    name: "append-without-a-match",
    rule: "Entries are appended only behind one that equals the leader's.",
    file: APPEND,
    text: "return append.prevIndex <= n.commit || hasTerm(n, append.prevIndex, append.prevTerm);",
    instead: "return append.prevIndex <= n.last;",
  },
  {
    name: "truncation-of-matching-entries",
    rule: "A late Append does not remove entries that equal the leader's.",
    file: APPEND,
    text: "termAt(n, index) != entry.term && !truncate",
    instead: "index > n.commit && !truncate",
  },
  {
    name: "conflict-kept",
    rule: "An entry that conflicts with the leader's is removed.",
    file: APPEND,
    text: "if (index <= n.last && termAt(n, index) != entry.term && !truncate(n, index)) return n.commit;",
    instead: "",
  },
  {
    name: "follower-commits-what-it-was-not-sent",
    rule: "A follower commits only what is known to equal the leader's log.",
    file: APPEND,
    text: "commitTo(n, min(append.commit, n.verified));",
    instead: "commitTo(n, min(append.commit, n.last));",
  },
  {
    name: "commit-index-falls",
    rule: "The commit index of a new leader, which may be lower, does not lower a follower's.",
    file: COMMIT,
    text: "  if (index <= n.commit) return;\n  assert(",
    instead: "  if (index == n.commit) return;\n  assert(",
  },
  {
    name: "acknowledges-its-whole-log",
    rule: "A follower acknowledges only what is known to equal the leader's log.",
    file: OUTBOX,
    text: "peer.id == n.leader ? n.verified : 0",
    instead: "peer.id == n.leader ? n.last : 0",
  },
  {
    name: "verified-kept-over-leaders",
    rule: "What equals one leader's log need not equal the next one's.",
    file: "assembly/raft/role.ts",
    text: "  n.leader = leader;\n  n.verified = 0;\n",
    instead: "  n.leader = leader;\n",
    also: [
      {
        file: "assembly/raft/role.ts",
        text: "    n.verified = 0;\n    dropIncoming(n);",
        instead: "    dropIncoming(n);",
      },
    ],
  },
  {
    name: "sent-counted-as-acknowledged",
    rule: "The match index is what a follower acknowledged, not what it was sent.",
    file: REPLICATION,
    text: "    peer.match = reply.match;",
    instead: "    peer.match = peer.next - 1;",
  },
  {
    name: "match-index-falls",
    rule: "A late acknowledgement does not lower the match index.",
    file: REPLICATION,
    text: "const advanced = reply.match > peer.match;",
    instead: "const advanced = reply.match != peer.match;",
  },
  {
    name: "sequence-of-a-returning-member-ignored",
    rule: "A member that the same leader removed and added again is taken up where it counts on.",
    file: REPLICATION,
    text: "  if (<i32>(reply.sequence - peer.sequenceSent) > 0) peer.sequenceSent = reply.sequence;\n",
    instead: "",
  },
  {
    name: "reply-of-an-earlier-term-counted",
    rule: "An acknowledgement counts only in the term in which it was given.",
    file: "assembly/raft/step.ts",
    text: "  if (header.term < n.term) return StatusCode.STALE;\n",
    instead: "",
  },
  {
    name: "leader-of-an-earlier-term-followed",
    rule: "What comes from the leader of an earlier term is not taken.",
    file: APPEND,
    text: "    return false;\n  }\n  if ((header.term != n.term) | (header.from != n.leader))",
    instead: "    return true;\n  }\n  if ((header.term != n.term) | (header.from != n.leader))",
  },
  {
    name: "dues-kept-over-terms",
    rule: "What was owed to a leader of an earlier term is not sent to the next one.",
    file: "assembly/raft/role.ts",
    text: "    clearDues(n);\n    setRole(n, Role.FOLLOWER);\n    setLeader(n, 0);",
    instead: "    setRole(n, Role.FOLLOWER);\n    setLeader(n, 0);",
  },
  {
    name: "probe-does-not-go-back",
    rule: "After a rejection the leader tries an earlier place.",
    file: REPLICATION,
    text: "becomeProbe(peer, (unknown ? hint : lastUpToTerm(n, hint, 0, reply.hintTerm)) + 1);",
    instead: "becomeProbe(peer, peer.next);",
  },
  {
    name: "late-rejection-believed",
    rule: "A rejection of what is no longer asked moves nothing.",
    file: REPLICATION,
    text: "  if (reply.rejected + u64(unknown) <= peer.match) return;\n",
    instead: "",
    also: [
      {
        file: REPLICATION,
        text: "  if ((peer.state == PeerState.PROBE) & (reply.rejected != peer.next - 1)) return;\n",
        instead: "",
      },
      {
        file: "assembly/raft/progress.ts",
        text: "peer.next = max(next, peer.match + 1);",
        instead: "peer.next = next;",
      },
    ],
  },
  {
    name: "hint-of-a-higher-term-believed",
    rule: "The place where logs may agree has no term above the follower's.",
    file: REPLICATION,
    text: "lastUpToTerm(n, hint, 0, reply.hintTerm)",
    instead: "hint",
    also: [
      {
        file: APPEND,
        text: "lastUpToTerm(n, min(n.last, append.prevIndex - 1), floor, append.prevTerm)",
        instead: "max(min(n.last, append.prevIndex), floor)",
      },
    ],
  },
  {
    name: "window-evicts-what-is-not-durable",
    rule: "An entry leaves the window only when storage has it durably.",
    file: APPEND,
    text: "pushEncoded(n, entry, size, n.durable)",
    instead: "pushEncoded(n, entry, size, n.last)",
  },
  {
    name: "window-evicts-what-is-not-applied",
    rule: "A leader's proposals do not push out what is not applied.",
    file: REPLICATION,
    text: "!push(n, n.term, EntryKind.NORMAL, payload, length, n.applied)",
    instead: "!push(n, n.term, EntryKind.NORMAL, payload, length, n.last)",
  },
  {
    name: "rest-before-all-is-known",
    rule: "A follower rests only when it holds, and has applied, all there is.",
    file: APPEND,
    text: "return complete & (n.readTold == n.readTicket);",
    instead: "return complete | true;",
  },
  {
    name: "leader-rests-before-all-agree",
    rule: "A leader rests only when every member holds all there is and was told so.",
    file: "assembly/raft/quiescence.ts",
    text: "if ((peer.match != n.last) | (peer.commitSent != n.last) | (peer.ackRound != n.round)) return false;",
    instead: "",
  },
  {
    name: "leader-rests-before-all-was-confirmed",
    rule: "A leader rests only when nothing came since the heartbeat that all have acknowledged.",
    file: "assembly/raft/quiescence.ts",
    text: "(n.roundLast != n.last) | ",
    instead: "",
  },
  {
    name: "quiet-follower-campaigns",
    rule: "A node that rests does not campaign.",
    file: "assembly/raft/election.ts",
    text: "if ((n.role == Role.LEADER) | (n.quiet != 0)) return;",
    instead: "if (n.role == Role.LEADER) return;",
  },
];
