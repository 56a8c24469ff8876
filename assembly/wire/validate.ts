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
import { entryCapacity, planOf } from "../state/arena";
import { align8, isNumber, isPadded } from "../state/memory";
import { kindOf } from "../state/window";
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

/** No number of entries. */
export const NONE: u32 = u32.MAX_VALUE;

/** Set in a form: more may follow. */
const OPEN: u32 = 1 << 31;

/** A form: the length in bytes of a kind's fixed part, and the flags that it may have. */
// @ts-ignore: decorator
@inline
function form(length: u32, flags: u32): u32 {
  return (flags << 8) | length;
}

/** The form of a kind of message; 0 if there is no such kind. */
function formOf(header: Header): u32 {
  switch (<u32>header.kind) {
    case MessageKind.VOTE_REQUEST:
      return form(MessageFormat.VOTE_REQUEST, MessageFlag.PRE_VOTE | MessageFlag.TRANSFER);
    case MessageKind.VOTE_REPLY:
      return form(MessageFormat.HEADER, MessageFlag.PRE_VOTE | MessageFlag.GRANTED);
    case MessageKind.APPEND:
      return form(MessageFormat.APPEND, MessageFlag.QUIET | MessageFlag.REST) | OPEN;
    case MessageKind.APPEND_REPLY:
      return form(isRejection(header) ? MessageFormat.REJECTION : MessageFormat.APPEND_REPLY, MessageFlag.REJECTED);
    case MessageKind.INSTALL_SNAPSHOT:
      return form(MessageFormat.INSTALL_SNAPSHOT, MessageFlag.LAST) | OPEN;
    case MessageKind.SNAPSHOT_REPLY:
      return form(MessageFormat.SNAPSHOT_REPLY, 0);
    case MessageKind.TIMEOUT_NOW:
      return form(MessageFormat.HEADER, 0);
    case MessageKind.READ_REQUEST:
      return form(MessageFormat.READ_REQUEST, MessageFlag.LEASE);
    case MessageKind.READ_REPLY:
      return form(MessageFormat.READ_REPLY, 0);
    default:
      return 0;
  }
}

/** Whether length and flags are those of the kind. */
function formIsValid(header: Header): bool {
  const form = formOf(header);
  const length = form & 0xff;
  if ((form == 0) | ((header.flags & ~((form & ~OPEN) >> 8)) != 0)) return false;
  return (form & OPEN) != 0 ? header.length >= length : header.length == length;
}

function bodyIsValid(header: Header, plan: Plan): bool {
  if (!formIsValid(header)) return false;
  switch (<u32>header.kind) {
    case MessageKind.VOTE_REQUEST:
      return voteRequestIsValid(header, bodyOf<VoteRequest>(header));
    case MessageKind.APPEND:
      return appendIsValid(header, bodyOf<Append>(header), plan);
    case MessageKind.APPEND_REPLY:
    case MessageKind.SNAPSHOT_REPLY:
      return replyIsValid(header, bodyOf<AppendReply>(header));
    case MessageKind.INSTALL_SNAPSHOT:
      return installIsValid(header, bodyOf<InstallSnapshot>(header));
    case MessageKind.READ_REQUEST:
      return isNumber(bodyOf<ReadRequest>(header).ticket);
    case MessageKind.READ_REPLY:
      return isNumber(bodyOf<ReadReply>(header).ticket | bodyOf<ReadReply>(header).index);
    default:
      return true;
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

/** The replies to an Append and to a chunk of a snapshot begin with the same fields. */
function replyIsValid(header: Header, body: AppendReply): bool {
  // Each is below 2^53 if all together are.
  if (!isNumber(body.match | body.round | body.sent) | (body.reserved != 0)) return false;
  if (header.kind == MessageKind.SNAPSHOT_REPLY) {
    const reply = bodyOf<SnapshotReply>(header);
    return isNumber(reply.index | reply.offset | (reply.offset + PlanLimit.MESSAGE));
  }
  if (!isRejection(header)) return true;
  return (body.rejected != 0) & isNumber(body.rejected) & positionIsValid(body.hintIndex, body.hintTerm, header.term);
}

function appendIsValid(header: Header, body: Append, plan: Plan): bool {
  if (!positionIsValid(body.prevIndex, body.prevTerm, header.term)) return false;
  // Each is below 2^53 if all together are.
  if (!isNumber(body.commit | body.round | body.sent | (body.prevIndex + body.count))) return false;
  if ((header.flags != 0) & (body.count != 0)) return false;
  const entries = changetype<usize>(header) + MessageFormat.APPEND;
  const length = header.length - MessageFormat.APPEND;
  const count = countEntries(entries, length, body.prevTerm, header.term, plan);
  return (count == body.count) & (count != NONE);
}

function installIsValid(header: Header, body: InstallSnapshot): bool {
  if (!positionIsValid(body.index, body.term, header.term) | (body.index == 0)) return false;
  // Each is below 2^53 if all together are.
  return isNumber((body.offset + header.length) | body.round | body.sent | body.offset);
}

/** How many entries `length` bytes are, with terms that do not fall, from `least` to `most`; NONE if they are not. */
export function countEntries(entries: usize, length: u32, least: u64, most: u64, plan: Plan): u32 {
  let count: u32 = 0;
  for (; length != 0; count++) {
    const size = checkEntry(entries, length, plan);
    if (size == 0) return NONE;
    const term = changetype<Entry>(entries).term;
    if ((term < least) | (term > most)) return NONE;
    least = term;
    entries += size;
    length -= size;
  }
  return count;
}

/** Size of the entry at the start of `length` bytes; 0 if there is none that is well-formed and fits a message. */
export function checkEntry(place: usize, length: u32, plan: Plan): u32 {
  if (length < EntryFrame.HEADER) return 0;
  const entry = changetype<Entry>(place);
  const payload = place + EntryFrame.HEADER;
  const room = length - EntryFrame.HEADER;
  if (entry.term == 0) return 0;
  // The first comparison keeps align8 from wrapping.
  if ((entry.length > room) | (align8(entry.length) > room)) return 0;
  if (EntryFrame.HEADER + align8(entry.length) > entryCapacity(plan)) return 0;
  if (!isPadded(payload, entry.length)) return 0;
  const kind = kindOf(entry);
  if ((kind == EntryKind.NOOP) | (kind == EntryKind.HOLLOW)) {
    if (entry.length != 0) return 0;
  } else if (kind == EntryKind.CONFIGURATION) {
    if (!configurationIsValid(payload, entry.length, plan)) return 0;
  } else if (kind != EntryKind.NORMAL) {
    return 0;
  }
  return EntryFrame.HEADER + align8(entry.length);
}
