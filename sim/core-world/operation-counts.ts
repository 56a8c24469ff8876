/**
 * Counts what leaders did with their members: joint configurations that they entered, changes that they made by themselves,
 * transfers that ended with the one they were for in office. Nothing of a run follows from it.
 */

import { ConfigurationFlag, Role } from "../../host/core/abi.js";
import type { SimNode } from "./sim-node.js";

export class OperationCounts {
  /** Joint configurations that leaders were asked for and took; those that they left by themselves; learners whom they made
   * voters by themselves; transfers. */
  readonly counts = { jointsEntered: 0, jointsLeft: 0, promotions: 0, transfersCompleted: 0 };
  /** Whether a node's configuration was a joint one when it was last looked at, by id. */
  readonly #joint: boolean[] = [];
  /** Where the configuration stands that a node was asked for last, by id. */
  readonly #asked: number[] = [];
  /** Whom the leader of a term asked to take over, by term. */
  readonly #targets = new Map<number, number>();

  /** A leader took a change that it was asked for. */
  reconfigured(node: SimNode): void {
    if (isJointOn(node)) this.counts.jointsEntered++;
    this.#asked[node.id] = node.core.state.configurationIndex;
  }

  /** Another configuration is in force on a node than when it was last looked at. */
  changed(node: SimNode): void {
    const wasJoint = this.#joint[node.id] === true;
    const isJoint = isJointOn(node);
    this.#joint[node.id] = isJoint;
    const { configurationIndex, role, term } = node.core.state;
    // One that is to lead has its configurations from others; a leader makes each one itself.
    const isOwn = role === Role.LEADER && node.seenRole === Role.LEADER && node.seenTerm === term;
    if (!isOwn || isJoint || this.#asked[node.id] === configurationIndex) return;
    if (wasJoint) this.counts.jointsLeft++;
    else this.counts.promotions++;
  }

  /** A leader asks a node to take over; nobody any more if that is 0. */
  handsOver(node: SimNode, target: number): void {
    const { term } = node.core.state;
    if (target === 0) this.#targets.delete(term);
    else this.#targets.set(term, target);
  }

  /** A node was elected. */
  elected(node: SimNode): void {
    if (this.#targets.get(node.core.state.term - 1) === node.id) this.counts.transfersCompleted++;
  }
}

function isJointOn(node: SimNode): boolean {
  return (node.core.state.configurationFlags & ConfigurationFlag.JOINT) !== 0;
}
