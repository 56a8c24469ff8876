/** The checkers are checked: each rule gets a history that breaks it and has to fire, and one that keeps it. */

import { describe, expect, it } from "vitest";
import { EntryKind } from "../../host/core/abi.js";
import {
  AcknowledgedMatches,
  ApplyOrder,
  CommitQuorum,
  CommittedLog,
  CoreInvariants,
  DurableBeforeSent,
  ElectionSafety,
  FlushOrder,
  FlushStep,
  LeaderAppendOnly,
  LeaderCompleteness,
  Monotonic,
  OneVoteATerm,
  StateMachineSafety,
} from "../../sim/checkers/invariants.js";
import { EMPTY_LOG, LogPath, LogTree } from "../../sim/log-tree.js";
import { type EntrySpec, encodeEntries } from "../../sim/messages.js";
import { InvariantViolation, type Report } from "../../sim/violation.js";

const report: Report = (rule, detail) => {
  throw new InvariantViolation(rule, detail, { seed: null, step: 0, actions: [] });
};

function broken(rule: string): RegExp {
  return new RegExp(`^${rule}: `);
}

/** A tree, and what adds a log to it and answers its path. */
function tree() {
  const made = new LogTree(report);
  const add = (entries: readonly EntrySpec[], parent = EMPTY_LOG): LogPath => {
    const path = new LogPath();
    const bytes = encodeEntries(entries);
    const memory = { bytes, words: new Int32Array(bytes.buffer) };
    let id = parent;
    for (let offset = 0; offset < bytes.length; offset += made.bytesOf(id)) {
      id = made.add(id, memory, offset);
      path.push(id);
    }
    return path;
  };
  const terms = (...list: readonly number[]) => add(list.map((term) => ({ term })));
  return { made, add, terms };
}

