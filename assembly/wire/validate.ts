/**
 * Checks a message byte by byte before anything in a node looks at it. What passes is well-formed: lengths agree, numbers
 * are in range, and terms and indexes stand in the order that every correct sender keeps.
 */

import { Entry, EntryFrame, EntryKind } from "../abi/entry";
import {
  Append,
  AppendReply,
  Header,
  InstallSnapshot,
  MessageFlag,
  MessageFormat,
  MessageKind,
  ReadReply,
  ReadRequest,
  SnapshotReply,
  VoteRequest,
} from "../abi/message";
import { Node } from "../abi/node";
import { Plan, PlanLimit } from "../abi/plan";
import { StatusCode } from "../abi/status-code";
import { planOf } from "../state/arena";
import { align8, isNumber, isZero } from "../state/memory";
import { configurationIsValid } from "./configuration";
import { bodyOf } from "./encode";

/** Checks the `length` bytes at `message`. */
export function validate(n: Node, message: usize, length: u32): i32 {
  const plan = planOf(n);
  if (length > plan.maxMessage) return StatusCode.OVERSIZED;
  if ((length < MessageFormat.HEADER) | ((message & 7) != 0)) return StatusCode.MALFORMED;
  const header = changetype<Header>(message);
  if (header.magic != MessageFormat.MAGIC) return StatusCode.MALFORMED;
  if (header.version != MessageFormat.VERSION) return StatusCode.BAD_VERSION;
  if (header.length != length) return StatusCode.MALFORMED;
  if ((header.cluster != plan.cluster) | (header.group != plan.group) | (header.to != plan.id)) {
    return StatusCode.FOREIGN;
  }
  if ((header.from == 0) | (header.from == plan.id)) return StatusCode.MALFORMED;
  if (!termIsValid(header)) return StatusCode.MALFORMED;
  return bodyIsValid(header, plan) ? StatusCode.OK : StatusCode.MALFORMED;
}

/** Every sender is in a term, or asks for one; only a pre-vote may be denied before the first term. */
// @ts-ignore: decorator
@inline
function termIsValid(header: Header): bool {
  if (header.term == 0) return (header.kind == MessageKind.VOTE_REPLY) & (header.flags == MessageFlag.PRE_VOTE);
  return isNumber(header.term);
}

// @ts-ignore: decorator
@inline
function hasOnly(header: Header, flags: u32): bool {
  return (header.flags & ~flags) == 0;
}

function bodyIsValid(header: Header, plan: Plan): bool {
  switch (<u32>header.kind) {
    case MessageKind.VOTE_REQUEST:
      return (
        hasOnly(header, MessageFlag.PRE_VOTE | MessageFlag.TRANSFER) &&
        header.length == MessageFormat.VOTE_REQUEST &&
        voteRequestIsValid(header, bodyOf<VoteRequest>(header))
      );
    case MessageKind.VOTE_REPLY:
      return hasOnly(header, MessageFlag.PRE_VOTE | MessageFlag.GRANTED) && header.length == MessageFormat.HEADER;
    case MessageKind.APPEND:
      return (
        hasOnly(header, MessageFlag.QUIET | MessageFlag.REST) &&
        header.length >= MessageFormat.APPEND &&
        appendIsValid(header, bodyOf<Append>(header), plan)
      );
    case MessageKind.APPEND_REPLY:
      return (
        hasOnly(header, MessageFlag.REJECTED) &&
        header.length == (isRejection(header) ? MessageFormat.REJECTION : MessageFormat.APPEND_REPLY) &&
        appendReplyIsValid(header, bodyOf<AppendReply>(header))
      );
    case MessageKind.INSTALL_SNAPSHOT:
      return (
        hasOnly(header, MessageFlag.LAST) &&
        header.length >= MessageFormat.INSTALL_SNAPSHOT &&
        installIsValid(header, bodyOf<InstallSnapshot>(header))
      );
    case MessageKind.SNAPSHOT_REPLY:
      return (
        header.flags == 0 &&
        header.length == MessageFormat.SNAPSHOT_REPLY &&
        appendReplyIsValid(header, bodyOf<AppendReply>(header)) &&
        isNumber(bodyOf<SnapshotReply>(header).index | (bodyOf<SnapshotReply>(header).offset + PlanLimit.MESSAGE))
      );
    case MessageKind.TIMEOUT_NOW:
      return (header.flags == 0) & (header.length == MessageFormat.HEADER);
    case MessageKind.READ_REQUEST:
      return (
        hasOnly(header, MessageFlag.LEASE) &&
        header.length == MessageFormat.READ_REQUEST &&
        isNumber(bodyOf<ReadRequest>(header).ticket)
      );
    case MessageKind.READ_REPLY:
      return (
        header.flags == 0 &&
        header.length == MessageFormat.READ_REPLY &&
        isNumber(bodyOf<ReadReply>(header).ticket | bodyOf<ReadReply>(header).index)
      );
    default:
      return false;
  }
}

