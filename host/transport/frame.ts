/**
 * The frame codec: whole payloads over a byte stream. Little-endian; the same bytes in both directions.
 *
 *   offset 0   u32  magic, the bytes "MRF1"
 *          4   u32  length of what follows the header: the kind and the payload
 *          8   u32  CRC32C of what follows the header
 *         12   u8   kind
 *         13        payload
 *
 * TCP's own checksum is 16 bits wide and misses damage done by middleboxes and network cards; a Raft log must not. A
 * frame that does not check out ends the stream it came on: without a trusted length there is no next frame to find.
 */

import { crc32c } from "@node-rs/crc32";

export const FRAME_HEADER_BYTES = 12;
/** What a frame adds to its payload: header and kind. */
export const FRAME_OVERHEAD_BYTES = FRAME_HEADER_BYTES + 1;

/** What a frame carries. */
export const FRAME_KIND = {
  /** Who speaks (hello.ts): the first frame in either direction. */
  hello: 1,
  /** One message of the core. */
  message: 2,
  /** Are you there? No payload. */
  ping: 3,
  /** The answer to a ping. No payload. */
  pong: 4,
  /** The last frame over a connection that is given up in good order, because another takes its place or the peer is no
   * longer wanted: nothing is wrong. No payload. */
  farewell: 5,
} as const;

/** "MRF1" read as a little-endian u32. The last byte names this layout: another layout has another magic. */
const FRAME_MAGIC = 0x3146524d;
const LENGTH_OFFSET = 4;
const CRC_OFFSET = 8;

/** First size of the buffer for a frame that comes in pieces; it doubles as bytes arrive, so that a header which
 * announces a long frame costs nothing until the frame is really there. */
const MIN_PARTIAL_BYTES = 4 << 10;
/** A buffer that grew beyond this is given up after its frame: most frames are small. */
const MAX_KEPT_PARTIAL_BYTES = 64 << 10;

/** Receives a whole, checked frame. `payload` is valid only during the call; it is never a Buffer, whose `slice` would
 * not copy. */
export type FrameSink = (kind: number, payload: Uint8Array) => void;

/** Length in bytes of the whole frame, header included, that starts at `at`. */
export function frameSizeAt(bytes: Uint8Array, at: number): number {
  return FRAME_HEADER_BYTES + readU32(bytes, at + LENGTH_OFFSET);
}

/** Writes a frame into `target` from `at` on, where FRAME_OVERHEAD_BYTES + payload.length bytes must be free.
 * @returns the offset behind it. */
export function writeFrame(target: Uint8Array, at: number, kind: number, payload: Uint8Array): number {
  const body = at + FRAME_HEADER_BYTES;
  const end = body + 1 + payload.length;
  writeU32(target, at, FRAME_MAGIC);
  writeU32(target, at + LENGTH_OFFSET, end - body);
  target[body] = kind;
  target.set(payload, body + 1);
  writeU32(target, at + CRC_OFFSET, crc32c(target.subarray(body, end)));
  return end;
}

/** A frame in bytes of its own. */
export function encodeFrame(kind: number, payload: Uint8Array): Uint8Array {
  const frame = new Uint8Array(FRAME_OVERHEAD_BYTES + payload.length);
  writeFrame(frame, 0, kind, payload);
  return frame;
}

/**
 * Finds the frames in a stream that arrives in chunks cut anywhere. A frame that lies whole in one chunk is passed on
 * in place; one that is cut is gathered first.
 */
export class FrameDecoder {
  /** The longest payload accepted, in bytes. May be changed between frames. */
  maxPayloadBytes: number;
  readonly #sink: FrameSink;
  /** The head of a frame that has not arrived whole: the first `#held` bytes. */
  #partial = new Uint8Array(0);
  #held = 0;
  #refusal: string | undefined;
  #stopped = false;

  constructor(maxPayloadBytes: number, sink: FrameSink) {
    this.maxPayloadBytes = maxPayloadBytes;
    this.#sink = sink;
  }

