/**
 * Which of two connections between the same two nodes stays. Both nodes decide it by themselves, from the numbers of the
 * four hellos, which both know, and so come to the same answer without asking each other:
 *
 * - A peer that has started anew knows nothing of what its predecessor was connected to: the connection that came last
 *   stays.
 * - If both nodes said hello on one connection later than on the other, the earlier one has been given up by whoever
 *   dialled the later: nodes dial only what they are not connected to. The later one stays.
 * - A node dials again only when it has given up what it dialled before: of two that the same node dialled, its later one.
 * - What is left is two nodes that dialled each other at once. The one that the node with the lower id dialled stays.
 */

/** A connection over which both hellos have gone. */
export interface Ranked {
  /** Whether this node dialled it. */
  readonly dialled: boolean;
  /** The number of this node's hello. */
  readonly ownNumber: bigint;
  /** The number of the peer's hello, and its incarnation. */
  readonly peerNumber: bigint;
  readonly peerIncarnation: bigint;
}

/** Whether `later`, over which hellos have just gone, takes the place of `current`. `ownIsLower`: of the two ids. */
export function takesOver(later: Ranked, current: Ranked, ownIsLower: boolean): boolean {
  if (crossed(later, current)) return later.dialled === ownIsLower;
  if (later.peerIncarnation !== current.peerIncarnation) return true;
  return later.dialled ? newerHere(later, current) : newerThere(later, current);
}

/** Whether two nodes dialled each other at once. */
export function crossed(one: Ranked, other: Ranked): boolean {
  if (one.peerIncarnation !== other.peerIncarnation || one.dialled === other.dialled) return false;
  return newerHere(one, other) !== newerThere(one, other);
}

function newerHere(one: Ranked, other: Ranked): boolean {
  return one.ownNumber > other.ownNumber;
}

function newerThere(one: Ranked, other: Ranked): boolean {
  return one.peerNumber > other.peerNumber;
}
