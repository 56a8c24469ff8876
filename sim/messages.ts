/**
 * Messages and entries for people and for tests: a second, independent encoder and reader of the wire format, built on
 * the generated layouts. Hosts need neither: they move messages and never look inside.
 */

import {
  Append,
  AppendReply,
  Configuration,
  Entry,
  EntryKind,
  EntryKindName,
  Header,
  InstallSnapshot,
  Member,
  MemberRole,
  MessageFlag,
  MessageFormat,
  MessageKind,
  ReadReply,
  ReadRequest,
  SnapshotReply,
  VoteRequest,
} from "../host/core/abi.js";
import { entrySizeAt, entrySizeOf } from "../host/core/entry.js";

/** An entry before it is encoded. A string is its payload in UTF-8. */
export interface EntrySpec {
  readonly term: number;
  /** An EntryKind; NORMAL unless stated. */
  readonly kind?: number;
  /** Nothing unless stated. */
  readonly payload?: string | Uint8Array;
}

/** Fields of every message. */
export interface Address {
  readonly from: number;
  readonly to: number;
  readonly term: number;
  readonly cluster: bigint;
  readonly group?: number;
}

const encoder = new TextEncoder();

/** Encodes entries, one behind the other. */
export function encodeEntries(entries: readonly EntrySpec[]): Uint8Array {
  const payloads = entries.map(({ payload = "" }) => (typeof payload === "string" ? encoder.encode(payload) : payload));
  const bytes = new Uint8Array(payloads.reduce((sum, payload) => sum + entrySizeOf(payload.length), 0));
  const view = new DataView(bytes.buffer);
  let offset = 0;
  for (const [i, entry] of entries.entries()) {
    const payload = payloads[i] ?? new Uint8Array();
    putNumber(view, offset + Entry.term, entry.term);
    view.setUint32(offset + Entry.length, payload.length, true);
    view.setUint8(offset + Entry.kind, entry.kind ?? EntryKind.NORMAL);
    bytes.set(payload, offset + Entry.size);
    offset += entrySizeOf(payload.length);
  }
  return bytes;
}

function putNumber(view: DataView, offset: number, value: number): void {
  view.setBigUint64(offset, BigInt(value), true);
}

function message(kind: number, flags: number, length: number, address: Address): DataView {
  const view = new DataView(new ArrayBuffer(length));
  view.setUint16(Header.magic, MessageFormat.MAGIC, true);
  view.setUint8(Header.version, MessageFormat.VERSION);
  view.setUint8(Header.kind, kind);
  view.setUint32(Header.flags, flags, true);
  view.setUint32(Header.length, length, true);
  view.setUint32(Header.from, address.from, true);
  view.setUint32(Header.to, address.to, true);
  view.setUint32(Header.group, address.group ?? 0, true);
  view.setBigUint64(Header.cluster, address.cluster, true);
  putNumber(view, Header.term, address.term);
  return view;
}

/** Body fields of a vote request. */
export interface VoteRequestSpec {
  readonly lastIndex: number;
  readonly lastTerm: number;
  readonly pre?: boolean;
}

/** Encodes a vote or pre-vote request. */
export function encodeVoteRequest(address: Address, { lastIndex, lastTerm, pre = false }: VoteRequestSpec): Uint8Array {
  const flags = pre ? MessageFlag.PRE_VOTE : 0;
  const view = message(MessageKind.VOTE_REQUEST, flags, MessageFormat.VOTE_REQUEST, address);
  putNumber(view, Header.size + VoteRequest.lastIndex, lastIndex);
  putNumber(view, Header.size + VoteRequest.lastTerm, lastTerm);
  return new Uint8Array(view.buffer);
}

/** Encodes a vote or pre-vote reply. */
export function encodeVoteReply(address: Address, granted: boolean, pre = false): Uint8Array {
  const flags = (granted ? MessageFlag.GRANTED : 0) | (pre ? MessageFlag.PRE_VOTE : 0);
  return new Uint8Array(message(MessageKind.VOTE_REPLY, flags, MessageFormat.HEADER, address).buffer);
}

/** Body fields of an Append; 0 or nothing unless stated. */
export interface AppendSpec {
  readonly prevIndex?: number;
  readonly prevTerm?: number;
  readonly commit?: number;
  readonly round?: number;
  readonly sent?: number;
  readonly sequence?: number;
  readonly entries?: readonly EntrySpec[];
  readonly quiet?: boolean;
}