  /**
   * Takes the next bytes of the stream and hands the frames they complete to the sink, in order.
   * @returns why the stream cannot be read any further, or undefined. Once refused, a stream stays refused.
   */
  push(bytes: Uint8Array): string | undefined {
    const chunk = new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.length);
    let at = 0;
    while (at < chunk.length && this.#refusal === undefined && !this.#stopped) {
      at = this.#held > 0 ? this.#gather(chunk, at) : this.#inPlace(chunk, at);
    }
    return this.#refusal;
  }

  /** Nothing reaches the sink from here on, not even what is left of the chunk being taken. */
  stop(): void {
    this.#stopped = true;
  }

  /** Decodes the frame that starts at `at`, or begins to gather it. @returns the offset behind what was used. */
  #inPlace(chunk: Uint8Array, at: number): number {
    const available = chunk.length - at;
    if (available < FRAME_HEADER_BYTES) return this.#hold(chunk, at, available);
    if (!this.#acceptsHeader(chunk, at)) return at;
    const size = frameSizeAt(chunk, at);
    if (available < size) return this.#hold(chunk, at, available);
    this.#deliver(chunk, at, size);
    return at + size;
  }

  /** Adds to the frame being gathered: its header first, for the header says how much is wanted. */
  #gather(chunk: Uint8Array, at: number): number {
    const inHeader = this.#held < FRAME_HEADER_BYTES;
    const wanted = inHeader ? FRAME_HEADER_BYTES : frameSizeAt(this.#partial, 0);
    const next = this.#hold(chunk, at, Math.min(wanted - this.#held, chunk.length - at));
    if (this.#held < wanted) return next;
    if (inHeader) {
      this.#acceptsHeader(this.#partial, 0);
      return next;
    }
    this.#held = 0;
    this.#deliver(this.#partial, 0, wanted);
    if (this.#partial.length > MAX_KEPT_PARTIAL_BYTES) this.#partial = new Uint8Array(0);
    return next;
  }

  #hold(chunk: Uint8Array, at: number, count: number): number {
    const needed = this.#held + count;
    if (needed > this.#partial.length) {
      const larger = new Uint8Array(Math.max(needed, 2 * this.#partial.length, MIN_PARTIAL_BYTES));
      larger.set(this.#partial.subarray(0, this.#held));
      this.#partial = larger;
    }
    this.#partial.set(chunk.subarray(at, at + count), this.#held);
    this.#held = needed;
    return at + count;
  }

  #acceptsHeader(bytes: Uint8Array, at: number): boolean {
    const magic = readU32(bytes, at);
    const length = readU32(bytes, at + LENGTH_OFFSET);
    if (magic !== FRAME_MAGIC) {
      this.#refusal = `bytes 0x${hex(magic)} where a frame must begin with 0x${hex(FRAME_MAGIC)}`;
    } else if (length === 0) {
      this.#refusal = "a frame without a kind";
    } else if (length - 1 > this.maxPayloadBytes) {
      this.#refusal = `a frame of ${length - 1} payload bytes; at most ${this.maxPayloadBytes} are accepted`;
    }
    return this.#refusal === undefined;
  }

  #deliver(bytes: Uint8Array, at: number, size: number): void {
    const body = bytes.subarray(at + FRAME_HEADER_BYTES, at + size);
    const stated = readU32(bytes, at + CRC_OFFSET);
    const computed = crc32c(body);
    if (stated !== computed) {
      this.#refusal = `a frame with checksum 0x${hex(computed)} that states 0x${hex(stated)}`;
      return;
    }
    this.#sink(body[0] ?? 0, body.subarray(1));
  }
}

function readU32(bytes: Uint8Array, at: number): number {
  const low = (bytes[at] ?? 0) | ((bytes[at + 1] ?? 0) << 8);
  const high = (bytes[at + 2] ?? 0) | ((bytes[at + 3] ?? 0) << 8);
  return (low | (high << 16)) >>> 0;
}

function writeU32(bytes: Uint8Array, at: number, value: number): void {
  bytes[at] = value;
  bytes[at + 1] = value >>> 8;
  bytes[at + 2] = value >>> 16;
  bytes[at + 3] = value >>> 24;
}

function hex(value: number): string {
  return value.toString(16).padStart(8, "0");
}
