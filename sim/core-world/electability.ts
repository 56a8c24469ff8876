/**
 * Whether anybody can be elected at all: a node that votes by its own newest configuration, may lead, and whose log is at
 * least as new as those of a quorum of that configuration. If there is none, no time helps: it is another matter than a
 * cluster that is slow, and told apart.
 */

import { voterSets } from "../messages.js";
import type { SimNode } from "./sim-node.js";

/** Whether some node can win an election when all messages arrive, and nobody else comes back. */
export function someCanBeElected(nodes: readonly SimNode[]): boolean {
  const running = nodes.filter((node) => node.isUp);
  return running.some((node) => canBeElected(node, running));
}

function canBeElected(candidate: SimNode, nodes: readonly SimNode[]): boolean {
  if (candidate.isWitness || candidate.core.state.members === 0) return false;
  const sets = voterSets(candidate.core.configuration()).filter((set) => set.length > 0);
  if (!sets.some((set) => set.includes(candidate.id))) return false;
  return sets.every((set) => {
    const willing = set.filter((id) => nodes.some((node) => node.id === id && isAsNew(candidate, node)));
    return willing.length * 2 > set.length;
  });
}

/** Whether the candidate's log is at least as new as a voter's (thesis 3.6.1). */
function isAsNew(candidate: SimNode, voter: SimNode): boolean {
  const { last, lastTerm } = candidate.core.state;
  const { state } = voter.core;
  return lastTerm > state.lastTerm || (lastTerm === state.lastTerm && last >= state.last);
}
