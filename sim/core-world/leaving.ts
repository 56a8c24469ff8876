/** What is asked of a message at the moment it leaves its node: that what it tells is durable there, and is true. */

import { AppendReply, Header, MessageFlag, MessageKind, SnapshotReply } from "../../host/core/abi.js";
import { type Envelope, kindOf } from "./network.js";
import type { SimNode } from "./sim-node.js";

/** Judges a message of a node. Pre-votes and their requests speak of nothing durable, but not everybody may grant one. What
 * acknowledges an Append and what acknowledges a chunk are judged by the same match. */
export function judgeLeaving(node: SimNode, envelope: Envelope): void {
  const { id, disk } = node;
  const { rules } = node.around;
  const { words } = envelope;
  const kind = kindOf(envelope);
  const flags = words[Header.flags >> 2] as number;
  if ((flags & MessageFlag.PRE_VOTE) !== 0) {
    if ((flags & MessageFlag.GRANTED) !== 0) rules.loyalty.grantsPreVote(id, envelope.to);
    return;
  }
  const term = numberAt(words, Header.term);
  rules.barrier.showsTerm(id, term, disk.term);
  if (kind === MessageKind.VOTE_REQUEST || (flags & MessageFlag.GRANTED) !== 0) {
    const candidate = kind === MessageKind.VOTE_REQUEST ? id : envelope.to;
    rules.barrier.showsVote(id, term, candidate, disk.term, disk.vote);
    rules.votes.gives(id, term, candidate);
  } else if (kind === MessageKind.APPEND_REPLY) {
    judgeAcknowledgement(node, envelope.to, term, numberAt(words, Header.size + AppendReply.match));
  } else if (kind === MessageKind.SNAPSHOT_REPLY) {
    judgeAcknowledgement(node, envelope.to, term, numberAt(words, Header.size + SnapshotReply.match));
  }
}

function judgeAcknowledgement(node: SimNode, to: number, term: number, match: number): void {
  const { rules } = node.around;
  const { durable } = node.disk;
  rules.barrier.acknowledges(node.id, match, durable.last);
  const leader = node.around.node(to);
  if (match === 0 || !leader.leads || leader.core.state.term !== term) return;
  rules.acknowledged.acknowledges(node.id, match, durable.at(match), to, leader.disk.written.at(match));
}

/** A u64 in a message. */
function numberAt(words: Int32Array, offset: number): number {
  return (words[(offset >> 2) + 1] as number) * 2 ** 32 + ((words[offset >> 2] as number) >>> 0);
}
