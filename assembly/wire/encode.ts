/** Writes messages into the outbox. Lengths of fixed parts are MessageFormat's. */

import {
  Append,
  AppendReply,
  Header,
  InstallSnapshot,
  MessageFormat,
  ReadReply,
  ReadRequest,
  SnapshotReply,
  VoteRequest,
} from "../abi/message";
import { Node } from "../abi/node";
import { at, planOf } from "../state/arena";

/** The message in the outbox. */
// @ts-ignore: decorator
@inline
export function outboxOf(n: Node): Header {
  return changetype<Header>(at(n, n.outboxOffset));
}

/** The body behind a header. */
// @ts-ignore: decorator
@inline
export function bodyOf<Body>(header: Header): Body {
  return changetype<Body>(changetype<usize>(header) + MessageFormat.HEADER);
}

/** Begins a message in the outbox. */
export function writeHeader(n: Node, kind: u32, flags: u32, to: u32, length: u32, term: u64): Header {
  const plan = planOf(n);
  assert(length <= plan.maxMessage);
  // What followers could share is overwritten.
  n.sharedLength = 0;
  const header = outboxOf(n);
  // Magic, version and kind in one.
  store<u32>(changetype<usize>(header), MessageFormat.MAGIC | (MessageFormat.VERSION << 16) | (kind << 24));
  header.flags = flags;
  header.length = length;
  header.from = plan.id;
  header.to = to;
  header.group = plan.group;
  header.cluster = plan.cluster;
  header.term = term;
  return header;
}

/** The struct sizes that the fixed lengths stand for; checked where a node is made. */
export function formatIsSound(): bool {
  const header = <u32>offsetof<Header>();
  return (
    header == MessageFormat.HEADER &&
    header + <u32>offsetof<Append>() == MessageFormat.APPEND &&
    header + <u32>offsetof<VoteRequest>() == MessageFormat.VOTE_REQUEST &&
    header + <u32>offsetof<AppendReply>("rejected") == MessageFormat.APPEND_REPLY &&
    header + <u32>offsetof<AppendReply>() == MessageFormat.REJECTION &&
    header + <u32>offsetof<InstallSnapshot>() == MessageFormat.INSTALL_SNAPSHOT &&
    header + <u32>offsetof<SnapshotReply>() == MessageFormat.SNAPSHOT_REPLY &&
    header + <u32>offsetof<ReadRequest>() == MessageFormat.READ_REQUEST &&
    header + <u32>offsetof<ReadReply>() == MessageFormat.READ_REPLY
  );
}
