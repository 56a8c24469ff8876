/**
 * The exported ABI: checks the arguments, calls the algorithm. Nothing else.
 *
 * A node's handle is the address of its arena. Every export that takes one refuses an address where no node lies, a node
 * whose `flush` is running, and a node that has stopped. A u64 crosses as two words, low and high. An address outside
 * memory is the host's own mistake and may trap; nothing else does.
 */

import { Node, NodeFormat, ReadKind, Stage, TimerKind } from "./abi/node";
import { Plan } from "./abi/plan";
import { StatusCode } from "./abi/status-code";
import { reconfigure as changeMembers } from "./raft/change";
import { reportDurable } from "./raft/commit";
import { HostEffects } from "./raft/effects";
import { electionTimeout } from "./raft/election";
import { flushNode } from "./raft/flush";
import { brokenInvariant } from "./raft/invariants";
import { wake } from "./raft/quiescence";
import * as reads from "./raft/reads";
import * as replication from "./raft/replication";
import * as restore from "./raft/restore";
import { dropIncoming, takeSnapshot } from "./raft/snapshot";
import { receiveMessage } from "./raft/step";
import * as transfers from "./raft/transfer";
import { arenaBytes, checkPlan, layOut } from "./state/arena";
import { isNumber, join } from "./state/memory";
import { formatIsSound } from "./wire/encode";

export { __heap_base, __data_end };

/** For `check`: no stage in particular, and a node that has stopped will do. */
const ANY_STAGE: u32 = u32.MAX_VALUE;

/** Whether a node lies at `handle` that may be asked something now: that works, and is in the stage that an export is
 * meant for. Takes the time, 0 from an export without one: a time before the last one does not count. */
function check(handle: usize, stage: u32, nowLow: u32, nowHigh: u32): i32 {
  if ((handle == 0) | ((handle & 7) != 0)) return StatusCode.BAD_HANDLE;
  const n = changetype<Node>(handle);
  if (n.magic != NodeFormat.MAGIC) return StatusCode.BAD_HANDLE;
  if (n.busy != 0) return StatusCode.REENTERED;
  if (stage == ANY_STAGE) return StatusCode.OK;
  if (n.failure != 0) return StatusCode.STOPPED;
  if (n.stage != stage) return StatusCode.BAD_STAGE;
  const now = join(nowLow, nowHigh);
  if (!isNumber(now)) return StatusCode.BAD_ARGUMENT;
  n.now = max(n.now, now);
  return StatusCode.OK;
}

/** Version of this ABI: a host refuses a module of another one. */
export function abiVersion(): i32 {
  return NodeFormat.ABI_VERSION;
}

/**
 * How many bytes of arena a plan takes.
 * @param plan where the Plan lies
 * @returns the bytes, or StatusCode.BAD_PLAN
 */
export function planBytes(plan: usize): i32 {
  const status = checkPlan(changetype<Plan>(plan));
  return status == StatusCode.OK ? <i32>arenaBytes(changetype<Plan>(plan)) : status;
}

/**
 * Makes a node in an arena; its handle is the arena's address. The node then takes what is restored, in this order: hard
 * state, snapshot, entries; each may be left out.
 * @param arena where the arena lies, a multiple of 8
 * @param length its length in bytes, at least what `planBytes` answers
 * @param plan where the Plan lies; it may lie inside the arena
 */
export function init(arena: usize, length: u32, plan: usize): i32 {
  assert(formatIsSound());
  const bytes = planBytes(plan);
  if (bytes < 0) return bytes;
  if ((arena == 0) | ((arena & 7) != 0) | (length < <u32>bytes)) return StatusCode.BAD_ARENA;
  const n = layOut(arena, changetype<Plan>(plan));
  n.stage = Stage.RESTORING;
  n.first = 1;
  n.termCount = 1;
  return StatusCode.OK;
}

/**
 * Restores term and vote.
 * @param node the handle
 * @param termLow low word of the term
 * @param termHigh high word of it
 * @param vote the id voted for, 0 if none
 */
export function restoreHardState(node: usize, termLow: u32, termHigh: u32, vote: u32): i32 {
  const status = check(node, Stage.RESTORING, 0, 0);
  return status == StatusCode.OK
    ? restore.restoreHardState(changetype<Node>(node), join(termLow, termHigh), vote)
    : status;
}

/**
 * Restores where the log begins. At bootstrap: index 0, term 0 and the first configuration; a node that will be added to
 * a running cluster has none.
 * @param node the handle
 * @param indexLow low word of the last index that the snapshot covers
 * @param indexHigh high word of it
 * @param termLow low word of its term
 * @param termHigh high word of it
 * @param compactedLow low word of the index up to which storage holds no entries, at most the snapshot's
 * @param compactedHigh high word of it
 * @param configuration where the configuration as of that index lies, in wire form, a multiple of 8
 * @param length its length in bytes; 0 if there is none
 */
