/**
 * Commands of the key-value state machine, and their bytes in the log. Little-endian: a version byte, in version 2 a u32
 * limit, a kind byte, and then by kind
 *
 *   put      key, value
 *   delete   key
 *   get      key
 *   txn      u16 count of comparisons, each: u8 what is compared, key, and the value or the u64 index;
 *            u16 count of operations, each: u8 kind (put or delete), key, and the value of a put
 *
 * A key is a u16 length and that many bytes of UTF-8; a value is a u32 length and that many bytes. The bytes are
 * checked to the last one: a log outlives the program that wrote it.
 *
 * The limit is for clusters in which a member has little memory: the store may not have more bytes after the command than
 * it says (see store.ts for how they are counted). It is part of the command, so every member, however much it could hold,
 * refuses the same ones.
 */

import { ByteReader, ByteWriter } from "./bytes.js";

export { MAX_KEY_BYTES } from "./bytes.js";

/** What a transaction may ask of a key. */
export type KvCompare =
  | { readonly kind: "value"; readonly key: string; readonly value: Uint8Array }
  | { readonly kind: "absent"; readonly key: string }
  | { readonly kind: "modIndex"; readonly key: string; readonly modIndex: number };

export type KvOperation =
  | { readonly kind: "put"; readonly key: string; readonly value: Uint8Array }
  | { readonly kind: "delete"; readonly key: string };

export type KvCommand =
  | KvOperation
  | { readonly kind: "get"; readonly key: string }
  /** Does `then` if all of `compare` hold; else nothing. */
  | { readonly kind: "txn"; readonly compare: readonly KvCompare[]; readonly then: readonly KvOperation[] };

/** Bytes that are no command, or a command that breaks a limit. */
export class KvCommandError extends Error {
  override readonly name = "KvCommandError";
}

const VERSION = 1;
/** Of a command with a limit. */
const LIMITED_VERSION = 2;
/** Most comparisons, and most operations, of a transaction: bounds the time one command takes to apply. */
export const MAX_TXN_PARTS = 1024;

const KINDS = ["put", "delete", "get", "txn"] as const;
const COMPARISONS = ["value", "absent", "modIndex"] as const;

/** Encodes a command. @throws {KvCommandError} if it breaks a limit */
export function encodeCommand(command: KvCommand): Uint8Array {
  const writer = new ByteWriter();
  writer.u8(VERSION);
  return finish(writer, command);
}

/** Encodes one that is refused if the store would have more than `limit` bytes. @throws as {@link encodeCommand} */
export function encodeLimited(command: KvCommand, limit: number): Uint8Array {
  const writer = new ByteWriter();
  writer.u8(LIMITED_VERSION);
  writer.u32(limit);
  return finish(writer, command);
}

/** Whether the bytes are a command with a limit, as far as their beginning tells. */
export function isLimited(bytes: Uint8Array): boolean {
  return bytes[0] === LIMITED_VERSION;
}

function finish(writer: ByteWriter, command: KvCommand): Uint8Array {
  if (command.kind === "txn") {
    writer.u8(KINDS.indexOf("txn"));
    writeParts(writer, command.compare, writeCompare);
    writeParts(writer, command.then, writeOperation);
  } else {
    writeOperation(writer, command);
  }
  if (writer.fault !== undefined) throw new KvCommandError(writer.fault);
  return writer.finish();
}

/** Decodes a command; values are copied. @throws {KvCommandError} that says what is wrong with the bytes */
export function decodeCommand(bytes: Uint8Array): KvCommand {
  return decodeLimited(bytes).command;
}

/** Decodes a command and its limit, infinite if it has none. @throws as {@link decodeCommand} */
export function decodeLimited(bytes: Uint8Array): { readonly command: KvCommand; readonly limit: number } {
  const reader = new ByteReader(bytes);
  const version = reader.u8();
  if (version !== VERSION && version !== LIMITED_VERSION) {
    reader.fail(`the command has format ${version}, and this program reads ${VERSION} and ${LIMITED_VERSION}`);
  }
  const limit = version === LIMITED_VERSION ? reader.u32() : Number.POSITIVE_INFINITY;
  const command = readBody(reader);
  reader.end();
  if (reader.fault !== undefined) throw new KvCommandError(reader.fault);
  return { command, limit };
}

function readBody(reader: ByteReader): KvCommand {
  const kind = KINDS[reader.u8()];
  switch (kind) {
    case "put":
      return { kind, key: reader.key(), value: reader.value() };
    case "txn": {
      const compare = readParts(reader, readCompare);
      const operations = readParts(reader, readOperation);
      return { kind, compare, then: operations };
    }
    case "delete":
    case "get":
      return { kind, key: reader.key() };
    default:
      reader.fail("the command is of no known kind");
      return { kind: "get", key: "" };
  }
}

function writeParts<T>(writer: ByteWriter, parts: readonly T[], write: (writer: ByteWriter, part: T) => void): void {
  if (parts.length > MAX_TXN_PARTS) writer.fail(partsProblem(parts.length));
  writer.u16(parts.length);
  for (const part of parts) write(writer, part);
}

function readParts<T>(reader: ByteReader, read: (reader: ByteReader) => T): T[] {
  const count = reader.u16();
  if (count > MAX_TXN_PARTS) reader.fail(partsProblem(count));
  const parts: T[] = [];
  while (parts.length < count && reader.fault === undefined) parts.push(read(reader));
  return parts;
}

function partsProblem(count: number): string {
  return `a transaction has ${count} parts of a kind, and may have ${MAX_TXN_PARTS}`;
}

function writeOperation(writer: ByteWriter, operation: Exclude<KvCommand, { readonly kind: "txn" }>): void {
  writer.u8(KINDS.indexOf(operation.kind));
  writer.key(operation.key);
  if (operation.kind === "put") writer.value(operation.value);
}

function readOperation(reader: ByteReader): KvOperation {
  const kind = KINDS[reader.u8()];
  if (kind === "put") return { kind, key: reader.key(), value: reader.value() };
  if (kind !== "delete") reader.fail("a transaction holds something else than puts and deletes");
  return { kind: "delete", key: reader.key() };
}

function writeCompare(writer: ByteWriter, compare: KvCompare): void {
  writer.u8(COMPARISONS.indexOf(compare.kind));
  writer.key(compare.key);
  if (compare.kind === "value") writer.value(compare.value);
  if (compare.kind === "modIndex") writer.u64(compare.modIndex);
}

function readCompare(reader: ByteReader): KvCompare {
  const kind = COMPARISONS[reader.u8()];
  if (kind === "value") return { kind, key: reader.key(), value: reader.value() };
  if (kind === "modIndex") return { kind, key: reader.key(), modIndex: reader.u64() };
  if (kind !== "absent") reader.fail("a comparison is of no known kind");
  return { kind: "absent", key: reader.key() };
}
