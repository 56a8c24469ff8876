/**
 * Lets the effects out, in the order that is the durability contract: hard state, truncation, compaction, append, then a
 * snapshot's chunk, messages, timers, applies, reads, events. Nothing in here decides anything about Raft.
 */

import { Entry, EntryKind } from "../abi/entry";
import { Node, TimerAction, TimerKind } from "../abi/node";
import { StatusCode } from "../abi/status-code";
import { StorageAnswer } from "../abi/storage-answer";
import { at, planOf } from "../state/arena";
import { low } from "../state/memory";
import { entryAt, offsetOf, payloadOf, runEnd, sizeOf } from "../state/window";
import { markDurable } from "./commit";
import { Effects } from "./effects";
import { flushEvents } from "./events";
import { flushMessages } from "./outbox";
import { wake } from "./quiescence";
import { countEntries, outboxEntries, readEntries } from "./read-back";
import { flushReads } from "./reads";
import { flushChunk } from "./snapshot";
import { stop } from "./stop";

/** Most entries applied in one flush, so that a long backlog does not hold up messages and timers. */
const APPLY_BATCH: u64 = 1024;

/** Lets out all that is due. Answers OK, MORE, or why the node stopped. */
export function flushNode<Sink extends Effects>(n: Node): i32 {
  if (n.quiet == 2) wake(n);
  let status = flushStorage<Sink>(n);
  if (status == StatusCode.OK) {
    flushChunk<Sink>(n);
    status = flushMessages<Sink>(n);
  }
  if (status == StatusCode.OK) {
    flushTimers<Sink>(n);
    status = flushApplies<Sink>(n);
    if (status >= 0) flushReads<Sink>(n);
  }
  if (status < 0) stop(n, status);
  flushEvents<Sink>(n);
  return status;
}

/** Hard state, truncation, compaction, append. A failure stops the node before any message that would rely on them. */
function flushStorage<Sink extends Effects>(n: Node): i32 {
  if ((n.term != n.savedTerm) | (n.vote != n.savedVote)) {
    if (changetype<Sink>(0).hardState(n, n.term, n.vote) < 0) return StatusCode.STORAGE_FAILED;
    n.savedTerm = n.term;
    n.savedVote = n.vote;
  }
  if (n.truncateFrom != 0) {
    const from = n.truncateFrom;
    n.truncateFrom = 0;
    if (changetype<Sink>(0).truncate(n, from) < 0) return StatusCode.STORAGE_FAILED;
  }
  if (n.compacted != n.savedCompacted) {
    n.savedCompacted = n.compacted;
    if (changetype<Sink>(0).compact(n, n.compacted) < 0) return StatusCode.STORAGE_FAILED;
  }
  // At most two runs: the ring wraps once.
  while (n.written < n.last) {
    const first = n.written + 1;
    const last = runEnd(n, first);
    const start = offsetOf(n, first);
    let end = n.head;
    let term = n.lastTerm;
    if (last != n.last) {
      end = offsetOf(n, last) + sizeOf(entryAt(n, last));
      term = entryAt(n, last).term;
    }
    const entries = at(n, n.bytesOffset) + start;
    const answer = changetype<Sink>(0).append(n, first, low(last - first) + 1, term, entries, end - start);
    if (answer < 0) return StatusCode.STORAGE_FAILED;
    n.written = last;
    if (answer == StorageAnswer.DURABLE) markDurable(n, last);
  }
  return StatusCode.OK;
}

function flushTimers<Sink extends Effects>(n: Node): void {
  const timers = n.timers;
  if (timers == 0) return;
  n.timers = 0;
  const plan = planOf(n);
  if ((timers & TimerAction.CANCEL_ELECTION) != 0) changetype<Sink>(0).cancel(n, TimerKind.ELECTION);
  if ((timers & TimerAction.CANCEL_HEARTBEAT) != 0) changetype<Sink>(0).cancel(n, TimerKind.HEARTBEAT);
  if ((timers & TimerAction.ARM_ELECTION) != 0) {
    changetype<Sink>(0).arm(n, TimerKind.ELECTION, low(n.electionDelay), plan.electionJitter);
  }
  if ((timers & TimerAction.ARM_HEARTBEAT) != 0) {
    changetype<Sink>(0).arm(n, TimerKind.HEARTBEAT, plan.heartbeat, 0);
  }
}

/** Applies what is committed and durable here, in order. */
function flushApplies<Sink extends Effects>(n: Node): i32 {
  const due = min(n.commit, n.durable);
  const until = min(due, n.applied + APPLY_BATCH);
  while (n.applied < until) {
    const status =
      n.applied + 1 < n.first ? applyReadBack<Sink>(n, until) : applyOne<Sink>(n, entryAt(n, n.applied + 1));
    if (status < 0) return status;
    // Storage wants to be asked later.
    if (status == 0) return StatusCode.OK;
  }
  return n.applied < due ? StatusCode.MORE : StatusCode.OK;
}

/** Applies the next entry, which lies at `entry`: 1, or a failure. */
function applyOne<Sink extends Effects>(n: Node, entry: Entry): i32 {
  const index = n.applied + 1;
  if (entry.kind == EntryKind.NORMAL) {
    const answer = changetype<Sink>(0).apply(n, index, entry.term, payloadOf(entry), entry.length);
    if (answer != 0) return StatusCode.MACHINE_FAILED;
  }
  n.applied = index;
  return 1;
}

/** Applies entries that have left the window, after a restart with a log longer than it: 1, 0 for later, or a failure. */
function applyReadBack<Sink extends Effects>(n: Node, until: u64): i32 {
  const wanted = min(until, n.first - 1) - n.applied;
  const bytes = readEntries<Sink>(n, n.applied + 1, low(wanted));
  if (bytes <= 0) return bytes;
  const count = countEntries(outboxEntries(n), <u32>bytes);
  assert(<u64>count <= wanted);
  let entry = changetype<Entry>(outboxEntries(n));
  for (let i: u32 = 0; i < count; i++) {
    const size = sizeOf(entry);
    const status = applyOne<Sink>(n, entry);
    if (status < 0) return status;
    entry = changetype<Entry>(changetype<usize>(entry) + size);
  }
  return 1;
}
