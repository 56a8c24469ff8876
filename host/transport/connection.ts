/**
 * One connection between two nodes, whichever of them dialled it: hellos either way, then messages, pings and their answers
 * either way, until it breaks or is given up.
 *
 * Nothing is believed before the peer's hello; until then not even a longer frame than a hello is read. Whoever dialled speaks
 * first. A connection that is given up in good order runs empty: each side says farewell, sends nothing more, and reads on
 * until the other side has ended too.
 */

import type { Socket } from "node:net";
import type { TcpContext } from "./context.js";
import { encodeFrame, FRAME_KIND, FrameDecoder } from "./frame.js";
import { checkHello, encodeHello, type Hello, MAX_HELLO_BYTES } from "./hello.js";
import type { NoticeKind } from "./notice.js";
import type { Batch } from "./send-queue.js";
import type { Ranked } from "./survivor.js";

/** Pings, one an interval, after which a peer is given up if no byte has come from it: one may be late, three are not. */
const MAX_UNANSWERED_PINGS = 3;
const NOTHING = new Uint8Array(0);
const PING = encodeFrame(FRAME_KIND.ping, NOTHING);
const PONG = encodeFrame(FRAME_KIND.pong, NOTHING);
const FAREWELL = encodeFrame(FRAME_KIND.farewell, NOTHING);

/** Why a connection ended, and under which heading to report it. */
export interface Ending {
  readonly kind: NoticeKind;
  readonly reason: string;
}

/** Whoever keeps account of a connection until both hellos have gone. */
export interface ConnectionGreeter {
  /** The peer has said hello. @returns who keeps account from now on, or why the peer is refused */
  greeted(hello: Hello): ConnectionOwner | string;
  /** The connection has ended; nothing to report if `ending` is undefined. Called once, and not after `close`. */
  ended(connection: Connection, ending: Ending | undefined): void;
}

/** Whoever keeps account of it from then on. */
export interface ConnectionOwner extends Pick<ConnectionGreeter, "ended"> {
  /** Both hellos have gone: messages may follow. */
  opened(connection: Connection): void;
  /** The peer has answered a ping. */
  alive(): void;
  /** A batch has been written, and there is room for the next. */
  written(batch: Batch): void;
  /** The peer gives the connection up. What it has sent may still arrive, but nothing can be sent to it. */
  left(connection: Connection): void;
}

export class Connection implements Ranked {
  readonly dialled: boolean;
  /** Where the peer is, as "host:port". */
  readonly remote: string;
  readonly #socket: Socket;
  readonly #context: TcpContext;
  readonly #decoder: FrameDecoder;
  readonly #greeter: ConnectionGreeter;
  #owner: ConnectionOwner | undefined;
  #state: "greeting" | "open" | "leaving" | "closed" = "greeting";
  /** 0 until this node has said hello. */
  #ownNumber = 0n;
  #peer: Hello | undefined;
  /** Limits the hellos, pings, or limits the running empty: whichever the state calls for. */
  #timer: NodeJS.Timeout;
  /** What the socket said went wrong. */
  #error: string | undefined;
  /** Pings' intervals since the last byte came. */
  #unansweredPings = 0;
  /** A ping has been sent and not been answered: a later one would only wait behind it. */
  #pingOut = false;
  /** A ping is to be answered as soon as all before it has been written: what is written to a peer that never reads must not
   * pile up. */
  #pongDue = false;
  /** A batch is with the socket. */
  #writing = false;
  /** That batch was there at the last ping already, because the kernel's buffer is full. */
  #stuck = false;