/** Whether (index, term) can be the place of an entry in a log of someone in `limit` or earlier: (0, 0) is the start. */
function positionIsValid(index: u64, term: u64, limit: u64): bool {
  return isNumber(index) & (term <= limit) & ((index == 0) == (term == 0));
}

/** The term asked for is above all in the candidate's log. */
function voteRequestIsValid(header: Header, body: VoteRequest): bool {
  return positionIsValid(body.lastIndex, body.lastTerm, header.term - 1);
}

// @ts-ignore: decorator
@inline
function isRejection(header: Header): bool {
  return (header.flags & MessageFlag.REJECTED) != 0;
}

function appendReplyIsValid(header: Header, body: AppendReply): bool {
  // Each is below 2^53 if all together are.
  if (!isNumber(body.match | body.round | body.sent) | (body.reserved != 0)) return false;
  if (!isRejection(header)) return true;
  return (body.rejected != 0) & isNumber(body.rejected) & positionIsValid(body.hintIndex, body.hintTerm, header.term);
}

function appendIsValid(header: Header, body: Append, plan: Plan): bool {
  if (!positionIsValid(body.prevIndex, body.prevTerm, header.term)) return false;
  // Each is below 2^53 if all together are.
  if (!isNumber(body.commit | body.round | body.sent | (body.prevIndex + body.count))) return false;
  if ((header.flags != 0) & (body.count != 0)) return false;
  const entries = changetype<usize>(header) + MessageFormat.APPEND;
  return entriesAreValid(entries, header.length - MessageFormat.APPEND, body.count, body.prevTerm, header.term, plan);
}

function installIsValid(header: Header, body: InstallSnapshot): bool {
  if (!positionIsValid(body.index, body.term, header.term) | (body.index == 0)) return false;
  // Each is below 2^53 if all together are.
  return isNumber((body.offset + header.length) | body.round | body.sent | body.offset);
}

/** Whether `length` bytes are exactly `count` entries with terms that do not fall, from `least` to `most`. */
export function entriesAreValid(entries: usize, length: u32, count: u32, least: u64, most: u64, plan: Plan): bool {
  for (let i: u32 = 0; i < count; i++) {
    const size = checkEntry(entries, length, plan);
    if (size == 0) return false;
    const term = changetype<Entry>(entries).term;
    if ((term < least) | (term > most)) return false;
    least = term;
    entries += size;
    length -= size;
  }
  return length == 0;
}

/** Size of the entry at the start of `length` bytes; 0 if there is none that is well-formed. */
export function checkEntry(place: usize, length: u32, plan: Plan): u32 {
  if (length < EntryFrame.HEADER) return 0;
  const entry = changetype<Entry>(place);
  const payload = place + EntryFrame.HEADER;
  const room = length - EntryFrame.HEADER;
  if ((entry.term == 0) | (entry.reserved8 != 0) | (entry.reserved16 != 0)) return 0;
  // The first comparison keeps align8 from wrapping.
  if ((entry.length > room) | (align8(entry.length) > room)) return 0;
  if (!isZero(payload + entry.length, payload + align8(entry.length))) return 0;
  if ((entry.kind == EntryKind.NOOP) | (entry.kind == EntryKind.HOLLOW)) {
    if (entry.length != 0) return 0;
  } else if (entry.kind == EntryKind.CONFIGURATION) {
    if (!configurationIsValid(payload, entry.length, plan)) return 0;
  } else if (entry.kind != EntryKind.NORMAL) {
    return 0;
  }
  return EntryFrame.HEADER + align8(entry.length);
}
