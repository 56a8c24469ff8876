/**
 * Reading and writing the store's binary forms: numbers and values as everywhere, and keys: a u16 length and that many
 * bytes of UTF-8. The first fault stays, and is asked for at the end.
 */

import { FieldReader, FieldWriter } from "../session/bytes.js";

/** Longest key, in bytes of UTF-8: keys stay cheap to hold in memory and in URLs. */
export const MAX_KEY_BYTES = 512;

const encoder = new TextEncoder();
// A byte order mark is part of a key like any other character.
const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

export class ByteReader extends FieldReader {
  key(): string {
    const length = this.u16();
    const problem = keyProblem(length);
    if (problem !== undefined) this.fail(problem);
    try {
      return decoder.decode(this.view(length));
    } catch {
      this.fail("a key is not UTF-8");
      return "";
    }
  }
}

export class ByteWriter extends FieldWriter {
  key(key: string): void {
    // It would be stored as another key than the one that was asked for.
    if (/\p{Surrogate}/u.test(key)) this.fail("a key holds half a surrogate pair, which is no UTF-8");
    const bytes = encoder.encode(key);
    const problem = keyProblem(bytes.length);
    if (problem !== undefined) this.fail(problem);
    this.u16(bytes.length);
    this.bytes(bytes);
  }
}

function keyProblem(length: number): string | undefined {
  if (length > 0 && length <= MAX_KEY_BYTES) return undefined;
  return `a key has ${length} bytes, and may have from 1 to ${MAX_KEY_BYTES}`;
}