  constructor(socket: Socket, remote: string, dialled: boolean, context: TcpContext, greeter: ConnectionGreeter) {
    const { connectTimeoutMs, helloTimeoutMs } = context.limits;
    this.dialled = dialled;
    this.remote = remote;
    this.#socket = socket;
    this.#context = context;
    this.#greeter = greeter;
    this.#decoder = new FrameDecoder(MAX_HELLO_BYTES, (kind, payload) => this.#receive(kind, payload));
    // A limit on silence alone would let a stray connection drip one byte at a time.
    const late: Ending = dialled
      ? { kind: "connect-failed", reason: `no answer within ${connectTimeoutMs} ms` }
      : { kind: "silent", reason: `no hello within ${helloTimeoutMs} ms` };
    this.#timer = setTimeout(() => this.#end(late), dialled ? connectTimeoutMs : helloTimeoutMs);
    context.sockets.add(socket);
    if (dialled) socket.on("connect", () => this.#sayHello());
    socket.on("data", (chunk: Buffer) => this.#take(chunk));
    socket.on("error", (error) => {
      this.#error = describe(error);
    });
    socket.on("close", () => this.#end(this.#closing()));
  }

  get ownNumber(): bigint {
    return this.#ownNumber;
  }

  get peerNumber(): bigint {
    return this.#peer?.number ?? 0n;
  }

  get peerIncarnation(): bigint {
    return this.#peer?.incarnation ?? 0n;
  }

  /** Whether the peer may already know of this connection, and keep it. */
  get saidHello(): boolean {
    return this.#ownNumber > 0n;
  }

  /** Whether it is open and takes a batch. */
  get isReady(): boolean {
    return this.#state === "open" && !this.#writing;
  }

  /** Hands messages to the socket; one batch at a time, for what waits in a queue can be dropped, what the socket has cannot. */
  send(batch: Batch): void {
    this.#writing = true;
    this.#write(batch.bytes, () => {
      this.#writing = false;
      // Room in a buffer that was full: the peer has taken data, only the ping has not got through to it yet. Any other
      // write proves nothing, for the kernel takes data for a peer that is gone until its buffer is full.
      if (this.#stuck) this.#unansweredPings = 1;
      this.#stuck = false;
      this.#owner?.written(batch);
    });
  }

  /** Gives an open connection up in good order. */
  leave(): void {
    if (this.#state !== "open") return;
    this.#state = "leaving";
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#end(undefined), this.#context.limits.connectTimeoutMs);
    this.#socket.end(FAREWELL);
  }

  /** Ends the connection at once; its owner hears no more of it. */
  close(): void {
    this.#state = "closed";
    this.#decoder.stop();
    clearTimeout(this.#timer);
    this.#socket.destroy();
  }

  #take(chunk: Buffer): void {
    this.#context.stats.bytesIn += chunk.length;
    if (this.#state === "open") this.#unansweredPings = 0;
    const refusal = this.#decoder.push(chunk);
    if (refusal !== undefined) this.#endBadFrame(refusal);
  }

  #receive(kind: number, payload: Uint8Array): void {
    const known = this.#peer !== undefined;
    const empty = payload.length === 0;
    if (known && kind === FRAME_KIND.message) {
      this.#context.stats.messagesIn += 1;
      this.#context.events.message(payload);
    } else if (known && kind === FRAME_KIND.ping && empty) {
      this.#pongDue = true;
      this.#answerPing();
    } else if (this.#pingOut && kind === FRAME_KIND.pong && empty) {
      this.#pingOut = false;
      this.#owner?.alive();
    } else if (known && kind === FRAME_KIND.farewell && empty) {
      this.#left();
    } else if (!known && kind === FRAME_KIND.hello) {
      this.#greeted(payload);
    } else {
      this.#endBadFrame(`a frame of kind ${kind} and ${payload.length} bytes, which has no place here`);
    }
  }

  #greeted(payload: Uint8Array): void {
    const { identity, limits, stats } = this.#context;
    const hello = checkHello(identity, payload);
    // Refused or not, the peer hears who is here, so that the operator finds both values in the logs of either side.
    if (!this.dialled) this.#sayHello();
    const owner = typeof hello === "string" ? `the node there ${hello}` : this.#greeter.greeted(hello);
    if (typeof hello === "string" || typeof owner === "string") {
      stats.refused += 1;
      this.#end({ kind: "refused", reason: String(owner) }, () => this.#socket.destroySoon());
      return;
    }
    this.#owner = owner;
    this.#peer = hello;
    this.#state = "open";
    this.#decoder.maxPayloadBytes = limits.maxMessageBytes;
    clearTimeout(this.#timer);
    this.#timer = setInterval(() => this.#ping(), limits.pingIntervalMs);
    owner.opened(this);
  }

  #sayHello(): void {
    const hello = this.#context.nextHello();
    this.#ownNumber = hello.number;
    this.#write(encodeFrame(FRAME_KIND.hello, encodeHello(hello)));
  }

  #left(): void {
    if (this.#state !== "open") return;
    this.leave();
    this.#owner?.left(this);
  }

  #ping(): void {
    if (this.#unansweredPings >= MAX_UNANSWERED_PINGS) {
      this.#end({ kind: "disconnected", reason: `no answer to ${MAX_UNANSWERED_PINGS} pings` });
      return;
    }
    this.#stuck = this.#writing;
    this.#unansweredPings += 1;
    if (this.#pingOut) return;
    this.#pingOut = true;
    this.#write(PING);
  }

  #answerPing(): void {
    if (!this.#pongDue || this.#state !== "open" || this.#socket.writableLength > 0) return;
    this.#pongDue = false;
    this.#write(PONG);
  }

  #write(bytes: Uint8Array, done?: () => void): void {
    this.#socket.write(bytes, (error) => {
      // What a socket had when it was destroyed is reported too, as written or as failed, and may still be held.
      if (this.#state === "closed" || error) return;
      // Before more is written: behind one batch after the other an answer would never find its place.
      this.#answerPing();
      done?.();
    });
  }

  /** What it means that the socket has closed. */
  #closing(): Ending | undefined {
    if (this.#state === "open") return { kind: "disconnected", reason: this.#error ?? "closed the connection" };
    if (this.#state === "leaving" || !this.dialled) return undefined;
    return { kind: "connect-failed", reason: this.#error ?? "closed the connection without a hello" };
  }

  #endBadFrame(refusal: string): void {
    if (this.#state === "closed") return;
    this.#context.stats.badFrames += 1;
    this.#end({ kind: "bad-frame", reason: `received ${refusal}` });
  }

  /** The one way in which it ends by itself. */
  #end(ending: Ending | undefined, release: () => void = () => this.#socket.destroy()): void {
    if (this.#state === "closed") return;
    this.#state = "closed";
    this.#decoder.stop();
    clearTimeout(this.#timer);
    release();
    (this.#owner ?? this.#greeter).ended(this, ending);
  }
}

/** An error of a socket in words. Where every address of a name fails, its message is empty and its code is not. */
function describe(error: NodeJS.ErrnoException): string {
  return error.message || error.code || error.name;
}
