/**
 * Asks and answers: what a node that serves clients asks of a board, which serves none (firmware/node/asks.h). They are
 * datagrams like messages, and begin with a message's header, with a magic of their own. Little-endian.
 */

import { Header } from "../core/abi.js";

/** The bytes "MQ" in place of a message's "MR". */
const MAGIC = 0x514d;
const VERSION = 1;
/** Added to an ask's kind in its answer. */
const ANSWER = 0x80;
/** Offsets behind the header; the ask's own part begins at the payload, the answer's at the status. */
const LIFE = 40;
const LANE = 48;
const NUMBER = 52;
const PAYLOAD = 56;
const STATUS = 56;
const RESULT = 60;
const INDEX = 64;
const LEADER = 72;
const TEXT = 80;

/** Lanes of one asker at one board: asks that may be under way at a time. */
export const ASK_LANES = 4;

export const AskKind = {
  /** How the board is, whatever its role. */
  STATUS: 1,
  /** Payload: the command. */
  PROPOSE: 2,
  /** Payload: the u64 index of the configuration that is changed, and the new one in wire form. */
  RECONFIGURE: 3,
  /** Payload: the u32 id of who is to lead, 0 for the one most fit. */
  TRANSFER: 4,
} as const;
export type AskKind = (typeof AskKind)[keyof typeof AskKind];

/** What an answer's status may be besides the core's status codes. */
export const AskStatus = {
  /** It may or may not have been done. */
  UNKNOWN: 1,
  /** Nothing was done: the board has heard of a later life of the asker, which the answer's index says. */
  OLD_LIFE: 2,
} as const;

export interface Ask {
  readonly kind: AskKind;
  readonly cluster: bigint;
  readonly from: number;
  readonly to: number;
  /** The term in which the receiver leads; 0 where that is not asked for. */
  readonly term: number;
  /** Higher each time the asker starts. */
  readonly life: number;
  readonly lane: number;
  /** Of the ask on its lane; they rise. */
  readonly number: number;
  readonly payload: Uint8Array;
}

export interface AskAnswer {
  readonly kind: number;
  readonly from: number;
  /** The term of who answers. */
  readonly term: number;
  readonly life: number;
  readonly lane: number;
  readonly number: number;
  /** A status code of the core, or one of {@link AskStatus}. */
  readonly status: number;
  /** What became of a command: an answer of the firmware's store. */
  readonly result: number;
  /** Where a command or a configuration stands. */
  readonly index: number;
  /** 0 if not known. */
  readonly leader: number;
  /** Of a STATUS: JSON. */
  readonly text: string;
}

export function encodeAsk({ cluster, from, kind, lane, life, number, payload, term, to }: Ask): Uint8Array {
  const bytes = new Uint8Array(PAYLOAD + payload.length);
  const view = new DataView(bytes.buffer);
  view.setUint16(Header.magic, MAGIC, true);
  view.setUint8(Header.version, VERSION);
  view.setUint8(Header.kind, kind);
  view.setUint32(Header.length, bytes.length, true);
  view.setUint32(Header.from, from, true);
  view.setUint32(Header.to, to, true);
  view.setBigUint64(Header.cluster, cluster, true);
  view.setBigUint64(Header.term, BigInt(term), true);
  view.setBigUint64(LIFE, BigInt(life), true);
  view.setUint32(LANE, lane, true);
  view.setUint32(NUMBER, number, true);
  bytes.set(payload, PAYLOAD);
  return bytes;
}

/** Whether a message with a whole header is no message of the core, but an ask or an answer. */
export function isAsk(message: DataView): boolean {
  return message.getUint16(Header.magic, true) === MAGIC;
}

/** Reads an answer; undefined if it is none that this node understands. */
export function decodeAnswer(message: Uint8Array): AskAnswer | undefined {
  const view = new DataView(message.buffer, message.byteOffset, message.length);
  if (message.length < TEXT || !isAsk(view) || view.getUint8(Header.version) !== VERSION) return undefined;
  const kind = view.getUint8(Header.kind);
  if ((kind & ANSWER) === 0 || view.getUint32(Header.length, true) !== message.length) return undefined;
  return {
    kind: kind & ~ANSWER,
    from: view.getUint32(Header.from, true),
    term: Number(view.getBigUint64(Header.term, true)),
    life: Number(view.getBigUint64(LIFE, true)),
    lane: view.getUint32(LANE, true),
    number: view.getUint32(NUMBER, true),
    status: view.getInt32(STATUS, true),
    result: view.getInt32(RESULT, true),
    index: Number(view.getBigUint64(INDEX, true)),
    leader: view.getUint32(LEADER, true),
    text: new TextDecoder().decode(message.subarray(TEXT)),
  };
}