/** Encodes an Append. */
export function encodeAppend(address: Address, spec: AppendSpec): Uint8Array {
  const entries = encodeEntries(spec.entries ?? []);
  const flags = spec.quiet === true ? MessageFlag.QUIET : 0;
  const view = message(MessageKind.APPEND, flags, MessageFormat.APPEND + entries.length, address);
  const fields = ["prevIndex", "prevTerm", "commit", "round", "sent"] as const;
  for (const field of fields) putNumber(view, Header.size + Append[field], spec[field] ?? 0);
  view.setUint32(Header.size + Append.sequence, spec.sequence ?? 0, true);
  view.setUint32(Header.size + Append.count, spec.entries?.length ?? 0, true);
  const bytes = new Uint8Array(view.buffer);
  bytes.set(entries, MessageFormat.APPEND);
  return bytes;
}

/** Body fields of an append reply; 0 unless stated. */
export interface AppendReplySpec {
  readonly match?: number;
  /** The prevIndex that did not fit; makes the reply a rejection. */
  readonly rejected?: number;
  readonly hintIndex?: number;
  readonly hintTerm?: number;
  readonly round?: number;
  readonly sent?: number;
  readonly sequence?: number;
}

/** Encodes an append reply. */
export function encodeAppendReply(address: Address, spec: AppendReplySpec): Uint8Array {
  const flags = spec.rejected === undefined ? 0 : MessageFlag.REJECTED;
  const length = flags === 0 ? MessageFormat.APPEND_REPLY : MessageFormat.REJECTION;
  const view = message(MessageKind.APPEND_REPLY, flags, length, address);
  const always = ["match", "round", "sent"] as const;
  const fields = flags === 0 ? always : ([...always, "rejected", "hintIndex", "hintTerm"] as const);
  for (const field of fields) putNumber(view, Header.size + AppendReply[field], spec[field] ?? 0);
  view.setUint32(Header.size + AppendReply.sequence, spec.sequence ?? 0, true);
  return new Uint8Array(view.buffer);
}

function getNumber(view: DataView, offset: number): number {
  return Number(view.getBigUint64(offset, true));
}

/** One line that says what a message is: "1 -> 2 APPEND t2 prev=3/1 entries=4:2,5:2 commit=3". */
export function describeMessage(bytes: Uint8Array): string {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const from = view.getUint32(Header.from, true);
  const to = view.getUint32(Header.to, true);
  const term = getNumber(view, Header.term);
  return `${from} -> ${to} ${describeBody(view, view.getUint8(Header.kind), view.getUint32(Header.flags, true), `t${term}`)}`;
}

function describeBody(view: DataView, kind: number, flags: number, term: string): string {
  const pre = (flags & MessageFlag.PRE_VOTE) !== 0 ? "PRE-" : "";
  if (kind === MessageKind.VOTE_REQUEST) {
    const last = `${getNumber(view, Header.size + VoteRequest.lastIndex)}/${getNumber(view, Header.size + VoteRequest.lastTerm)}`;
    return `${pre}VOTE? ${term} last=${last}${(flags & MessageFlag.TRANSFER) !== 0 ? " transfer" : ""}`;
  }
  if (kind === MessageKind.VOTE_REPLY) {
    return `${pre}VOTE ${term} ${(flags & MessageFlag.GRANTED) !== 0 ? "granted" : "denied"}`;
  }
  if (kind === MessageKind.APPEND) return describeAppend(view, flags, term);
  if (kind === MessageKind.APPEND_REPLY) return describeAppendReply(view, flags, term);
  if (kind === MessageKind.INSTALL_SNAPSHOT) return describeChunk(view, flags, term);
  if (kind === MessageKind.SNAPSHOT_REPLY) {
    const { index, offset } = SnapshotReply;
    return `CHUNK OK ${term} snapshot=${getNumber(view, Header.size + index)} next=${getNumber(view, Header.size + offset)}`;
  }
  if (kind === MessageKind.TIMEOUT_NOW) return `TIMEOUT NOW ${term}`;
  if (kind === MessageKind.READ_REQUEST) {
    const lease = (flags & MessageFlag.LEASE) !== 0 ? " by lease" : "";
    return `READ? ${term} ticket=${getNumber(view, Header.size + ReadRequest.ticket)}${lease}`;
  }
  if (kind === MessageKind.READ_REPLY) {
    const ticket = getNumber(view, Header.size + ReadReply.ticket);
    return `READ ${term} ticket=${ticket} index=${getNumber(view, Header.size + ReadReply.index)}`;
  }
  return `kind ${kind} ${term}`;
}

