/**
 * One accepted connection: a peer says hello, is answered with this node's hello, and then sends messages and pings.
 * Nothing is believed before the hello; until then not even a longer frame than a hello is read. A peer that cannot be
 * dialled, because its address is not known or not right any more, is answered over it.
 */

import type { Socket } from "node:net";
import { formatAddress } from "./address.js";
import type { TcpContext } from "./context.js";
import { encodeFrame, FRAME_KIND, FRAME_OVERHEAD_BYTES, FrameDecoder } from "./frame.js";
import { checkHello, encodeHello, MAX_HELLO_BYTES } from "./hello.js";
import type { NoticeGate, NoticeKind } from "./notice.js";
import type { NodeId } from "./transport.js";

const PONG = encodeFrame(FRAME_KIND.pong, new Uint8Array(0));

/** Whoever keeps account of the connections. */
export interface IncomingOwner {
  /** The peer is known now, and messages may follow. */
  accepted(incoming: Incoming, sender: NodeId): void;
  /** The connection is closed. Called once, for connections never accepted too. */
  ended(incoming: Incoming): void;
}

export class Incoming {
  readonly #socket: Socket;
  readonly #context: TcpContext;
  readonly #gate: NoticeGate;
  readonly #decoder: FrameDecoder;
  readonly #owner: IncomingOwner;
  readonly #helloTimer: NodeJS.Timeout;
  /** Where it comes from; kept, because a closed socket no longer knows. */
  readonly origin: string;
  #sender: NodeId | undefined;

  constructor(socket: Socket, context: TcpContext, gate: NoticeGate, owner: IncomingOwner) {
    const { helloTimeoutMs } = context.limits;
    this.#socket = socket;
    this.#context = context;
    this.#gate = gate;
    this.#owner = owner;
    this.origin = formatAddress(socket.remoteAddress ?? "unknown", socket.remotePort ?? 0);
    this.#decoder = new FrameDecoder(MAX_HELLO_BYTES, (kind, payload) => this.#receive(kind, payload));
    // A limit on silence alone would let a stray connection drip one byte at a time.
    this.#helloTimer = setTimeout(() => this.#end("silent", `no hello within ${helloTimeoutMs} ms`), helloTimeoutMs);
    context.sockets.add(socket);
    socket.on("data", (chunk: Buffer) => this.#take(chunk));
    socket.on("timeout", () => this.#end("silent", `no byte for ${context.limits.idleTimeoutMs} ms`));
    // What went wrong is the peer's to report and to repair: it is the side that dials again.
    socket.on("error", () => this.close());
    socket.on("close", () => {
      this.close();
      this.#owner.ended(this);
    });
  }

  /** The id of the peer once it has said hello. */
  get sender(): NodeId | undefined {
    return this.#sender;
  }

  /** Sends a message to the peer that dialled; one that reads too slowly for it misses it. */
  answer(bytes: Uint8Array): void {
    const { limits, stats } = this.#context;
    const size = FRAME_OVERHEAD_BYTES + bytes.length;
    if (bytes.length > limits.maxMessageBytes || this.#socket.writableLength + size > limits.maxQueueBytes) {
      stats.dropped += 1;
      return;
    }
    stats.messagesOut += 1;
    stats.bytesOut += size;
    stats.writes += 1;
    this.#socket.write(encodeFrame(FRAME_KIND.message, bytes));
  }

  close(): void {
    this.#decoder.stop();
    clearTimeout(this.#helloTimer);
    this.#socket.destroy();
  }

  #take(chunk: Buffer): void {
    this.#context.stats.bytesIn += chunk.length;
    const refusal = this.#decoder.push(chunk);
    if (refusal !== undefined) this.#endBadFrame(refusal);
  }

  #receive(kind: number, payload: Uint8Array): void {
    const known = this.#sender !== undefined;
    if (known && kind === FRAME_KIND.message) {
      this.#context.stats.messagesIn += 1;
      this.#context.events.message(payload);
    } else if (known && kind === FRAME_KIND.ping && payload.length === 0) {
      // A peer that pings but never reads must not make answers pile up.
      if (this.#socket.writableLength === 0) this.#socket.write(PONG);
    } else if (!known && kind === FRAME_KIND.hello) {
      this.#greeted(payload);
    } else {
      this.#endBadFrame(`a frame of kind ${kind} and ${payload.length} bytes, which has no place here`);
    }
  }

  #greeted(payload: Uint8Array): void {
    const { limits, stats, hello: own } = this.#context;
    const hello = checkHello(own, payload);
    // Refused or not, the peer hears who is here, so that the operator finds both values in the logs of either side.
    this.#socket.write(encodeFrame(FRAME_KIND.hello, encodeHello(own)));
    if (typeof hello === "string") {
      stats.refused += 1;
      this.#gate.tell("refused", `connection from ${this.origin}: the node there ${hello}`);
      this.#decoder.stop();
      this.#socket.destroySoon();
      return;
    }
    clearTimeout(this.#helloTimer);
    this.#sender = hello.sender;
    this.#decoder.maxPayloadBytes = limits.maxMessageBytes;
    this.#socket.setTimeout(limits.idleTimeoutMs);
    this.#owner.accepted(this, hello.sender);
  }

  #endBadFrame(refusal: string): void {
    this.#context.stats.badFrames += 1;
    this.#end("bad-frame", `received ${refusal}`);
  }

  #end(kind: NoticeKind, reason: string): void {
    const who = this.#sender === undefined ? this.origin : `node ${this.#sender} (${this.origin})`;
    this.close();
    this.#gate.tell(kind, `connection from ${who}: ${reason}`, this.#sender);
  }
}
