/**
 * What is committed and what is durable (paper 5.3, 5.4.2). A leader counts replicas only for entries of its own term;
 * earlier ones are committed with them. Any member counts as a replica only for what is durable on it.
 */

import { EventKind } from "../abi/event";
import { Node, Role } from "../abi/node";
import { StatusCode } from "../abi/status-code";
import { isNumber } from "../state/memory";
import { hasTerm } from "../state/window";
import { changeByItself } from "./change";
import { note } from "./events";
import { quorumMatch } from "./quorum";
import { markAppends } from "./replication";

/** Raises the commit index. */
export function commitTo(n: Node, index: u64): void {
  if (index <= n.commit) return;
  assert(index <= n.last);
  n.commit = index;
  note(n, EventKind.COMMIT, index, n.term);
}

/** Leader: whether an entry of its own term is committed. Then it knows all that is (thesis 6.4). */
export function isReady(n: Node): bool {
  return n.commit >= n.termIndex;
}

/** A leader looks whether a quorum holds more of its log. */
export function advanceCommit(n: Node): void {
  assert(n.role == Role.LEADER);
  const index = quorumMatch(n);
  // Paper figure 8: an entry of an earlier term is not committed by counting its replicas.
  if (index <= n.commit || index < n.termIndex) return;
  commitTo(n, index);
  markAppends(n);
  if (n.unsettled != 0) changeByItself(n);
}

/** The log is durable up to `index`. */
export function markDurable(n: Node, index: u64): void {
  assert((index > n.durable) & (index <= n.written));
  n.durable = index;
  if (n.role != Role.LEADER) return;
  // A witness may be waiting for it.
  markAppends(n);
  advanceCommit(n);
}

/** The host reports that the entry (index, term) and all before it are durable. */
export function reportDurable(n: Node, index: u64, term: u64): i32 {
  if (!isNumber(index | term)) return StatusCode.BAD_ARGUMENT;
  if (index <= n.durable) return StatusCode.STALE;
  // The entry has been overwritten since, perhaps by one of the same index that is not durable yet.
  if (index > n.written || !hasTerm(n, index, term)) {
    note(n, EventKind.STALE_DURABLE, index, term);
    return StatusCode.STALE;
  }
  markDurable(n, index);
  return StatusCode.OK;
}
