/**
 * A running 64-bit digest of everything that happens in a simulation: two runs that agree on it took the same actions and
 * saw the same effects, byte for byte. Not cryptographic; two 32-bit lanes mixed with multiplications and rotations.
 */

export class Digest {
  // Signed, as all that comes later: a lane that ever held an unsigned number stays a double for the engine.
  #a = 0x9e3779b9 | 0;
  #b = 0x85ebca6b | 0;

  /** Mixes in one 32-bit word. */
  word(value: number): void {
    const a = Math.imul(this.#a ^ value, 0xcc9e2d51);
    this.#a = (a << 13) | (a >>> 19);
    this.#b = Math.imul(this.#b + a, 0x1b873593) ^ (this.#b >>> 15);
  }

  /** Mixes in a whole number of up to 53 bits. */
  number(value: number): void {
    this.word(value | 0);
    this.word((value / 2 ** 32) | 0);
  }

  /** Mixes in `count` words from `start` on. */
  words(words: Int32Array, start: number, count: number): void {
    let a = this.#a;
    let b = this.#b;
    for (let i = start; i < start + count; i++) {
      a = Math.imul(a ^ (words[i] as number), 0xcc9e2d51);
      a = (a << 13) | (a >>> 19);
      b = Math.imul(b + a, 0x1b873593) ^ (b >>> 15);
    }
    this.#a = a;
    this.#b = b;
  }

  /** The digest so far: 16 hexadecimal digits. */
  hex(): string {
    const digits = (lane: number) => (lane >>> 0).toString(16).padStart(8, "0");
    return digits(this.#a) + digits(this.#b);
  }
}
