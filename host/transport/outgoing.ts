/**
 * The way to one peer: a connection that only this node sends messages over, dialled anew whenever it ends, and the
 * queue of what waits to be sent.
 *
 * After the hellos the peer answers pings, and messages if it has no connection of its own to this node. A connection counts as open only when the peer's hello
 * has come and is right, so a peer that refuses this node is retried ever more slowly, and messages never go to a node
 * that merely took over the address.
 *
 * A failed attempt to connect empties the queue: by then its messages are stale, and the core, told that the peer is out
 * of reach, will begin anew. What is sent after that waits for the next attempt.
 */

import { connect, type Socket } from "node:net";
import { formatAddress, type SocketAddress } from "./address.js";
import { Backoff } from "./backoff.js";
import type { TcpContext } from "./context.js";
import { encodeFrame, FRAME_KIND, FrameDecoder } from "./frame.js";
import { checkHello, encodeHello, MAX_HELLO_BYTES } from "./hello.js";
import type { NoticeGate, NoticeKind } from "./notice.js";
import { type Batch, SendQueue } from "./send-queue.js";
import type { NodeId } from "./transport.js";

/** Pings without an answer, one an interval, after which a peer is given up: one may be late, three are not. */
const MAX_UNANSWERED_PINGS = 3;
const PING = encodeFrame(FRAME_KIND.ping, new Uint8Array(0));

/** Why a connection ended, and under which heading to report it. */
interface Ending {
  readonly kind: NoticeKind;
  readonly reason: string;
}

export class Outgoing {
  readonly #peer: NodeId;
  readonly #address: SocketAddress;
  readonly #context: TcpContext;
  readonly #gate: NoticeGate;
  readonly #queue: SendQueue;
  readonly #backoff: Backoff;
  /** The connection of the attempt under way or of the open connection; undefined while waiting and once closed. */
  #socket: Socket | undefined;
  /** Messages flow over `#socket`. */
  #open = false;
  #closed = false;
  #everOpen = false;
  /** Waits for the next attempt, limits the one under way, or pings: whichever the state calls for. */
  #timer: NodeJS.Timeout | undefined;
  #unansweredPings = 0;
  /** A batch is with the socket; the next one follows when it has been written. */
  #writing = false;
  /** That batch was there at the last ping already, because the kernel's buffer is full. */
  #stuck = false;
  #flushScheduled = false;
  /** Messages are being dropped, and the peer's queue has not been empty since. */
  #overflowing = false;
  /** Something for the core to be told outside of `send`. */
  #hint: string | undefined;

  constructor(peer: NodeId, address: SocketAddress, context: TcpContext) {
    const { maxQueueMessages, maxQueueBytes, backoffMinMs, backoffMaxMs } = context.limits;
    this.#peer = peer;
    this.#address = address;
    this.#context = context;
    this.#gate = context.newGate();
    this.#queue = new SendQueue(maxQueueMessages, maxQueueBytes);
    this.#backoff = new Backoff(backoffMinMs, backoffMaxMs, context.random);
  }

  /** Whether messages get through at the moment, as far as is known. */
  get isOpen(): boolean {
    return this.#open;
  }

