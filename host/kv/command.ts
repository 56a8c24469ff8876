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
/** Longest key, in bytes of UTF-8: keys stay cheap to hold in memory and in URLs. */
export const MAX_KEY_BYTES = 512;
/** Most comparisons, and most operations, of a transaction: bounds the time one command takes to apply. */
export const MAX_TXN_PARTS = 1024;

const KINDS = ["put", "delete", "get", "txn"] as const;
const COMPARISONS = ["value", "absent", "modIndex"] as const;

const encoder = new TextEncoder();
const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

class Writer {
  readonly #parts: Uint8Array[] = [];
  #length = 0;

  bytes(part: Uint8Array): void {
    this.#parts.push(part);
    this.#length += part.length;
  }

  u8(value: number): void {
    this.bytes(Uint8Array.of(value));
  }

  u16(value: number): void {
    this.bytes(Uint8Array.of(value & 0xff, value >>> 8));
  }

  u64(value: number): void {
    const part = new Uint8Array(8);
    new DataView(part.buffer).setBigUint64(0, BigInt(value), true);
    this.bytes(part);
  }

  key(key: string): void {
    if (/\p{Surrogate}/u.test(key)) throw new KvCommandError("a key holds half a surrogate pair, which is no UTF-8");
    const part = encoder.encode(key);
    checkKey(part.length);
    this.u16(part.length);
    this.bytes(part);
  }

  value(value: Uint8Array): void {
    const length = new Uint8Array(4);
    new DataView(length.buffer).setUint32(0, value.length, true);
    this.bytes(length);
    this.bytes(value);
  }

  operation(operation: KvOperation | { readonly kind: "get"; readonly key: string }): void {
    this.u8(KINDS.indexOf(operation.kind));
    this.key(operation.key);
    if (operation.kind === "put") this.value(operation.value);
  }

  compare(compare: KvCompare): void {
    this.u8(COMPARISONS.indexOf(compare.kind));
    this.key(compare.key);
    if (compare.kind === "value") this.value(compare.value);
    if (compare.kind === "modIndex") this.u64(compare.modIndex);
  }

  finish(): Uint8Array {
    const whole = new Uint8Array(this.#length);
    let offset = 0;
    for (const part of this.#parts) {
      whole.set(part, offset);
      offset += part.length;
    }
    return whole;
  }
}

class Reader {
  readonly #view: DataView;
  #offset = 0;

  constructor(readonly bytes: Uint8Array) {
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  /** Steps over `length` bytes and answers where they begin. */
  take(length: number): number {
    const start = this.#offset;
    if (length > this.bytes.length - start) throw new KvCommandError("the command ends too early");
    this.#offset = start + length;
    return start;
  }

  u8(): number {
    return this.#view.getUint8(this.take(1));
  }

  u64(): number {
    const value = this.#view.getBigUint64(this.take(8), true);
    if (value > BigInt(Number.MAX_SAFE_INTEGER)) throw new KvCommandError("an index is above 2^53 - 1");
    return Number(value);
  }

  count(): number {
    const count = this.#view.getUint16(this.take(2), true);
    checkParts(count);
    return count;
  }

  key(): string {
    const length = this.#view.getUint16(this.take(2), true);
    checkKey(length);
    const start = this.take(length);
    try {
      return decoder.decode(this.bytes.subarray(start, start + length));
    } catch {
      throw new KvCommandError("a key is not UTF-8");
    }
  }

  /** A copy of the value: the bytes of a command do not outlive its application. */
  value(): Uint8Array {
    const length = this.#view.getUint32(this.take(4), true);
    const start = this.take(length);
    return this.bytes.slice(start, start + length);
  }

  operation(): KvOperation {
    const kind = KINDS[this.u8()];
    if (kind === "put") return { kind, key: this.key(), value: this.value() };
    if (kind === "delete") return { kind, key: this.key() };
    throw new KvCommandError("a transaction holds something else than puts and deletes");
  }

  compare(): KvCompare {
    const kind = COMPARISONS[this.u8()];
    if (kind === "value") return { kind, key: this.key(), value: this.value() };
    if (kind === "absent") return { kind, key: this.key() };
    if (kind === "modIndex") return { kind, key: this.key(), modIndex: this.u64() };
    throw new KvCommandError("a comparison is of no known kind");
  }

  expectEnd(): void {
    if (this.#offset !== this.bytes.length) throw new KvCommandError("bytes follow the command");
  }
}

function checkKey(length: number): void {
  if (length === 0 || length > MAX_KEY_BYTES) {
    throw new KvCommandError(`a key has ${length} bytes, and may have from 1 to ${MAX_KEY_BYTES}`);
  }
}

function checkParts(count: number): void {
  if (count > MAX_TXN_PARTS) {
    throw new KvCommandError(`a transaction has ${count} parts of a kind, and may have ${MAX_TXN_PARTS}`);
  }
}

/** Encodes a command. @throws {KvCommandError} if it breaks a limit */
export function encodeCommand(command: KvCommand): Uint8Array {
  const writer = new Writer();
  writer.u8(VERSION);
  if (command.kind !== "txn") {
    writer.operation(command);
    return writer.finish();
  }
  writer.u8(KINDS.indexOf("txn"));
  for (const parts of [command.compare, command.then]) checkParts(parts.length);
  writer.u16(command.compare.length);
  for (const compare of command.compare) writer.compare(compare);
  writer.u16(command.then.length);
  for (const operation of command.then) writer.operation(operation);
  return writer.finish();
}

/** Decodes a command. @throws {KvCommandError} that says what is wrong with the bytes */
export function decodeCommand(bytes: Uint8Array): KvCommand {
  const reader = new Reader(bytes);
  const version = reader.u8();
  if (version !== VERSION) throw new KvCommandError(`the command has format ${version}, and this program reads ${VERSION}`);
  const command = readBody(reader);
  reader.expectEnd();
  return command;
}

function readBody(reader: Reader): KvCommand {
  const kind = KINDS[reader.u8()];
  switch (kind) {
    case "put":
      return { kind, key: reader.key(), value: reader.value() };
    case "delete":
    case "get":
      return { kind, key: reader.key() };
    case "txn": {
      const compare = Array.from({ length: reader.count() }, () => reader.compare());
      return { kind, compare, then: Array.from({ length: reader.count() }, () => reader.operation()) };
    }
    default:
      throw new KvCommandError("the command is of no known kind");
  }
}
