/** The frames of the driven protocol: requests out, effects in and their answers out, replies in. */

import type { CoreEffects, Region } from "../core-under-test.js";
import type { ImportHandler } from "./effects.js";
import { FrameBuffer } from "./frames.js";
import { type Command, DrivenPipe, DrivenProcessError } from "./pipe.js";
import { FaultKind, FRAME_HEADER, FrameKind } from "./protocol.js";
import { padded } from "./region.js";

/** The process refused: the core could not be opened, or has no room for a node, or a rule of its own is broken. */
export class DrivenFault extends Error {
  override readonly name = "DrivenFault";
  constructor(
    message: string,
    /** A FaultKind. */
    readonly kind: number,
  ) {
    super(message);
  }
}

/** A frame that came, in place: it holds until the next one is waited for. */
export interface Frame {
  readonly kind: number;
  readonly node: number;
  readonly memory: Region;
  /** Where what follows the header begins, in bytes, and how much it is. */
  readonly offset: number;
  readonly length: number;
}

const decoder = new TextDecoder();
const NO_BYTES = new Uint8Array(0);

export class Conversation {
  readonly #pipe: DrivenPipe;
  readonly #nodes = new Map<number, CoreEffects>();
  #handlers: readonly ImportHandler[] = [];
  readonly #out = new FrameBuffer();
  #isRunning = false;
  #isLost = false;

  constructor(command: Command) {
    this.#pipe = new DrivenPipe(command);
  }

  /** Says what takes each import, by its number. */
  handleWith(handlers: readonly ImportHandler[]): void {
    this.#handlers = handlers;
  }

  /** Finds a number for a node, the smallest that is free. */
  enter(effects: CoreEffects): number {
    let number = 0;
    while (this.#nodes.has(number)) number++;
    this.#nodes.set(number, effects);
    return number;
  }
  leave(number: number): void {
    this.#nodes.delete(number);
  }
  release(number: number): void {
    this.request(FrameKind.RELEASE, number, []);
    this.leave(number);
  }
  /** Releases every node: answers whether there is still a conversation. */
  releaseAll(): boolean {
    if (this.#isLost) return false;
    for (const number of [...this.#nodes.keys()]) this.release(number);
    return true;
  }

  /**
   * Sends a request, hands out the effects that come, and answers the reply.
   * @throws what an effect threw: then the process is ended, since it still waits for that effect's answer
   */
  request(kind: number, node: number, words: readonly number[], bytes: Uint8Array = NO_BYTES): Frame {
    if (this.#isRunning) throw new Error("a core was called from inside one of its own effects");
    if (this.#isLost) throw new DrivenProcessError("the core's process was ended");
    this.#isRunning = true;
    try {
      return this.#untilReply(
        () => this.#send(kind, node, words, bytes),
        (frame) => this.#effect(frame),
      );
    } finally {
      this.#isRunning = false;
    }
  }

  /** Sends frames as they are, without waiting for anything. */
  sendFrames(frames: Uint8Array): void {
    this.#pipe.write(frames);
  }

  /** Sends a request with the answers to what it will ask, and shows all that comes back. */
  replay(frames: Uint8Array, see: (frame: Frame) => void): void {
    see(this.#untilReply(() => this.#pipe.write(frames), see));
  }

  close(): void {
    this.#isLost = true;
    this.#pipe.close();
  }

  /** Sends, and takes frames up to the reply, which it answers; a fault in its place is thrown. */
  #untilReply(send: () => void, take: (frame: Frame) => void): Frame {
    let frame: Frame;
    try {
      send();
      frame = this.#take();
      for (; frame.kind >= FrameKind.EFFECT; frame = this.#take()) take(frame);
    } catch (error) {
      this.close();
      throw error;
    }
    if (frame.kind === FrameKind.FAULT) throw faultOf(frame);
    return frame;
  }

  #send(kind: number, node: number, words: readonly number[], bytes: Uint8Array): void {
    this.#out.clear();
    this.#out.add(kind, node, words, bytes);
    this.#pipe.write(this.#out.frames);
  }

  #take(): Frame {
    const pipe = this.#pipe;
    pipe.need(FRAME_HEADER);
    const length = (pipe.input.words[pipe.start >>> 2] as number) >>> 0;
    const size = FRAME_HEADER + padded(length);
    pipe.need(size);
    const { input: memory, start } = pipe;
    const second = memory.words[(start >>> 2) + 1] as number;
    pipe.drop(size);
    return { kind: second & 0xffff, node: second >>> 16, memory, offset: start + FRAME_HEADER, length };
  }

  #effect(frame: Frame): void {
    const handle = this.#handlers[frame.kind - FrameKind.EFFECT];
    const effects = this.#nodes.get(frame.node);
    if (handle === undefined || effects === undefined) {
      throw new Error(`the core's process sent a frame of kind ${frame.kind} for node ${frame.node}`);
    }
    const answer = handle(effects, frame);
    if (answer === undefined) return;
    if (typeof answer === "number") this.#send(FrameKind.ANSWER, frame.node, [answer, 0], NO_BYTES);
    else this.#send(FrameKind.ANSWER, frame.node, [answer.status, 0], answer.bytes);
  }
}

/** A fault as an error. A trap is the one that this process's own engine would throw. */
function faultOf({ memory, offset, length }: Frame): Error {
  const kind = memory.words[offset >>> 2] as number;
  const text = decoder.decode(memory.bytes.subarray(offset + 8, offset + length));
  return kind === FaultKind.TRAP ? new WebAssembly.RuntimeError(text) : new DrivenFault(text, kind);
}
