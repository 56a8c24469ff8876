/**
 * Where things lie in an arena: the Node, its Plan, and behind them tables whose sizes the plan fixes. This is the one
 * place that knows the order; everybody else goes by the offsets in the Node.
 */

import { Configuration, Member } from "../abi/configuration";
import { EntryFrame } from "../abi/entry";
import { EventKind } from "../abi/event";
import { MessageFormat } from "../abi/message";
import { Node, NodeFormat } from "../abi/node";
import { Peer } from "../abi/peer";
import { Plan, PlanLimit } from "../abi/plan";
import { StatusCode } from "../abi/status-code";
import { align8 } from "./memory";

/** Two u64 arguments for each kind of event. */
const EVENTS_BYTES: u32 = EventKind.COUNT * 16;
/** The rows of terms that have left the window. */
const TERMS_BYTES: u32 = PlanLimit.TERMS * 16;

/** Bytes of the Node itself. */
// @ts-ignore: decorator
@inline
function nodeBytes(): u32 {
  return align8(<u32>offsetof<Node>());
}

/** Bytes from one Peer record to the next. */
// @ts-ignore: decorator
@inline
export function peerStride(): u32 {
  return align8(<u32>offsetof<Peer>());
}

/** The node's plan, which lies right behind it. */
// @ts-ignore: decorator
@inline
export function planOf(n: Node): Plan {
  return changetype<Plan>(changetype<usize>(n) + nodeBytes());
}

// The tables whose sizes no plan changes lie right behind the plan: their places are constants.

// @ts-ignore: decorator
@inline
function eventsOffset(): u32 {
  return nodeBytes() + align8(<u32>offsetof<Plan>());
}

// @ts-ignore: decorator
@inline
function termsOffset(): u32 {
  return eventsOffset() + EVENTS_BYTES;
}

// @ts-ignore: decorator
@inline
function peersOffset(): u32 {
  return termsOffset() + TERMS_BYTES;
}

/** Where the pending events' arguments lie. */
// @ts-ignore: decorator
@inline
export function eventsOf(n: Node): usize {
  return changetype<usize>(n) + eventsOffset();
}

/** Where the rows of terms lie that have left the window. */
// @ts-ignore: decorator
@inline
export function termsOf(n: Node): usize {
  return changetype<usize>(n) + termsOffset();
}

/** Where the Peer records lie. */
// @ts-ignore: decorator
@inline
export function peersOf(n: Node): usize {
  return changetype<usize>(n) + peersOffset();
}

/** The address of what lies at an offset from the start of the arena. */
// @ts-ignore: decorator
@inline
export function at(n: Node, offset: u32): usize {
  return changetype<usize>(n) + offset;
}

/** Most bytes of a configuration in wire form. */
export function configurationCapacity(plan: Plan): u32 {
  return <u32>offsetof<Configuration>() + plan.nodes * (<u32>offsetof<Member>() + plan.addressBytes);
}

/** Most bytes of an entry, header included: it has to fit an Append. */
// @ts-ignore: decorator
@inline
export function entryCapacity(plan: Plan): u32 {
  return plan.maxMessage - MessageFormat.APPEND;
}

/** 1 if a value is not within its limits, else 0. */
function outside(value: u32, least: u32, most: u32): u32 {
  return u32(value - least > most - least);
}

/** Checks a plan against its documented limits. */
export function checkPlan(plan: Plan): i32 {
  const bad =
    u32(plan.cluster == 0) |
    u32(plan.id == 0) |
    u32((plan.reserved | plan.reserved1) != 0) |
    u32(plan.incarnation > PlanLimit.NUMBER / 2 + 1) |
    outside(plan.leaseDrift, 0, PlanLimit.DRIFT) |
    outside(plan.nodes, 1, PlanLimit.NODES) |
    outside(plan.windowEntries, PlanLimit.WINDOW_ENTRIES_MIN, PlanLimit.WINDOW_ENTRIES) |
    u32(popcnt(plan.windowEntries) != 1) |
    outside(plan.maxMessage, PlanLimit.MESSAGE_MIN, PlanLimit.MESSAGE) |
    outside(plan.windowBytes, 2 * plan.maxMessage, PlanLimit.WINDOW_BYTES) |
    outside(plan.addressBytes, 0, PlanLimit.ADDRESS) |
    ((plan.windowBytes | plan.maxMessage | plan.addressBytes) & 7) |
    outside(plan.inflightMessages, 1, PlanLimit.INFLIGHT) |
    outside(plan.inflightBytes, plan.maxMessage, PlanLimit.WINDOW_BYTES) |
    outside(plan.uncommittedBytes, plan.maxMessage, PlanLimit.WINDOW_BYTES) |
    outside(plan.electionTimeout, 2, PlanLimit.TIME) |
    outside(plan.electionJitter, 1, PlanLimit.TIME) |
    outside(plan.heartbeat, 1, plan.electionTimeout >> 1);
  if (bad != 0) return StatusCode.BAD_PLAN;
  // The largest configuration fits a message.
  return configurationCapacity(plan) + EntryFrame.HEADER <= entryCapacity(plan) ? StatusCode.OK : StatusCode.BAD_PLAN;
}

/** Bytes of arena that a checked plan takes. At most about 1.1 GiB, so 32 bits hold it. */
export function arenaBytes(plan: Plan): u32 {
  return (
    peersOffset() +
    (plan.nodes + 1) * peerStride() +
    align8(configurationCapacity(plan)) +
    2 * plan.maxMessage +
    plan.windowEntries * 4 +
    plan.windowBytes
  );
}

/** Lays out a zeroed arena for a checked plan, which may lie inside it. */
export function layOut(arena: usize, given: Plan): Node {
  const bytes = arenaBytes(given);
  const n = changetype<Node>(arena);
  const plan = planOf(n);
  memory.copy(changetype<usize>(plan), changetype<usize>(given), offsetof<Plan>());
  memory.fill(arena, 0, nodeBytes());
  memory.fill(changetype<usize>(plan) + offsetof<Plan>(), 0, bytes - nodeBytes() - <u32>offsetof<Plan>());
  n.eventsOffset = eventsOffset();
  n.termsOffset = termsOffset();
  n.peersOffset = peersOffset();
  let offset = peersOffset() + (plan.nodes + 1) * peerStride();
  n.baseOffset = offset;
  offset += align8(configurationCapacity(plan));
  n.inboxOffset = offset;
  offset += plan.maxMessage;
  n.outboxOffset = offset;
  offset += plan.maxMessage;
  n.slotsOffset = offset;
  offset += plan.windowEntries * 4;
  n.bytesOffset = offset;
  assert(offset + plan.windowBytes == bytes);
  n.slotMask = plan.windowEntries - 1;
  n.maxPayload = entryCapacity(plan) - EntryFrame.HEADER;
  n.magic = NodeFormat.MAGIC;
  return n;
}
