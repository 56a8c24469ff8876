/**
 * What a node takes over from storage before it starts: hard state, where the log begins, and the log. The window keeps
 * the newest entries; configurations on the way are put in force as if the entries had just been appended.
 */

import { Entry, EntryKind } from "../abi/entry";
import { Node } from "../abi/node";
import { StatusCode } from "../abi/status-code";
import { planOf } from "../state/arena";
import { isNumber } from "../state/memory";
import { pushEncoded } from "../state/window";
import { configurationIsValid } from "../wire/configuration";
import { checkEntry } from "../wire/validate";
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
  if (length != 0 && ((configuration & 7) != 0 || !configurationIsValid(configuration, length, planOf(n)))) {
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
  if (!runIsSound(n, entries, length)) return StatusCode.BAD_LOG;
  for (let end = entries + length; entries < end; ) {
    const entry = changetype<Entry>(entries);
    const size = checkEntry(entries, <u32>(end - entries), planOf(n));
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

/** Whether the bytes are entries that continue this log. Looked at before any is taken. */
function runIsSound(n: Node, entries: usize, length: u32): bool {
  let term = n.lastTerm;
  let index = n.last;
  while (length != 0) {
    if (!isNumber(++index)) return false;
    const size = checkEntry(entries, length, planOf(n));
    if (size == 0 || changetype<Entry>(entries).length > n.maxPayload) return false;
    if (changetype<Entry>(entries).term < term) return false;
    term = changetype<Entry>(entries).term;
    entries += size;
    length -= size;
  }
  return term <= n.term;
}

/** Begins to take inputs. The node may have acknowledged a leader before the restart: it is loyal for one timeout. */
export function start(n: Node): void {
  n.lastHeard = n.now;
  n.round = planOf(n).incarnation;
  restartElectionTimer(n);
}