function describeChunk(view: DataView, flags: number, term: string): string {
  const body = Header.size;
  const index = getNumber(view, body + InstallSnapshot.index);
  const snapshot = `snapshot=${index}/${getNumber(view, body + InstallSnapshot.term)}`;
  const start = getNumber(view, body + InstallSnapshot.offset);
  const end = start + view.getUint32(Header.length, true) - MessageFormat.INSTALL_SNAPSHOT;
  return `CHUNK ${term} ${snapshot} bytes=${start}..${end}${(flags & MessageFlag.LAST) !== 0 ? " last" : ""}`;
}

function describeAppend(view: DataView, flags: number, term: string): string {
  const body = Header.size;
  const prevIndex = getNumber(view, body + Append.prevIndex);
  const prev = `prev=${prevIndex}/${getNumber(view, body + Append.prevTerm)}`;
  const commit = `commit=${getNumber(view, body + Append.commit)}`;
  const entries: string[] = [];
  let offset: number = MessageFormat.APPEND;
  for (let i = 0; i < view.getUint32(body + Append.count, true); i++) {
    entries.push(describeEntry(view, offset, prevIndex + 1 + i));
    offset += entrySizeAt(view, offset);
  }
  const carried = entries.length === 0 ? "" : ` entries=${entries.join(",")}`;
  return `APPEND ${term} ${prev}${carried} ${commit}${(flags & MessageFlag.QUIET) !== 0 ? " quiet" : ""}${(flags & MessageFlag.REST) !== 0 ? " rest" : ""}`;
}

/** "4:2" for the entry of term 2 at index 4, with its kind if it is not a command. */
function describeEntry(view: DataView, offset: number, index: number): string {
  const kind = view.getUint8(offset + Entry.kind);
  const name = kind === EntryKind.NORMAL ? "" : `(${EntryKindName[kind] ?? kind})`;
  return `${index}:${getNumber(view, offset + Entry.term)}${name}`;
}

function describeAppendReply(view: DataView, flags: number, term: string): string {
  const body = Header.size;
  const match = `match=${getNumber(view, body + AppendReply.match)}`;
  if ((flags & MessageFlag.REJECTED) === 0) return `APPENDED ${term} ${match}`;
  const hint = `${getNumber(view, body + AppendReply.hintIndex)}/${getNumber(view, body + AppendReply.hintTerm)}`;
  return `REJECTED ${term} prev=${getNumber(view, body + AppendReply.rejected)} hint=${hint} ${match}`;
}

/** A member as a configuration names it. */
export interface MemberRow {
  readonly id: number;
  readonly roles: number;
  readonly priority: number;
  readonly address: string;
}

/** The members of a configuration in wire form. */
export function membersOf(configuration: Uint8Array): MemberRow[] {
  if (configuration.length === 0) return [];
  const view = new DataView(configuration.buffer, configuration.byteOffset, configuration.byteLength);
  const members: MemberRow[] = [];
  let offset: number = Configuration.size;
  for (let i = 0; i < view.getUint32(Configuration.count, true); i++) {
    const length = view.getUint8(offset + Member.addressLength);
    members.push({
      id: view.getUint32(offset + Member.id, true),
      roles: view.getUint8(offset + Member.roles),
      priority: view.getUint8(offset + Member.priority),
      address: new TextDecoder().decode(configuration.subarray(offset + Member.size, offset + Member.size + length)),
    });
    offset += Member.size + ((length + 7) & ~7);
  }
  return members;
}

/** The sets of voters of a configuration in wire form: the incoming one, and the outgoing one, empty unless joint. */
export function voterSets(
  configuration: Uint8Array,
): readonly [incoming: readonly number[], outgoing: readonly number[]] {
  const view = new DataView(configuration.buffer, configuration.byteOffset, configuration.byteLength);
  const incoming: number[] = [];
  const outgoing: number[] = [];
  let offset: number = Configuration.size;
  for (let i = 0; i < view.getUint32(Configuration.count, true); i++) {
    const id = view.getUint32(offset + Member.id, true);
    const roles = view.getUint8(offset + Member.roles);
    if ((roles & MemberRole.VOTER) !== 0) incoming.push(id);
    if ((roles & MemberRole.OUTGOING) !== 0) outgoing.push(id);
    offset += Member.size + ((view.getUint8(offset + Member.addressLength) + 7) & ~7);
  }
  return [incoming, outgoing];
}
