/**
 * Reading and writing binary forms: little-endian numbers, and runs of bytes with their length before them.
 *
 * Nothing here throws. The first fault stays, and what is read after it is zero or empty, so that a form is gone through
 * from front to back without a check at every field; whoever reads or writes asks for the fault at the end.
 */

const NO_BYTES = new Uint8Array(0);
/** Enough for most commands without growing. */
const INITIAL_CAPACITY = 128;
const TWO_TO_32 = 2 ** 32;
/** The high word of the largest number that JavaScript holds exactly. */
const MAX_HIGH_WORD = 2 ** 21 - 1;

export class FieldReader {
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

  /** Bytes that have not been read yet. */
  get left(): number {
    return this.#bytes.length - this.#offset;
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
    if (high > MAX_HIGH_WORD) this.fail("a number is above 2^53 - 1");
    return this.#fault === undefined ? high * TWO_TO_32 + low : 0;
  }

  /** The next bytes where they lie: valid for as long as those that are read. */
  view(length: number): Uint8Array {
    return this.#take(length) ? this.#bytes.subarray(this.#offset - length, this.#offset) : NO_BYTES;
  }

  /** A copy of a value: a u32 length and that many bytes. */
  value(): Uint8Array {
    // Not by `slice`: a Buffer's is no copy.
    return new Uint8Array(this.view(this.u32()));
  }

  /** Nothing may follow. */
  end(): void {
    if (this.left > 0) this.fail(`${this.left} bytes follow the end`);
  }

  #take(length: number): boolean {
    if (this.#fault !== undefined) return false;
    if (length > this.left) {
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

export class FieldWriter {
  #bytes = new Uint8Array(INITIAL_CAPACITY);
  #length = 0;
  #fault: string | undefined;

  /** What could not be written; undefined when everything could. */
  get fault(): string | undefined {
    return this.#fault;
  }

  /** Bytes written so far. */
  get length(): number {
    return this.#length;
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

  /** A u64 from a safe integer. */
  u64(value: number): void {
    if (!Number.isSafeInteger(value) || value < 0) this.fail(`a number is ${value}, and may be from 0 to 2^53 - 1`);
    this.u32(value % TWO_TO_32);
    this.u32(Math.floor(value / TWO_TO_32));
  }

  /** Bytes as they are. */
  bytes(bytes: Uint8Array): void {
    this.#extend(bytes.length);
    this.#bytes.set(bytes, this.#length - bytes.length);
  }

  /** A u32 length and that many bytes. */
  value(value: Uint8Array): void {
    this.u32(value.length);
    this.bytes(value);
  }

  /** A copy of what has been written. */
  finish(): Uint8Array {
    return this.#bytes.slice(0, this.#length);
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
