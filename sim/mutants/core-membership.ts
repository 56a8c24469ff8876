/** Mutants of membership: joint quorums, changes, learners, witnesses, and handing over. */

import type { Mutant } from "./mutant.js";

const CHANGE = "assembly/raft/change.ts";
const MEMBERSHIP = "assembly/raft/membership.ts";
const OUTBOX = "assembly/raft/outbox.ts";
const QUORUM = "assembly/raft/quorum.ts";
const TRANSFER = "assembly/raft/transfer.ts";

/** Where both majorities are asked for. */
const BOTH = "(outgoing > 0) | ";

export const MEMBERSHIP_MUTANTS: readonly Mutant[] = [
  {
    name: "joint-commit-by-the-incoming-side",
    rule: "In a joint configuration both majorities commit.",
    file: QUORUM,
    text: BOTH,
    instead: "(outgoing > 0) | (question == Question.HOLDS) | ",
  },
  {
    name: "joint-election-by-the-incoming-side",
    rule: "In a joint configuration both majorities elect.",
    file: QUORUM,
    text: BOTH,
    instead: "(outgoing > 0) | (question == Question.GRANTED) | ",
  },
  {
    name: "joint-office-by-the-incoming-side",
    rule: "In a joint configuration both majorities keep a leader in office.",
    file: QUORUM,
    text: BOTH,
    instead: "(outgoing > 0) | (question == Question.IN_CONTACT) | ",
  },
  {
    name: "joint-read-by-the-incoming-side",
    rule: "In a joint configuration both majorities confirm a read.",
    file: QUORUM,
    text: BOTH,
    instead: "(outgoing > 0) | (question == Question.CONFIRMED) | ",
  },
  {
    name: "joint-by-the-outgoing-side",
    rule: "In a joint configuration the incoming majority has to agree, too.",
    file: QUORUM,
    text: "return (incoming > 0) & ((outgoing > 0) | ((seen & MemberRole.OUTGOING) == 0));",
    instead: "return (seen & MemberRole.OUTGOING) != 0 ? outgoing > 0 : incoming > 0;",
  },
  {
    name: "learner-counted",
    rule: "A learner is counted in no majority.",
    file: QUORUM,
    text: "if ((peer.roles & MemberRole.VOTER) != 0) incoming += balance;",
    instead: "if ((peer.roles & (MemberRole.VOTER | MemberRole.LEARNER)) != 0) incoming += balance;",
  },
  {
    name: "learner-campaigns",
    rule: "A learner does not campaign.",
    file: MEMBERSHIP,
    text: "export function mayLead(n: Node): bool {\n",
    instead: "export function mayLead(n: Node): bool {\n  if ((ownRoles(n) & MemberRole.LEARNER) != 0) return true;\n",
  },
  {
    name: "learner-denies-its-vote",
    rule: "A node votes whatever it takes itself for: it may be a voter and not know it yet.",
    file: "assembly/raft/election.ts",
    text: "(n.vote == 0) & ",
    instead: "(n.vote == 0) & mayLead(n) & ",
  },
  {
    name: "removed-leader-counts-itself",
    rule: "A leader that is no voter any more is not counted.",
    file: QUORUM,
    text: "let incoming: i32 = 0;",
    instead: "let incoming: i32 = n.configurationFlags == 0 ? <i32>n.unsettled : 0;",
  },
  {
    name: "removed-leader-stays",
    rule: "A leader that is no voter any more steps down once that is committed.",
    file: CHANGE,
    text: "== 0) retire(n);",
    instead: "== 0) return;",
  },
  {
    name: "former-voter-does-not-campaign",
    rule: "A voter that a configuration takes out campaigns until that is committed: it may hold the longest log.",
    file: MEMBERSHIP,
    text: " || (n.formerVoter != 0 && n.configurationIndex > n.commit)",
    instead: "",
  },
  {
    name: "former-voter-campaigns-for-ever",
    rule: "A voter that was taken out does not campaign any more once that is committed.",
    file: MEMBERSHIP,
    text: " && n.configurationIndex > n.commit",
    instead: "",
  },
  {
    name: "removed-leader-leaves-at-once",
    rule: "A leader that is to be removed leads until that is committed.",
    file: CHANGE,
    text: "  activateLast(n);\n  markAppends(n);",
    instead: "  activateLast(n);\n  markAppends(n);\n  if (findPeer(n, planOf(n).id) === null) retire(n);",
  },
  {
    name: "configuration-in-force-when-applied",
    rule: "A configuration is in force from its append on.",
    file: CHANGE,
    text: "  activateLast(n);\n",
    instead: "",
    also: [
      { file: CHANGE, text: 'import { activateLast } from "./membership";\n', instead: "" },
      {
        file: "assembly/raft/append.ts",
        text: "  if (entry.kind == EntryKind.CONFIGURATION) activateLast(n);\n",
        instead: "",
      },
      { file: "assembly/raft/append.ts", text: "activateLast, ", instead: "" },
      {
        file: "assembly/raft/flush.ts",
        text: 'import { wake } from "./quiescence";',
        instead: 'import { activate } from "./membership";\nimport { wake } from "./quiescence";',
      },
      {
        file: "assembly/raft/flush.ts",
        text: "  n.applied = index;\n",
        instead:
          "  n.applied = index;\n" +
          "  if ((entry.kind == EntryKind.CONFIGURATION) & (index >= n.first)) activate(n, payloadOf(entry), index);\n",
      },
    ],
  },
  {
    name: "configuration-in-force-on-the-leader-alone",
    rule: "A configuration is in force on each node that has it in its log.",
    file: "assembly/raft/append.ts",
    text: "if (entry.kind == EntryKind.CONFIGURATION) activateLast(n);",
    instead: "",
  },
  {
    name: "truncated-configuration-stays-in-force",
    rule: "When a configuration is truncated, the one before it is in force again.",
    file: "assembly/raft/append.ts",
    text: "  rollBack(n, from);\n",
    instead: "",
  },
  {
    name: "roll-back-to-the-first-configuration",
    rule: "When a configuration is truncated, the newest one before it is in force again.",
    file: MEMBERSHIP,
    text: "if (entry.kind != EntryKind.CONFIGURATION) continue;",
    instead: "if (entry.term != 0) continue;",
  },
  {
    name: "change-before-an-own-commit",
    rule: "No change of membership before an entry of the leader's own term is committed (the bug of 2015).",
    file: CHANGE,
    text: "if (!isReady(n)) return StatusCode.NOT_READY;",
    instead: "",
  },
  {
    name: "change-by-itself-before-an-own-commit",
    rule: "Nor does a new leader leave a joint configuration, or promote a learner, before that.",
    file: CHANGE,
    text: "if (!isReady(n) | (n.configurationIndex > n.commit)) return;",
    instead: "if (n.configurationIndex > n.commit) return;",
  },
  {
    name: "change-while-one-is-pending",
    rule: "One change of membership at a time.",
    file: CHANGE,
    text: "if (n.configurationIndex > n.commit) return StatusCode.CHANGE_PENDING;",
    instead: "",
  },
  {
    name: "joint-left-before-it-is-committed",
    rule: "A joint configuration is left only when it is committed.",
    file: CHANGE,
    text: "if (!isReady(n) | (n.configurationIndex > n.commit)) return;",
    instead: "if (!isReady(n)) return;",
  },
  {
    name: "two-voters-at-once",
    rule: "Without a joint configuration one voter is changed at a time.",
    file: CHANGE,
    text: "differing > u32(!(enters | leaves))",
    instead: "differing > 2",
  },
  {
    name: "new-voter-without-catch-up",
    rule: "A new voter has caught up before it counts.",
    file: CHANGE,
    text: "if (!votes && (peer === null || !hasCaughtUp(n, peer))) return StatusCode.NOT_CAUGHT_UP;",
    instead: "",
  },
  {
    name: "promotion-without-catch-up",
    rule: "A learner is promoted when it has caught up, and not before.",
    file: CHANGE,
    text: "return peer.match >= n.roundLast;",
    instead: "return peer.match + 1 > 0;",
  },
  {
    name: "no-voter-left",
    rule: "A configuration has a voter that can lead.",
    file: CHANGE,
    text: "if (leaders == 0) return StatusCode.NO_VOTER;",
    instead: "",
  },
  {
    name: "witness-becomes-full",
    rule: "A witness, whose log has no payloads, does not become a full member.",
    file: CHANGE,
    text: "((before ^ roles) & MemberRole.WITNESS) != 0",
    instead: "false",
  },
  {
    name: "witness-leads",
    rule: "A witness does not campaign: it has no payloads to send.",
    file: MEMBERSHIP,
    text: "export function mayLead(n: Node): bool {\n",
    instead: "export function mayLead(n: Node): bool {\n  if ((ownRoles(n) & MemberRole.WITNESS) != 0) return true;\n",
  },
  {
    name: "witness-ahead-of-full-members",
    rule: "A witness holds nothing that is not committed while full members are a quorum without it.",
    file: OUTBOX,
    text: "  if (fullQuorumActive(n)) return n.commit;\n",
    instead: "",
  },
  {
    name: "witness-gets-what-the-leader-may-lose",
    rule: "A witness gets nothing that is not durable on its leader, which alone has the payload.",
    file: OUTBOX,
    text: "held = max(held, durableOn(n, peer));",
    instead: "held = max(held, peer.id == planOf(n).id ? n.last : peer.match);",
  },
  {
    name: "witness-gets-what-no-voter-holds",
    rule: "A witness gets only what some full voter holds: a leader on its way out is none.",
    file: OUTBOX,
    text: "  let held: u64 = 0;\n",
    instead: "  let held: u64 = n.durable;\n",
  },
  {
    name: "witness-gets-payloads",
    rule: "A witness is sent no payloads.",
    file: OUTBOX,
    text: "if (entry.kind == EntryKind.NORMAL) {",
    instead: "if (entry.kind == EntryKind.HOLLOW) {",
  },
  {
    name: "hollow-entries-applied",
    rule: "An entry without its payload is not applied.",
    file: "assembly/raft/flush.ts",
    text: "if (entry.kind == EntryKind.NORMAL) {",
    instead: "if ((entry.kind == EntryKind.NORMAL) | (entry.kind == EntryKind.HOLLOW)) {",
  },
  {
    name: "transfer-without-catch-up",
    rule: "Only a member that holds the whole log is asked to take over.",
    file: TRANSFER,
    text: "  if (peer.match != n.last) return;\n",
    instead: "",
  },
  {
    name: "proposals-during-transfer",
    rule: "A leader that hands over takes no proposals.",
    file: "assembly/raft/replication.ts",
    text: "if (n.transferTarget != 0) return StatusCode.TRANSFERRING;",
    instead: "",
  },
  {
    name: "transfer-never-given-up",
    rule: "A transfer that came to nothing within an election timeout is given up.",
    file: TRANSFER,
    text: "if (n.now >= n.transferDeadline) {",
    instead: "if (false) {",
  },
  {
    name: "anybody-may-ask-to-campaign",
    rule: "Only its leader can ask a node to campaign at once.",
    file: TRANSFER,
    text: "(header.from != n.leader) | (n.role != Role.FOLLOWER) || ",
    instead: "(n.role == Role.LEADER) || ",
  },
];
