/**
 * Messages and entries in wire form, made field by field from the generated layouts, so that a test can say which field
 * is wrong and nothing else. What is not stated is what a correct sender in term 1 would write.
 */

import {
  Append,
  AppendReply,
  Entry,
  EntryFrame,
  EntryKind,
  Header,
  InstallSnapshot,
  MessageFlag,
  MessageFormat,
  MessageKind,
  ReadReply,
  ReadRequest,
  SnapshotReply,
  VoteRequest,
} from "../../host/core/abi.js";
import { entrySizeAt, entrySizeOf } from "../../host/core/entry.js";

type Layout = Readonly<Record<string, number>>;
/** Values of some of a layout's fields. */
export type Values = Readonly<Record<string, number | bigint>>;

/** Where a field lies in some bytes, and how wide it is. */
export interface Field {
  readonly name: string;
  readonly offset: number;
  readonly bytes: 1 | 2 | 4 | 8;
}

/** The fields of a layout that begins at `base`. They lie without gaps, so that a field ends where the next one begins. */
export function fieldsOf(layout: Layout, base = 0): Field[] {
  const { size = 0, ...offsets } = layout;
  const places = Object.entries(offsets).sort(([, a], [, b]) => a - b);
  return places.map(([name, offset], i) => {
    const bytes = (places[i + 1]?.[1] ?? size) - offset;
    if (bytes !== 1 && bytes !== 2 && bytes !== 4 && bytes !== 8) throw new Error(`${name} is ${bytes} bytes wide`);
    return { name, offset: base + offset, bytes };
  });
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
}

export function readField(bytes: Uint8Array, { offset, bytes: width }: Field): bigint {
  const view = viewOf(bytes);
  if (width === 8) return view.getBigUint64(offset, true);
  if (width === 4) return BigInt(view.getUint32(offset, true));
  return BigInt(width === 2 ? view.getUint16(offset, true) : view.getUint8(offset));
}

/** Writes the low bits of `value` that the field has room for. */
export function writeField(bytes: Uint8Array, { offset, bytes: width }: Field, value: bigint): void {
  const view = viewOf(bytes);
  const fitting = BigInt.asUintN(width * 8, value);
  if (width === 8) view.setBigUint64(offset, fitting, true);
  else if (width === 4) view.setUint32(offset, Number(fitting), true);
  else if (width === 2) view.setUint16(offset, Number(fitting), true);
  else view.setUint8(offset, Number(fitting));
}

/** Sets fields of the layout that begins at `base`. */
export function setFields(bytes: Uint8Array, layout: Layout, base: number, values: Values): void {
  const fields = new Map(fieldsOf(layout, base).map((field) => [field.name, field]));
  for (const [name, value] of Object.entries(values)) {
    const field = fields.get(name);
    if (field === undefined) throw new Error(`there is no field ${name}`);
    writeField(bytes, field, BigInt(value));
  }
}

/** Layouts of the fixed bodies, by kind of message. */
const BODIES: Readonly<Record<number, Layout>> = {
  [MessageKind.VOTE_REQUEST]: VoteRequest,
  [MessageKind.VOTE_REPLY]: { size: 0 },
  [MessageKind.APPEND]: Append,
  [MessageKind.APPEND_REPLY]: AppendReply,
  [MessageKind.INSTALL_SNAPSHOT]: InstallSnapshot,
  [MessageKind.SNAPSHOT_REPLY]: SnapshotReply,
  [MessageKind.TIMEOUT_NOW]: { size: 0 },
  [MessageKind.READ_REQUEST]: ReadRequest,
  [MessageKind.READ_REPLY]: ReadReply,
};

/** The kind of a message. */
export function kindOf(message: Uint8Array): number {
  return message[Header.kind] ?? 0;
}

/** Where each of the entries that an Append carries begins; nothing for other kinds, or where the bytes end too early. */
export function entryPlaces(message: Uint8Array): number[] {
  const places: number[] = [];
  if (kindOf(message) !== MessageKind.APPEND) return places;
  for (let at: number = MessageFormat.APPEND; at + EntryFrame.HEADER <= message.length; ) {
    places.push(at);
    at += entrySizeAt(viewOf(message), at);
  }
  return places;
}

/** All fields of a message: of the header, of the body, and of the entries it carries. */
export function fieldsOfMessage(message: Uint8Array): Field[] {
  const fields = fieldsOf(Header);
  const body = fieldsOf(BODIES[kindOf(message)] ?? { size: 0 }, MessageFormat.HEADER);
  const entries = entryPlaces(message).flatMap((at) => fieldsOf(Entry, at));
  return [...fields, ...body, ...entries].filter(({ offset, bytes }) => offset + bytes <= message.length);
}

/** An entry; `values` sets fields that a correct entry would not have. */
export function entry(term: number, payload: Uint8Array | string = "", values: Values = {}): Uint8Array {
  const content = typeof payload === "string" ? new TextEncoder().encode(payload) : payload;
  const bytes = new Uint8Array(entrySizeOf(content.length));
  setFields(bytes, Entry, 0, { term, length: content.length, kind: EntryKind.NORMAL, ...values });
  bytes.set(content, EntryFrame.HEADER);
  return bytes;
}

/** An empty entry of a new leader. */
export function noop(term: number): Uint8Array {
  return entry(term, "", { kind: EntryKind.NOOP });
}

/** An entry with a configuration in wire form. */
export function configurationEntry(term: number, configuration: Uint8Array): Uint8Array {
  return entry(term, configuration, { kind: EntryKind.CONFIGURATION });
}

/** The cluster and the node that the messages of a test are for. */
export interface Addressee {
  readonly cluster: bigint;
  readonly group: number;
  readonly id: number;
}

/** A message of any kind to `to`, from node 2 unless `header` says otherwise. What `entries` holds lies behind the body: the
 * entries of an Append, the bytes of a chunk. */
export function message(
  to: Addressee,
  kind: number,
  header: Values = {},
  body: Values = {},
  entries: readonly Uint8Array[] = [],
): Uint8Array {
  const layout = BODIES[kind] ?? { size: 0 };
  const accepts = kind === MessageKind.APPEND_REPLY && (Number(header["flags"] ?? 0) & MessageFlag.REJECTED) === 0;
  const start = accepts ? MessageFormat.APPEND_REPLY : MessageFormat.HEADER + (layout["size"] ?? 0);
  const length = entries.reduce((sum, bytes) => sum + bytes.length, start);
  const bytes = new Uint8Array(length);
  const { MAGIC: magic, VERSION: version } = MessageFormat;
  const usual = { magic, version, kind, length, from: 2, to: to.id, group: to.group, cluster: to.cluster, term: 1 };
  setFields(bytes, Header, 0, { ...usual, ...header });
  setFields(
    bytes,
    layout,
    MessageFormat.HEADER,
    kind === MessageKind.APPEND ? { count: entries.length, ...body } : body,
  );
  let at = start;
  for (const run of entries) {
    bytes.set(run, at);
    at += run.length;
  }
  return bytes;
}
