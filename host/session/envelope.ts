/**
 * What a state machine with sessions finds in the log: a command in an envelope that says whose it is. Little-endian: the
 * byte 0xE5, a version byte, a kind byte, the proposer's log time as a u64 of ms, and then by kind
 *
 *   plain       the command
 *   register    nothing; the session's id is the entry's index
 *   command     u64 session, u64 sequence, u64 lowest unacknowledged sequence, the command
 *   keepAlive   u64 session, u64 lowest unacknowledged sequence
 *   close       u64 session
 *   keyed       u8 length of the key, the key in ASCII, the command
 *
 * A command that does not begin with 0xE5 needs no envelope and is nobody's; what begins with it always is one. So a
 * machine that had no sessions before reads its old log, if no command of its own begins with this byte.
 */

import { FieldReader, FieldWriter } from "./bytes.js";

/** What a client asks for. Sequences count from 1. */
export type Envelope =
  | { readonly kind: "plain"; readonly time: number; readonly command: Uint8Array }
  | { readonly kind: "register"; readonly time: number }
  | {
      readonly kind: "command";
      readonly time: number;
      readonly session: number;
      readonly sequence: number;
      /** The client has the answers of all sequences below this one: they need not be kept. */
      readonly lowest: number;
      readonly command: Uint8Array;
    }
  | { readonly kind: "keepAlive"; readonly time: number; readonly session: number; readonly lowest: number }
  | { readonly kind: "close"; readonly time: number; readonly session: number }
  | { readonly kind: "keyed"; readonly time: number; readonly key: string; readonly command: Uint8Array };

/** Bytes that are no envelope, or fields that do not fit one. */
export class EnvelopeError extends Error {
  override readonly name = "EnvelopeError";
}

const MARK = 0xe5;
const VERSION = 1;
const KINDS = ["plain", "register", "command", "keepAlive", "close", "keyed"] as const;

/** Longest idempotency key, in characters of ASCII: its length is a byte. */
export const MAX_IDEMPOTENCY_KEY_LENGTH = 255;

/** What is wrong with an idempotency key, or undefined. */
export function idempotencyKeyProblem(key: string): string | undefined {
  if (/^[!-~]{1,255}$/.test(key)) return undefined;
  return `an idempotency key has 1 to ${MAX_IDEMPOTENCY_KEY_LENGTH} visible ASCII characters without spaces`;
}

/** Whether these bytes are an envelope, or mean to be one. */
export function isEnvelope(bytes: Uint8Array): boolean {
  return bytes[0] === MARK;
}

/** A command that is nobody's, as it goes into the log. */
export function encodePlain(command: Uint8Array): Uint8Array {
  return isEnvelope(command) ? encodeEnvelope({ kind: "plain", time: 0, command }) : command;
}

/** @throws {EnvelopeError} when a field is out of its range */
export function encodeEnvelope(envelope: Envelope): Uint8Array {
  const writer = new FieldWriter();
  writer.u8(MARK);
  writer.u8(VERSION);
  writer.u8(KINDS.indexOf(envelope.kind));
  writer.u64(envelope.time);
  const problem = envelopeProblem(envelope);
  if (problem !== undefined) writer.fail(problem);
  if ("session" in envelope) writer.u64(envelope.session);
  if ("sequence" in envelope) writer.u64(envelope.sequence);
  if ("lowest" in envelope) writer.u64(envelope.lowest);
  if ("key" in envelope) {
    writer.u8(envelope.key.length);
    writer.bytes(new TextEncoder().encode(envelope.key));
  }
  if ("command" in envelope) writer.bytes(envelope.command);
  if (writer.fault !== undefined) throw new EnvelopeError(writer.fault);
  return writer.finish();
}

/** The command in it lies where the bytes do. @throws {EnvelopeError} that says what is wrong with the bytes */
export function decodeEnvelope(bytes: Uint8Array): Envelope {
  const reader = new FieldReader(bytes);
  const mark = reader.u8();
  const version = reader.u8();
  if (mark !== MARK) reader.fail("the bytes are no envelope");
  if (version !== VERSION) reader.fail(`the envelope has format ${version}, and this program reads ${VERSION}`);
  const envelope = readBody(reader);
  reader.end();
  const problem = reader.fault ?? envelopeProblem(envelope);
  if (problem !== undefined) throw new EnvelopeError(problem);
  return envelope;
}

function readBody(reader: FieldReader): Envelope {
  const kind = KINDS[reader.u8()];
  const time = reader.u64();
  switch (kind) {
    case "plain":
      return { kind, time, command: reader.view(reader.left) };
    case "register":
      return { kind, time };
    case "command": {
      const session = reader.u64();
      const sequence = reader.u64();
      return { kind, time, session, sequence, lowest: reader.u64(), command: reader.view(reader.left) };
    }
    case "keepAlive":
      return { kind, time, session: reader.u64(), lowest: reader.u64() };
    case "close":
      return { kind, time, session: reader.u64() };
    case "keyed":
      return { kind, time, key: readKey(reader), command: reader.view(reader.left) };
    default:
      reader.fail("the envelope is of no known kind");
      return { kind: "register", time };
  }
}

/** ASCII; other bytes become characters that a key may not have. */
export function readKey(reader: FieldReader): string {
  return String.fromCharCode(...reader.view(reader.u8()));
}

/** What the numbers and the key of an envelope may not be. */
function envelopeProblem(envelope: Envelope): string | undefined {
  if (envelope.kind === "keyed") return idempotencyKeyProblem(envelope.key);
  if ("lowest" in envelope && envelope.lowest < 1) return "sequences count from 1";
  if (envelope.kind === "command" && envelope.sequence < envelope.lowest) {
    return `sequence ${envelope.sequence} is below ${envelope.lowest}, the lowest that its client has no answer to`;
  }
  return undefined;
}
