/**
 * What a node takes over from storage before it starts: hard state, where the log begins, and the log. The window keeps
 * the newest entries; configurations on the way are put in force as if the entries had just been appended.
 */

import { Entry, EntryKind } from "../abi/entry";
import { Node } from "../abi/node";
import { StatusCode } from "../abi/status-code";
import { planOf } from "../state/arena";
import { isNumber } from "../state/memory";
import { pushEncoded, sizeOf } from "../state/window";
import { configurationIsValid } from "../wire/configuration";
import { countEntries, NONE } from "../wire/validate";
import { activateLast } from "./membership";
import { restartElectionTimer } from "./role";
import { beginLog } from "./snapshot";

/** Term and vote. */
export function restoreHardState(n: Node, term: u64, vote: u32): i32 {
  if (!isNumber(term) | ((term == 0) & (vote != 0))) return StatusCode.BAD_ARGUMENT;
  if (term < n.lastTerm) return StatusCode.BAD_LOG;
  n.term = term;
  n.savedTerm = term;
  n.vote = vote;
  n.savedVote = vote;
  return StatusCode.OK;
}

/** Where the log begins, and the configuration as of there; without bytes the node knows no members yet. */
export function restoreSnapshot(
  n: Node,
  index: u64,
  term: u64,
  compacted: u64,
  configuration: usize,
  length: u32,
): i32 {
  if (!isNumber(index | term) | (compacted > index) | ((index == 0) != (term == 0))) return StatusCode.BAD_ARGUMENT;
  if ((n.last != n.snapshotIndex) | (term > n.term)) return StatusCode.BAD_LOG;
  if (length != 0 && !configurationIsValid(configuration, length, planOf(n))) {
    return StatusCode.BAD_CONFIGURATION;
  }
  beginLog(n, index, term, configuration, length);
  n.compacted = compacted;
  n.savedCompacted = compacted;
  return StatusCode.OK;
}

/** Whole entries, in order from the last one taken. */
export function restoreEntries(n: Node, entries: usize, length: u32): i32 {
  if ((entries & 7) != 0) return StatusCode.BAD_LOG;
  // None is taken before all have been looked at.
  const count = countEntries(entries, length, n.lastTerm, n.term, planOf(n));
  if (count == NONE || !isNumber(n.last + count)) return StatusCode.BAD_LOG;
  for (let end = entries + length; entries < end; ) {
    const entry = changetype<Entry>(entries);
    const size = sizeOf(entry);
    // All of it is durable, so any of it may leave the window.
    const taken = pushEncoded(n, entry, size, n.last);
    assert(taken);
    if (entry.kind == EntryKind.CONFIGURATION) activateLast(n);
    entries += size;
  }
  n.durable = n.last;
  n.written = n.last;
  return StatusCode.OK;
}

/** Begins to take inputs. The node may have acknowledged a leader before the restart: it is loyal for one timeout. */
export function start(n: Node): void {
  n.lastHeard = n.now;
  n.round = planOf(n).incarnation;
  restartElectionTimer(n);
}
