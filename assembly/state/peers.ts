/** The table of peers: members of the configuration in force in ascending order of ids, and one for a stranger. */

import { Node } from "../abi/node";
import { Peer } from "../abi/peer";
import { peerStride, peersOf, planOf } from "./arena";

/** The i-th member's record. */
// @ts-ignore: decorator
@inline
export function peerAt(n: Node, i: u32): Peer {
  return changetype<Peer>(peersOf(n) + <usize>i * peerStride());
}

/** The record for a node that is no member but is owed an answer, such as a leader whose configuration has not arrived. */
// @ts-ignore: decorator
@inline
export function strangerOf(n: Node): Peer {
  return peerAt(n, planOf(n).nodes);
}

/** The record of the member with this id, or null. */
export function findPeer(n: Node, id: u32): Peer | null {
  for (let i: u32 = 0; i < n.members; i++) {
    const peer = peerAt(n, i);
    if (peer.id == id) return peer;
  }
  return null;
}

/** The record through which a node is answered. A second stranger takes the first one's place: an answer is lost, which
 * the asker copes with. */
export function peerToAnswer(n: Node, id: u32): Peer {
  const member = findPeer(n, id);
  if (member !== null) return member;
  const stranger = strangerOf(n);
  if (stranger.id != id) {
    memory.fill(changetype<usize>(stranger), 0, offsetof<Peer>());
    stranger.id = id;
  }
  return stranger;
}

/** Roles of this node itself; 0 if it is no member. */
export function ownRoles(n: Node): u32 {
  const self = findPeer(n, planOf(n).id);
  return self === null ? 0 : self.roles;
}
