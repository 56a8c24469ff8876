/** A leader's view of one follower: where it stands, and how its state moves (probe, pipeline). */

import { Node } from "../abi/node";
import { Peer, PeerState } from "../abi/peer";

/** At the start of a leadership, or when a member joins: nothing is known of the follower's log. */
export function beginProgress(n: Node, peer: Peer): void {
  peer.match = 0;
  peer.next = n.last + 1;
  // Grace: contact is counted from here.
  peer.lastAck = n.now;
  peer.ackRound = 0;
  peer.commitSent = 0;
  peer.sequenceSent = 0;
  peer.sequenceAcked = 0;
  peer.readRound = 0;
  peer.vote = 0;
  peer.due = 0;
  peer.state = PeerState.PROBE;
  peer.paused = 0;
}

/** Goes back to one message at a time, from `next` on. What was under way is given up. */
export function becomeProbe(peer: Peer, next: u64): void {
  peer.state = PeerState.PROBE;
  peer.next = max(next, peer.match + 1);
  peer.paused = 0;
  peer.sequenceAcked = peer.sequenceSent;
}

/** The logs agree up to `match`: send ahead. */
export function becomePipeline(peer: Peer): void {
  peer.state = PeerState.PIPELINE;
  peer.next = peer.match + 1;
  peer.paused = 0;
}

/** Messages with entries that are under way. */
// @ts-ignore: decorator
@inline
export function underWay(peer: Peer): u32 {
  return peer.sequenceSent - peer.sequenceAcked;
}
