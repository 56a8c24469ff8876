/**
 * What a node keeps for others stays within bounds that follow from its plan, judged whenever it has flushed. The core has no
 * allocator: what could grow is what it hands out for its host to keep, messages that wait for writes, reads that wait for an
 * answer, and entries that clients wait for.
 *
 * How long a disk takes is not the node's affair. So messages may wait for as long as writes do, and each input that comes
 * meanwhile may add one for each peer: an answer, or what a timer sends. Beside that a window of them fits, and no more.
 */

import { EntryFrame, MessageKind } from "../../host/core/abi.js";
import type { SimNode } from "./sim-node.js";

/** Messages to a peer beside those of its in-flight window: one of each kind. */
const KINDS = Object.keys(MessageKind).length;
/** Reads that wait on a node: several times as many as a run has clients, who wait for one answer each. */
const MOST_READS = 256;
const RULE = "bounded memory";

export function judgeMemory(node: SimNode): void {
  judgeMessages(node);
  const { around, core, id, pendingReads, plan } = node;
  if (pendingReads.count > MOST_READS) around.report(RULE, `${pendingReads.count} reads wait on node ${id}`);
  const { commit, last } = core.state;
  // Commands fill the window. A change of members, the only one that is pending, makes room for itself there, and what it
  // pushes out is as many of the shortest entries as fit in its place.
  const room = plan.windowEntries + plan.maxMessage / EntryFrame.HEADER;
  if (!node.leads || last - commit <= room) return;
  const own = ownUncommitted(node);
  if (own > room) {
    around.report(RULE, `leader ${id} took ${own} entries that are not committed, and has room for ${room}`);
  }
}

function judgeMessages({ around, disk, held, heldInputs, id, plan, sent }: SimNode): void {
  const window = plan.inflightMessages + KINDS;
  const peers = plan.nodes - 1;
  if (sent > peers * window) {
    around.report(RULE, `node ${id} sends ${sent} messages at once, where ${peers * window} may be`);
  }
  const [oldest] = held;
  if (oldest === undefined) return;
  if (oldest.awaits <= disk.done) around.report(RULE, `node ${id} holds a message that waits for nothing`);
  const most = peers * (window + heldInputs);
  if (held.length > most) around.report(RULE, `node ${id} holds ${held.length} messages, where ${most} may be`);
}

/** Entries of a leader's own term that are not committed: those that it took. */
function ownUncommitted({ around, core, disk }: SimNode): number {
  const { commit, term } = core.state;
  const { written } = disk;
  let index = written.last;
  while (index > commit && around.tree.term(written.at(index)) === term) index--;
  return written.last - index;
}
