/** Mutants of elections: votes, pre-votes, loyalty, and what a term means. */

import type { Mutant } from "./mutant.js";

const ELECTION = "assembly/raft/election.ts";
const ROLE = "assembly/raft/role.ts";

export const ELECTION_MUTANTS: readonly Mutant[] = [
  {
    name: "vote-twice-in-a-term",
    rule: "A node gives one vote a term.",
    file: ELECTION,
    text: "(n.vote == 0) & ",
    instead: "",
  },
  {
    name: "vote-for-any-log",
    rule: "A vote goes only to a log that is at least as up to date.",
    file: ELECTION,
    text: "return (lastTerm > n.lastTerm) | ((lastTerm == n.lastTerm) & (lastIndex >= n.last));",
    instead: "return true;",
  },
  {
    name: "up-to-date-by-index-alone",
    rule: "Of two logs the one with the higher last term is the more up to date, however short it is.",
    file: ELECTION,
    text: "(lastTerm > n.lastTerm) | ((lastTerm == n.lastTerm) & (lastIndex >= n.last))",
    instead: "lastIndex >= n.last",
  },
  {
    name: "up-to-date-by-term-alone",
    rule: "Of two logs with the same last term the longer one is the more up to date.",
    file: ELECTION,
    text: "((lastTerm == n.lastTerm) & (lastIndex >= n.last))",
    instead: "(lastTerm == n.lastTerm)",
  },
  {
    name: "vote-lost-in-restart",
    rule: "A restarted node knows for whom it voted in its term.",
    file: "assembly/raft/restore.ts",
    text: "  n.vote = vote;",
    instead: "  n.vote = 0;",
  },
  {
    name: "vote-kept-over-terms",
    rule: "A vote is for one term: in a new one nobody has been voted for.",
    file: ROLE,
    text: "    n.vote = 0;\n",
    instead: "",
  },
  {
    name: "vote-of-an-earlier-term-counted",
    rule: "A candidate counts only the votes of its own term.",
    file: ELECTION,
    text: "  if (header.term != (pre && granted ? n.term + 1 : n.term)) return StatusCode.STALE;\n",
    instead: "",
  },
  {
    name: "pre-vote-counted-as-vote",
    rule: "A pre-vote is not a vote.",
    file: ELECTION,
    text: "  if (n.role != (pre ? Role.PRE_CANDIDATE : Role.CANDIDATE)) return StatusCode.STALE;",
    instead: "  if ((n.role != Role.CANDIDATE) & (n.role != Role.PRE_CANDIDATE)) return StatusCode.STALE;",
    also: [
      {
        file: ELECTION,
        text: "(pre && granted ? n.term + 1 : n.term)",
        instead: "n.term + u64(n.role == Role.PRE_CANDIDATE)",
      },
    ],
  },
  {
    name: "denial-counted-as-vote",
    rule: "A vote that was denied does not count as one that was given.",
    file: ELECTION,
    text: "peer.vote = granted ? 1 : 2;",
    instead: "peer.vote = 1;",
  },
  {
    name: "no-pre-vote",
    rule: "A node that would not be elected does not raise the term (Pre-Vote).",
    file: ELECTION,
    text: "campaign(n, Role.PRE_CANDIDATE, 0)",
    instead: "campaign(n, Role.CANDIDATE, 0)",
  },
  {
    name: "pre-vote-of-the-loyal",
    rule: "Who hears from a leader gives no pre-vote.",
    file: ELECTION,
    text: "(header.term > n.term) & !loyal & upToDate)",
    instead: "(header.term > n.term) & upToDate)",
  },
  {
    name: "pre-vote-raises-the-term",
    rule: "The term that a pre-vote names is not taken over.",
    file: "assembly/raft/step.ts",
    text: "if ((header.flags & MessageFlag.PRE_VOTE) == 0) return true;",
    instead: "return true;",
  },
  {
    name: "no-loyalty",
    rule: "Who heard from a leader within an election timeout votes for nobody else.",
    file: ELECTION,
    text: "(n.now - n.lastHeard < <u64>planOf(n).electionTimeout)",
    instead: "false",
  },
  {
    name: "loyal-takes-the-term-over",
    rule: "A loyal node does not even take the term of another candidate over.",
    file: ELECTION,
    text: "    if (loyal) return StatusCode.OK;\n",
    instead: "",
  },
  {
    name: "disloyal-after-restart",
    rule: "A restarted node is loyal to the leader that it may have acknowledged before.",
    file: "assembly/raft/restore.ts",
    text: "  n.lastHeard = n.now;\n",
    instead: "",
  },
  {
    name: "disloyal-to-chunks-and-appends",
    rule: "Hearing from a leader makes loyal.",
    file: "assembly/raft/append.ts",
    text: "  n.lastHeard = n.now;\n",
    instead: "",
  },
  {
    name: "unreachable-counted-as-vote",
    rule: "A member that cannot be reached has given no vote.",
    file: "assembly/raft/replication.ts",
    text: "  stir(n);\n  if ((n.role != Role.LEADER) | (peer.state",
    instead:
      "  stir(n);\n  if ((n.role == Role.CANDIDATE) | (n.role == Role.PRE_CANDIDATE)) peer.vote = 1;\n" +
      "  if ((n.role != Role.LEADER) | (peer.state",
  },
  {
    name: "no-check-quorum",
    rule: "A leader that heard no quorum for an election timeout steps down.",
    file: "assembly/raft/replication.ts",
    text: "if (n.contactBase >= since || quorumActive(n, since)) {",
    instead: "if (n.contactBase >= since || true) {",
  },
  {
    name: "higher-term-ignored",
    rule: "A leader or candidate that hears of a higher term steps down.",
    file: "assembly/raft/step.ts",
    text: "if (header.term > n.term && isSendersTerm(header)) {",
    instead: "if (false) {",
  },
  {
    name: "no-first-entry-of-the-term",
    rule: "A new leader appends an empty entry of its term, so that it can commit at once.",
    file: ROLE,
    text: "if (!push(n, n.term, EntryKind.NOOP, 0, 0, n.durable)) {",
    instead: "if (n.last > 0 && n.members == 0 && !push(n, n.term, EntryKind.NOOP, 0, 0, n.durable)) {",
  },
];