export function restoreSnapshot(
  node: usize,
  indexLow: u32,
  indexHigh: u32,
  termLow: u32,
  termHigh: u32,
  compactedLow: u32,
  compactedHigh: u32,
  configuration: usize,
  length: u32,
): i32 {
  const status = check(node, Stage.RESTORING, 0, 0);
  if (status != StatusCode.OK) return status;
  return restore.restoreSnapshot(
    changetype<Node>(node),
    join(indexLow, indexHigh),
    join(termLow, termHigh),
    join(compactedLow, compactedHigh),
    configuration,
    length,
  );
}

/**
 * Restores the log behind the snapshot, in as many calls as the host likes. The window keeps the newest entries.
 * @param node the handle
 * @param entries where whole entries in wire form lie, a multiple of 8
 * @param length their length in bytes
 */
export function restoreEntries(node: usize, entries: usize, length: u32): i32 {
  const status = check(node, Stage.RESTORING, 0, 0);
  return status == StatusCode.OK ? restore.restoreEntries(changetype<Node>(node), entries, length) : status;
}

/**
 * Starts the node: from here on it takes inputs.
 * @param node the handle
 * @param nowLow low word of the time in ms
 * @param nowHigh high word of it
 */
export function start(node: usize, nowLow: u32, nowHigh: u32): i32 {
  const status = check(node, Stage.RESTORING, nowLow, nowHigh);
  if (status != StatusCode.OK) return status;
  const n = changetype<Node>(node);
  n.stage = Stage.RUNNING;
  restore.start(n);
  return StatusCode.OK;
}

/**
 * Input: a message arrived.
 * @param node the handle
 * @param nowLow low word of the time in ms
 * @param nowHigh high word of it
 * @param message where the message lies, a multiple of 8; the place at `inboxOffset` is meant for it
 * @param length its length in bytes
 */
export function receive(node: usize, nowLow: u32, nowHigh: u32, message: usize, length: u32): i32 {
  const status = check(node, Stage.RUNNING, nowLow, nowHigh);
  return status == StatusCode.OK ? receiveMessage(changetype<Node>(node), message, length) : status;
}

/**
 * Input: a timer fired.
 * @param node the handle
 * @param nowLow low word of the time in ms
 * @param nowHigh high word of it
 * @param kind a TimerKind
 */
export function timer(node: usize, nowLow: u32, nowHigh: u32, kind: u32): i32 {
  const status = check(node, Stage.RUNNING, nowLow, nowHigh);
  if (status != StatusCode.OK) return status;
  if (kind == TimerKind.ELECTION) electionTimeout(changetype<Node>(node));
  else if (kind == TimerKind.HEARTBEAT) replication.heartbeatTimeout(changetype<Node>(node));
  else return StatusCode.BAD_ARGUMENT;
  return StatusCode.OK;
}

/**
 * Input: a command for the state machine. If taken, it stands at index `last` in term `term`; it is committed when it
 * is applied there, and lost when an entry of another term is.
 * @param node the handle
 * @param command where the payload lies
 * @param length its length in bytes, at most `maxPayload`
 */
export function propose(node: usize, command: usize, length: u32): i32 {
  const status = check(node, Stage.RUNNING, 0, 0);
  return status == StatusCode.OK ? replication.propose(changetype<Node>(node), command, length) : status;
}

/**
 * Input: a linearizable read. Its answer is told through `machine.reads`, by a ticket.
 * @param node the handle
 * @param nowLow low word of the time in ms
 * @param nowHigh high word of it
 * @param kind a ReadKind
 * @returns OK: the ticket is in the field `readTicket`; READY: it may be answered at once; NOT_LEADER: no leader is known;
 * NOT_READY
 */
export function read(node: usize, nowLow: u32, nowHigh: u32, kind: u32): i32 {
  const status = check(node, Stage.RUNNING, nowLow, nowHigh);
  if (status != StatusCode.OK) return status;
  if (kind > ReadKind.LEASE) return StatusCode.BAD_ARGUMENT;
  if (changetype<Node>(node).quiet != 0) wake(changetype<Node>(node));
  return reads.read(changetype<Node>(node), kind);
}

/**
 * Input: another configuration. If taken, it stands at index `last` and is in force; it is committed when an entry
 * there is, of the same term.
 * @param node the handle
 * @param configuration where it lies in wire form, a multiple of 8
 * @param length its length in bytes
 */
export function reconfigure(node: usize, configuration: usize, length: u32): i32 {
  const status = check(node, Stage.RUNNING, 0, 0);
  return status == StatusCode.OK ? changeMembers(changetype<Node>(node), configuration, length) : status;
}

