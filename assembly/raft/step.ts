/**
 * A message from another node: what its term means, and who handles it (paper 5.1). Whatever is refused here is refused
 * before anything is taken over from it.
 */

import { EventKind } from "../abi/event";
import { Append, AppendReply, Header, MessageFlag, MessageKind, VoteRequest } from "../abi/message";
import { Node, Role } from "../abi/node";
import { StatusCode } from "../abi/status-code";
import { bodyOf } from "../wire/encode";
import { validate } from "../wire/validate";
import { appendContradicts, receiveAppend } from "./append";
import { receiveVoteReply, receiveVoteRequest } from "./election";
import { note } from "./events";
import { receiveAppendReply, replyContradicts } from "./replication";
import { becomeFollower } from "./role";

/** Takes the `length` bytes at `message`. */
export function receiveMessage(n: Node, message: usize, length: u32): i32 {
  const status = check(n, message, length);
  if (status == StatusCode.OK) return dispatch(n, changetype<Header>(message));
  note(n, EventKind.REFUSED, <u32>status, length < offsetof<Header>() ? 0 : changetype<Header>(message).kind);
  return status;
}

/** Whether the message is well-formed, and one that a correct node can have sent. */
function check(n: Node, message: usize, length: u32): i32 {
  const status = validate(n, message, length);
  if (status != StatusCode.OK) return status;
  const header = changetype<Header>(message);
  const contradicts =
    header.kind == MessageKind.APPEND
      ? appendContradicts(n, header, bodyOf<Append>(header))
      : header.kind == MessageKind.APPEND_REPLY && replyContradicts(n, header, bodyOf<AppendReply>(header));
  return contradicts ? StatusCode.CONTRADICTION : StatusCode.OK;
}

/** Whether the sender is in the term that the header names. Pre-vote requests and granted pre-votes name the term asked
 * for, which nobody is in. */
function isSendersTerm(header: Header): bool {
  if ((header.flags & MessageFlag.PRE_VOTE) == 0) return true;
  return (header.kind == MessageKind.VOTE_REPLY) & ((header.flags & MessageFlag.GRANTED) == 0);
}

function dispatch(n: Node, header: Header): i32 {
  if (header.kind == MessageKind.VOTE_REQUEST) return receiveVoteRequest(n, header, bodyOf<VoteRequest>(header));
  if (header.kind == MessageKind.APPEND) return receiveAppend(n, header, bodyOf<Append>(header));
  // Replies. A higher term ends this node's candidacy or leadership.
  if (header.term > n.term && isSendersTerm(header)) {
    becomeFollower(n, header.term, 0);
    return StatusCode.OK;
  }
  if (header.kind == MessageKind.VOTE_REPLY) return receiveVoteReply(n, header);
  if ((header.term < n.term) | (n.role != Role.LEADER)) return StatusCode.STALE;
  return receiveAppendReply(n, header, bodyOf<AppendReply>(header));
}
