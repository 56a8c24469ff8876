/**
 * What must always be true of a cluster, whatever the network, the disks and the clocks do (paper figure 3, and the
 * durability contract). Each rule is a class that is told what happens, holds no more than it needs to judge the next
 * step, and reports by throwing. The rule of log matching is kept by the LogTree itself.
 */

import { EMPTY_LOG, LogPath, type LogTree } from "../log-tree.js";
import type { Report } from "../violation.js";
import { ChunksOfOneLeader, Compaction, Loyalty, PreVote, RemovedLeadersLeave } from "./conduct.js";

/** Election Safety: at most one node leads in a term, ever. */
export class ElectionSafety {
  readonly #leaders = new Map<number, number>();
  constructor(readonly report: Report) {}

  /** Who leads or led in the term; 0 if nobody did. */
  leaderOf(term: number): number {
    return this.#leaders.get(term) ?? 0;
  }

  /** The node leads in the term. True if that is news. */
  leads(node: number, term: number): boolean {
    const known = this.#leaders.get(term);
    if (known === node) return false;
    if (known !== undefined) this.report("election safety", `nodes ${known} and ${node} both lead in term ${term}`);
    this.#leaders.set(term, node);
    return true;
  }

  /** The node led in terms above this one, and a crash took them back before anybody saw them. */
  forget(node: number, above: number): void {
    for (const [term, leader] of this.#leaders) if (leader === node && term > above) this.#leaders.delete(term);
  }
}

/** Leader Append-Only: a leader never removes or overwrites an entry of its own log. */
export class LeaderAppendOnly {
  constructor(readonly report: Report) {}

  truncates(node: number, leads: boolean, from: number): void {
    if (leads) this.report("leader append-only", `node ${node} leads and truncates its log from ${from}`);
  }
}

/** The entries that are committed, and the lowest term in which a leader committed each. */
export class CommittedLog {
  readonly path = new LogPath();
  readonly #terms: number[] = [0];
  readonly #tree: LogTree;

  constructor(tree: LogTree) {
    this.#tree = tree;
  }

  get last(): number {
    return this.path.last;
  }
  /** The term whose leader committed the entry at an index; of several leaders that did, the first one's. */
  termAt(index: number): number {
    return this.#terms[index] ?? 0;
  }
  /** The log is committed up to `tip`, which continues what was. */
  extend(tip: number, term: number): void {
    const ids: number[] = [];
    for (let id = tip; this.#tree.index(id) > this.path.last; id = this.#tree.parent(id)) ids.push(id);
    for (let i = ids.length - 1; i >= 0; i--) {
      this.path.push(ids[i] as number);
      this.#terms.push(term);
    }
  }
  /** A leader of the term, too, committed what is committed up to `index`: perhaps one that a later one was quicker than. */
  confirm(index: number, term: number): void {
    for (let i = index; this.termAt(i) > term; i--) this.#terms[i] = term;
  }
}

/** Leader Completeness: what is committed in a term is in the logs of the leaders of all later terms. */
export class LeaderCompleteness {
  /** The end of each leader's log when it was elected. */
  #elected: { node: number; term: number; tip: number }[] = [];
  #highestTerm = 0;
  readonly #tree: LogTree;
  constructor(
    readonly report: Report,
    tree: LogTree,
    readonly committed: CommittedLog,
  ) {
    this.#tree = tree;
  }

  elected(node: number, term: number, tip: number): void {
    let index = this.committed.last;
    while (index > 0 && this.committed.termAt(index) >= term) index--;
    this.#expect(node, term, tip, this.committed.path.at(index));
    this.#elected.push({ node, term, tip });
    this.#highestTerm = Math.max(this.#highestTerm, term);
  }

  /** The node led in terms above this one, and a crash took them back before anybody saw them. */
  forget(node: number, above: number): void {
    this.#elected = this.#elected.filter((leader) => leader.node !== node || leader.term <= above);
  }

