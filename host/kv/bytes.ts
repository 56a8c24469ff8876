/**
 * Reading and writing the store's binary forms: little-endian numbers, keys (a u16 length and that many bytes of UTF-8)
 * and values (a u32 length and that many bytes).
 *
 * Nothing here throws. The first fault stays, and what is read after it is zero or empty, so that a form is gone through
 * from front to back without a check at every field; whoever reads or writes asks for the fault at the end.
 */

/** Longest key, in bytes of UTF-8: keys stay cheap to hold in memory and in URLs. */
export const MAX_KEY_BYTES = 512;

const NO_BYTES = new Uint8Array(0);
/** Enough for most commands without growing. */
const INITIAL_CAPACITY = 128;
const TWO_TO_32 = 2 ** 32;
/** The high word of the largest number that JavaScript holds exactly. */
const MAX_HIGH_WORD = 2 ** 21 - 1;

const encoder = new TextEncoder();
// A byte order mark is part of a key like any other character.
const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

export class ByteReader {
  readonly #bytes: Uint8Array;
  #offset = 0;
  #fault: string | undefined;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  /** What is wrong with the bytes read so far; undefined when nothing is. */
  get fault(): string | undefined {
    return this.#fault;
  }

  /** Says what is wrong, unless something was wrong before. */
  fail(reason: string): void {
    this.#fault ??= reason;
  }

  u8(): number {
    return this.#take(1) ? this.#byte(-1) : 0;
  }

  u16(): number {
    return this.#take(2) ? this.#byte(-2) | (this.#byte(-1) << 8) : 0;
  }

  u32(): number {
    if (!this.#take(4)) return 0;
    return (this.#byte(-4) | (this.#byte(-3) << 8) | (this.#byte(-2) << 16) | (this.#byte(-1) << 24)) >>> 0;
  }

  /** A u64 that must be a safe integer. */
  u64(): number {
    const low = this.u32();
    const high = this.u32();
    if (high > MAX_HIGH_WORD) this.fail("an index is above 2^53 - 1");
    return this.#fault === undefined ? high * TWO_TO_32 + low : 0;
  }

  key(): string {
    const length = this.u16();
    const problem = keyProblem(length);
    if (problem !== undefined) this.fail(problem);
    if (!this.#take(length)) return "";
    try {
      return decoder.decode(this.#bytes.subarray(this.#offset - length, this.#offset));
    } catch {
      this.fail("a key is not UTF-8");
      return "";
    }
  }

  /** A copy of a value. */
  value(): Uint8Array {
    const length = this.u32();
    if (!this.#take(length)) return NO_BYTES;
    // Not by `slice`: a Buffer's is no copy.
    return new Uint8Array(this.#bytes.subarray(this.#offset - length, this.#offset));
  }

  /** Nothing may follow. */
  end(): void {
    const left = this.#bytes.length - this.#offset;
    if (left > 0) this.fail(`${left} bytes follow the end`);
  }

  #take(length: number): boolean {
    if (this.#fault !== undefined) return false;
    if (length > this.#bytes.length - this.#offset) {
      this.fail("the bytes end too early");
      return false;
    }
    this.#offset += length;
    return true;
  }

  /** The byte at a distance from the current offset. */
  #byte(distance: number): number {
    return this.#bytes[this.#offset + distance] ?? 0;
  }
}

export class ByteWriter {
  #bytes = new Uint8Array(INITIAL_CAPACITY);
  #length = 0;
  #fault: string | undefined;

  /** What could not be written; undefined when everything could. */
  get fault(): string | undefined {
    return this.#fault;
  }

  /** Says what cannot be written, unless something could not before. */
  fail(reason: string): void {
    this.#fault ??= reason;
  }

  u8(value: number): void {
    this.#extend(1);
    this.#put(-1, value);
  }

  u16(value: number): void {
    this.#extend(2);
    this.#put(-2, value);
    this.#put(-1, value >>> 8);
  }

  u32(value: number): void {
    this.#extend(4);
    this.#put(-4, value);
    this.#put(-3, value >>> 8);
    this.#put(-2, value >>> 16);
    this.#put(-1, value >>> 24);
  }

  /** An index: a safe integer. */
  u64(value: number): void {
    if (!Number.isSafeInteger(value) || value < 0) this.fail(`an index is ${value}, not a number from 0 to 2^53 - 1`);
    this.u32(value % TWO_TO_32);
    this.u32(Math.floor(value / TWO_TO_32));
  }

  key(key: string): void {
    // It would be stored as another key than the one that was asked for.
    if (/\p{Surrogate}/u.test(key)) this.fail("a key holds half a surrogate pair, which is no UTF-8");
    const bytes = encoder.encode(key);
    const problem = keyProblem(bytes.length);
    if (problem !== undefined) this.fail(problem);
    this.u16(bytes.length);
    this.#append(bytes);
  }

  value(value: Uint8Array): void {
    this.u32(value.length);
    this.#append(value);
  }

  /** A copy of what has been written. */
  finish(): Uint8Array {
    return this.#bytes.slice(0, this.#length);
  }

  #append(bytes: Uint8Array): void {
    this.#extend(bytes.length);
    this.#bytes.set(bytes, this.#length - bytes.length);
  }

  #extend(count: number): void {
    this.#length += count;
    if (this.#length <= this.#bytes.length) return;
    const bytes = new Uint8Array(Math.max(this.#length, 2 * this.#bytes.length));
    bytes.set(this.#bytes);
    this.#bytes = bytes;
  }

  #put(distance: number, value: number): void {
    this.#bytes[this.#length + distance] = value;
  }
}

function keyProblem(length: number): string | undefined {
  if (length > 0 && length <= MAX_KEY_BYTES) return undefined;
  return `a key has ${length} bytes, and may have from 1 to ${MAX_KEY_BYTES}`;
}