/**
 * Input: hand over leadership. Proposals are refused until the node steps down, or an election timeout has passed.
 * @param node the handle
 * @param nowLow low word of the time in ms
 * @param nowHigh high word of it
 * @param target the member's id, or 0 for the one most fit
 */
export function transfer(node: usize, nowLow: u32, nowHigh: u32, target: u32): i32 {
  const status = check(node, Stage.RUNNING, nowLow, nowHigh);
  if (status != StatusCode.OK) return status;
  return transfers.transfer(changetype<Node>(node), target);
}

/**
 * Input: a snapshot is durable. Of what is applied: it is this node's own, and the log may be compacted behind it. Of
 * more: it is the one whose image the leader sent.
 * @param node the handle
 * @param indexLow low word of the last index that it covers
 * @param indexHigh high word of it
 * @param termLow low word of its term
 * @param termHigh high word of it
 * @param configuration where the configuration as of that index lies, in wire form, a multiple of 8
 * @param length its length in bytes
 * @returns OK: if it came from a leader, the log now begins behind it, and the host restores the state machine from it
 * before the next flush; STALE: it is not needed
 */
export function snapshot(
  node: usize,
  indexLow: u32,
  indexHigh: u32,
  termLow: u32,
  termHigh: u32,
  configuration: usize,
  length: u32,
): i32 {
  const status = check(node, Stage.RUNNING, 0, 0);
  if (status != StatusCode.OK) return status;
  const index = join(indexLow, indexHigh);
  return takeSnapshot(changetype<Node>(node), index, join(termLow, termHigh), configuration, length);
}

/**
 * Input: the image that was being received could not be kept: its chunks begin again.
 * @param node the handle
 */
export function snapshotFailed(node: usize): i32 {
  const status = check(node, Stage.RUNNING, 0, 0);
  if (status == StatusCode.OK) dropIncoming(changetype<Node>(node));
  return status;
}

/**
 * Input: the log is durable up to the entry (index, term).
 * @param node the handle
 * @param indexLow low word of the index
 * @param indexHigh high word of it
 * @param termLow low word of the term
 * @param termHigh high word of it
 */
export function durable(node: usize, indexLow: u32, indexHigh: u32, termLow: u32, termHigh: u32): i32 {
  const status = check(node, Stage.RUNNING, 0, 0);
  if (status != StatusCode.OK) return status;
  return reportDurable(changetype<Node>(node), join(indexLow, indexHigh), join(termLow, termHigh));
}

/**
 * Input: messages to a member could not be delivered.
 * @param node the handle
 * @param peer the member's id
 */
export function unreachable(node: usize, peer: u32): i32 {
  const status = check(node, Stage.RUNNING, 0, 0);
  return status == StatusCode.OK ? replication.unreachable(changetype<Node>(node), peer) : status;
}

/**
 * Chooses the events that the observer gets. May be called in any stage.
 * @param node the handle
 * @param mask bit `1 << kind` for every EventKind wanted
 */
export function observe(node: usize, mask: u32): i32 {
  const status = check(node, ANY_STAGE, 0, 0);
  if (status != StatusCode.OK) return status;
  const n = changetype<Node>(node);
  n.eventMask = mask;
  n.eventsPending &= mask;
  return StatusCode.OK;
}

/**
 * Lets out all effects that are due, through the imports: hard state, truncation, append, messages, timers, applies,
 * events, in this order.
 * @param node the handle
 * @param nowLow low word of the time in ms
 * @param nowHigh high word of it
 * @returns OK, MORE if it is to be called again, or why the node stopped
 */
export function flush(node: usize, nowLow: u32, nowHigh: u32): i32 {
  const status = check(node, Stage.RUNNING, nowLow, nowHigh);
  if (status != StatusCode.OK) return status;
  const n = changetype<Node>(node);
  n.busy = 1;
  const result = flushNode<HostEffects>(n);
  n.busy = 0;
  return result;
}

/**
 * Whether the node works.
 * @param node the handle
 * @returns OK, or STOPPED: then the field `failure` says why
 */
export function status(node: usize): i32 {
  const result = check(node, ANY_STAGE, 0, 0);
  if (result != StatusCode.OK) return result;
  return changetype<Node>(node).failure == 0 ? StatusCode.OK : StatusCode.STOPPED;
}

/**
 * Checks what must always be true of a node (raft/invariants.ts).
 * @param node the handle
 * @returns 0, the number of the rule that is broken, or a StatusCode
 */
export function invariants(node: usize): i32 {
  const status = check(node, ANY_STAGE, 0, 0);
  return status == StatusCode.OK ? brokenInvariant(changetype<Node>(node)) : status;
}