  /** The entry was committed in the term, perhaps after a leader of a later one was elected. */
  commits(term: number, id: number): void {
    if (term >= this.#highestTerm) return;
    for (const leader of this.#elected) {
      if (leader.term > term) this.#expect(leader.node, leader.term, leader.tip, id);
    }
  }

  #expect(node: number, term: number, tip: number, id: number): void {
    if (id === EMPTY_LOG || this.#tree.isIn(id, tip)) return;
    const entry = this.#tree.describe(id);
    this.report("leader completeness", `node ${node}, leader of term ${term}, lacks the committed entry ${entry}`);
  }
}

/**
 * State Machine Safety: what any node holds as committed, or applies, is what is committed, and it stays in the logs. A node
 * may remove what is committed only while it is in an earlier term: it follows a leader of that term, elected before the
 * commit, and its copy was not counted.
 */
export class StateMachineSafety {
  constructor(
    readonly report: Report,
    readonly tree: LogTree,
    readonly committed: CommittedLog,
  ) {}

  /** The node holds `index` as committed, and `id` stands there in its log. */
  holdsCommitted(node: number, index: number, id: number): void {
    if (index > this.committed.last) {
      this.report("state machine safety", `node ${node} holds ${index} as committed, which no leader committed`);
    }
    const committed = this.committed.path.at(index);
    if (id !== committed) {
      const both = `${this.tree.describe(id)} as committed, and ${this.tree.describe(committed)} is`;
      this.report("state machine safety", `node ${node} holds ${both}`);
    }
  }

  /** The node, which was in the term already, removes the entries of its log from `from` on, which begin with `id`. */
  truncates(node: number, term: number, from: number, id: number): void {
    const { committed } = this;
    if (id === EMPTY_LOG || from > committed.last || committed.path.at(from) !== id) return;
    const since = committed.termAt(from);
    if (since > term) return;
    const entry = `${this.tree.describe(id)}, committed in term ${since}`;
    this.report("state machine safety", `node ${node} removes ${entry}, and is in term ${term}`);
  }
}

/** Entries are applied in order, once since the restart, without a gap, as they stand in the log, and only once durable. */
export class ApplyOrder {
  readonly #applied: number[] = [];
  constructor(
    readonly report: Report,
    readonly tree: LogTree,
    /** The kind of the entries that are applied. */
    readonly appliedKind: number,
  ) {}

  restarts(node: number, applied: number): void {
    this.#applied[node] = applied;
  }

  applies(node: number, index: number, term: number, log: LogPath, durable: number): void {
    const before = this.#applied[node] ?? 0;
    if (index <= before) this.report("apply order", `node ${node} applies ${index} after ${before}`);
    for (let skipped = before + 1; skipped < index; skipped++) {
      if (this.tree.kind(log.at(skipped)) !== this.appliedKind) continue;
      this.report("apply order", `node ${node} applies ${index} and has left out ${skipped}`);
    }
    const id = log.at(index);
    if (this.tree.term(id) !== term || this.tree.kind(id) !== this.appliedKind) {
      this.report("apply order", `node ${node} applies ${index}/${term}, and its log has ${this.tree.describe(id)}`);
    }
    if (index > durable) {
      this.report("apply order", `node ${node} applies ${index}, and its own log is durable up to ${durable}`);
    }
    this.#applied[node] = index;
  }
}

/** What a node counts in only rises: the term always, the commit index and the applied index between two restarts. */
export class Monotonic {
  readonly #terms: number[] = [];
  readonly #commits: number[] = [];
  readonly #applied: number[] = [];
  constructor(readonly report: Report) {}

  /** The node starts with the term that its disk holds. */
  restarts(node: number, term: number): void {
    this.#terms[node] = term;
    this.#commits[node] = 0;
    this.#applied[node] = 0;
  }

