/**
 * Messages, entries and configurations in the words of the specification (docs/spec/Raft.tla): without what serves speed
 * alone, such as hints, rounds and sequence numbers.
 */

import {
  Append,
  AppendReply,
  Entry,
  EntryKind,
  Header,
  InstallSnapshot,
  MemberRole,
  MessageFlag,
  MessageFormat,
  MessageKind,
  VoteRequest,
} from "../../host/core/abi.js";
import { entrySizeAt } from "../../host/core/entry.js";
import { membersOf } from "../messages.js";

/** Sets of ids, in ascending order. */
export interface SpecConfiguration {
  readonly voters: readonly number[];
  readonly outgoing: readonly number[];
  readonly learners: readonly number[];
  readonly witnesses: readonly number[];
}

export interface SpecEntry {
  readonly term: number;
  readonly kind: "command" | "noop" | "configuration";
  /** Of an entry of that kind. */
  readonly configuration?: SpecConfiguration;
}

/** A message: its kind in the specification, and the fields that it has there. */
export interface SpecMessage {
  readonly kind: string;
  readonly from: number;
  readonly to: number;
  readonly term: number;
  readonly [field: string]: number | string | boolean | readonly SpecEntry[];
}

/** A configuration in wire form. */
export function specConfiguration(bytes: Uint8Array): SpecConfiguration {
  const members = membersOf(bytes);
  const having = (role: number) => members.filter(({ roles }) => (roles & role) !== 0).map(({ id }) => id);
  return {
    voters: having(MemberRole.VOTER),
    outgoing: having(MemberRole.OUTGOING),
    learners: having(MemberRole.LEARNER),
    witnesses: having(MemberRole.WITNESS),
  };
}

/** What is left of an entry. A witness's copy of a command is the same entry. */
export function specEntry(term: number, kind: number, payload: Uint8Array): SpecEntry {
  if (kind === EntryKind.NOOP) return { term, kind: "noop" };
  if (kind !== EntryKind.CONFIGURATION) return { term, kind: "command" };
  return { term, kind: "configuration", configuration: specConfiguration(payload) };
}

/** A message in wire form. */
export function specMessage(bytes: Uint8Array): SpecMessage {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const flags = view.getUint32(Header.flags, true);
  const address = {
    from: view.getUint32(Header.from, true),
    to: view.getUint32(Header.to, true),
    term: numberAt(view, Header.term),
  };
  const pre = (flags & MessageFlag.PRE_VOTE) !== 0 ? "Pre" : "";
  const body = (field: number) => numberAt(view, Header.size + field);
  const kind = view.getUint8(Header.kind);
  switch (kind) {
    case MessageKind.VOTE_REQUEST:
      return {
        kind: `${pre}VoteRequest`,
        ...address,
        lastIndex: body(VoteRequest.lastIndex),
        lastTerm: body(VoteRequest.lastTerm),
      };
    case MessageKind.VOTE_REPLY:
      return { kind: `${pre}VoteReply`, ...address, granted: (flags & MessageFlag.GRANTED) !== 0 };
    case MessageKind.APPEND:
      return { kind: "Append", ...address, ...appendBody(view) };
    // How far a follower is with a snapshot says nothing but how far its log goes.
    case MessageKind.APPEND_REPLY:
    case MessageKind.SNAPSHOT_REPLY:
      return { kind: "AppendReply", ...address, match: body(AppendReply.match) };
    case MessageKind.INSTALL_SNAPSHOT:
      return {
        kind: "Snapshot",
        ...address,
        index: body(InstallSnapshot.index),
        indexTerm: body(InstallSnapshot.term),
      };
    case MessageKind.TIMEOUT_NOW:
      return { kind: "TimeoutNow", ...address };
    case MessageKind.READ_REQUEST:
      return { kind: "ReadRequest", ...address };
    case MessageKind.READ_REPLY:
      return { kind: "ReadReply", ...address };
    default:
      throw new RangeError(`the specification knows no message of kind ${kind}`);
  }
}

function appendBody(view: DataView) {
  const body = (field: number) => numberAt(view, Header.size + field);
  const entries: SpecEntry[] = [];
  let place: number = MessageFormat.APPEND;
  for (let i = 0; i < view.getUint32(Header.size + Append.count, true); i++) {
    const length = view.getUint32(place + Entry.length, true);
    const payload = new Uint8Array(view.buffer, view.byteOffset + place + Entry.size, length);
    entries.push(specEntry(numberAt(view, place + Entry.term), view.getUint8(place + Entry.kind), payload));
    place += entrySizeAt(view, place);
  }
  return {
    prevIndex: body(Append.prevIndex),
    prevTerm: body(Append.prevTerm),
    entries,
    commit: body(Append.commit),
  };
}

function numberAt(view: DataView, offset: number): number {
  return Number(view.getBigUint64(offset, true));
}