describe("the rules", () => {
  it("election safety", () => {
    const rule = new ElectionSafety(report);
    expect(rule.leads(1, 1)).toBe(true);
    expect(rule.leads(1, 1)).toBe(false);
    rule.leads(2, 2);
    expect(() => rule.leads(2, 1)).toThrow(broken("election safety"));
  });

  it("leader append-only", () => {
    const rule = new LeaderAppendOnly(report);
    rule.truncates(1, false, 4);
    expect(() => rule.truncates(1, true, 4)).toThrow(broken("leader append-only"));
  });

  it("log matching: one place, two contents", () => {
    const { add } = tree();
    add([{ term: 1, payload: "x" }]);
    add([{ term: 1, payload: "x" }, { term: 1 }]);
    expect(() => add([{ term: 1, payload: "y" }])).toThrow(broken("log matching"));
    expect(() => add([{ term: 1, payload: "xx" }])).toThrow(broken("log matching"));
  });

  it("log matching: one place, two histories", () => {
    const { terms } = tree();
    terms(1, 2, 4);
    expect(() => terms(1, 3, 4)).toThrow(broken("log matching"));
  });

  it("leader completeness, seen at the election and at a late commit", () => {
    const { made, terms } = tree();
    const committed = new CommittedLog(made);
    const rule = new LeaderCompleteness(report, made, committed);
    const log = terms(1, 1, 2);
    committed.extend(log.at(2), 1);
    rule.elected(2, 2, log.at(2));
    expect(() => rule.elected(3, 3, log.at(1))).toThrow(broken("leader completeness"));
    // The leader of term 2 does not have to hold what a later leader commits.
    committed.extend(log.at(3), 3);
    rule.elected(4, 2, log.at(2));
    rule.commits(3, log.at(3));
    expect(() => rule.commits(1, log.at(3))).toThrow(broken("leader completeness"));
  });

  it("state machine safety", () => {
    const { made, terms } = tree();
    const committed = new CommittedLog(made);
    const rule = new StateMachineSafety(report, made, committed);
    const log = terms(1, 2);
    const other = terms(1, 3);
    committed.extend(log.at(2), 2);
    rule.holdsCommitted(1, 2, log.at(2));
    expect(() => rule.holdsCommitted(1, 3, log.at(2))).toThrow(broken("state machine safety"));
    expect(() => rule.holdsCommitted(2, 2, other.at(2))).toThrow(broken("state machine safety"));
    rule.truncates(2, 2, 2, other.at(2));
    expect(() => rule.truncates(1, 2, 2, log.at(2))).toThrow(broken("state machine safety"));
  });

  it("state machine safety: a node of an earlier term may lose what its own copy did not count for", () => {
    const { made, terms } = tree();
    const committed = new CommittedLog(made);
    const rule = new StateMachineSafety(report, made, committed);
    const log = terms(1, 1, 3);
    committed.extend(log.at(3), 3);
    rule.truncates(1, 2, 2, log.at(2));
    // A leader of term 2 turns out to have committed it as well.
    committed.confirm(2, 2);
    expect(() => rule.truncates(1, 2, 2, log.at(2))).toThrow(broken("state machine safety"));
    rule.truncates(1, 2, 3, log.at(3));
    expect(() => rule.truncates(1, 3, 3, log.at(3))).toThrow(broken("state machine safety"));
  });

  it("apply order: in order, once, without a gap, as the log has it, and durable", () => {
    const { made, add } = tree();
    const normal = { term: 1, payload: "x" };
    const log = add([{ term: 1, kind: EntryKind.NOOP }, normal, normal, { term: 1, kind: EntryKind.NOOP }, normal]);
    const rule = new ApplyOrder(report, made, EntryKind.NORMAL);
    const start = () => {
      rule.restarts(1, 0);
      rule.applies(1, 2, 1, log, 5);
    };
    start();
    rule.applies(1, 3, 1, log, 5);
    rule.applies(1, 5, 1, log, 5);
    start();
    expect(() => rule.applies(1, 2, 1, log, 5)).toThrow(broken("apply order"));
    start();
    expect(() => rule.applies(1, 5, 1, log, 5)).toThrow(broken("apply order"));
    start();
    expect(() => rule.applies(1, 3, 2, log, 5)).toThrow(broken("apply order"));
    start();
    expect(() => rule.applies(1, 3, 1, log, 2)).toThrow(broken("apply order"));
  });

  it.each([
    ["term", [1, 9, 9]],
    ["commit", [5, 1, 9]],
    ["applied", [5, 9, 1]],
  ] as const)("monotonic: the %s", (_, [term, commit, applied]) => {
    const rule = new Monotonic(report);
    rule.restarts(1, 5);
    rule.observes(1, 5, 2, 2);
    expect(() => rule.observes(1, term, commit, applied)).toThrow(broken("monotonic"));
  });

  it("commit quorum: of each set of the configuration", () => {
    const { made, terms } = tree();
    const log = terms(1, 1);
    const shorter = terms(1);
    const other = terms(1, 2);
    const rule = new CommitQuorum(report, made);
    const on = (durable: LogPath, term = 2) => ({ term, durable });
    const disks = [undefined, on(log), on(log), on(shorter), on(other), on(log, 1)];
    const broke = (sets: number[][]) => () => rule.commits(1, log.at(2), 2, sets, disks);
    rule.commits(1, log.at(2), 2, [[1, 2, 3], []], disks);
    expect(broke([[1, 3, 4], []])).toThrow(broken("commit quorum"));
    const joint = [
      [1, 2],
      [2, 3, 4],
    ];
    expect(broke(joint)).toThrow(broken("commit quorum"));
    expect(broke([[1, 3]])).toThrow(broken("commit quorum"));
    // Node 5 holds the entry and has not come to the leader's term.
    expect(broke([[1, 3, 5]])).toThrow(broken("commit quorum"));
  });

  it("one vote a term", () => {
    const rule = new OneVoteATerm(report);
    rule.gives(1, 3, 2);
    rule.gives(1, 3, 2);
    expect(() => rule.gives(1, 3, 1)).toThrow(broken("one vote a term"));
    expect(() => rule.gives(1, 2, 2)).toThrow(broken("one vote a term"));
    rule.saves(1, 4, 0, 3, 2);
    rule.saves(1, 4, 2, 4, 0);
    expect(() => rule.saves(1, 4, 1, 4, 2)).toThrow(broken("one vote a term"));
    expect(() => rule.saves(1, 3, 2, 4, 0)).toThrow(broken("one vote a term"));
  });

  it("durable before sent", () => {
    const rule = new DurableBeforeSent(report);
    rule.showsTerm(1, 3, 3);
    expect(() => rule.showsTerm(1, 3, 2)).toThrow(broken("durable before sent"));
    rule.showsVote(1, 3, 2, 3, 2);
    expect(() => rule.showsVote(1, 3, 2, 3, 0)).toThrow(broken("durable before sent"));
    expect(() => rule.showsVote(1, 3, 2, 2, 2)).toThrow(broken("durable before sent"));
    rule.acknowledges(1, 4, 4);
    expect(() => rule.acknowledges(1, 5, 4)).toThrow(broken("durable before sent"));
  });

  it("acknowledged matches", () => {
    const { made, terms } = tree();
    const rule = new AcknowledgedMatches(report, made);
    const log = terms(1, 1);
    rule.acknowledges(2, 2, log.at(2), 1, log.at(2));
    expect(() => rule.acknowledges(2, 2, terms(1, 2).at(2), 1, log.at(2))).toThrow(broken("acknowledged matches"));
  });

  it("flush order", () => {
    const rule = new FlushOrder(report);
    rule.begins();
    rule.takes(1, FlushStep.HARD_STATE);
    rule.takes(1, FlushStep.SEND);
    expect(() => rule.takes(1, FlushStep.APPEND)).toThrow(broken("flush order"));
    rule.begins();
    rule.takes(1, FlushStep.APPEND);
    rule.fails();
    rule.takes(1, FlushStep.EVENT);
    expect(() => rule.takes(1, FlushStep.SEND)).toThrow(broken("flush order"));
  });

  it("core invariants", () => {
    const rule = new CoreInvariants(report);
    rule.holds(1, 0);
    expect(() => rule.holds(1, 7)).toThrow(broken("core invariants"));
  });
});
