/**
 * Commands of the key-value state machine, and their bytes in the log. Little-endian: a version byte, a kind byte, and
 * then by kind
 *
 *   put      key, value
 *   delete   key
 *   get      key
 *   txn      u16 count of comparisons, each: u8 what is compared, key, and the value or the u64 index;
 *            u16 count of operations, each: u8 kind (put or delete), key, and the value of a put
 *
 * A key is a u16 length and that many bytes of UTF-8; a value is a u32 length and that many bytes. The bytes are
 * checked to the last one: a log outlives the program that wrote it.
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
/** Most comparisons, and most operations, of a transaction: bounds the time one command takes to apply. */
export const MAX_TXN_PARTS = 1024;

const KINDS = ["put", "delete", "get", "txn"] as const;
const COMPARISONS = ["value", "absent", "modIndex"] as const;

/** Encodes a command. @throws {KvCommandError} if it breaks a limit */
export function encodeCommand(command: KvCommand): Uint8Array {
  const writer = new ByteWriter();
  writer.u8(VERSION);
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
  const reader = new ByteReader(bytes);
  const version = reader.u8();
  if (version !== VERSION) reader.fail(`the command has format ${version}, and this program reads ${VERSION}`);
  const command = readBody(reader);
  reader.end();
  if (reader.fault !== undefined) throw new KvCommandError(reader.fault);
  return command;
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
