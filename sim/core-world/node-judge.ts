/**
 * Judges what a node has become, after each input and each flush: whether it may lead if it does, whether it may commit what
 * it commits, whether what it has applied is committed.
 */

import { MemberRole, Role } from "../../host/core/abi.js";
import type { Rules } from "../checkers/invariants.js";
import type { LogTree } from "../log-tree.js";
import { membersOf, voterSets } from "../messages.js";
import { judgeMemory } from "./bounded-memory.js";
import type { Disk } from "./disk.js";
import type { OperationCounts } from "./operation-counts.js";
import type { SimNode } from "./sim-node.js";
import type { Surroundings } from "./surroundings.js";

export class NodeJudge {
  /** Elections won. */
  elections = 0;
  readonly #rules: Rules;
  readonly #tree: LogTree;
  /** Sets of voters by configuration entry. */
  readonly #voterSets = new Map<number, readonly (readonly number[])[]>();

  /**
   * @param disks nodes' disks, by id
   * @param isPartial whether some voters are played by the test: then commits cannot be judged by what disks hold
   */
  constructor(
    readonly around: Surroundings,
    readonly operations: OperationCounts,
    readonly disks: readonly Disk[],
    readonly isPartial: boolean,
  ) {
    this.#rules = around.rules;
    this.#tree = around.tree;
  }

  /** Judges a node that took an input and has not flushed yet: a leader may step down before it does, so that what it
   * commits is judged at once. */
  input(node: SimNode): void {
    const { state } = node.core;
    if (state.commit !== node.seenCommit && this.#leads(node)) this.#judgeCommit(node, state.commit);
    if (state.configurationIndex !== node.seenConfiguration) this.operations.changed(node);
    node.seenConfiguration = state.configurationIndex;
  }

  /** Judges a node that died within a flush: what it has become it may have told others. */
  died(node: SimNode): void {
    const { state } = node.core;
    this.#judgeOffice(node);
    if (state.commit !== node.seenCommit && this.#leads(node)) this.#judgeCommit(node, state.commit);
  }

  /** Judges a node whose effects are all out. */
  settled(node: SimNode): void {
    const { state } = node.core;
    // What a stopped node holds in memory is no longer its log: it could not write it. What it committed before, it may
    // have told others.
    if (state.failure !== 0) {
      if (state.commit !== node.seenCommit && this.#leads(node)) this.#judgeCommit(node, state.commit);
      return;
    }
    judgeMemory(node);
    this.#judgeOffice(node);
    if (state.commit !== node.seenCommit) this.#judgeCommit(node, state.commit);
    if (state.role === Role.LEADER && state.configurationIndex <= state.commit) this.#judgeRemoval(node);
    node.seenConfiguration = state.configurationIndex;
    if (state.applied !== node.seenApplied) {
      const { durable, snapshot } = node.disk;
      const id = snapshot?.index === state.applied ? snapshot.id : durable.at(state.applied);
      this.#rules.machine.holdsCommitted(node.id, state.applied, id);
      node.seenApplied = state.applied;
    }
  }

  /** Judges whether the node may lead, if it does since it was last looked at. */
  #judgeOffice(node: SimNode): void {
    const { role, term } = node.core.state;
    if (role === Role.LEADER && (node.seenRole !== Role.LEADER || node.seenTerm !== term)) {
      if (this.#rules.election.leads(node.id, term)) {
        this.elections++;
        this.operations.elected(node);
        this.#judgeElection(node, term);
      }
    }
    node.seenRole = role;
    node.seenTerm = term;
  }

  /** Judges whether the node may go on to lead, now that its configuration is committed. */
  #judgeRemoval(node: SimNode): void {
    const { core, disk, id } = node;
    const { commit, configurationIndex, term } = core.state;
    if (this.#tree.term(disk.written.at(commit)) !== term) return;
    const promotes = () => membersOf(core.configuration()).some(({ roles }) => (roles & MemberRole.PROMOTE) !== 0);
    this.#rules.removal.leads(id, configurationIndex, this.#votersFor(node), promotes);
  }

  /** A leader's log at its election is its log before the entry that opens its term. */
  #judgeElection(node: SimNode, term: number): void {
    const { written } = node.disk;
    let index = written.last;
    while (index > 0 && this.#tree.term(written.at(index)) === term) index--;
    this.#rules.completeness.elected(node.id, term, written.at(index));
  }

  /** Whether what the node commits it commits as leader; one that is no voter any more steps down as it does. */
  #leads(node: SimNode): boolean {
    const { role, term } = node.core.state;
    return role === Role.LEADER || (node.seenRole === Role.LEADER && node.seenTerm === term);
  }

  #judgeCommit(node: SimNode, commit: number): void {
    const id = node.disk.written.at(commit);
    if (this.#leads(node) || this.isPartial) this.#judgeCommitOfLeader(node, commit, id);
    this.#rules.machine.holdsCommitted(node.id, commit, id);
    node.seenCommit = commit;
  }

  #judgeCommitOfLeader(node: SimNode, commit: number, id: number): void {
    const { committed, completeness, machine, quorum } = this.#rules;
    const { term } = node.core.state;
    const before = committed.last;
    if (commit > before) {
      if (before > 0) machine.holdsCommitted(node.id, before, node.disk.written.at(before));
      if (!this.isPartial) {
        quorum.commits(node.id, id, term, this.#votersFor(node), this.disks, this.#votersBefore(node));
      }
      committed.extend(id, term);
    } else if (committed.termAt(commit) > term) {
      committed.confirm(commit, term);
    } else return;
    completeness.commits(term, id);
  }

  /** The sets of voters of the newest configuration in a node's log; it may not be handed to the disk yet. */
  #votersFor(node: SimNode): readonly (readonly number[])[] {
    if (node.core.state.configurationIndex > node.disk.written.last) return voterSets(node.core.configuration());
    return this.#votersAt(node.disk.written.tip);
  }

  /** Those of the configuration before, if the newest is new since the node was last looked at: a leader that commits a
   * change may append the next one by itself, with the same input. */
  #votersBefore(node: SimNode): readonly (readonly number[])[] | undefined {
    const { commit, configurationIndex } = node.core.state;
    if (configurationIndex === node.seenConfiguration || configurationIndex <= commit) return undefined;
    const { written } = node.disk;
    return this.#votersAt(written.at(Math.max(0, Math.min(configurationIndex - 1, written.last))));
  }

  /** The sets of voters of the configuration in force at an entry. */
  #votersAt(entry: number): readonly (readonly number[])[] {
    const id = this.#tree.configuration(entry);
    let sets = this.#voterSets.get(id);
    if (sets === undefined) {
      sets = voterSets(this.around.configurationBytes(id));
      this.#voterSets.set(id, sets);
    }
    return sets;
  }
}
