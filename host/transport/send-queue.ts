/**
 * The send queue of one peer: frames wait here, already encoded, until the socket takes them. It is bounded in messages
 * and in bytes; when it is full the oldest message goes, whole, because in Raft the newest says the most.
 *
 * Frames are laid one behind the other in slabs, and a slab is handed to the socket as it is: the messages of a turn
 * leave in one write, and their bytes are copied once, from the core's memory into the slab.
 */

import { FRAME_OVERHEAD_BYTES, frameSizeAt, writeFrame } from "./frame.js";

/** Size of a slab: what one write carries when much is waiting. Large enough that the system call no longer counts. */
const SLAB_BYTES = 64 << 10;

/** Frames in a row: bytes `start` to `end` of `buffer`, `messages` of them. A frame never spans slabs. */
interface Slab {
  readonly buffer: Uint8Array;
  start: number;
  end: number;
  messages: number;
}

/** What one write carries. */
export interface Batch {
  readonly bytes: Uint8Array;
  readonly messages: number;
}

export class SendQueue {
  readonly #maxMessages: number;
  readonly #maxBytes: number;
  /** Oldest first, none of them empty. */
  readonly #slabs: Slab[] = [];
  /** A buffer of SLAB_BYTES that is free to use. */
  #spare: Uint8Array | undefined;
  #messages = 0;
  #bytes = 0;

  /** Holds at most `maxMessages` frames of at most `maxBytes` together, framing included. */
  constructor(maxMessages: number, maxBytes: number) {
    this.#maxMessages = maxMessages;
    this.#maxBytes = maxBytes;
  }

  /** Messages waiting. */
  get messages(): number {
    return this.#messages;
  }

  /** Bytes waiting, framing included. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Copies a message into the queue, in place of the oldest ones if there is no room.
   * @returns how many messages were dropped; the message itself if it is too long for the queue. */
  push(kind: number, payload: Uint8Array): number {
    const size = FRAME_OVERHEAD_BYTES + payload.length;
    if (size > this.#maxBytes) return 1;
    let dropped = 0;
    for (; this.#messages >= this.#maxMessages || this.#bytes + size > this.#maxBytes; dropped++) this.#dropOldest();
    const slab = this.#slabWithRoom(size);
    slab.end = writeFrame(slab.buffer, slab.end, kind, payload);
    slab.messages += 1;
    this.#messages += 1;
    this.#bytes += size;
    return dropped;
  }

  /** Takes the oldest messages out, as many as one write carries; undefined when there are none. */
  take(): Batch | undefined {
    const slab = this.#slabs.shift();
    if (slab === undefined) return undefined;
    this.#messages -= slab.messages;
    this.#bytes -= slab.end - slab.start;
    return { bytes: slab.buffer.subarray(slab.start, slab.end), messages: slab.messages };
  }

  /** Gives a batch back once its bytes have been written and nobody reads them any longer. */
  recycle(batch: Batch): void {
    this.#keepSpare(batch.bytes.buffer);
  }

  /** Drops everything. @returns how many messages that were. */
  clear(): number {
    const dropped = this.#messages;
    this.#slabs.length = 0;
    this.#messages = 0;
    this.#bytes = 0;
    return dropped;
  }

  #dropOldest(): void {
    const slab = this.#slabs[0];
    if (slab === undefined) throw new Error("a send queue without messages cannot be full");
    const size = frameSizeAt(slab.buffer, slab.start);
    slab.start += size;
    slab.messages -= 1;
    this.#messages -= 1;
    this.#bytes -= size;
    if (slab.messages > 0) return;
    this.#slabs.shift();
    this.#keepSpare(slab.buffer.buffer);
  }

  #slabWithRoom(size: number): Slab {
    const last = this.#slabs.at(-1);
    if (last !== undefined && last.end + size <= last.buffer.length) return last;
    const slab = { buffer: this.#freeBuffer(size), start: 0, end: 0, messages: 0 };
    this.#slabs.push(slab);
    return slab;
  }

  #keepSpare(buffer: ArrayBufferLike): void {
    if (buffer.byteLength === SLAB_BYTES) this.#spare = new Uint8Array(buffer);
  }

  #freeBuffer(size: number): Uint8Array {
    if (size > SLAB_BYTES) return new Uint8Array(size);
    const spare = this.#spare ?? new Uint8Array(SLAB_BYTES);
    this.#spare = undefined;
    return spare;
  }
}
