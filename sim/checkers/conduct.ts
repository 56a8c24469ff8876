/**
 * How nodes conduct themselves beyond what safety asks for: who disturbs whom, who leaves, what of a log and of an image is
 * kept. A core that breaks one of these rules may go on for long without a wrong answer, only with needless elections,
 * or with less on its disk than was agreed; so nothing but a rule of its own notices. As in invariants.ts, each is a class
 * that is told what happens and reports by throwing. Each judges a node by that node's own clock, term, log and
 * configuration alone: no delay, loss or restart elsewhere makes a correct node break it.
 */

import type { LogPath } from "../log-tree.js";
import type { Report } from "../violation.js";

/**
 * Pre-Vote (thesis 9.6): a timer alone does not make a node raise its term, as it first asks whether it would be elected.
 * A node that is all the voters there are has nobody to ask.
 */
export class PreVote {
  constructor(readonly report: Report) {}

  /**
   * A timer fired, and the node's term is higher than before.
   * @param sets the sets of voters of the configuration in force
   */
  raisesByTimer(node: number, term: number, sets: readonly (readonly number[])[]): void {
    const voters = sets.flat();
    if (voters.length > 0 && voters.every((voter) => voter === node)) return;
    this.report("pre-vote", `node ${node} raises its term to ${term} without asking whether it would be elected`);
  }
}

/**
 * Loyalty (thesis 4.2.3): who heard from a leader less than an election timeout ago, by its own clock, neither takes over
 * the term of who asks for its vote nor grants a pre-vote, unless the leader itself is handing over. Who has just
 * started may have heard from one before, which counts: a lease may rest on its answer.
 *
 * An answer may leave later than the request came, with other messages between: a pre-vote is judged by when the latest
 * request of the same candidate came, as it answers that one.
 */
export class Loyalty {
  /** By node: when it heard from a leader or started, by its clock, and its election timeout; both in ms. */
  readonly #heard: number[] = [];
  readonly #timeouts: number[] = [];
  /** By node, and by candidate: whether the node was loyal when the latest request for a pre-vote came. */
  readonly #refuses: boolean[][] = [];
  constructor(readonly report: Report) {}

  restarts(node: number, now: number, electionTimeout: number): void {
    this.#heard[node] = now;
    this.#timeouts[node] = electionTimeout;
    this.#refuses[node] = [];
  }

  /** The node takes an Append or a chunk of a snapshot from a leader. */
  hears(node: number, now: number): void {
    this.#heard[node] = now;
  }

  /** The node takes a request for a pre-vote; `handsOver` if it says that the leader wants it so. */
  asksForPreVote(node: number, candidate: number, now: number, handsOver: boolean): void {
    const refuses = this.#refuses[node];
    if (refuses !== undefined) refuses[candidate] = !handsOver && this.#isLoyal(node, now);
  }

  /** The node takes a request for its vote, which does not say that the leader wants it so, and comes to another term. */
  takesOver(node: number, candidate: number, now: number, term: number): void {
    if (!this.#isLoyal(node, now)) return;
    this.report("loyalty", `node ${node} has just heard from a leader, and takes over term ${term} of ${candidate}`);
  }

  /** A granted pre-vote leaves the node. */
  grantsPreVote(node: number, candidate: number): void {
    if (this.#refuses[node]?.[candidate] !== true) return;
    this.report("loyalty", `node ${node} had just heard from a leader, and grants ${candidate} a pre-vote`);
  }

  #isLoyal(node: number, now: number): boolean {
    return now - (this.#heard[node] as number) < (this.#timeouts[node] as number);
  }
}

/**
 * One leader's image (thesis 5): a chunk behind the first one comes in the node's term in which the first one came, as a
 * term has one leader, and the images of two leaders need not have the same bytes. Nothing of an image outlives a crash.
 */
export class ChunksOfOneLeader {
  constructor(readonly report: Report) {}

  /** The node, now in a term, continues the image that began in another one, or in the same. */
  continues(node: number, begun: number, term: number): void {
    if (term === begun) return;
    this.report("chunks", `node ${node} continues in term ${term} an image that began in term ${begun}`);
  }
}

/**
 * Compaction (thesis 5.1): it removes only what a durable snapshot covers, and of that not the newest entries, as many as
 * the plan keeps for followers that are a little behind; unless the snapshot has taken the place of the log, which then
 * has nothing to keep. Storage goes on with what is behind a snapshot's own index as if it continued the snapshot, so
 * that nothing else may be left there.
 */
export class Compaction {
  /** By node: index of the newest snapshot that took the place of its log in this life. */
  readonly #installed: number[] = [];
  constructor(readonly report: Report) {}

  /** What was installed in an earlier life is no reason any more: a start finds what was compacted, or compacts by itself. */
  restarts(node: number): void {
    this.#installed[node] = 0;
  }

  installs(node: number, index: number): void {
    this.#installed[node] = index;
  }

  /**
   * The node removes its entries up to the index.
   * @param snapshot the newest durable one: what it covers, and the last entry of that
   * @param log as handed to the disk
   * @param keep entries up to the snapshot's index that are kept
   */
  compacts(
    node: number,
    index: number,
    snapshot: { readonly index: number; readonly id: number } | null,
    log: LogPath,
    keep: number,
  ): void {
    const covered = snapshot?.index ?? 0;
    if (index > covered) this.report("compaction", `node ${node} compacts up to ${index} without a snapshot of it`);
    if (index > covered - keep && index !== this.#installed[node]) {
      const both = `up to ${index}, and is to keep ${keep} entries of the ${covered} in its snapshot`;
      this.report("compaction", `node ${node} compacts ${both}`);
    }
    if (index === covered && log.last > index && log.at(index) !== snapshot?.id) {
      this.report("compaction", `node ${node} keeps entries behind ${index} that do not continue its snapshot`);
    }
  }
}

/**
 * Removed leaders leave (thesis 4.2.2): a leader that is no voter leads until the configuration that says so is committed,
 * and no longer. It knows what is committed once an entry of its own term is. One whose configuration has a learner that is
 * to be promoted may lead that change first, as the entry may have to wait for room in the log.
 */
export class RemovedLeadersLeave {
  constructor(readonly report: Report) {}

  /**
   * The node leads, has let out all its effects, and knows its configuration, of the entry at `index`, to be committed.
   * @param sets the sets of voters of that configuration
   * @param promotes whether it has a learner that is to be promoted; asked only of a leader that is no voter
   */
  leads(node: number, index: number, sets: readonly (readonly number[])[], promotes: () => boolean): void {
    for (const set of sets) if (set.includes(node)) return;
    if (promotes()) return;
    this.report("removed leaders leave", `node ${node} still leads, and its removal at ${index} is committed`);
  }
}
