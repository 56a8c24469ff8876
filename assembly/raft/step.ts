/**
 * A message from another node: what its term means, and who handles it (paper 5.1). Whatever is refused here is refused
 * before anything is taken over from it.
 */

import { EventKind } from "../abi/event";
import {
  Append,
  AppendReply,
  Header,
  InstallSnapshot,
  MessageFlag,
  MessageKind,
  ReadReply,
  ReadRequest,
  VoteRequest,
} from "../abi/message";
import { Node, Role } from "../abi/node";
import { StatusCode } from "../abi/status-code";
import { bodyOf } from "../wire/encode";
import { validate } from "../wire/validate";
import { appendContradicts, receiveAppend, receiveInstall } from "./append";
import { receiveVoteReply, receiveVoteRequest } from "./election";
import { note } from "./events";
import { wake } from "./quiescence";
import { receiveReadReply, receiveReadRequest } from "./reads";
import { receiveReply, replyContradicts } from "./replication";
import { becomeFollower } from "./role";
import { snapshotContradicts } from "./snapshot";
import { receiveTimeoutNow } from "./transfer";

/** Takes the `length` bytes at `message`. */
export function receiveMessage(n: Node, message: usize, length: u32): i32 {
  const status = check(n, message, length);
  if (status == StatusCode.OK) {
    if (n.quiet != 0) wake(n);
    return dispatch(n, changetype<Header>(message));
  }
  note(n, EventKind.REFUSED, <u32>status, length < offsetof<Header>() ? 0 : changetype<Header>(message).kind);
  return status;
}

/** Whether the message is well-formed, and one that a correct node can have sent. */
function check(n: Node, message: usize, length: u32): i32 {
  const status = validate(n, message, length);
  if (status != StatusCode.OK) return status;
  const header = changetype<Header>(message);
  return contradicts(n, header) ? StatusCode.CONTRADICTION : StatusCode.OK;
}

/** Whether no correct node can have sent this. Looked at before anything is taken over from the message. */
function contradicts(n: Node, header: Header): bool {
  const kind = <u32>header.kind;
  if ((kind == MessageKind.APPEND_REPLY) | (kind == MessageKind.SNAPSHOT_REPLY)) {
    return replyContradicts(n, header, bodyOf<AppendReply>(header));
  }
  if ((kind != MessageKind.APPEND) & (kind != MessageKind.INSTALL_SNAPSHOT)) return false;
  if (header.term < n.term) return false;
  const otherLeader = (n.role == Role.LEADER) | ((n.leader != 0) & (n.leader != header.from));
  if ((header.term == n.term) & otherLeader) return true;
  return kind == MessageKind.APPEND
    ? appendContradicts(n, header, bodyOf<Append>(header))
    : snapshotContradicts(n, bodyOf<InstallSnapshot>(header));
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
  if (header.kind == MessageKind.INSTALL_SNAPSHOT) return receiveInstall(n, header, bodyOf<InstallSnapshot>(header));
  // Anything else of a higher term ends this node's candidacy or leadership, and nothing more.
  if (header.term > n.term && isSendersTerm(header)) {
    becomeFollower(n, header.term, 0);
    return StatusCode.OK;
  }
  if (header.kind == MessageKind.VOTE_REPLY) return receiveVoteReply(n, header);
  if (header.term < n.term) return StatusCode.STALE;
  if (header.kind == MessageKind.TIMEOUT_NOW) return receiveTimeoutNow(n, header);
  if (header.kind == MessageKind.READ_REPLY) return receiveReadReply(n, header, bodyOf<ReadReply>(header));
  if (n.role != Role.LEADER) return StatusCode.STALE;
  if (header.kind == MessageKind.READ_REQUEST) return receiveReadRequest(n, header, bodyOf<ReadRequest>(header));
  return receiveReply(n, header, bodyOf<AppendReply>(header));
}
