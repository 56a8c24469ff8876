/** The bytes of a file, in a buffer that grows. */

const LEAST_ROOM = 512;

export class Content {
  #bytes = new Uint8Array(LEAST_ROOM);
  #length = 0;

  get length(): number {
    return this.#length;
  }

  /** The bytes; they change when the file does. */
  get bytes(): Uint8Array {
    return this.#bytes.subarray(0, this.#length);
  }

  /** Writes at a place; what lies between the end and it becomes zeros. */
  write(at: number, bytes: Uint8Array): void {
    const end = at + bytes.length;
    if (end > this.#length) this.resize(end);
    this.#bytes.set(bytes, at);
  }

  resize(length: number): void {
    if (length > this.#bytes.length) {
      const larger = new Uint8Array(Math.max(length, 2 * this.#bytes.length));
      larger.set(this.bytes);
      this.#bytes = larger;
    }
    if (length < this.#length) this.#bytes.fill(0, length, this.#length);
    this.#length = length;
  }

  become(other: Content): void {
    this.resize(0);
    this.write(0, other.bytes);
  }
}