  observes(node: number, term: number, commit: number, applied: number): void {
    if (term < (this.#terms[node] as number)) this.#falls(node, "term", this.#terms[node] as number, term);
    if (commit < (this.#commits[node] as number)) this.#falls(node, "commit", this.#commits[node] as number, commit);
    if (applied < (this.#applied[node] as number)) this.#falls(node, "applied", this.#applied[node] as number, applied);
    this.#terms[node] = term;
    this.#commits[node] = commit;
    this.#applied[node] = applied;
  }

  #falls(node: number, what: string, before: number, now: number): never {
    return this.report("monotonic", `node ${node}'s ${what} falls from ${before} to ${now}`);
  }
}

/** What a node's disk holds for certain. */
export interface Durable {
  readonly term: number;
  readonly durable: LogPath;
}

/**
 * Quorum: what a leader commits is durable on a majority of each set of its configuration at that moment, and so is its
 * term: a copy of a node that has not come to the leader's term does not count, as an earlier leader may have it removed.
 */
export class CommitQuorum {
  constructor(
    readonly report: Report,
    readonly tree: LogTree,
  ) {}

  /**
   * @param sets the sets of voters of the configuration in the leader's log
   * @param term the leader's
   * @param disks what each node's holds, by id
   * @param before those of the configuration before, if the newest may have been appended after the commit
   */
  commits(
    node: number,
    id: number,
    term: number,
    sets: readonly (readonly number[])[],
    disks: readonly (Durable | undefined)[],
    before?: readonly (readonly number[])[],
  ): void {
    const lacking = this.#lacking(id, term, sets, disks);
    if (lacking === undefined || (before !== undefined && this.#lacking(id, term, before, disks) === undefined)) return;
    const entry = this.tree.describe(id);
    this.report(
      "commit quorum",
      `node ${node} commits ${entry}, durable on no majority of the voters ${lacking.join(" ")}`,
    );
  }

  /** A set of which no majority holds the entry durably; undefined if there is none. */
  #lacking(
    id: number,
    term: number,
    sets: readonly (readonly number[])[],
    disks: readonly (Durable | undefined)[],
  ): readonly number[] | undefined {
    const index = this.tree.index(id);
    const holds = (disk: Durable | undefined) =>
      disk !== undefined && disk.term >= term && disk.durable.at(index) === id;
    return sets.find((set) => {
      let holders = 0;
      for (const member of set) if (holds(disks[member])) holders++;
      return holders * 2 <= set.length && set.length > 0;
    });
  }
}

/** Votes: a node never gives its vote to two candidates in a term, not across a crash either. */
export class OneVoteATerm {
  readonly #terms: number[] = [];
  readonly #votes: number[] = [];
  constructor(readonly report: Report) {}

  /** A granted vote, or the node's own request for votes, leaves the node. */
  gives(node: number, term: number, candidate: number): void {
    const lastTerm = this.#terms[node] ?? 0;
    const last = this.#votes[node] ?? 0;
    if (term < lastTerm) this.report("one vote a term", `node ${node} votes in term ${term} after term ${lastTerm}`);
    if (term === lastTerm && candidate !== last) {
      this.report("one vote a term", `node ${node} votes for ${last} and for ${candidate} in term ${term}`);
    }
    this.#terms[node] = term;
    this.#votes[node] = candidate;
  }

  /** The node hands a hard state to its disk, in place of another. */
  saves(node: number, term: number, vote: number, termBefore: number, voteBefore: number): void {
    if (term < termBefore || (term === termBefore && voteBefore !== 0 && vote !== voteBefore)) {
      const change = `(${termBefore}, ${voteBefore}) with (${term}, ${vote})`;
      this.report("one vote a term", `node ${node} replaces the hard state ${change}`);
    }
  }
}

/** Barriers: no message leaves before the term, the vote and the entries that it speaks of are durable on its sender. */
export class DurableBeforeSent {
  constructor(readonly report: Report) {}

  /** A message that shows its sender's term leaves. */
  showsTerm(node: number, term: number, durableTerm: number): void {
    if (term > durableTerm) {
      this.report("durable before sent", `node ${node} shows term ${term}, and term ${durableTerm} is durable`);
    }
  }

  /** A granted vote, or the node's own request for votes, leaves. */
  showsVote(node: number, term: number, vote: number, durableTerm: number, durableVote: number): void {
    if (term !== durableTerm || vote !== durableVote) {
      const both = `vote (${term}, ${vote}), and (${durableTerm}, ${durableVote}) is durable`;
      this.report("durable before sent", `node ${node} shows the ${both}`);
    }
  }

  /** An acknowledgement of all entries up to `match` leaves. */
  acknowledges(node: number, match: number, durable: number): void {
    if (match > durable) {
      this.report("durable before sent", `node ${node} acknowledges ${match}, and ${durable} is durable`);
    }
  }
}

/** Acknowledged logs agree: what a node acknowledges to a leader is the leader's own log. */
export class AcknowledgedMatches {
  constructor(
    readonly report: Report,
    readonly tree: LogTree,
  ) {}

  acknowledges(node: number, match: number, id: number, leader: number, leadersId: number): void {
    if (id === leadersId) return;
    const both = `${this.tree.describe(id)}, and the leader's log has ${this.tree.describe(leadersId)}`;
    this.report("acknowledged matches", `node ${node} acknowledges ${match} to ${leader} as ${both}`);
  }
}

/** Snapshots: at one index all state machines have the same state, and the configuration that goes with it is the log's. */
export class SnapshotsAgree {
  readonly #images = new Map<number, Uint8Array>();
  constructor(readonly report: Report) {}

  /** A node saves, or installs, an image as of the index. */
  takes(node: number, index: number, image: Uint8Array): void {
    const known = this.#images.get(index);
    if (known === undefined) this.#images.set(index, image);
    else if (Buffer.compare(known, image) !== 0) {
      this.report("snapshots agree", `node ${node} has another state as of ${index} than an earlier snapshot`);
    }
  }
}

/** Reads: an answered read sees all that was committed when it was asked for, and each is answered or refused once. */
export class LinearizableReads {
  constructor(readonly report: Report) {}

  answers(node: number, committed: number, index: number): void {
    if (index < committed) {
      this.report("linearizable reads", `node ${node} answers a read as of ${index}, and ${committed} was committed`);
    }
  }
}

/** Steps of a flush, in the order of the durability contract. */
export const FlushStep = {
  HARD_STATE: 1,
  TRUNCATE: 2,
  COMPACT: 3,
  APPEND: 4,
  CHUNK: 5,
  SEND: 6,
  TIMER: 7,
  APPLY: 8,
  READ: 9,
  EVENT: 10,
} as const;

/** Flush order: effects leave in the order of the durability contract, and after a failed one only events do. */
export class FlushOrder {
  #step = 0;
  #failed = false;
  constructor(readonly report: Report) {}

  begins(): void {
    this.#step = 0;
    this.#failed = false;
  }
  takes(node: number, step: number): void {
    if (step < this.#step) this.report("flush order", `node ${node} lets out step ${step} after step ${this.#step}`);
    if (this.#failed && step !== FlushStep.EVENT) {
      this.report("flush order", `node ${node} lets out step ${step} after a failed effect`);
    }
    this.#step = step;
  }
  fails(): void {
    this.#failed = true;
  }
}

/** The core's own invariants (assembly/raft/invariants.ts) hold. */
export class CoreInvariants {
  constructor(readonly report: Report) {}

  holds(node: number, broken: number): void {
    if (broken !== 0) this.report("core invariants", `node ${node} breaks rule ${broken} of the core's invariants`);
  }
}

/** All rules over one world. */
export class Rules {
  readonly election: ElectionSafety;
  readonly appendOnly: LeaderAppendOnly;
  readonly committed: CommittedLog;
  readonly completeness: LeaderCompleteness;
  readonly machine: StateMachineSafety;
  readonly applies: ApplyOrder;
  readonly monotonic: Monotonic;
  readonly quorum: CommitQuorum;
  readonly votes: OneVoteATerm;
  readonly barrier: DurableBeforeSent;
  readonly acknowledged: AcknowledgedMatches;
  readonly snapshots: SnapshotsAgree;
  readonly reads: LinearizableReads;
  readonly order: FlushOrder;
  readonly core: CoreInvariants;
  readonly preVote: PreVote;
  readonly loyalty: Loyalty;
  readonly chunks: ChunksOfOneLeader;
  readonly compaction: Compaction;
  readonly removal: RemovedLeadersLeave;

  constructor(report: Report, tree: LogTree, appliedKind: number) {
    this.election = new ElectionSafety(report);
    this.appendOnly = new LeaderAppendOnly(report);
    this.committed = new CommittedLog(tree);
    this.completeness = new LeaderCompleteness(report, tree, this.committed);
    this.machine = new StateMachineSafety(report, tree, this.committed);
    this.applies = new ApplyOrder(report, tree, appliedKind);
    this.monotonic = new Monotonic(report);
    this.quorum = new CommitQuorum(report, tree);
    this.votes = new OneVoteATerm(report);
    this.barrier = new DurableBeforeSent(report);
    this.acknowledged = new AcknowledgedMatches(report, tree);
    this.snapshots = new SnapshotsAgree(report);
    this.reads = new LinearizableReads(report);
    this.order = new FlushOrder(report);
    this.core = new CoreInvariants(report);
    this.preVote = new PreVote(report);
    this.loyalty = new Loyalty(report);
    this.chunks = new ChunksOfOneLeader(report);
    this.compaction = new Compaction(report);
    this.removal = new RemovedLeadersLeave(report);
  }
}
