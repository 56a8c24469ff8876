/**
 * What a driver would say to a core, call for call, with the answers to what the core asks meanwhile; and the digest of
 * what the core answered up to each call. Engines that play the same tape must come to the same digests.
 */

import { Digest } from "../digest.js";
import { FrameBuffer } from "../driven/frames.js";
import { FrameKind } from "../driven/protocol.js";
import { region } from "../driven/region.js";

const INITIAL_BYTES = 1 << 20;
const NO_BYTES = new Uint8Array(0);

export class Tape {
  #sent = region(INITIAL_BYTES).bytes;
  #length = 0;
  /** Where each call ends. */
  readonly #ends: number[] = [];
  /** After each call. */
  readonly #digests: string[] = [];
  readonly #titles: string[] = [];
  #inputs = 0;
  readonly #digest = new Digest();
  readonly #frame = new FrameBuffer();

  /** Calls taped. */
  get calls(): number {
    return this.#ends.length;
  }
  /** Those of them that are inputs: neither part of a start, nor a flush. */
  get inputs(): number {
    return this.#inputs;
  }
  /** Digest of all that came back up to a call, that one included. */
  digest(call: number): string {
    return this.#digests[call] ?? "";
  }
  /** What a call was, in words. */
  title(call: number): string {
    return this.#titles[call] ?? "";
  }
  /** The frames of the calls from `from` up to, without, `to`. */
  frames(from: number, to: number): Uint8Array {
    return this.#sent.subarray(this.#ends[from - 1] ?? 0, this.#ends[to - 1] ?? 0);
  }

  /** A request; it is a call once it has ended. */
  request(kind: number, node: number, words: readonly number[], bytes: Uint8Array): void {
    this.#add(kind, node, words, bytes);
  }
  /** The answer to what the request asks. */
  answer(node: number, answer: number, bytes = NO_BYTES): void {
    this.#add(FrameKind.ANSWER, node, [answer, 0], bytes);
  }
  /** The request ended with these frames. */
  end(title: string, came: FrameBuffer, isInput: boolean): void {
    if (isInput) this.#inputs++;
    this.#digest.words(came.words, 0, came.words.length);
    this.#ends.push(this.#length);
    this.#digests.push(this.#digest.hex());
    this.#titles.push(title);
  }
  /** The request did not end: it is as if it had not been made. */
  cut(): void {
    this.#length = this.#ends.at(-1) ?? 0;
  }

  #add(kind: number, node: number, words: readonly number[], bytes: Uint8Array): void {
    this.#frame.clear();
    this.#frame.add(kind, node, words, bytes);
    const { frames } = this.#frame;
    if (this.#length + frames.length > this.#sent.length) {
      const bigger = region(2 * (this.#length + frames.length)).bytes;
      bigger.set(this.#sent.subarray(0, this.#length));
      this.#sent = bigger;
    }
    this.#sent.set(frames, this.#length);
    this.#length += frames.length;
  }
}