  /** Queues a message; all of a turn's messages are written together at its end. */
  send(bytes: Uint8Array): void {
    const { maxMessageBytes } = this.#context.limits;
    if (bytes.length > maxMessageBytes) {
      const text = `a message of ${bytes.length} bytes is longer than maxMessageBytes (${maxMessageBytes})`;
      this.#context.stats.dropped += 1;
      this.#report("oversized", `${text}: raise that limit on every node`);
    } else {
      const dropped = this.#queue.push(FRAME_KIND.message, bytes);
      if (dropped > 0) this.#overflow(dropped);
    }
    if (this.#flushScheduled) return;
    this.#flushScheduled = true;
    queueMicrotask(this.#endOfTurn);
  }

  /** Begins an attempt to connect. */
  dial(): void {
    const { host, port } = this.#address;
    const { connectTimeoutMs } = this.#context.limits;
    const socket = connect({ host, port, noDelay: true, keepAlive: true });
    const decoder: FrameDecoder = new FrameDecoder(MAX_HELLO_BYTES, (kind, payload) => {
      this.#receive(socket, kind, payload);
      if (this.#open) decoder.maxPayloadBytes = this.#context.limits.maxMessageBytes;
    });
    let reason: string | undefined;
    this.#socket = socket;
    this.#context.sockets.add(socket);
    socket.on("connect", () => socket.write(encodeFrame(FRAME_KIND.hello, encodeHello(this.#context.hello))));
    socket.on("data", (chunk: Buffer) => {
      this.#context.stats.bytesIn += chunk.length;
      const refusal = decoder.push(chunk);
      if (refusal !== undefined) this.#endBadFrame(socket, refusal);
    });
    socket.on("error", (error) => {
      reason = describe(error);
    });
    socket.on("close", () => this.#endClosed(socket, reason));
    this.#timer = setTimeout(() => {
      this.#end(socket, { kind: "connect-failed", reason: `no answer within ${connectTimeoutMs} ms` });
    }, connectTimeoutMs);
  }

  /** Gives the peer up: nothing is sent or reported any more. */
  close(): void {
    this.#closed = true;
    clearTimeout(this.#timer);
    this.#socket?.destroy();
    this.#socket = undefined;
    this.#open = false;
    this.#discard();
  }

  #receive(socket: Socket, kind: number, payload: Uint8Array): void {
    if (this.#socket !== socket) return;
    if (!this.#open && kind === FRAME_KIND.hello) {
      this.#greeted(socket, payload);
    } else if (this.#open && kind === FRAME_KIND.pong && payload.length === 0) {
      this.#unansweredPings = 0;
    } else if (this.#open && kind === FRAME_KIND.message) {
      this.#context.stats.messagesIn += 1;
      this.#context.events.message(payload);
    } else {
      this.#endBadFrame(socket, `a frame of kind ${kind} and ${payload.length} bytes, which has no place here`);
    }
  }

  #greeted(socket: Socket, payload: Uint8Array): void {
    const hello = checkHello(this.#context.hello, payload);
    if (typeof hello === "string") {
      this.#endRefused(socket, `the node there ${hello}`);
    } else if (hello.sender !== this.#peer) {
      this.#endRefused(socket, `node ${hello.sender} answers there: check the addresses of the peers`);
    } else {
      this.#opened(socket);
    }
  }

  #opened(socket: Socket): void {
    const { stats, limits } = this.#context;
    stats.connects += 1;
    if (this.#everOpen) stats.reconnects += 1;
    this.#everOpen = true;
    this.#open = true;
    this.#unansweredPings = 0;
    this.#backoff.reset();
    clearTimeout(this.#timer);
    this.#timer = setInterval(() => this.#ping(socket), limits.pingIntervalMs);
    this.#gate.tell("connected", `connected to ${this.#name()}`, this.#peer);
    this.#flush();
  }

  #ping(socket: Socket): void {
    if (this.#unansweredPings >= MAX_UNANSWERED_PINGS) {
      this.#end(socket, { kind: "disconnected", reason: `no answer to ${MAX_UNANSWERED_PINGS} pings` });
      return;
    }
    this.#stuck = this.#writing;
    // A later ping would only wait behind the first: what counts is how long that one goes unanswered.
    if (this.#unansweredPings === 0) socket.write(PING);
    this.#unansweredPings += 1;
  }

  #endClosed(socket: Socket, error: string | undefined): void {
    if (this.#open) this.#end(socket, { kind: "disconnected", reason: error ?? "closed the connection" });
    else this.#end(socket, { kind: "connect-failed", reason: error ?? "closed the connection without a hello" });
  }

  #endBadFrame(socket: Socket, refusal: string): void {
    if (this.#socket !== socket) return;
    this.#context.stats.badFrames += 1;
    this.#end(socket, { kind: "bad-frame", reason: `received ${refusal}` });
  }

  #endRefused(socket: Socket, reason: string): void {
    this.#context.stats.refused += 1;
    this.#end(socket, { kind: "refused", reason });
  }

  /** The one way in which an attempt or a connection ends, short of `close`. */
  #end(socket: Socket, { kind, reason }: Ending): void {
    if (this.#socket !== socket) return;
    socket.destroy();
    if (!this.#open) this.#discard();
    this.#socket = undefined;
    this.#open = false;
    this.#writing = false;
    this.#stuck = false;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.dial(), this.#backoff.next());
    this.#gate.tell(kind, `${this.#name()}: ${reason}`, this.#peer);
    this.#context.events.unreachable(this.#peer, reason);
  }

  readonly #endOfTurn = (): void => {
    this.#flushScheduled = false;
    if (this.#closed) return;
    const hint = this.#hint;
    this.#hint = undefined;
    this.#flush();
    if (hint !== undefined) this.#context.events.unreachable(this.#peer, hint);
  };

  /** Hands the next batch to the socket, unless it still has one: what waits here can be dropped, what it has cannot. */
  #flush(): void {
    const socket = this.#socket;
    if (socket === undefined || !this.#open || this.#writing) return;
    const batch = this.#queue.take();
    if (batch === undefined) {
      this.#overflowing = false;
      return;
    }
    this.#writing = true;
    this.#context.stats.writes += 1;
    this.#context.stats.messagesOut += batch.messages;
    this.#context.stats.bytesOut += batch.bytes.length;
    socket.write(batch.bytes, (error) => this.#written(socket, batch, error));
  }

  #written(socket: Socket, batch: Batch, error: Error | null | undefined): void {
    // What a socket had when it was destroyed is reported too, as written or as failed. The next connection has begun
    // anew by then, and the bytes may still be held, so they are not used again.
    if (this.#socket !== socket || error) return;
    this.#writing = false;
    // Room in a buffer that was full: the peer has taken data, only the ping has not got through to it yet. Any other
    // write proves nothing, for the kernel takes data for a peer that is gone until its buffer is full.
    if (this.#stuck) this.#unansweredPings = 1;
    this.#stuck = false;
    this.#queue.recycle(batch);
    this.#flush();
  }

  #overflow(dropped: number): void {
    this.#context.stats.dropped += dropped;
    if (this.#overflowing) return;
    this.#overflowing = true;
    const waiting = `${this.#queue.messages} messages (${this.#queue.bytes} bytes) wait`;
    this.#report("queue-full", `the send queue is full: ${waiting}, the oldest are dropped`);
  }

  #discard(): void {
    this.#context.stats.dropped += this.#queue.clear();
    this.#overflowing = false;
  }

  /** Tells of messages dropped: the operator now, the core when the turn ends, because `send` is called by the core. */
  #report(kind: NoticeKind, reason: string): void {
    this.#hint = reason;
    this.#gate.tell(kind, `${this.#name()}: ${reason}`, this.#peer);
  }

  #name(): string {
    return `node ${this.#peer} at ${formatAddress(this.#address.host, this.#address.port)}`;
  }
}

/** An error of a socket in words. Where every address of a name fails, its message is empty and its code is not. */
function describe(error: NodeJS.ErrnoException): string {
  return error.message || error.code || error.name;
}
