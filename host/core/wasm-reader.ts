/**
 * Reads the primitive values of the WebAssembly binary format (core specification, chapter 5) and names the offset at
 * which something is not as expected.
 */

/** The bytes are no WebAssembly module, or use a feature that is not understood here. */
export class WasmFormatError extends Error {
  override readonly name = "WasmFormatError";
  constructor(
    message: string,
    /** Where in the file, in bytes. */
    readonly offset: number,
  ) {
    super(`${message} at offset 0x${offset.toString(16)}`);
  }
}

const CONTINUES = 0x80;
const PAYLOAD = 0x7f;
const SIGN = 0x40;

export class WasmReader {
  readonly #bytes: Uint8Array;
  readonly #end: number;
  #offset: number;

  constructor(bytes: Uint8Array, offset = 0, end = bytes.length) {
    this.#bytes = bytes;
    this.#offset = offset;
    this.#end = end;
  }

  get offset(): number {
    return this.#offset;
  }

  get atEnd(): boolean {
    return this.#offset >= this.#end;
  }

  /** @throws {WasmFormatError} always; `offset` is that of the next byte unless given. */
  fail(message: string, offset = this.#offset): never {
    throw new WasmFormatError(message, offset);
  }

  u8(): number {
    const byte = this.atEnd ? undefined : this.#bytes[this.#offset];
    if (byte === undefined) return this.fail("unexpected end");
    this.#offset += 1;
    return byte;
  }

  /** An unsigned LEB128 number of at most 32 bits. */
  u32(): number {
    const start = this.#offset;
    let value = 0;
    for (let shift = 0; shift < 35; shift += 7) {
      const byte = this.u8();
      value += (byte & PAYLOAD) * 2 ** shift;
      if (byte < CONTINUES) return value < 2 ** 32 ? value : this.fail("number too large", start);
    }
    return this.fail("number too long", start);
  }

  /** A signed LEB128 number of at most `bits` bits. */
  signed(bits: 32 | 33 | 64): bigint {
    const start = this.#offset;
    let value = 0n;
    for (let shift = 0; shift < bits; shift += 7) {
      const byte = this.u8();
      value |= BigInt(byte & PAYLOAD) << BigInt(shift);
      if (byte >= CONTINUES) continue;
      const signed = (byte & SIGN) === 0 ? value : value - (1n << BigInt(shift + 7));
      return BigInt.asIntN(bits, signed) === signed ? signed : this.fail("number too large", start);
    }
    return this.fail("number too long", start);
  }

  skip(length: number): void {
    if (length > this.#end - this.#offset) this.fail("unexpected end");
    this.#offset += length;
  }

  /** A reader of the next `length` bytes, which this reader skips. */
  part(length: number): WasmReader {
    const start = this.#offset;
    this.skip(length);
    return new WasmReader(this.#bytes, start, start + length);
  }

  /** A reader of the same bytes from an earlier offset on. */
  from(offset: number): WasmReader {
    return new WasmReader(this.#bytes, offset, this.#end);
  }

  text(): string {
    const length = this.u32();
    const start = this.#offset;
    this.skip(length);
    try {
      return new TextDecoder("utf-8", { fatal: true }).decode(this.#bytes.subarray(start, start + length));
    } catch {
      return this.fail("a name is not UTF-8", start);
    }
  }

  /** A vector: `item` is called once for each element. */
  vector<T>(item: () => T): T[] {
    const start = this.#offset;
    const count = this.u32();
    // Every element takes at least one byte: a damaged count must not make a loop run on.
    if (count > this.#end - this.#offset) this.fail("vector longer than its section", start);
    return Array.from({ length: count }, item);
  }

  /** Asserts that a part has been read to its end. */
  finish(what: string): void {
    if (!this.atEnd) this.fail(`${what} is longer than its contents`);
  }
}
